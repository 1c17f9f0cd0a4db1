"""A run in which nothing changed looks at no growing table as a whole: it would take longer each year."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from storage.tables import metadata
from tests.inside import Inside
from tests.workspace import Workspace

BOUNDED = {"alembic_version", "counters", "held_batches", "imports", "lease", "notifications", "rule_marks", "runs"} | {
    "acknowledgements",  # typed by people, and forgotten when they have run out
    "workers",  # of which there are as many as the configuration names
    "offers",  # the step that waits for one
}
"""Tables that retention or the configuration keeps small; `steps` is as long as its runs."""
ALLOWED = {
    "objects USING INDEX objects_due": "a partial index: only those that are due stand in it",
    "metaverse USING INDEX metaverse_due": "likewise",
    "metaverse USING INDEX metaverse_deleted": "likewise, those that are deleted or in grace",
    "objects USING COVERING INDEX objects_by_status": "counted in its index for what the end of a run tells",
    "metaverse USING COVERING INDEX metaverse_by_type": "likewise",
    "owed_references USING COVERING INDEX owed_once": "what is owed, counted for the same",
    "audit": "its newest entry alone: ordered by id, and limited to one",
    "steps": "by their runs, which retention keeps few",
    "pending_exports USING COVERING INDEX exports_in_order": "what is open, which a confirmed run leaves empty",
    "pending_exports USING INDEX exports_in_order": "likewise",
    "pending_exports": "likewise, within the retention of decided reviews",
    "review_items": "decided reviews, which retention ends",
    "metaverse": "within the retention of decided reviews: none is looked at where no review is that old",
    "tombstones": "what was deleted, which retention ends",
    "transitions USING INTEGER PRIMARY KEY": "one of them at a time, to find by halves where retention ends",
}
"""What is looked at as a whole all the same, and why that is no matter."""
WHOLE_SYSTEM = re.compile(
    r"SEARCH ((?:objects|metaverse|transitions|pending_exports) .*INDEX (?!objects_waiting)\w+) "
    r"\((?:system=\?|type=\?|system=\? AND type=\?)\)"
)
FROM_AN_ID_ON = re.compile(r"SEARCH (\w+ USING INTEGER PRIMARY KEY) \((?:rowid>\?)?(?: AND )?(?:rowid<\?)?\)")
"""From the first id on that is all of it, whatever else is asked."""
GENERATED = re.compile(r"json_each|VIRTUAL|CONSTANT|SUBQUERY|subquery|anon_|\(")


@pytest.fixture
def statements() -> Iterator[dict[str, Any]]:
    """What the program says to its store meanwhile, each with the first of its parameters."""
    found: dict[str, Any] = {}

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        found.setdefault(statement, parameters[0] if isinstance(parameters, list) else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("store_file")  # what SQLite plans is looked at
def test_a_run_without_a_change_scans_nothing_that_grows(tmp_path: Path, statements: dict[str, Any]) -> None:
    Workspace(tmp_path, "")("init", "ws")
    site = Inside(tmp_path / "ws", (tmp_path / "ws" / "interlock.toml").read_text())
    site("run")
    site("run")
    with (tmp_path / "ws" / "hr.csv").open("a") as file:
        file.write("\n")  # so that it is read
    statements.clear()
    site("run")
    assert len(statements) > 80
    with closing(sqlite3.connect(site.folder / "interlock.db")) as store:
        scans = {scan for one in statements.items() for scan in scans_of(store, *one)}
    growing = set(metadata.tables) - BOUNDED
    found = {scan for scan in scans if scan.split()[0] in growing}
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "no longer needed"


def scans_of(store: sqlite3.Connection, statement: str, parameters: Any) -> Iterator[str]:
    """Give the tables that a statement reads as a whole, or all that one system or type has in them."""
    if statement.split(None, 1)[0].upper() not in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"):
        return
    for *_, detail in store.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
        if detail.startswith("SCAN ") and not GENERATED.search(detail):
            yield detail.removeprefix("SCAN ")
        if whole := WHOLE_SYSTEM.fullmatch(detail) or FROM_AN_ID_ON.fullmatch(detail):
            yield whole[1]
