"""Accounts that are known by an id which rules give them: they keep it, and nobody gets another's, nor its row."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside

INBOUND = """
[[rules]]
name = "in"
from = "hr.person"
to = "metaverse.person"
project = true
flow = { number = "number", login = "login", name = "name" }
"""
CONFIG = """
[systems.hr]
connector = "csv"
path = "hr.csv"
deletions = { max_percent = 100 }
[systems.hr.objects.person]
external_id = "number"
%(target)s
deletions = { max_percent = 100 }
[systems.it.objects.account]
external_id = "login"
%(object)s
[metaverse.person]
deletion = { when = "last_connector_gone" }
[[rules]]
name = "out"
from = "metaverse.person"
to = "it.account"
%(join)s
provision = true
deprovision = "delete"
flow = { login = "login", number = "number", name = "name" }
"""
JOIN = 'join = [[{ source = "number", target = "number" }]]'
TABLE = "CREATE TABLE account (login TEXT PRIMARY KEY, number TEXT, name TEXT, secret TEXT)"


class Site(Inside):
    """People, and their accounts in a file or a table; what is `secret` is another program's."""

    kind = ""

    def people(self, **logins: str) -> None:
        self.csv("hr.csv", [{"number": n, "login": login, "name": f"Person {n}"} for n, login in logins.items()])

    def sql(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "it.db")) as database, database:
            return database.execute(statement).fetchall()

    def note_secrets(self) -> None:
        """Let another program write into each account whose it is."""
        if self.kind == "sql":
            self.sql("UPDATE account SET secret = 'of ' || number")
            return
        rows = [row.split(",") for row in (self.folder / "it.csv").read_text().splitlines()]
        told = [",".join([*row[:-1], f"of{row[1]}" if row[0] != "login" else "secret"]) for row in rows]
        (self.folder / "it.csv").write_text("\n".join(told) + "\n")

    def accounts(self) -> dict[str, tuple[str, str]]:
        """Give for each login whose number its account has, and whose it was when the secrets were noted."""
        if self.kind == "sql":
            rows = self.sql("SELECT login, number, coalesce(secret, '') FROM account")
        else:
            read = (self.folder / "it.csv").read_text().splitlines()
            rows = [(row[0], row[1], row[-1]) for row in (line.split(",") for line in read[1:])]
        return {login: (number, secret.removeprefix("of").strip()) for login, number, secret in rows}


