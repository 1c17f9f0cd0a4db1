"""Steps of different systems that workers carry out at the same time: what comes of it is what comes one by one."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside
from tests.integration.test_workers import Worker

SYSTEMS = ("badges", "north", "south")
"""Those that workers reach: a source, and two targets."""
STEPS = [
    *("import hr", "import badges", "import north", "import south", "sync", "evaluate"),
    *("export north", "confirm north", "export south", "confirm south"),
]
SLOW = 'rate = "25/s"'
COUNTED = "json_remove(statistics, '$.\"filtered disconnectors\"')"


TARGET = """
[systems.{name}]
connector = "ldif"
path = "{name}.ldif"
runs_on = ["of-{name}"]
{more}
[systems.{name}.objects.person]
object_class = ["account"]
external_id = "entryUUID"
secondary_external_id = "dn"
[[rules]]
name = "accounts in {name}"
from = "metaverse.person"
to = "{name}.person"
provision = true
dn = "uid={{{{ id | rdn }}}},dc={name}"
[rules.flow]
uid = "id"
description = "badge"
"""
CONFIG = """
[run]
page_size = 10
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.badges]
connector = "csv"
runs_on = ["of-badges"]
[systems.badges.objects.person]
path = "badges.csv"
external_id = "id"
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
id = "id"
[[rules]]
name = "badges"
from = "badges.person"
to = "metaverse.person"
join = [["id"]]
[rules.flow]
badge = "badge"
{targets}
[profiles.nightly]
steps = [{steps}]
at_once = {at_once}
"""


def config_of(*, at_once: bool, more: str = "", reached_by_workers: bool = True) -> str:
    """Give a configuration of two sources and two targets, all but one reached by a worker of its own, or by nobody."""
    told = CONFIG.format(
        targets="".join(TARGET.format(name=name, more=more) for name in SYSTEMS[1:]),
        steps=", ".join(f'"{step}"' for step in STEPS),
        at_once=str(at_once).lower(),
    )
    return told if reached_by_workers else re.sub(r"(?m)^runs_on = .*\n", "", told)


class Office(Inside):
    """A workspace with a worker for each of its systems."""

    def __init__(self, folder: Path, config: str) -> None:
        super().__init__(folder, config)
        for name in SYSTEMS[1:]:
            (folder / f"{name}.ldif").write_text(f"dn: dc={name}\nobjectClass: domain\ndc: {name}\n")
        self.people(60)

    def people(self, many: int, badge: str = "b") -> None:
        """Let there be so many people, each with a badge; one in twelve has that of a day."""
        self.csv("hr.csv", [{"id": f"p{one}"} for one in range(many)])
        self.csv("badges.csv", [{"id": f"p{one}", "badge": f"{'' if one % 12 else badge}{one}"} for one in range(many)])

    def stands(self) -> list[Any]:
        """Give what the systems and the store hold, without ids and times."""
        objects = "SELECT system, status, secondary_id, json_remove(attributes, '$.entryUUID'), mvo_id IS NULL"
        return [
            *(sorted(self._lines(name)) for name in SYSTEMS[1:]),
            sorted(self.query(f"{objects} FROM objects"), key=repr),
            sorted(self.query("SELECT type, attributes, deleted FROM metaverse"), key=repr),
            self.query("SELECT count(*) FROM pending_exports"),
        ]

    def came_of_it(self) -> list[Any]:
        """Give that with what has happened; but for how many waited once for their person: that is who came first."""
        return [
            *self.stands(),
            sorted(self.query(f"SELECT phase, system, {COUNTED}, result FROM steps"), key=repr),
            sorted(self.query("SELECT entity, system, label, from_status, to_status FROM transitions"), key=repr),
        ]

    def _lines(self, name: str) -> list[str]:
        text = (self.folder / f"{name}.ldif").read_text()
        return [line for line in text.splitlines() if not line.startswith("entryUUID")]


@contextmanager
def workers(office: Inside, *names: str) -> Iterator[dict[str, Worker]]:
    """Run a worker for each of some systems."""
    with ExitStack() as stack:
        found = {name: Worker(office, f"of-{name}") for name in names}
        for worker in found.values():
            stack.callback(worker.process.wait, 60)
            stack.callback(worker.process.terminate)
        for worker in found.values():
            worker.there(office)
        yield found


def _exporting(office: Office, there: dict[str, Worker]) -> "subprocess.Popen[bytes]":
    """Start a run, and give it once both targets are being exported to."""
    run = office.start("run", "nightly")
    end = time.monotonic() + 60
    while not all(("step-started", "export") in there[name].events() for name in SYSTEMS[1:]):
        assert time.monotonic() < end
        time.sleep(0.01)
    return run


def spans(office: Inside) -> dict[str, tuple[str, str]]:
    rows = office.query(
        "SELECT phase, system, started_at, ended_at FROM steps WHERE run_id = (SELECT max(id) FROM runs)"
    )
    return {f"{phase} {system}".strip(): (began, ended) for phase, system, began, ended in rows}


def overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.usefixtures("either_store")
def test_what_comes_at_once_is_what_comes_one_by_one(tmp_path: Path) -> None:
    found = []
    for at_once in (False, True):
        office = Office(tmp_path / f"ws-{at_once}", config_of(at_once=at_once))
        with workers(office, *SYSTEMS):
            for many, badge in ((60, "b"), (57, "c"), (59, "c")):
                office.people(many, badge)
                office("run", "nightly", status=None)
                office("run", "nightly", status=None)
        found.append(office.came_of_it())
        assert len(office.query("SELECT 1 FROM objects WHERE system = 'north' AND status = 'Normal'")) >= 50
    for one, other in zip(*found, strict=True):
        assert one == other


def test_systems_do_not_wait_for_each_other_and_the_metaverse_waits_for_all(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", config_of(at_once=True, more=SLOW))
    with workers(office, *SYSTEMS):
        office("run", "nightly")
    took = spans(office)
    assert overlap(took["export north"], took["export south"])
    assert took["export north"][1] <= took["confirm north"][0]
    for step in STEPS[:4]:
        assert took[step][1] <= took["sync"][0]
    assert all(took["evaluate"][1] <= took[step][0] for step in STEPS[6:])


def test_one_worker_has_time_for_one_system_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runs.offering.PATIENCE_SECONDS", 1)
    config = config_of(at_once=True, more=SLOW)
    for name in SYSTEMS:
        config = config.replace(f"of-{name}", "of-all")
    office = Office(tmp_path / "ws", config)
    with workers(office, "all") as there:
        office("run", "nightly")
        ways = [way for way, _ in there["all"].events() if way.startswith("step-")]
        assert ways == ["step-started", "step-finished"] * (len(ways) // 2)
    assert office.json("exports") == []


def test_where_one_stops_the_others_end_their_step_and_no_more_begins(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", config_of(at_once=True, more=SLOW))
    with workers(office, *SYSTEMS) as there:
        run = _exporting(office, there)
        there["north"].process.send_signal(signal.SIGKILL)
        out, _ = run.communicate(timeout=60)
        assert run.returncode == 5, out.decode()
        assert "worker 'of-north' died" in out.decode()
        steps = office.steps()
        assert steps["export south"]["result"] == "success"
        assert "confirm south" not in steps
        with workers(office, "north"):
            office("run", "nightly")
        assert office.json("exports") == []
        assert office.json("status")["open_runs"] == []


def test_a_run_that_is_killed_ends_them_all(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", config_of(at_once=True, more=SLOW))
    with workers(office, *SYSTEMS) as there:
        run = _exporting(office, there)
        run.kill()
        run.communicate()
        assert "still carries out a step of it" in office("run", "nightly", status=4)
        office("stop")
        end = time.monotonic() + 60
        while "still carries out" in office("run", "nightly", status=None):
            assert time.monotonic() < end
        office("run", "nightly")
    assert office.json("exports") == []
    assert len(office.query("SELECT 1 FROM objects WHERE system IN ('north', 'south') AND status = 'Normal'")) == 120
