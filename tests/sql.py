"""Databases for tests of the `sql` connector: one of each kind, started once, and workspaces that read them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.databases import PASSWORD, Database, Server, mariadb, postgresql, sqlite
from tests.inside import Inside, document, in_and_out

SERVERS: dict[str, Callable[..., Any]] = {"postgresql": postgresql, "mysql": mariadb}


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[str], Server]]:
    """Start each server once, when it is first wanted."""
    with ExitStack() as stack:
        started: dict[str, Server] = {}

        def server(name: str) -> Server:
            if name not in started:
                started[name] = stack.enter_context(SERVERS[name]())
            return started[name]

        yield server


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request: pytest.FixtureRequest, running: Callable[[str], Server], tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with sqlite(tmp_path) as files:
            made = files.database()
    else:
        made = running(request.param).database()
    yield made
    made.engine.dispose()


PEOPLE = (
    "CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, level INTEGER, born DATE, "
    "seen TIMESTAMP NULL, salary DECIMAL(10,2), mail VARCHAR(60) UNIQUE)",
    "CREATE TABLE phone (person INTEGER NOT NULL, number VARCHAR(20) NOT NULL, PRIMARY KEY (person, number))",
)
ATTRIBUTES = {"level": "integer", "born": "date", "seen": "datetime", "salary": "decimal", "phones": "text[]"}


def fill(database: Database, count: int = 40) -> None:
    database.run(*PEOPLE)
    database.run(
        *(
            f"INSERT INTO person VALUES ({n}, 'Person {n}', {n % 5}, '1990-01-{n % 28 + 1:02}', "
            f"'2026-01-02 03:04:05', {n}.50, 'p{n}@example.org')"
            for n in range(1, count + 1)
        ),
        *(f"INSERT INTO phone VALUES ({n}, '+49 30 {n}{end}')" for n in range(1, count + 1) for end in range(n % 3)),
    )


def system(database: Database, **more: Any) -> dict[str, Any]:
    kind = {
        "external_id": "id",
        "attributes": ATTRIBUTES,
        "table": "person",
        "many": {"phones": {"table": "phone", "key": "person", "value": "number"}},
    }
    found = {
        "connector": "sql",
        "url": database.url,
        "objects": {"person": {name: value for name, value in (kind | more).items() if value is not None}},
        "deletions": {"max_percent": 100},
        "exports": {"retry_delay": "0s"},
    }
    return found | ({"password": {"env": "DB_PASSWORD"}} if database.password else {})


NAMES = ["name", "level", "born", "seen", "salary", "mail", "phones"]


def reading(folder: Path, it: dict[str, Any], names: list[str] = NAMES) -> Inside:
    """Give a workspace that reads a database."""
    declared = {name: ATTRIBUTES[name] for name in names if name in ATTRIBUTES}
    rule = {
        "name": "in",
        "from": "it.person",
        "to": "metaverse.person",
        "project": True,
        "join": [[{"source": "id", "target": "key"}]],
        "flow": {"key": "id", **{name: name for name in names}},
    }
    tables = {"systems": {"it": it}, "metaverse": {"person": {"attributes": declared}}}
    return Inside(folder / "site", document(tables, rules=[rule]), {"DB_PASSWORD": PASSWORD})


def attributes(site: Inside, number: str) -> dict[str, Any]:
    found = next(one for one in site.json("objects", "--limit", "0") if one["external_id"] == number)
    shown: dict[str, Any] = site.json("show", found["id"])["attributes"]
    return shown


def writing(folder: Path, database: Database, **more: Any) -> Inside:
    """Give a workspace that writes HR's people into a database."""
    hr = {
        "connector": "csv",
        "objects": {
            "person": {
                "path": "hr.csv",
                "external_id": "id",
                "attributes": {"level": "integer", "born": "date", "phones": "text[]"},
            }
        },
        "deletions": {"max_percent": 100},
    }
    names = ["id", "name", "level", "born", "mail", "phones"]
    rules = in_and_out("it.person", names, deprovision="delete")
    person = {
        "attributes": {"level": "integer", "born": "date", "phones": "text[]"},
        "deletion": {"when": "last_connector_gone"},
    }
    tables = {"systems": {"hr": hr, "it": system(database, **more)}, "metaverse": {"person": person}}
    site = Inside(folder / "site", document(tables, rules=rules), {"DB_PASSWORD": PASSWORD})
    people(site)
    return site


def people(site: Inside, **changes: dict[str, str]) -> None:
    rows = {
        str(n): {
            "id": str(n),
            "name": f"Person {n}",
            "level": "1",
            "born": "1990-05-06",
            "mail": f"p{n}@x.org",
            "phones": f"{n}|{n}0",
        }
        for n in range(1, 6)
    }
    for name, change in changes.items():
        rows[name.removeprefix("p")] |= change
    site.csv("hr.csv", [row for row in rows.values() if row["name"]])


def from_hr(
    folder: Path, database: Database, *columns: str, external_id: str = "login", types: dict[str, str] | None = None
) -> Inside:
    """Give a workspace that writes `login` and more columns of `hr.csv` into the table `account`."""
    declared = types or {}
    hr = {
        "connector": "csv",
        "objects": {"person": {"path": "hr.csv", "external_id": "login", "attributes": declared}},
    }
    it = system(database, table="account", external_id=external_id, many=None, attributes=declared)
    tables = {"systems": {"hr": hr, "it": it}, "metaverse": {"person": {"attributes": declared}}}
    rules = in_and_out("it.person", ["login", *columns])
    return Inside(folder / "site", document(tables, rules=rules), {"DB_PASSWORD": PASSWORD})