@pytest.fixture(params=["sql", "csv"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return _site(tmp_path / "site", request.param, JOIN)


def _site(folder: Path, kind: str, join: str) -> Site:
    target = {
        "sql": '[systems.it]\nconnector = "sql"\nurl = "sqlite:///it.db"',
        "csv": '[systems.it]\nconnector = "csv"\npath = "it.csv"',
    }[kind]
    told = {"target": target, "object": 'table = "account"' if kind == "sql" else "", "join": join}
    site = Site(folder, CONFIG % told + INBOUND)
    site.kind = kind
    if kind == "sql":
        site.sql(TABLE)
    else:
        (folder / "it.csv").write_text("login,number,name,secret\n")
    site.people(E1="a", E2="b", E3="c")
    site("run")
    site.note_secrets()
    site("run")
    return site


def _codes(site: Site) -> dict[str, str]:
    return {one["label"].partition(" (")[0]: one["code"] for one in site.errors()}


@pytest.mark.parametrize("join", [JOIN, ""], ids=["join", "no join"])
@pytest.mark.parametrize("kind", ["sql", "csv"])
@pytest.mark.parametrize(
    "logins",
    [{"E1": "z", "E2": "b", "E3": "c"}, {"E1": "z", "E2": "a", "E3": "c"}, {"E1": "b", "E2": "a", "E3": "c"}],
    ids=["renamed", "chain", "swap"],
)
def test_an_account_keeps_its_id(tmp_path: Path, kind: str, join: str, logins: dict[str, str]) -> None:
    site = _site(tmp_path / "site", kind, join)
    before = site.accounts()
    site.people(**logins)
    for _ in range(3):
        said = site("run", status=1)
        assert "an object keeps its id" in said, "for as long as it is so"
        assert site.accounts() == before
    assert site.json("review") == []
    assert site.json("exports") == []
    site.people(E1="a", E2="b", E3="c")
    site("run")
    assert site.accounts() == before


def test_what_else_has_changed_is_written_all_the_same(site: Site) -> None:
    site.csv("hr.csv", [{"number": "E1", "login": "z", "name": "Another"}, *_others()])
    site("run", status=1)
    assert set(_codes(site).values()) == {"external-id-changes"}
    if site.kind == "sql":
        assert site.sql("SELECT login, name FROM account WHERE number = 'E1'") == [("a", "Another")]


def _others() -> list[dict[str, str]]:
    return [{"number": f"E{n}", "login": "abc"[n - 1], "name": f"Person E{n}"} for n in (2, 3)]


def test_whoever_comes_with_anothers_id_waits_until_it_is_free(site: Site) -> None:
    site.people(E4="a", E2="b", E3="c")
    said = site("run", status=1)
    assert "existing-object" in said
    assert "cso-" in said
    assert site.accounts()["a"] == ("E1", "E1"), "nobody has decided that E1 is gone"
    (item,) = site.json("review")
    site("review", "approve", item["id"], "--reason", "left", "--count", "1")
    for _ in range(3):
        site("run", status=None)
    assert site.accounts()["a"] == ("E4", ""), "a new account"
    assert not site.json("exports")
    site("run")


def test_two_who_come_with_one_id(site: Site) -> None:
    site.people(E1="a", E2="b", E3="c", E4="d", E5="d", E6="e")
    said = site("run", status=1)
    assert "'d' is also wanted for" in said or "'d' is taken" in said
    accounts = site.accounts()
    assert accounts["d"] == ("E4", "")
    assert accounts["e"] == ("E6", "")
    site.people(E1="a", E2="b", E3="c", E4="d", E5="f", E6="e")
    site("run")
    assert site.accounts()["f"] == ("E5", "")


NAMED = """
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "number"
[systems.it]
connector = "ldif"
path = "it.ldif"
base = "dc=example,dc=org"
[systems.it.objects.account]
external_id = "uid"
secondary_external_id = "dn"
object_class = ["inetOrgPerson"]
[metaverse.person]
[[rules]]
name = "out"
from = "metaverse.person"
to = "it.account"
join = [[{ source = "number", target = "employeeNumber" }]]
provision = true
dn = "uid={{ login }},dc=example,dc=org"
flow = { employeeNumber = "number", cn = "name", sn = "name"%s }
"""


FLOWS = ["", ', uid = "login"', ', userid = "login"']


@pytest.mark.parametrize("more", FLOWS, ids=["by its RDN", "by a flow", "by another name"])
@pytest.mark.parametrize("new", [{"E1": "z", "E2": "a", "E3": "b"}, {"E1": "b", "E2": "a", "E3": "c"}])
def test_an_entry_whose_id_is_its_name_reaches_nobody_else(tmp_path: Path, more: str, new: dict[str, str]) -> None:
    site = Site(tmp_path / "site", NAMED % more + INBOUND)
    file = site.folder / "it.ldif"
    file.write_text("dn: dc=example,dc=org\nobjectClass: domain\ndc: example\n")
    site.people(E1="a", E2="b", E3="c")
    site("run")
    text = file.read_text()
    for number in ("E1", "E2", "E3"):
        text = text.replace(f"employeeNumber: {number}\n", f"employeeNumber: {number}\ndescription: of {number}\n")
    file.write_text(text)
    site.people(**new)
    for _ in range(4):
        site("run", status=None)
        noted = []
        for entry in file.read_text().split("\n\n"):
            told = dict(line.split(": ", 1) for line in entry.splitlines() if ": " in line)
            if "description" in told:
                assert told["description"] == f"of {told.get('employeeNumber')}", entry
                noted.append(told["employeeNumber"])
        assert sorted(noted) == ["E1", "E2", "E3"]
