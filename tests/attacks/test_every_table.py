"""Between the steps of a run somebody removes and edits rows of every table: no delete leaves without its approval."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from storage.documents import decode
from storage.tables import metadata
from tests.inside import Inside
from tui.demo.people import people
from tui.demo.workspace import make_workspace

pytestmark = pytest.mark.usefixtures("each_store")

STEPS = (("step", "sync"), ("step", "evaluate"), ("step", "export", "directory"), ("step", "confirm", "directory"))
"""What is left of a run once HR's file was read, and the missing were approved."""
TELLING = ("state", "status", "kind", "change_type", "consequences", "action", "details", "deleted", "held")
"""Columns of which one value in every row says something else, besides those that name another row."""
SENDS = 2
"""Which of them sends."""
LIVE = ("approved", "carried-out")
TABLES = sorted(metadata.tables)
DECIDING = ("audit", "metaverse", "objects", "pending_exports", "review_items")
"""The tables of which a delete's approval depends: each of their columns is attacked."""
Row = tuple[Any, ...]
_PAST_ALL = b"""
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT tgname, tgrelid::regclass AS place FROM pg_trigger WHERE NOT tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.place);
    END LOOP;
    FOR one IN SELECT conname, conrelid::regclass AS place FROM pg_constraint
        WHERE contype IN ('c', 'f') AND connamespace = current_schema()::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname);
    END LOOP;
    FOR one IN SELECT i.indexrelid::regclass AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) LOOP
        EXECUTE format('DROP INDEX %s', one.index);
    END LOOP;
END $$
"""
"""Takes triggers, indexes and constraints away, but for keys."""


class Edit(NamedTuple):
    """What somebody does to the store."""

    name: str
    statement: str
    values: Row = ()


class Approval(NamedTuple):
    """An approval as it was given: what it is for, and the rows that prove it."""

    item: Row
    proof: Row
    accounts: frozenset[str]
    """The entryUUIDs of the accounts that it lets go."""


class Site(Inside):
    """A workspace whose store is edited past its triggers, its indexes and its constraints."""

    def rows(self, query: str, *values: Any) -> list[Row]:
        if self.database is not None:
            with self.database.connected() as store:
                return store.execute(*_asked(query, values)).fetchall()
        with closing(sqlite3.connect(self.folder / "interlock.db")) as file:
            return file.execute(query, values).fetchall()

    def tamper(self, statement: str, *values: Any) -> int:
        """Edit the store by hand, and give how many rows were touched."""
        if self.database is not None:
            with self.database.connected() as server:
                server.execute(_PAST_ALL)
                return server.execute(*_asked(statement, values)).rowcount
        with closing(sqlite3.connect(self.folder / "interlock.db")) as store:
            store.execute("PRAGMA ignore_check_constraints = ON")
            made = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
            for kind, name in store.execute(made).fetchall():
                store.execute(f"DROP {kind} {name}")
            count = store.execute(statement, values).rowcount
            store.commit()
        return count

    def accounts(self) -> frozenset[str]:
        """Give the entryUUIDs of the people in the directory, from its own file."""
        entries = (self.folder / "directory.ldif").read_text().split("\n\n")
        ids = (line for entry in entries if "inetOrgPerson" in entry for line in entry.split("\n"))
        return frozenset(line.partition(": ")[2] for line in ids if line.lower().startswith("entryuuid:"))

    def item(self, number: int) -> Row:
        query = "SELECT id, kind, object_id, consequences, audit_id FROM review_items WHERE id = ?"
        return next(iter(self.rows(query, number)), ())

    def proof(self, number: int) -> Row:
        return next(iter(self.rows("SELECT * FROM audit WHERE id = ?", number)), ())

    def approvals(self) -> list[Approval]:
        """Give the approvals that are live now."""
        found = []
        for (number,) in self.rows(f"SELECT id FROM review_items WHERE state IN {LIVE} ORDER BY id"):
            item = self.item(number)
            gone = frozenset(entry[3] for entry in decode(item[3])["deletes"])
            found.append(Approval(item, self.proof(item[4]), gone))
        return found

    def may_go(self, approvals: list[Approval]) -> frozenset[str]:
        """Give the accounts whose approval is live, and stands in the log as it was given."""
        live = {number for (number,) in self.rows(f"SELECT id FROM review_items WHERE state IN {LIVE}")}
        whole = (
            one.accounts
            for one in approvals
            if one.item[0] in live and self.item(one.item[0]) == one.item and self.proof(one.item[4]) == one.proof
        )
        return frozenset().union(*whole)


