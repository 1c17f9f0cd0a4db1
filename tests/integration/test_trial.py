"""The trial of a proposed configuration: the plan of the first ten people, whatever they come from."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from tests.databases import PASSWORD as DATABASE_PASSWORD
from tests.databases import Database, postgresql, sqlite
from tests.inside import Inside
from tests.scim import TOKEN, ScimServer
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tui import feed
from tui.beginning.proposal import Source, Target
from tui.beginning.trial import plan_of_first

MANY = 25
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """An empty directory, real."""
    monkeypatch.setenv("DIRECTORY_PASSWORD", PASSWORD)
    with Slapd(tmp_path / "target").start() as server:
        server.add(f"{BASE}\ndn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n")
        connection = {"bind_dn": ADMIN, "password": {"env": "DIRECTORY_PASSWORD"}}
        yield Target(feed.survey(f"{server.url}/{SUFFIX}", tmp_path, connection), connection)
        assert server.people() == {}, "a plan writes nothing"


def _planned(address: str, target: Target, folder: Path, identity: str, **connection: Any) -> dict[str, Any]:
    found = feed.survey(address, folder, connection)
    people = Source(found, identity, connection).people
    assert any("Nolan" in value for row in people.rows for value in row.values()), "a sample is shown"
    assert {name for row in people.rows for name in row} <= {one.name for one in people.attributes}
    return asyncio.run(plan_of_first(Source(found, identity, connection), target))


def _assert_of_ten(plan: dict[str, Any]) -> None:
    """Ten are imported, all ten get an account, and nobody is missing."""
    created = [one for one in plan["changes"] if one["operation"] == "Create" and one["system"] == "directory"]
    assert len(created) == 10, plan["steps"]
    first = plan["steps"][0]
    assert first["statistics"]["adds"] == 10
    assert "the first 10 alone were read" in first["message"]
    assert not [step for step in plan["steps"] if step["errors"]], plan["steps"]


def _fill(database: Database) -> None:
    database.run(
        "CREATE TABLE person (number VARCHAR(10) PRIMARY KEY, first_name TEXT, last_name TEXT, login TEXT)",
        *(f"INSERT INTO person VALUES ('{n:03}', 'Ada', 'Nolan {n}', 'ada.{n}')" for n in range(MANY)),
    )


def test_of_a_database_in_a_file(tmp_path: Path, target: Target) -> None:
    with sqlite(tmp_path) as server:
        database = server.database()
        _fill(database)
        _assert_of_ten(_planned(database.url, target, tmp_path, "number"))


def test_of_a_database_on_a_server(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HR_PASSWORD", DATABASE_PASSWORD)
    with postgresql() as server:
        database = server.database()
        _fill(database)
        database.engine.dispose()
        _assert_of_ten(_planned(database.url, target, tmp_path, "number", password={"env": "HR_PASSWORD"}))


def test_of_a_directory(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_PASSWORD", PASSWORD)
    people = (
        f"\ndn: uid=ada{n},{SUFFIX}\nobjectClass: inetOrgPerson\nuid: ada{n}\ncn: Ada Nolan {n}\nsn: Nolan {n}\n"
        f"givenName: Ada\nemployeeNumber: {n:03}\n"
        for n in range(MANY)
    )
    reached = {"bind_dn": ADMIN, "password": {"env": "SOURCE_PASSWORD"}}
    with Slapd(tmp_path / "source").start() as source:
        source.add(BASE + "".join(people))
        _assert_of_ten(_planned(f"{source.url}/{SUFFIX}", target, tmp_path, "employeeNumber", **reached))


def test_of_a_service(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_TOKEN", TOKEN)
    with ScimServer(tmp_path / "service") as service:
        for n in range(MANY):
            name = {"givenName": "Ada", "familyName": f"Nolan {n}"}
            service.ask("POST", "/Users", {"schemas": [USER], "userName": f"ada{n}", "name": name})
        reached = {"token": {"env": "APP_TOKEN"}, "ca_file": str(service.authority.file)}
        _assert_of_ten(_planned(service.url, target, tmp_path, "userName", **reached))


def test_of_who_was_there_before_nobody_is_missing(tmp_path: Path) -> None:
    """`first` in a configuration that has run before: an import of a few is no proof that the others are gone."""
    with closing(sqlalchemy.create_engine(f"sqlite:///{tmp_path}/hr.db").raw_connection()) as raw:
        raw.executescript(
            "CREATE TABLE person (number TEXT PRIMARY KEY, name TEXT);"
            + "".join(f"INSERT INTO person VALUES ('{n:03}', 'Ada {n}');" for n in range(MANY))
        )
    begin = Inside(tmp_path / "begin", "")
    begin("init", str(tmp_path / "work"), "--from", f"sqlite:///{tmp_path}/hr.db")
    written = (tmp_path / "work" / "interlock.toml").read_text()
    work = Inside(tmp_path / "work", written)
    work("run")
    work.configure(written.replace('connector = "sql"', 'connector = "sql"\nfirst = 10'))
    work("run", status=1)
    assert {one["status"] for one in work.json("objects")} == {"Normal"}
    assert len(work.json("objects")) == MANY


def test_the_first_stay_the_first(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("number,name\n" + "".join(f"{n:03},Ada {n}\n" for n in range(MANY)))
    Inside(tmp_path / "begin", "")("init", str(tmp_path / "work"), "--from", str(people))
    written = (tmp_path / "work" / "interlock.toml").read_text()
    work = Inside(tmp_path / "work", written.replace('connector = "csv"', 'connector = "csv"\nfirst = 10'))
    work("run", status=1)
    named = {one["label"] for one in work.json("objects")}
    people.write_text(people.read_text() + "999,Ada again\n")
    work("run", status=1)
    assert {one["label"] for one in work.json("objects")} == named
    assert len(named) == 10
