"""A store of an older schema is migrated when it is opened, after a backup; one of a newer schema is refused."""

import asyncio
import json
import sqlite3
import stat
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config

import storage.migrations
from storage import runs
from storage.dialects.base import REVISIONS
from storage.errors import StoreTooNew
from storage.labels import name_of
from storage.records import Run
from storage.store import Store
from tests.house import new_store


def make_old_store(path: Path, revision: str) -> None:
    """Make a store as an older version made it, with a run in it."""
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql(
            "INSERT INTO runs (id, profile, operator, host, pid, started_at, ended_at, result) VALUES "
            "(1, 'nightly', 'ada', 'box', 7, '2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z', 'success')"
        )
    engine.dispose()


async def read_run(path: Path) -> Run | None:
    async with Store.open(path) as store, store.reading() as tx:
        return await runs.get(tx, 1)


def test_an_older_store_is_migrated_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "interlock.db"
    make_old_store(path, REVISIONS[0])
    found = asyncio.run(read_run(path))
    assert found is not None
    assert (found.profile, found.operator, found.backlog, found.waiting) == ("nightly", "ada", None, None)
    backups = list(tmp_path.glob("interlock.db.0001-*.backup"))
    assert len(backups) == 1
    assert stat.S_IMODE(backups[0].stat().st_mode) == 0o600
    copy = sqlite3.connect(backups[0])
    assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert copy.execute("SELECT profile FROM runs").fetchall() == [("nightly",)]
    copy.close()
    asyncio.run(read_run(path))
    assert len(list(tmp_path.glob("*.backup"))) == 1, "a store that is up to date is not migrated again"


def test_objects_of_an_older_store_have_the_names_that_an_import_would_give_them(tmp_path: Path) -> None:
    path = tmp_path / "interlock.db"
    make_old_store(path, "0006")
    at = "2026-01-01T00:00:00.000Z"
    held = {number: {"first_name": ["Ada"], "last_name": [f"King {number}"]} for number in range(1, 2501)}
    held[2500] = {}
    rows = [(number, f"E{number}", json.dumps(one), at, at) for number, one in held.items()]
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO objects (id, system, type, external_id, partition, status, attributes, hash, due, kept, "
        "created_at, changed_at) VALUES (?, 'hr', 'person', ?, '', 'Normal', ?, 0, 0, 0, ?, ?)",
        rows,
    )
    connection.commit()
    connection.close()
    asyncio.run(read_run(path))
    named = dict(sqlite3.connect(path).execute("SELECT id, name FROM objects"))
    assert named == {number: name_of(one) for number, one in held.items()}
    assert (named[1], named[2499], named[2500]) == ("Ada King 1", "Ada King 2499", "")


def test_what_an_older_store_owes_is_numbered_by_age(tmp_path: Path) -> None:
    path = tmp_path / "interlock.db"
    make_old_store(path, "0014")
    owed = [("in", number, "manager", "hr", f"E{number}", f"2026-01-0{9 - number}", number % 2) for number in (1, 2, 3)]
    connection = sqlite3.connect(path)
    connection.executemany("INSERT INTO owed_references VALUES (?, ?, ?, ?, ?, ?, ?)", owed)
    connection.commit()
    connection.close()
    asyncio.run(read_run(path))
    found = sqlite3.connect(path).execute("SELECT * FROM owed_references ORDER BY id").fetchall()
    assert found == [(number, *row) for number, row in enumerate(reversed(owed), 1)]


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "interlock.db"
    make_old_store(path, REVISIONS[-1])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="schema 9999"):
        Store.open(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.backup"))


def test_a_new_store_is_what_the_migrations_make() -> None:
    assert new_store.SCHEMA.read_text(encoding="utf-8") == new_store.schema(), "schema.sql is stale: run scripts/docs"
