"""While creates are on their way, those before are stored and the next made ready: nothing gets lost in between.

The directory is one LDIF file; the faults are put in where the connector writes to it, and where the store is written.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.ldif.directory import LdifDirectory
from engine.errors import ConnectionLost, CredentialsRefused, ObjectError
from storage import exports, runs
from storage.errors import StoreFull
from tests.inside import Inside

PEOPLE, BATCH = 43, 5
CONFIG = """
[run]
error_limit = 4
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.directory]
connector = "ldif"
path = "directory.ldif"
exports = { batch_size = 5, retry_delay = "0s", max_retries = 5 }
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
uid = "id"
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "uid={{ uid | rdn }},dc=example"
[rules.flow]
cn = "uid"
sn = "uid"
uid = "uid"
"""
Apply = Callable[[LdifDirectory, Sequence[ExportOperation]], list[ExportResult]]
really: Apply = LdifDirectory.apply


def breaks_after_two(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
    """Write three, and tell of two of them."""
    raise ConnectionLost("the line broke", really(directory, operations[:3])[:2])


def breaks_at_once(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
    raise ConnectionLost("the line broke")


def refuses_us(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
    raise CredentialsRefused("the password is wrong")


def crashes(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
    raise ValueError("a connector that does not work")


def refuses_all(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
    error = ObjectError("unwilling", "the directory is unwilling", "ask it why")
    return [ExportResult(operation.id, error=error) for operation in operations]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everybody is about to be created."""
    work = Inside(tmp_path_factory.mktemp("ready") / "work", CONFIG)
    work.csv("hr.csv", [{"id": f"p{number:03}"} for number in range(PEOPLE)])
    base = "dn: dc=example\nobjectClass: domain\ndc: example\nentryUUID: 00000000-0000-0000-0000-000000000001\n"
    (work.folder / "directory.ldif").write_text(f"version: 1\n\n{base}\n")
    for step in ("import hr", "import directory", "sync", "evaluate"):
        work("step", *step.split())
    return work.folder


