"""What is said to a database can be said to SQL Server and Oracle as well, of which no server is here.

A whole run gives SQLite its statements: pages behind a key, changes since, values in a table of their own, creates,
updates that name what was there, deletes. Each of them is compiled for the other two.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Connection, Engine, Select, UpdateBase, event
from sqlalchemy.dialects import mssql, oracle

from tests.inside import Inside, document

TABLES = (
    'CREATE TABLE "per son" (id INTEGER PRIMARY KEY, name VARCHAR(40), level INTEGER, born DATE, seen TIMESTAMP, '
    "salary DECIMAL(10, 2), photo BLOB)",
    "CREATE TABLE phone (person INTEGER NOT NULL, number VARCHAR(20) NOT NULL, PRIMARY KEY (person, number))",
    """INSERT INTO "per son" (id, name) VALUES (5, 'Bob')""",
)
KINDS = {
    "level": "integer",
    "born": "date",
    "seen": "datetime",
    "salary": "decimal",
    "photo": "binary",
    "phones": "text[]",
}
ADA = {
    "id": "101",
    "name": "Ada",
    "level": "3",
    "born": "1990-01-02",
    "seen": "2026-01-02T03:04:05Z",
    "salary": "1.50",
    "photo": "AP8=",
    "phones": "1|2",
}


@contextmanager
def heard() -> Iterator[set[ClauseElement]]:
    """Give every statement that is carried out meanwhile about the tables."""
    said: set[ClauseElement] = set()

    def hear(connection: Connection, statement: Any, *_: object) -> None:
        if connection.dialect.driver == "pysqlite" and isinstance(statement, (Select, UpdateBase)):
            said.add(statement)

    event.listen(Engine, "before_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_execute", hear)


def office(folder: Path) -> Inside:
    """Give a workspace with people of a file who get rows in a database."""
    objects = {
        "table": "per son",
        "external_id": "id",
        "attributes": KINDS,
        "changed": "seen",
        "many": {"phones": {"table": "phone", "key": "person", "value": "number"}},
    }
    hr = {"connector": "csv", "objects": {"person": {"path": "hr.csv", "external_id": "id", "attributes": KINDS}}}
    it = {"connector": "sql", "url": f"sqlite:///{folder / 'it.db'}", "objects": {"person": objects}}
    flow = {name: name for name in ADA}
    into = {"name": "in", "from": "hr.person", "to": "metaverse.person", "project": True, "flow": flow}
    out = {"name": "out", "from": "metaverse.person", "to": "it.person", "join": [["id"]], "flow": flow}
    tables = {
        "systems": {name: one | {"deletions": {"max_percent": 100}} for name, one in (("hr", hr), ("it", it))},
        "metaverse": {"person": {"attributes": KINDS, "deletion": {"when": "last_connector_gone"}}},
    }
    return Inside(folder / "site", document(tables, rules=[into, out | {"provision": True, "deprovision": "delete"}]))


def statements(folder: Path) -> set[ClauseElement]:
    """Let a person be created, changed and deleted, and give all that was said about the tables."""
    with closing(sqlite3.connect(folder / "it.db")) as database:
        for one in TABLES:
            database.execute(one)
        database.commit()
        site = office(folder)
        with heard() as said:
            for change in ({}, {"name": "King", "level": "", "salary": "2", "phones": "2|3"}, {"id": "107"}):
                site.csv("hr.csv", [ADA | change])
                site("run")
            site("step", "delta", "it")
            waiting = [one["id"] for one in site.json("review")]
            site("review", "approve", *waiting, "--reason", "she left", "--count", str(len(waiting)))
            site("run")
            site("run")
        assert database.execute('SELECT id FROM "per son" ORDER BY id').fetchall() == [(5,), (107,)]
    return said


@pytest.mark.parametrize(
    ("database", "table", "page"), [("mssql", "[per son]", "TOP"), ("oracle", '"per son"', "FETCH")]
)
def test_what_is_said_to_one_database_can_be_said_to_others(
    tmp_path: Path, database: str, table: str, page: str
) -> None:
    dialect = {"mssql": mssql.dialect, "oracle": oracle.dialect}[database]()
    texts = {str(one.compile(dialect=dialect)) for one in statements(tmp_path)}
    assert {text.split()[0] for text in texts} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert all(table in text or "phone" in text for text in texts)
    assert any(page in text for text in texts)
    assert not any(" LIMIT " in text for text in texts), "neither of them knows it"
