"""The store's own promises: what the migrations make is what the queries expect, and its indexes are used."""

import asyncio
import os
import re
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage import mark
from storage.store import Store
from storage.tables import metadata


def _make(path: Path) -> sqlalchemy.Engine:
    asyncio.run(Store.open(path).close())
    return sqlalchemy.create_engine(f"sqlite:///{path}")


def _parts(sql: str | None) -> list[str]:
    """Split a definition into its parts; in which order constraints stand does not matter."""
    return sorted(part.strip() for part in re.split("[(),]", sql or ""))


def test_the_migrations_make_the_tables_that_the_queries_expect(tmp_path: Path) -> None:
    engine = _make(tmp_path / "a.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")}
    fresh = sqlalchemy.create_engine("sqlite://")
    metadata.create_all(fresh)
    with fresh.connect() as connection:
        wanted = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")}
    triggers = {name for name, sql in made.items() if sql and sql.startswith("CREATE TRIGGER")}
    assert triggers == {
        "delete_is_approved_when_staged",
        "delete_is_approved_when_sent",
        "audit_is_a_chain",
        "audit_is_not_edited",
        "audit_is_not_pruned",
    }
    made = {name: sql for name, sql in made.items() if "alembic" not in name and name not in triggers}
    assert {name: _parts(sql) for name, sql in made.items()} == {name: _parts(sql) for name, sql in wanted.items()}
    engine.dispose()
    fresh.dispose()


def test_what_is_due_is_found_by_its_index(tmp_path: Path) -> None:
    engine = _make(tmp_path / "a.db")
    with engine.connect() as connection:
        for table in ("objects", "metaverse"):
            query = f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE due = 1 AND id > 5 ORDER BY id LIMIT 10"
            plan = str(connection.exec_driver_sql(query).fetchall())
            assert f"{table}_due" in plan
    engine.dispose()


def test_a_metaverse_is_counted_by_its_indexes(tmp_path: Path) -> None:
    engine = _make(tmp_path / "a.db")
    with engine.connect() as connection:
        for condition, index in (("", "COVERING INDEX metaverse_by_type"), ("WHERE deleted = 1", "metaverse_deleted")):
            query = f"EXPLAIN QUERY PLAN SELECT type, count(*) FROM metaverse {condition} GROUP BY type"
            assert index in str(connection.exec_driver_sql(query).fetchall())
    engine.dispose()


def test_secondary_ids_are_found_by_their_index(tmp_path: Path) -> None:
    engine = _make(tmp_path / "a.db")
    with engine.connect() as connection:
        listed = "SELECT value FROM json_each('[\"a\"]')"
        query = f"SELECT * FROM objects WHERE system = 's' AND type = 't' AND secondary_key IN ({listed})"
        assert "objects_by_secondary" in str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").fetchall())
        query = f"SELECT * FROM objects WHERE system = 's' AND secondary_key IN ({listed})"
        assert "objects_by_secondary" in str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").fetchall())
    engine.dispose()


def test_a_store_is_made_whole_and_private(tmp_path: Path) -> None:
    _make(tmp_path / "a.db").dispose()
    assert (tmp_path / "a.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".db")] == ["a.db"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o666])
def test_whoever_may_use_a_store_may_read_its_mark(tmp_path: Path, mode: int) -> None:
    store = tmp_path / "interlock.db"
    store.touch()
    store.chmod(mode)
    group = max(os.getgroups(), default=os.getgid())
    os.chown(store, -1, group)
    mark.write(store, mark.Mark(1, "hash", "now"))
    place = mark.place_of(store)
    assert (place.stat().st_mode & 0o777, place.stat().st_gid) == (mode & 0o660, group)
    assert mark.read(store) == mark.Mark(1, "hash", "now")
