"""A second SCIM service, by other people than the first: the same people and groups, and what it does otherwise.

And the first one, judged by scim2-tester: what our other tests rest on is what the standard says.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.inside import Inside, document
from tests.scim import TOKEN, make_application
from tests.second_scim import SecondScim

PEOPLE = [
    {"id": "1", "login": "ada", "first": "Ada", "last": "Lovelace", "mail": "ada@example.org"},
    {"id": "2", "login": "bob", "first": "Bob", "last": "Noyce", "mail": "bob@example.org"},
    {"id": "3", "login": "cleo", "first": "Cleo", "last": "Nil", "mail": "cleo@example.org"},
]
GROUPS = [{"code": "a", "name": "Team A", "members": "1|3"}, {"code": "b", "name": "B", "members": "2"}]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SecondScim]:
    (tmp_path / "service").mkdir()
    with SecondScim(tmp_path / "service") as service:
        yield service


def _site(folder: Path, service: SecondScim, **keys: Any) -> Inside:
    person = {"external_id": "id", "path": "hr.csv"}
    group = {"external_id": "code", "path": "groups.csv", "attributes": {"members": "reference[]"}}
    group["refers_to"] = {"members": "person"}
    hr = {"connector": "csv", "deletions": {"max_percent": 100}, "objects": {"person": person, "group": group}}
    app = {
        "connector": "scim",
        "url": service.url,
        "token": {"env": "APP_TOKEN"},
        "ca_file": str(service.authority.file),
        "deletions": {"max_percent": 100},
        "objects": {
            "user": {
                "resource": "User",
                "external_id": "id",
                "secondary_external_id": "userName",
                "attributes": {"active": "boolean"},
                "paths": {"mail": "emails[primary eq true].value"},
            },
            "group": {
                "resource": "Group",
                "external_id": "id",
                "secondary_external_id": "displayName",
                "attributes": {"members": "reference[]"},
                "refers_to": {"members": "user"},
                "paths": {"members": "members.value"},
            },
        },
        **keys,
    }
    metaverse = {
        "person": {"deletion": {"when": "last_connector_gone"}},
        "group": {"attributes": {"members": "reference[]"}},
    }
    site = Inside(
        folder / "ws",
        document({"systems": {"hr": hr, "app": app}, "metaverse": metaverse}, rules=_rules()),
        {"APP_TOKEN": TOKEN},
    )
    site.csv("hr.csv", PEOPLE)
    site.csv("groups.csv", GROUPS)
    return site


def _rules() -> list[dict[str, Any]]:
    same = {"project": True}
    return [
        {
            "name": "people from hr",
            "from": "hr.person",
            "to": "metaverse.person",
            "join": [["id"]],
            "flow": {name: name for name in PEOPLE[0]},
            **same,
        },
        {
            "name": "groups from hr",
            "from": "hr.group",
            "to": "metaverse.group",
            "join": [["code"]],
            "flow": {name: name for name in GROUPS[0]},
            **same,
        },
        {
            "name": "people to the app",
            "from": "metaverse.person",
            "to": "app.user",
            "join": [[{"source": "login", "target": "userName"}]],
            "provision": True,
            "dn": "{{ login }}",
            "deprovision": "delete",
            "flow": {
                "name.givenName": "first",
                "name.familyName": "last",
                "mail": "mail",
                "active": {"constant": True},
            },
        },
        {
            "name": "groups to the app",
            "from": "metaverse.group",
            "to": "app.group",
            "join": [[{"source": "name", "target": "displayName"}]],
            "provision": True,
            "dn": "{{ name }}",
            "flow": {"members": "members"},
        },
    ]


def _members(service: SecondScim) -> dict[str, set[str]]:
    logins = {one["id"]: name for name, one in service.users().items()}
    return {
        name: {logins[one["value"]] for one in group.get("members", [])} for name, group in service.groups().items()
    }


@pytest.mark.parametrize("patch", [True, False])
def test_people_and_groups_come_change_and_go(tmp_path: Path, service: SecondScim, patch: bool) -> None:
    site = _site(tmp_path, service, patch=patch)
    said = site("check", status=None)
    assert "cannot look for userName: it has no filter" in said, "it says so, and can"
    if not patch:
        site.csv("groups.csv", [{**one, "members": ""} for one in GROUPS])  # its PUT takes no members
    site("run")
    site("run")
    users = service.users()
    assert set(users) == {"ada", "bob", "cleo"}
    assert users["ada"]["name"]["familyName"] == "Lovelace"
    assert users["ada"]["emails"] == [{"value": "ada@example.org", "primary": True}]
    assert _members(service) == ({"Team A": {"ada", "cleo"}, "B": {"bob"}} if patch else {"Team A": set(), "B": set()})
    site("run")
    assert site.json("exports") == []

    changed = [{**PEOPLE[0], "last": "King", "login": "countess"}, *PEOPLE[1:]]
    if not patch:
        changed[1] = {**PEOPLE[1], "first": "", "mail": "noyce@example.org"}
    site.csv("hr.csv", changed)
    site("run")
    users = service.users()
    assert set(users) == {"countess", "bob", "cleo"}
    assert users["countess"]["name"]["familyName"] == "King"
    assert patch or users["bob"]["name"]["givenName"] == ""
    assert patch or users["bob"]["emails"][0]["value"] == "noyce@example.org"
    site("run")
    assert site.json("exports") == []

    site.csv("hr.csv", changed[:2])
    site("run")
    items = [item["id"] for item in site.json("review")]
    site("review", "approve", *items, "--reason", "they left", "--count", str(len(items)))
    site("run", status=None)
    assert set(service.users()) == {"countess", "bob"}


def test_what_it_has_not_is_one_objects_error(tmp_path: Path, service: SecondScim) -> None:
    site = _site(tmp_path, service)
    site("run")
    site.csv("hr.csv", [{**PEOPLE[0], "first": ""}, {**PEOPLE[1], "last": "King"}, PEOPLE[2]])
    site("run", status=1)
    assert service.users()["bob"]["name"]["familyName"] == "King"
    (failed,) = [one for one in site.json("exports") if one["error_code"]]
    assert failed["error_code"] == "unwilling"
    assert "Ada" in str(failed)


def test_accounts_that_are_there_are_joined(tmp_path: Path, service: SecondScim) -> None:
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    old = service.ask(
        "POST", "/Users", {"schemas": [schema], "userName": "ada", "emails": [{"value": "a@example.org"}]}
    )
    service.ask("POST", "/Users", {"schemas": [schema], "userName": "robot", "emails": [{"value": "r@example.org"}]})
    site = _site(tmp_path, service)
    site("run", status=None)
    users = service.users()
    assert users["ada"]["id"] == old["id"]
    assert set(users) == {"ada", "bob", "cleo", "robot"}


def test_more_than_it_gives_at_once(tmp_path: Path, service: SecondScim) -> None:
    site = _site(tmp_path, service)
    many = [
        {"id": f"{n}", "login": f"user{n}", "first": "F", "last": f"L{n}", "mail": f"u{n}@example.org"}
        for n in range(130)
    ]
    site.csv("hr.csv", many)
    site("run", status=None)
    assert len(service.users()) == 130
    assert site.statuses("app") == {"Normal": 130 + len(GROUPS)}


def test_a_first_configuration(tmp_path: Path, service: SecondScim) -> None:
    site = _site(tmp_path, service)
    site("run")
    site("run")
    before = service.users(), service.groups()
    begin = Inside(tmp_path / "begin", "", {"APP_TOKEN": TOKEN})
    reached = ("--from", service.url, "--password-env", "APP_TOKEN", "--ca-file", str(service.authority.file))
    assert "person: User, 3 looked at" in begin("init", str(tmp_path / "new"), *reached)
    text = (tmp_path / "new" / "interlock.toml").read_text()
    assert tomllib.loads(text)["systems"]["service"]["objects"]["group"]["refers_to"] == {"members": "person"}
    work = Inside(tmp_path / "new", text, {"APP_TOKEN": TOKEN})
    assert "FAIL" not in work("check", status=None)
    work("run")
    assert work.statuses("service") == {"Normal": 5}
    assert (service.users(), service.groups()) == before


def test_the_first_service_keeps_to_the_standard() -> None:
    """What the others of our tests take for what a service does, scim2-tester expects as well."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    scim = WSGISCIMClient(make_application({}), "https://localhost/v2", headers)
    results = check_server(scim)
    failed = [f"{one.title}: {one.reason}" for one in results if one.status in (Status.ERROR, Status.CRITICAL)]
    assert failed == []
    assert sum(one.status == Status.SUCCESS for one in results) > 100
