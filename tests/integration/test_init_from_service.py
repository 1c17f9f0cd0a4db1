"""`interlock init --from` a SCIM service or a database: what they say of themselves makes a configuration that runs."""

import csv
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.databases import PASSWORD, Server, mariadb, postgresql, sqlite
from tests.inside import Inside, document
from tests.integration.test_scim_ways import ask_for_certificates
from tests.scim import TOKEN, ScimServer, Scripted

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def _begin(tmp_path: Path, *arguments: str, env: dict[str, str]) -> tuple[Inside, str, dict[str, Any]]:
    told = Inside(tmp_path / "begin", "", env)("init", str(tmp_path / "work"), *arguments)
    written = (tmp_path / "work" / "interlock.toml").read_text()
    return Inside(tmp_path / "work", written, env), told, tomllib.loads(written)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScimServer]:
    with ScimServer(tmp_path / "service") as service:
        yield service


def _fill(service: ScimServer) -> None:
    boss = service.ask("POST", "/Users", {"schemas": [USER], "userName": "boss", "active": True})
    ada = service.ask(
        "POST",
        "/Users",
        {
            "schemas": [USER, ENTERPRISE],
            "userName": "ada",
            "name": {"givenName": "Ada", "familyName": "Lovelace"},
            "emails": [{"type": "work", "value": "ada@example.org"}, {"type": "home", "value": "ada@home.example"}],
            "password": "never shown",
            ENTERPRISE: {"department": "Engines", "manager": {"value": boss["id"]}},
        },
    )
    service.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "All", "members": [{"value": ada["id"]}]})


def _reached(service: ScimServer) -> tuple[str, ...]:
    return "--from", service.url, "--password-env", "APP_TOKEN", "--ca-file", str(service.authority.file)


def test_scim(tmp_path: Path, service: ScimServer) -> None:
    _fill(service)
    before = service.users(), service.groups()
    work, told, made = _begin(tmp_path, *_reached(service), env={"APP_TOKEN": TOKEN})
    assert "person: User, 2 looked at" in told
    types = made["systems"]["service"]["objects"]
    assert types["person"]["secondary_external_id"] == "userName"
    assert types["person"]["paths"]["emails_work"] == 'emails[type eq "work"].value'
    assert types["person"]["paths"]["department"] == f"{ENTERPRISE}:department"
    assert types["person"]["paths"]["givenName"] == "name.givenName"
    assert types["person"]["attributes"] == {"active": "boolean", "manager": "reference"}
    assert types["group"]["attributes"] == {"members": "reference[]"}
    assert types["group"]["refers_to"] == {"members": "person"}
    assert "password" not in (work.folder / "interlock.toml").read_text()
    assert TOKEN not in (work.folder / "interlock.toml").read_text()
    assert "FAIL" not in work("check")
    work("run")
    assert work.statuses("service") == {"Normal": 3}
    assert "Engines" in str(work.json("show", _mvo(work, "Lovelace")))
    assert _mvo(work, "Lovelace") in str(work.json("show", _mvo(work, "All"))), "the group has its member"
    work("run")
    assert (service.users(), service.groups()) == before, "nothing was written"


def _mvo(work: Inside, label: str) -> str:
    (found,) = work.json("metaverse", "--search", label)
    return str(found["id"])


def test_an_empty_scim_service_is_told_by_its_schema(tmp_path: Path, service: ScimServer) -> None:
    work, told, made = _begin(tmp_path, *_reached(service), env={"APP_TOKEN": TOKEN})
    assert "person: User, 0 looked at" in told
    assert "userName" in made["rules"][0]["flow"]
    assert "familyName" in made["rules"][0]["flow"]
    assert "password" not in made["rules"][0]["flow"]
    group = made["systems"]["service"]["objects"]["group"]
    assert group["attributes"]["members"] == "reference[]"
    assert [text for text in group["paths"].values() if "members" in text] in ([], ["members.value"])
    assert "FAIL" not in work("check")
    work("run")
    _fill(service)
    work("run")
    assert work.statuses("service") == {"Normal": 3}