class Site(Inside):
    """A copy of that, with faults."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, CONFIG)
        self.patch = monkeypatch
        self.sent: list[str | None] = []

    def fail(self, at: int, how: Apply) -> None:
        """Let the directory do something else with its batch of a number."""
        calls = 0

        def apply(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
            nonlocal calls
            calls += 1
            self.sent += [one.secondary_id for one in operations]
            return (how if calls == at else really)(directory, operations)

        self.patch.setattr(LdifDirectory, "apply", apply)

    def fill_disk(self, function: str, at: int) -> None:
        """Let the disk be full when a function of the store is called for the time of a number."""
        write, calls = getattr(exports, function), 0

        async def full(*arguments: Any, **named: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise StoreFull("the disk is full")
            await write(*arguments, **named)

        self.patch.setattr(exports, function, full)

    def stop(self, at: int) -> None:
        """Let somebody want the run to stop from its page of a number on."""
        pages = 0

        async def stopper(*_: object) -> str | None:
            nonlocal pages
            pages += 1
            return "ann" if pages >= at else None

        self.patch.setattr(runs, "stop_requested_by", stopper)

    def there(self) -> set[str]:
        lines = (self.folder / "directory.ldif").read_text().splitlines()
        return {line[4:] for line in lines if line.startswith("dn: uid=")}

    def export(self) -> dict[str, set[str]]:
        """Run the step; give the names of all objects by the status of their export, each proved to be right."""
        with suppress(ValueError):
            self("step", "export", "directory", status=None)
        query = "SELECT secondary_id, p.status FROM pending_exports p JOIN objects o ON o.id = cso_id"
        by_status: dict[str, set[str]] = {}
        for name, status in self.query(query):
            by_status.setdefault(status, set()).add(name)
        exported = self.json("exports", "--status", "Exported", "--limit", "0")
        assert len(exported) == len(by_status.get("Exported", ()))
        for one in exported:
            assert {change["status"] for change in one["changes"]} == {"ExportedPendingConfirmation"}
            assert one["attempts"] >= 1
        assert by_status.get("Exported", set()) <= self.there(), "nothing is believed that was not written"
        assert not by_status.get("Pending", set()) & self.there(), "what was written is known to be, or in doubt"
        self._prove_transitions(by_status)
        return by_status

    def _prove_transitions(self, by_status: dict[str, set[str]]) -> None:
        """Every transition begins where the one before ended, and the last is where things stand."""
        last: dict[str, str] = {}
        moves = "SELECT label, from_status, to_status FROM transitions WHERE entity = 'export' ORDER BY id"
        for label, before, after in self.query(moves):
            name = label.rpartition(" (")[2].removesuffix(")")
            assert last.get(name) == before
            last[name] = after
        assert last == {name: status for status, names in by_status.items() for name in names}

    def recover(self) -> None:
        """Export without faults until nothing is left, and confirm: everybody is there, once."""
        self.patch.undo()
        self("step", "export", "directory", status=None)
        self("step", "export", "directory")
        self("step", "confirm", "directory")
        assert self.json("exports") == []
        assert len(self.there()) == PEOPLE


@pytest.fixture
def site(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    shutil.copytree(ready, tmp_path / "work")
    return Site(tmp_path / "work", monkeypatch)


def sizes(by_status: dict[str, set[str]]) -> dict[str, int]:
    return {status: len(names) for status, names in by_status.items()}


@pytest.mark.parametrize("at", [1, 2, 9])
@pytest.mark.parametrize(
    ("how", "told", "doubtful"),
    [(breaks_after_two, 2, 3), (breaks_at_once, 0, 5), (refuses_us, 0, 5), (crashes, 0, 5)],
)
def test_a_batch_that_fails_whole_leaves_only_itself_in_doubt(
    site: Site, how: Apply, told: int, doubtful: int, at: int
) -> None:
    site.fail(at, how)
    found = site.export()
    batch = min(BATCH, PEOPLE - (at - 1) * BATCH)
    if how is crashes:  # nobody foresaw that: the next batch was marked already
        assert len(found["Executing"]) <= 2 * BATCH
    else:
        assert len(found.get("Executing", ())) == doubtful - (BATCH - batch)
        assert len(found.get("Exported", ())) == (at - 1) * BATCH + told
    assert len(site.sent) == len(set(site.sent)), "nothing is sent twice"
    site.recover()


@pytest.mark.parametrize("at", [1, 2, 5])
def test_nothing_more_is_sent_once_too_many_have_failed(site: Site, at: int) -> None:
    site.fail(at, refuses_all)
    found = site.export()
    assert len(site.sent) == at * BATCH
    assert sizes(found) == {"Pending": PEOPLE - (at - 1) * BATCH} | ({"Exported": (at - 1) * BATCH} if at > 1 else {})
    site.recover()


@pytest.mark.parametrize("at", range(1, 21, 3))
def test_a_stop_takes_effect_at_once_and_leaves_nothing_in_doubt(site: Site, at: int) -> None:
    site.fail(0, really)
    site.stop(at)
    found = site.export()
    assert "Executing" not in found
    assert len(found.get("Exported", ())) == len(site.sent)
    site.recover()


@pytest.mark.parametrize("function", ["mark_executing", "mark_exported"])
@pytest.mark.parametrize("at", [1, 2, 3, 9])
def test_a_full_disk_leaves_in_doubt_what_it_kept_from_being_stored(site: Site, function: str, at: int) -> None:
    site.fail(0, really)
    site.fill_disk(function, at)
    found = site.export()
    assert len(found.get("Executing", ())) <= 2 * BATCH
    assert len(site.sent) == len(set(site.sent))
    site.recover()


def test_a_look_that_breaks_off_keeps_what_was_answered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a failure may be none, the target is looked at; whoever was created by then is not in doubt for that."""
    from engine.connectors.ldif.connector import LdifConnector

    def one_exists(directory: LdifDirectory, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        done = really(directory, operations)
        return [*done[:4], ExportResult(done[4].id, error=ObjectError("existing-object", "it exists", "join it"))]

    async def lost(*_: object, **__: object) -> None:
        raise ConnectionLost("the line broke")

    site.fail(2, one_exists)
    monkeypatch.setattr(LdifConnector, "read_object", lost)
    assert sizes(site.export()) == {"Exported": 9, "Executing": 1, "Pending": PEOPLE - 10}
    site.recover()