def _asked(statement: str, values: Row) -> tuple[bytes, Row | None]:
    """Give a statement with its values as PostgreSQL takes them."""
    return (statement.replace("?", "%s") if values else statement).encode(), values or None


class Prepared(NamedTuple):
    """A workspace at each point between two steps, and the approvals that were given."""

    folders: list[Path]
    approvals: list[Approval]


@pytest.fixture(scope="module")
def prepared(each_store: str, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Four are missing: two are approved, one was and is no longer, one was not; others change and leave the scope."""
    rows = list(people(44))
    folder = tmp_path_factory.mktemp("tables") / "0"
    site = Site(folder, make_workspace(folder, rows, demo=False).read_text())
    site("run")
    for row in rows[20:24]:
        row["title"] = "something else"
    for row in rows[30:32]:
        row["status"] = "left"
    site.csv("hr.csv", rows[4:], rows[0])
    site("run")
    items = site.json("review")
    missing, others = ([item["id"] for item in items if item["kind"] == kind] for kind in ("absence", "delete"))
    assert (len(missing), len(others)) == (4, 2)
    approved = [*missing[:3], others[0]]
    site("review", "approve", *approved, "--reason", "left", "--count", str(len(approved)))
    site("review", "withdraw", missing[2], "--reason", "comes back")
    rows[40]["title"] = "another thing"
    site.csv("hr.csv", rows[4:], rows[0])
    site("step", "import", "hr")
    approvals = site.approvals()
    assert len(approvals) == 3
    folders = [folder]
    for number, step in enumerate(STEPS[:SENDS], 1):
        folders.append(folder.parent / str(number))
        shutil.copytree(folders[-2], folders[-1])
        Site(folders[-1], (folders[-1] / "interlock.toml").read_text())(*step)
    return Prepared(folders, approvals)


def _edits(site: Site, table: str, point: int) -> Iterator[Edit]:
    """Give what is done to a table before a step; most of it before the step that sends."""
    keys = [column.name for column in metadata.tables[table].primary_key]
    columns = [column.name for column in metadata.tables[table].columns]
    rest = [name for name in columns if name not in keys]
    order = ", ".join(keys)
    yield Edit("remove all", f"DELETE FROM {table}")
    yield from WORST.get(table, [])
    if point != SENDS:
        return
    if rest:
        yield Edit("exchange all", _exchange(table, order, rest))
    numbered = f"SELECT {order}, row_number() OVER (ORDER BY {order}) AS place FROM {table}"
    chosen = f"SELECT {order} FROM ({numbered}) AS counted WHERE place % 2 = 0"
    yield Edit("remove every second", f"DELETE FROM {table} WHERE ({order}) IN ({chosen})")
    if table not in DECIDING:
        return
    named = ", ".join(f'"{name}"' for name in columns)
    other = ", ".join("id + 1000000" if name == "id" else f'"{name}"' for name in columns)
    yield Edit("double", f"INSERT INTO {table} ({named}) SELECT {other} FROM {table}")
    for column in columns:
        if column.endswith("_id") or column in TELLING:
            last = f'SELECT "{column}" FROM {table} ORDER BY "{column}" IS NULL, "{column}" DESC LIMIT 1'
            (value,) = next(iter(site.rows(last)), (None,))
            update = "UPDATE" if site.database is not None else "UPDATE OR IGNORE"
            yield Edit(f"{column} to {value!r:.40}", f'{update} {table} SET "{column}" = ?', (value,))
        if column in rest:
            yield Edit(f"exchange {column}", _exchange(table, order, [column]))


def _exchange(table: str, order: str, group: list[str]) -> str:
    """Let every row have what the next one has; the last has what the first had."""
    names = ", ".join(f'"{name}"' for name in group)
    following = ", ".join(
        f'coalesce(lead("{name}") OVER (ORDER BY {order}), first_value("{name}") OVER (ORDER BY {order}))'
        for name in group
    )
    fresh = ", ".join(f"fresh_{index}" for index in range(len(group)))
    found = f"WITH moved ({order}, {fresh}) AS (SELECT {order}, {following} FROM {table})"
    same = " AND ".join(f"moved.{name} = {table}.{name}" for name in order.split(", "))
    return f"{found} UPDATE {table} SET ({names}) = (SELECT {fresh} FROM moved WHERE {same})"


_SOME_APPROVAL = f"(SELECT min(id) FROM review_items WHERE state IN {LIVE})"
_TO_DELETE = f"SET change_type = 'Delete', approval_id = {_SOME_APPROVAL}, status"
WORST = {
    "review_items": [
        Edit("approve all", "UPDATE review_items SET state = 'approved'"),
        Edit(
            "approve all in one name",
            "UPDATE review_items SET state = 'approved', audit_id = (SELECT max(audit_id) FROM review_items)",
        ),
    ],
    "pending_exports": [
        Edit("delete all that waits", f"UPDATE pending_exports {_TO_DELETE} = 'Pending'"),
        Edit("delete all that is under way", f"UPDATE pending_exports {_TO_DELETE} = 'Executing'"),
        Edit(
            "delete all others",
            "INSERT INTO pending_exports (id, cso_id, system, type, change_type, status, wave, changes, held, attempts,"
            " approval_id, cause, created_at, changed_at) SELECT 900000 + id, id, system, type, 'Delete', 'Pending',"
            f" 100000, '[]', FALSE, 0, {_SOME_APPROVAL}, 'by hand', changed_at, changed_at FROM objects"
            " WHERE system = 'directory' AND id NOT IN (SELECT cso_id FROM pending_exports) LIMIT 4",
        ),
    ],
    "objects": [
        Edit("all obsolete", "UPDATE objects SET status = 'Obsolete', due = TRUE"),
        Edit("joined to nobody", "UPDATE objects SET mvo_id = NULL, due = TRUE"),
    ],
    "metaverse": [
        Edit(
            "all deleted",
            "UPDATE metaverse SET deleted = TRUE, due = TRUE, delete_after = '2001-01-01',"
            f" approval_id = {_SOME_APPROVAL}",
        ),
    ],
}


@pytest.fixture(autouse=True)
def _details_of_failures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the program keeps of its own failures is not kept beside the tests."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _breaches(site: Site, point: int, approvals: list[Approval]) -> list[str]:
    """Go on with the run, and give the accounts that went without an approval."""
    found = []
    for number, step in enumerate(STEPS[point : SENDS + 1], point):
        before, allowed = site.accounts(), site.may_go(approvals)
        said = site(*step, status=None)
        assert "Traceback" not in said
        gone = before - site.accounts()
        allowed = allowed if number == SENDS else frozenset()
        found += [f"{' '.join(step)}: {account}" for account in sorted(gone - allowed)]
    return found


def _fresh(prepared: Prepared, point: int, folder: Path) -> Site:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared.folders[point], folder)
    return Site(folder, (folder / "interlock.toml").read_text())


@pytest.mark.parametrize("point", range(SENDS + 1))
def test_without_an_attack_those_who_were_approved_go(prepared: Prepared, tmp_path: Path, point: int) -> None:
    site = _fresh(prepared, point, tmp_path / "site")
    before = site.accounts()
    assert _breaches(site, point, prepared.approvals) == []
    assert before - site.accounts() == frozenset().union(*(one.accounts for one in prepared.approvals))


ATTACKS = [(table, point) for table in TABLES for point in range(SENDS + 1) if table in DECIDING or point != 1]


@pytest.mark.parametrize(("table", "point"), ATTACKS, ids=[f"{table}, {' '.join(STEPS[at])}" for table, at in ATTACKS])
def test_no_delete_leaves_without_its_approval(prepared: Prepared, tmp_path: Path, table: str, point: int) -> None:
    """The table is attacked before a step, in every way, each time on a fresh copy."""
    site = _fresh(prepared, point, tmp_path / "site")
    breaches, attempts = {}, 0
    for edit in list(_edits(site, table, point)):
        site = _fresh(prepared, point, tmp_path / "site")
        try:
            if not site.tamper(edit.statement, *edit.values):
                continue
        except (sqlite3.IntegrityError, psycopg.IntegrityError):
            continue  # the database itself lets no hand do that
        attempts += 1
        if found := _breaches(site, point, prepared.approvals):
            breaches[edit.name] = found
    assert not breaches
    assert attempts or not site.rows(f"SELECT 1 FROM {table} LIMIT 1")