def test_a_scim_service_that_says_nothing_of_itself(tmp_path: Path) -> None:
    users = [{"id": "1", "userName": "ada", "active": True, "phoneNumbers": [{"value": "1"}, {"value": "2"}]}]

    def answer(method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
        if path == "/Users":
            return 200, {"totalResults": 1, "Resources": users}, {}
        return 404 if path != "/Groups" else 403, {"detail": "not for you"}, {}

    with Scripted(answer) as service:
        work, told, made = _begin(tmp_path, "--from", service.url, env={})
        assert "/Groups: not for you" in told
        (person,) = made["systems"]["service"]["objects"].values()
        assert person["attributes"] == {"active": "boolean", "phoneNumbers": "text[]"}
        assert "FAIL" not in work("check")
        work("run")
        assert work.statuses("service") == {"Normal": 1}


def test_what_is_no_scim_service_is_said(tmp_path: Path) -> None:
    work = Inside(tmp_path, "", {})
    with Scripted(lambda *_: (200, b"<html>", {})) as service:
        assert "no JSON object" in work("init", str(tmp_path / "new"), "--from", service.url, status=4)
    assert "over http anybody" in work("init", str(tmp_path / "new"), "--from", "http://app.example.org", status=2)
    assert "or program" in work("init", str(tmp_path / "new"), "--from", "ftp://127.0.0.1", status=2)
    assert not (tmp_path / "new").exists()


TABLES = """
CREATE TABLE department (code VARCHAR(9) PRIMARY KEY, title VARCHAR(99) NOT NULL);
CREATE TABLE employee (
    number INTEGER PRIMARY KEY, name VARCHAR(99) NOT NULL, born DATE, password_hash VARCHAR(99),
    unit VARCHAR(9) REFERENCES department (code), boss INTEGER REFERENCES employee (number)
);
CREATE TABLE phone (
    person INTEGER NOT NULL REFERENCES employee (number), number VARCHAR(30) NOT NULL, PRIMARY KEY (person, number)
);
CREATE TABLE contract (country VARCHAR(2), number INTEGER, starts DATE, PRIMARY KEY (country, number));
CREATE TABLE log (told VARCHAR(99));
INSERT INTO department VALUES ('E', 'Engines');
INSERT INTO employee VALUES (1, 'Ada', '1815-12-10', 'x', 'E', NULL);
INSERT INTO employee VALUES (2, 'Bob', NULL, 'y', 'E', 1);
INSERT INTO phone VALUES (1, '+49 1'), (1, '+49 2');
INSERT INTO contract VALUES ('DE', 7, '2020-01-01');
"""


SERVERS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "sqlite": sqlite,
    "postgresql": lambda _: postgresql(),
    "mariadb": lambda _: mariadb(),
}


@pytest.mark.parametrize("dialect", list(SERVERS))
def test_sql(tmp_path: Path, dialect: str) -> None:
    with SERVERS[dialect](tmp_path) as server:
        database = server.database()
        database.run(*(one for one in TABLES.split(";") if one.strip()))
        database.engine.dispose()
        password = () if dialect == "sqlite" else ("--password-env", "HR_PASSWORD")
        work, told, made = _begin(tmp_path, "--from", database.url, *password, env={"HR_PASSWORD": PASSWORD})
        assert "person: employee, 2 looked at" in told
        assert "log has no primary key" in told
        types = made["systems"]["database"]["objects"]
        assert types["person"]["attributes"]["born"] == "date"
        assert types["person"]["refers_to"] == {"unit": "group", "boss": "person"}
        assert types["person"]["many"] == {"phone": {"table": "phone", "key": "person", "value": "number"}}
        assert types["contract"]["key"] == ["country", "number"]
        assert "password_hash" not in (work.folder / "interlock.toml").read_text()
        assert "FAIL" not in work("check")
        work("run")
        assert work.statuses("database") == {"Normal": 4}
        assert _mvo(work, "Ada") in str(work.json("show", _mvo(work, "Bob"))), "the boss is a reference"
        assert "+49 2" in str(work.json("show", _mvo(work, "Ada")))


