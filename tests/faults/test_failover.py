"""The server of the store is gone in the middle of a run; its standby takes over, and what was said is kept."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.dialects.postgresql.place import ServerPlace
from tests import stores
from tests.databases import Server, postgresql, standby
from tests.faults.test_kill import Site
from tests.faults.test_server_of_the_store import LOST, phase_of
from tui.demo.people import next_day


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with postgresql() as primary:
        primary.run("CREATE DATABASE interlock")
        with standby(primary) as second:
            yield primary, second


def _placed(folder: Path, primary: Server, second: Server) -> Site:
    """Make a site whose store is wherever one of the two takes writes."""
    places = f"host={primary.home},{second.home}&port={primary.port},{second.port}"
    url = f"postgresql://admin@/interlock?{places}&target_session_attrs=read-write"
    site = Site(folder, None, None)
    site.database = stores.Database.at(url)
    site.configure((site.folder / "interlock.toml").read_text())
    ServerPlace(url, folder).prepare()
    return site


def _finished(log: bytes) -> list[tuple[int, str]]:
    """Give the steps whose end a run has told, with their results."""
    told: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines() if line.startswith(b"{")]
    return [(one["step"], one["result"]) for one in told if one["event"] == "step-finished"]


def test_a_standby_is_read_from_and_not_written_to(servers: tuple[Server, Server], tmp_path: Path) -> None:
    site = _placed(tmp_path / "site", *servers)
    site("run")
    url = f"postgresql://admin@/interlock?host={servers[1].home}&port={servers[1].port}"
    assert site.database is not None
    file = site.folder / "interlock.toml"
    file.write_text(file.read_text().replace(site.database.url, url))
    assert "150 person" in site("status")
    assert "mvo-1" in site("explain", "mvo-1", "--json")
    assert "Nothing would change" in site("plan")
    for refused in (["run"], ["store", "check"]):
        said = site(*refused, status=4)
        assert "the server takes no writes now: it is a standby" in said
        assert "has failed" not in said


@pytest.mark.parametrize("phase", ["import", "sync", "evaluate", "export", "confirm"])
def test_what_was_said_before_a_failover_is_so_behind_it(
    servers: tuple[Server, Server], tmp_path: Path, phase: str
) -> None:
    primary, second = servers
    calm, struck = Site(tmp_path / "calm", None, None), _placed(tmp_path / "struck", primary, second)
    for site in (calm, struck):
        site("run")
        site("run")
        site.csv("hr.csv", next_day(site.rows))
    calm("run")
    calm("run")
    run = struck.start("run", "--log-format", "json")
    while run.poll() is None and phase_of(struck) != phase:
        time.sleep(0.002)
    time.sleep(random.Random(phase).uniform(0, 0.1))
    primary.perish()
    second.promote()
    told, _ = run.communicate(timeout=60)
    assert run.returncode == LOST, told.decode()
    assert "the connection to the server was lost" in told.decode()
    kept = dict(struck.query("SELECT id, result FROM steps"))
    finished = _finished(told)
    assert finished or phase == "import"
    assert all(kept[step] == result for step, result in finished)
    struck("run")
    struck("run")
    assert struck.entries() == calm.entries()
    assert struck.state() == calm.state()
    assert "sound" in struck("store", "check")
