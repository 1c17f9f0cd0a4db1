"""The store looked after: backed up while it is in use, checked, made smaller, and its history pruned.

What is about the file of a store is tried on a file alone; `test_store_on_postgresql.py` tells the same of a server.
"""

import os
import socket
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.console.office import let_leave, make_office
from tests.inside import Inside
from tests.workspace import Workspace

ROLES = '\n[roles]\nadministrator = ["tester"]\noperator = ["olga"]\n'


@pytest.fixture
def office(tmp_path) -> Inside:
    made = make_office(tmp_path / "office")
    return Inside(made.folder, (made.folder / "interlock.toml").read_text() + ROLES)


def _bend(office: Workspace, *statements: str) -> None:
    connection = sqlite3.connect(office.folder / "interlock.db", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def _count(office: Workspace, table: str) -> int:
    return office.query(f"SELECT count(*) FROM {table}")[0][0]


@pytest.mark.usefixtures("store_file")
def test_a_backup_is_whole_private_and_never_in_place_of_another_file(office: Inside) -> None:
    office("run")
    copy = office.folder / "copy.db"
    office("store", "backup", str(copy))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(office.folder.glob("copy.db-*"))
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT count(*) FROM objects").fetchone()[0] == _count(office, "objects")
    connection.close()
    assert "exists already" in office("store", "backup", str(copy), status=4)
    assert office.json("audit", "show", "--limit", "1")[0]["action"] == "backup"
    office.configure((office.folder / "interlock.toml").read_text().replace("interlock.db", "copy.db"))
    assert "sound" in office("store", "check")


@pytest.mark.usefixtures("store_file")
def test_a_backup_during_a_run_holds_whole_pages_and_the_run_goes_on(tmp_path) -> None:
    office = make_office(tmp_path / "office", 1500, "\n[run]\npage_size = 50\n")
    office("step", "import", "hr")
    run = office.start("run")
    while not office.query("SELECT 1 FROM lease"):
        assert run.poll() is None
    backups = 0
    while run.poll() is None and backups < 3:
        office("store", "backup", f"copy-{backups}.db")
        backups += 1
    assert backups
    run.communicate()
    assert run.returncode == 0
    for number in range(backups):
        connection = sqlite3.connect(office.folder / f"copy-{number}.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (done,) = connection.execute("SELECT max(id) FROM runs").fetchone()
        assert done == 2
        connection.close()


@pytest.mark.usefixtures("store_file")
def test_vacuum_is_refused_while_a_run_goes_on_and_gives_room_back(office: Inside) -> None:
    office("run")
    _bend(office, "CREATE TABLE ballast AS SELECT zeroblob(3000000) AS room", "DROP TABLE ballast")
    before = (office.folder / "interlock.db").stat().st_size
    assert "gained" in office("store", "vacuum")
    assert (office.folder / "interlock.db").stat().st_size < before
    process = Path(f"/proc/{os.getpid()}/stat").read_text().rsplit(")", 1)[1].split()[19]
    _bend(
        office,
        f"INSERT INTO lease VALUES (1, 'me', 1, '{socket.gethostname()}', {os.getpid()}, '{process}', '2026-01-01')",
    )
    assert "run 1 is going on" in office("store", "vacuum", status=4)


def test_the_store_is_an_administrators(office: Inside) -> None:
    office("run")
    office.env["INTERLOCK_OPERATOR"] = "olga"
    for command in (("backup", str(office.folder / "copy.db")), ("check",), ("vacuum",)):
        assert "only an administrator may" in office("store", *command, status=2)
    assert not (office.folder / "copy.db").exists()


@pytest.mark.usefixtures("store_file")
@pytest.mark.parametrize(
    ("bend", "told"),
    [
        ("DROP TRIGGER delete_is_approved_when_sent", "trigger delete_is_approved_when_sent is missing"),
        ("DROP INDEX exports_in_order", "index exports_in_order is missing"),
        ("CREATE TRIGGER mine AFTER INSERT ON runs BEGIN SELECT 1; END", "trigger mine is none of Interlock's"),
        ("DELETE FROM steps WHERE id = 1", "names one of steps that is not there"),
        ("UPDATE objects SET mvo_id = 9999 WHERE id = 5", "cso-5 is joined to a metaverse object that is not there"),
    ],
)
def test_what_is_wrong_with_a_store_is_told(office: Inside, bend: str, told: str) -> None:
    office("run")
    assert "sound" in office("store", "check")
    _bend(office, bend)
    assert told in office("store", "check", status=1)


@pytest.mark.usefixtures("store_file")
def test_a_delete_without_an_approval_is_told(office: Inside) -> None:
    office("run")
    trigger = office.query("SELECT sql FROM sqlite_master WHERE name = 'delete_is_approved_when_staged'")[0][0]
    _bend(
        office,
        "DROP TRIGGER delete_is_approved_when_staged",
        "INSERT INTO pending_exports (id, cso_id, system, type, change_type, status, wave, changes, held, attempts, "
        "approval_id, cause, created_at, changed_at) VALUES (900, (SELECT min(id) FROM objects WHERE system = "
        "'directory'), 'directory', 'person', 'Delete', 'Pending', 1, '[]', 0, 0, 1, '', '', '')",
        trigger,
    )
    assert "exp-900 deletes without an approval" in office("store", "check", status=1)


@pytest.mark.usefixtures("either_store")
def test_history_goes_with_time_and_what_is_needed_stays(office: Inside) -> None:
    office("run")
    let_leave(office, 3)
    office("run")
    office("review", "approve", "rev-1", "--reason", "left")
    office("review", "keep", "rev-2", "--reason", "stays")
    office("run")
    entries = _count(office, "audit")
    office.shift = "500d"
    office("run")
    assert [row[0] for row in office.query("SELECT state FROM review_items")] == ["open"]
    assert _count(office, "tombstones") == 0
    assert _count(office, "audit") == entries + 2
    assert "whole" in office("audit", "verify")
    kept = {row[0] for row in office.query("SELECT id FROM runs")}
    assert kept == {2, 3, 4}, "the run of the open item, the one whose imports are compared with, and the newest"
    assert office.query("SELECT count(*) FROM imports WHERE sightings IS NOT NULL")[0][0] == 2
    old = "SELECT DISTINCT entity_id FROM transitions WHERE step_id < 20 AND entity = 'review'"
    assert office.query(old) == [(3,)]
    assert "sound" in office("store", "check")
    let_leave(office, 4)
    office("run")
    assert {item["id"] for item in office.json("review")} == {"rev-3", "rev-4"}


@pytest.mark.usefixtures("either_store")
def test_for_ever_is_for_ever(office: Inside) -> None:
    config = (office.folder / "interlock.toml").read_text()
    office.configure(config + '\n[retention]\nruns = 0\ntransitions = "0"\nitems = 0\n')
    office("run")
    before = _count(office, "transitions")
    office.shift = "5000d"
    office("run")
    assert _count(office, "runs") == 2
    assert _count(office, "transitions") >= before


def test_the_store_does_not_grow_without_bound(office: Inside) -> None:
    config = (office.folder / "interlock.toml").read_text()
    office.configure(config + '\n[retention]\nruns = "10d"\ntransitions = "10d"\nitems = "10d"\n')
    office("run")
    sizes = []
    for day in range(1, 13):
        office.shift = f"{day * 6}d"
        let_leave(office, day % 3)
        office("run")
        sizes.append((_count(office, "runs"), _count(office, "steps"), _count(office, "transitions")))
    half = len(sizes) // 2
    for early, late in zip(*(map(max, zip(*part, strict=True)) for part in (sizes[:half], sizes[half:])), strict=True):
        assert late <= early, sizes


@pytest.mark.usefixtures("either_store")
def test_much_history_goes_in_steps_and_a_run_stays_short_of_it(office: Inside) -> None:
    office("run")
    office.edit(
        "UPDATE transitions SET id = id + 1000000",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO transitions "
        "(id, at, entity, entity_id, system, label, reason) SELECT i, '2020', 'cso', i, 'hr', 'x', '' FROM n",
    )
    left = [_count(office, "transitions")]
    for _ in range(2):
        office("step", "sync")
        left.append(_count(office, "transitions"))
    assert left[0] > left[1] >= left[2]