def test_what_the_user_may_not_read_is_left_out(tmp_path: Path) -> None:
    with postgresql() as server:
        database = server.database()
        database.run(*(one for one in TABLES.split(";") if one.strip()))
        database.run("CREATE SCHEMA payroll", "CREATE TABLE payroll.salary (person INTEGER PRIMARY KEY)")
        database.run(
            f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'", "GRANT SELECT ON employee, department TO reader"
        )
        database.engine.dispose()
        url = database.url.replace("//admin@", "//reader@")
        password = ("--password-env", "HR_PASSWORD")
        work, told, made = _begin(tmp_path, "--from", url, *password, env={"HR_PASSWORD": PASSWORD})
        assert "this user may not read contract, log, payroll.salary, phone: left out" in told
        assert set(made["systems"]["database"]["objects"]) == {"person", "group"}
        said = work("check")
        assert "FAIL" not in said
        assert "declared as reference" not in said
        work("run")


def test_an_sqlite_file_is_found_from_the_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "hr.db")) as connection:
        connection.executescript(TABLES)
    monkeypatch.chdir(tmp_path)
    work, _, made = _begin(tmp_path, "--from", "sqlite:///hr.db", env={})
    assert made["systems"]["database"]["url"] == f"sqlite:///{tmp_path / 'hr.db'}"
    assert "is not there" in work("init", str(tmp_path / "new"), "--from", "sqlite:///nowhere.db", status=4)


NO_PASSWORD = "a password does not belong into the address; name its place by 'password'"
NO_USER = "no user or password belongs into the address; name the place of the password by 'password'"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://hr:pass-word@127.0.0.1/hr", NO_PASSWORD),
        ("postgresql://hr@127.0.0.1/hr?password=pass-word", NO_PASSWORD),
        ("postgresql:/hr:pass-word@127.0.0.1/hr", "it is no address of a database, such as postgresql://user@host"),
        ("https://hr:pass-word@127.0.0.1/scim", NO_USER),
        ("https://hr:pass-word@127.0.0.1/scim?a=b", NO_USER),
        ("https://hr:pass-word/2@127.0.0.1/scim", NO_USER),
        ("http://hr:pass-word/2@127.0.0.1/scim", NO_USER),
        ("https://hr:1/pass-word@127.0.0.1", f"{NO_USER}; an @ in a path is written %40"),
        ("ldaps://hr:1/pass-word@127.0.0.1/dc=x", NO_USER),
        ("https://127.0.0.1:port/scim", "'https://127.0.0.1:port/scim' is no address of a service"),
        ("ldap://cn=admin:pass-word@127.0.0.1/dc=x", NO_USER),
        ("ldaps://hr:pass-word@127.0.0.1:port/dc=x", NO_USER),
        ("ldaps://hr:pass-word/2@127.0.0.1/dc=x", NO_USER),
        ("ldap://:pass-word@127.0.0.1", NO_USER),
    ],
)
def test_a_password_in_an_address_is_not_said_again(tmp_path: Path, address: str, sentence: str) -> None:
    connector = {"postgresql": "sql", "https": "scim", "http": "scim"}.get(address.partition(":")[0], "ldap")
    more: dict[str, dict[str, Any]] = {"sql": {"table": "person"}, "ldap": {"object_class": ["person"]}}
    person = {"external_id": "id"} | more.get(connector, {})
    keys: dict[str, Any] = {"connector": connector, "url": address, "objects": {"person": person}}
    keys |= {"base": "dc=x"} if connector == "ldap" else {}
    site = Inside(tmp_path, document({"systems": {"it": keys}, "metaverse": {"person": {}}}, rules=[]), {})
    proposed = site("init", str(tmp_path / "new"), "--from", address, status=2)
    assert sentence in proposed
    checked = site("check", status=2)
    assert f"systems.it.url: {sentence}" in checked
    for told in (proposed, checked):
        assert "pass-word" not in told
        assert "pydantic" not in told


def test_a_service_is_shown_a_certificate_of_ours(
    tmp_path: Path, service: ScimServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = service.authority.sign("interlock")
    ask_for_certificates(service)
    monkeypatch.chdir(ours.certificate.parent)
    shown = ("--setting", f"client_certificate={ours.certificate.name}", "--setting", f"client_key={ours.key.name}")
    work, _, made = _begin(tmp_path, *_reached(service), *shown, env={"APP_TOKEN": TOKEN})
    assert made["systems"]["service"]["client_certificate"] == str(ours.certificate), "found from the new folder"
    assert made["systems"]["service"]["client_key"] == str(ours.key)
    assert "FAIL" not in work("check")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("client_cert=a.pem", "there is no key 'client_cert'"),
        ("connections=many", "connections: "),
        ("client_certificate", "'client_certificate' is no setting: write NAME=VALUE"),
        ("token=pass-word", "'token' is secret, by its name: set a variable to it, --password-env names that"),
    ],
)
def test_a_setting_that_a_service_has_not_is_refused(tmp_path: Path, setting: str, sentence: str) -> None:
    site = Inside(tmp_path, "", {})
    told = site("init", str(tmp_path / "new"), "--from", "https://127.0.0.1:1", "--setting", setting, status=2)
    assert sentence in told
    assert "pass-word" not in told


