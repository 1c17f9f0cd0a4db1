"""Accounts that are called by a name which is no DN: those change hands as DNs do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Database, sqlite
from tests.inside import Inside, document
from tests.sql import system

FLOW = {"number": "number", "login": "login"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite(tmp_path) as server:
        made = server.database()
        made.run("CREATE TABLE account (id INTEGER PRIMARY KEY, login VARCHAR(60) UNIQUE NOT NULL, number VARCHAR(9))")
        yield made
        made.engine.dispose()


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Inside:
    """Three people with accounts in a table that gives them ids, and calls them by their logins."""
    hr = {"connector": "csv", "objects": {"person": {"path": "hr.csv", "external_id": "number"}}}
    more = {"table": "account", "secondary_external_id": "login", "attributes": {"id": "integer"}, "many": None}
    rules = [
        {"name": "in", "from": "hr.person", "to": "metaverse.person", "project": True, "flow": FLOW},
        {"name": "out", "from": "metaverse.person", "to": "it.person", "dn": "{{ login }}", "provision": True}
        | {"join": [["number"]], "flow": {"number": "number"}},
    ]
    tables = {"systems": {"hr": hr, "it": system(database, **more)}, "metaverse": {"person": {}}}
    made = Inside(tmp_path / "site", document(tables, rules=rules))
    people(made, E1="a", E2="b", E3="c")
    made("run")
    return made


def people(site: Inside, **logins: str) -> None:
    site.csv("hr.csv", [{"number": number, "login": login} for number, login in logins.items()])


@pytest.mark.parametrize(
    "logins",
    [
        {"E1": "z", "E2": "b", "E3": "c"},
        {"E1": "z", "E2": "a", "E3": "b"},
        {"E1": "b", "E2": "a", "E3": "c"},
        {"E1": "b", "E2": "c", "E3": "a"},
    ],
    ids=["rename", "chain", "swap", "circle"],
)
def test_names_change_hands_in_one_run(site: Inside, database: Database, logins: dict[str, str]) -> None:
    ids = dict(database.rows("SELECT number, id FROM account"))
    people(site, **logins)
    site("run")
    assert dict(database.rows("SELECT number, login FROM account")) == logins
    assert dict(database.rows("SELECT number, id FROM account")) == ids
    site("run")
    assert not site.json("exports")
    assert not site.errors()


def test_who_has_a_name_in_between_gives_it_to_nobody(site: Inside, database: Database) -> None:
    people(site, E1="b", E2="a", E3="c")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        site("step", *step)
    database.run(
        "CREATE TRIGGER refuses BEFORE UPDATE ON account WHEN new.login IN ('a', 'b') "
        "BEGIN SELECT raise(ABORT, 'not now'); END"
    )
    site("step", "export", "it", status=None)
    assert "interlock-interim-" in str(database.rows("SELECT login FROM account"))
    site("step", "import", "it", status=None)
    assert "interlock-interim-" not in str(site.query("SELECT attributes FROM objects"))
    database.run("DROP TRIGGER refuses")
    site("run", status=None)
    site("run")
    assert dict(database.rows("SELECT number, login FROM account")) == {"E1": "b", "E2": "a", "E3": "c"}