STRANGE = [
    "{{ x }}",
    "{% if y",
    "a | b",
    "it's",
    'a"b',
    "c\\d",
    "{",
    "}}",
    "-- x",
    "{# no #}",
    "$HOME",
    "[0]",
    "not",
    "now",
    "é ü",
    "#",
]
"""What columns may be called, and an expression would read otherwise."""


def test_a_column_of_any_characters_is_found_again(tmp_path: Path) -> None:
    names = [*STRANGE, "a\U000e0001\x1fb", " blank "]
    with closing(sqlite3.connect(tmp_path / "hr.db")) as connection:
        columns = ", ".join('"{}" TEXT'.format(name.replace('"', '""')) for name in names)
        connection.execute(f"CREATE TABLE person (id TEXT PRIMARY KEY, {columns})")
        values = [f"value {n}" for n in range(len(names))]
        connection.execute(f"INSERT INTO person VALUES ('1'{', ?' * len(names)})", values)
        connection.commit()
    work, _, made = _begin(tmp_path, "--from", f"sqlite:///{tmp_path / 'hr.db'}", env={})
    assert set(made["rules"][0]["flow"]) == {"id", *STRANGE, "a__b", "blank"}
    assert "FAIL" not in work("check")
    work("plan")
    work("run")
    shown = work.json("show", "mvo-1")["attributes"]
    assert shown == {
        name: [value] for name, value in zip(["id", *STRANGE, "a__b", "blank"], ["1", *values], strict=True)
    }


def test_columns_of_a_file_of_any_characters_are_found_again(tmp_path: Path) -> None:
    names = ["not", *STRANGE[:12], *STRANGE[13:], "true", "n", "2nd"]
    with (tmp_path / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([names, *([f"{row}{n}" for n in range(len(names))] for row in "abc")])
    work, _, made = _begin(tmp_path, "--from", str(tmp_path / "people.csv"), "--id", "not", env={})
    assert made["systems"]["hr"]["objects"]["person"]["external_id"] == "not"
    assert next(iter(made["rules"][0]["flow"])) == "not_"
    assert len(made["rules"][0]["flow"]) == len(names)
    assert "FAIL" not in work("check")
    assert "a0" in work("plan")
    work("run")
    shown = work.json("show", "mvo-1")["attributes"]
    assert sorted(value for values in shown.values() for value in values) == sorted(f"a{n}" for n in range(len(names)))


@pytest.mark.parametrize("source", ["hr.db", "people.csv"])
def test_what_does_not_flow_at_first_is_named(tmp_path: Path, source: str) -> None:
    names = [f"column {n}\nx = 1" if n == 24 else f"column_{n}" for n in range(25)]
    if source == "hr.db":
        with closing(sqlite3.connect(tmp_path / source)) as connection:
            columns = ", ".join(f'"{name}" TEXT' for name in names)
            connection.execute(f"CREATE TABLE person ({columns}, PRIMARY KEY (column_0))")
            connection.execute(f"INSERT INTO person VALUES (?{', ?' * 24})", [str(n) for n in range(25)])
            connection.commit()
        address = f"sqlite:///{tmp_path / source}"
    else:
        with (tmp_path / source).open("w", newline="") as file:
            csv.writer(file).writerows([names, *([f"{row}{n}" for n in range(25)] for row in "abc")])
        address = str(tmp_path / source)
    work, _, made = _begin(tmp_path, "--from", address, env={})
    written = (work.folder / "interlock.toml").read_text()
    assert len(made["rules"][0]["flow"]) == 20
    assert "# there are 5 more, to be added here:\n#   column_20, column_21, column_22, column_23, " in written
    assert "FAIL" not in work("check")
