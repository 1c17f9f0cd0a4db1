"""The `scim` connector with a real service over TLS: users and groups read, written, confirmed, deleted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document
from tests.scim import TOKEN, ScimServer

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK = 'emails[type eq "work"].value'
PEOPLE = [
    {"id": "1", "login": "ada", "first": "Ada", "last": "Lovelace", "mail": "ada@example.org", "team": "A"},
    {"id": "2", "login": "bob", "first": "Bob", "last": "Noyce", "mail": "bob@example.org", "team": "B"},
    {"id": "3", "login": "cleo", "first": "Cleo", "last": "Nil", "mail": "", "team": "A"},
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScimServer]:
    with ScimServer(tmp_path / "service") as service:
        yield service


def _system(service: ScimServer) -> dict[str, Any]:
    return {
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
                "paths": {"work_mail": WORK, "department": f"{ENTERPRISE}:department"},
                "attributes": {"active": "boolean"},
            }
        },
    }


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "name": "people from hr",
            "from": "hr.person",
            "to": "metaverse.person",
            "project": True,
            "join": [["id"]],
            "flow": {name: name for name in PEOPLE[0]},
        },
        {
            "name": "people to the app",
            "from": "metaverse.person",
            "to": "app.user",
            "provision": True,
            "join": [[{"source": "login", "target": "userName"}]],
            "dn": "{{ login }}",
            "deprovision": "delete",
            "flow": {
                "name.givenName": "first",
                "name.familyName": "last",
                "work_mail": "mail",
                "department": "team",
                "active": {"constant": True},
            },
        },
    ]


def _site(folder: Path, service: ScimServer, **changes: Any) -> Inside:
    hr = {
        "connector": "csv",
        "path": "hr.csv",
        "deletions": {"max_percent": 100},
        "objects": {"person": {"external_id": "id"}},
    }
    tables = {
        "systems": {"hr": hr, "app": {**_system(service), **changes}},
        "metaverse": {"person": {"deletion": {"when": "last_connector_gone"}}},
    }
    site = Inside(folder / "ws", document(tables, rules=_rules()), {"APP_TOKEN": TOKEN})
    site.csv("hr.csv", PEOPLE)
    return site


def _settled(site: Inside, service: ScimServer) -> None:
    """See that a further run changes nothing."""
    service.requests.clear()
    site("run")
    assert not [method for method, _ in service.requests if method != "GET"]
    assert site.json("exports") == []


@pytest.mark.parametrize("patch", [True, False])
def test_people_come_change_and_go(tmp_path: Path, patch: bool) -> None:
    with ScimServer(tmp_path / "service", patch=patch) as service:
        site = _site(tmp_path, service)
        site("check")
        site("run")
        users = service.users()
        assert set(users) == {"ada", "bob", "cleo"}
        ada = users["ada"]
        assert ada["name"] == {"givenName": "Ada", "familyName": "Lovelace"}
        assert ada["emails"] == [{"type": "work", "value": "ada@example.org"}]
        assert ada[ENTERPRISE] == {"department": "A"}
        assert ada["active"] is True
        assert "emails" not in users["cleo"]
        _settled(site, service)

        changed = [dict(one) for one in PEOPLE]
        changed[0] |= {"mail": "lovelace@example.org", "last": "King"}
        changed[1] |= {"mail": "", "team": ""}
        changed[2] |= {"mail": "cleo@example.org", "login": "cleopatra"}
        if patch:
            home = [{"type": "home", "value": "a@home.example"}]
            service.ask("PATCH", f"/Users/{ada['id']}", _patch("add", "emails", home))
        site.csv("hr.csv", changed)
        site("run")
        users = service.users()
        assert set(users) == {"ada", "bob", "cleopatra"}
        assert users["ada"]["name"]["familyName"] == "King"
        assert {"type": "work", "value": "lovelace@example.org"} in users["ada"]["emails"]
        assert not patch or {"type": "home", "value": "a@home.example"} in users["ada"]["emails"]
        assert "emails" not in users["bob"] or users["bob"]["emails"] == []
        assert "department" not in users["bob"].get(ENTERPRISE, {})
        assert users["cleopatra"]["emails"] == [{"type": "work", "value": "cleo@example.org"}]
        _settled(site, service)

        site.csv("hr.csv", changed[:1])
        site("run")
        assert len(service.users()) == 3
        items = [item["id"] for item in site.json("review")]
        site("review", "approve", *items, "--reason", "they left", "--count", str(len(items)))
        site("run")
        assert set(service.users()) == {"ada"}
        site("run")
        _settled(site, service)


def _patch(op: str, path: str, value: Any) -> dict[str, Any]:
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return {"schemas": [schema], "Operations": [{"op": op, "path": path, "value": value}]}


def test_users_that_are_there_are_joined_and_nothing_of_others_is_touched(tmp_path: Path, service: ScimServer) -> None:
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    service.ask("POST", "/Users", {"schemas": [schema], "userName": "bob", "title": "Engineer", "active": True})
    service.ask("POST", "/Users", {"schemas": [schema], "userName": "robot"})
    before = service.users()
    site = _site(tmp_path, service)
    site("run")
    users = service.users()
    assert users["bob"]["id"] == before["bob"]["id"]
    assert users["bob"]["title"] == "Engineer"
    assert users["robot"] == before["robot"]
    assert set(users) == {"ada", "bob", "cleo", "robot"}


def test_what_has_parts_is_no_value(tmp_path: Path, service: ScimServer) -> None:
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}
    service.ask("POST", "/Users", {**user, "name": {"givenName": "Ada", "familyName": "Lovelace"}})
    rule = {"name": "in", "from": "app.user", "to": "metaverse.person", "project": True, "flow": {"name": "name"}}
    tables = {"systems": {"app": _system(service)}, "metaverse": {"person": {}}}
    site = Inside(tmp_path / "ws", document(tables, rules=[rule]), {"APP_TOKEN": TOKEN})
    told = site("step", "import", "app", status=1)
    assert "'name': is no single value; it has parts: name." in told
    assert "name.familyName" in told


def test_drift_is_put_right_and_what_nobody_saw_is_not_overwritten(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service)
    site("run")
    ada = service.users()["ada"]["id"]
    service.ask("PATCH", f"/Users/{ada}", _patch("replace", "name.familyName", "Somebody"))
    site("run")
    site("run")
    assert service.users()["ada"]["name"]["familyName"] == "Lovelace"
    changed = [dict(PEOPLE[0], last="King"), *PEOPLE[1:]]
    site.csv("hr.csv", changed)
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        site("step", *step)
    service.ask("PATCH", f"/Users/{ada}", _patch("replace", "name.familyName", "Byron"))
    site("step", "export", "app", status=1)
    assert service.users()["ada"]["name"]["familyName"] == "Byron"
    assert "somebody else has changed" in str(site.json("exports"))


def test_groups_have_the_people_as_members(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service)
    (site.folder / "interlock.toml").write_text(_with_groups(service))
    site.csv(
        "groups.csv", [{"code": "a", "name": "Team A", "members": "1|3"}, {"code": "b", "name": "B", "members": "2"}]
    )
    site("run")
    site("run")
    users = service.users()
    assert _members(service) == {"Team A": {users["ada"]["id"], users["cleo"]["id"]}, "B": {users["bob"]["id"]}}
    _settled(site, service)
    service.ask(
        "PATCH", f"/Groups/{service.groups()['B']['id']}", _patch("add", "members", [{"value": users["ada"]["id"]}])
    )
    site.csv(
        "groups.csv", [{"code": "a", "name": "Team A", "members": "1|2"}, {"code": "b", "name": "B", "members": ""}]
    )
    site("run")
    site("run")
    assert _members(service)["Team A"] == {users["ada"]["id"], users["bob"]["id"]}
    assert _members(service)["B"] == set()
    site("run")
    _settled(site, service)


def _members(service: ScimServer) -> dict[str, set[str]]:
    return {name: {one["value"] for one in group.get("members", [])} for name, group in service.groups().items()}


def _with_groups(service: ScimServer) -> str:
    """Give the configuration with HR's groups, which become groups of the service."""
    person = {"external_id": "id", "path": "hr.csv"}
    group = {"external_id": "code", "path": "groups.csv", "attributes": {"members": "reference[]"}}
    hr = {"connector": "csv", "deletions": {"max_percent": 100}, "objects": {"person": person, "group": group}}
    group["refers_to"] = {"members": "person"}
    app = _system(service)
    app["objects"]["group"] = {
        "resource": "Group",
        "external_id": "id",
        "secondary_external_id": "displayName",
        "attributes": {"members.value": "reference[]"},
        "refers_to": {"members.value": "user"},
    }
    people = {"deletion": {"when": "last_connector_gone"}}
    metaverse = {"person": people, "group": {"attributes": {"members": "reference[]"}}}
    rules = [
        *_rules(),
        {
            "name": "groups from hr",
            "from": "hr.group",
            "to": "metaverse.group",
            "project": True,
            "join": [["code"]],
            "flow": {"code": "code", "name": "name", "members": "members"},
        },
        {
            "name": "groups to the app",
            "from": "metaverse.group",
            "to": "app.group",
            "provision": True,
            "join": [[{"source": "name", "target": "displayName"}]],
            "dn": "{{ name }}",
            "flow": {"members.value": "members"},
        },
    ]
    return str(document({"systems": {"hr": hr, "app": app}, "metaverse": metaverse}, rules=rules))


@pytest.mark.parametrize("feature", ["filter", "sort", "etag"])
def test_a_service_without_extras_will_do(tmp_path: Path, feature: str) -> None:
    with ScimServer(tmp_path / "service", **{feature: False}) as service:
        site = _site(tmp_path, service)
        site("run", status=None)
        assert set(service.users()) == {"ada", "bob", "cleo"}
        site.csv("hr.csv", [dict(PEOPLE[0], last="King"), *PEOPLE[1:]])
        site("run", status=None)
        assert service.users()["ada"]["name"]["familyName"] == "King"


def test_it_keeps_what_connectors_promise(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service)
    site("run")
    sample = (
        'type = "user"\nsecondary_id = "conformance"\nnew_secondary_id = "conformance2"\n'
        'attributes = { "name.givenName" = "Con", "name.familyName" = "Formance", active = true }\n'
        'change = { "name.givenName" = "Conny" }\n'
    )
    (site.folder / "sample.toml").write_text(sample)
    before = service.users()
    code, out, err = site.main("connector", "test", "app", "--write", str(site.folder / "sample.toml"), "--json")
    assert code == 0, out + err
    assert set(service.users()) == set(before)


def test_wrong_credentials_and_wrong_certificates_are_told_apart(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service)
    site.env["APP_TOKEN"] = "another"
    site("step", "import", "app", status=4)
    assert "refuses our credentials" in str(site.json("show", site.json("runs")[0]["id"]))
    site.env["APP_TOKEN"] = TOKEN
    path = site.folder / "interlock.toml"
    path.write_text(path.read_text().replace(f'"ca_file" = "{service.authority.file}", ', ""))
    site("step", "import", "app", status=4)
    assert "CERTIFICATE_VERIFY_FAILED" in str(site.json("show", site.json("runs")[0]["id"]))


def test_only_changes_are_read_by_a_delta(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service, overlap="0s")
    site("run")
    ada = service.users()["ada"]["id"]
    service.ask("PATCH", f"/Users/{ada}", _patch("replace", "name.familyName", "Somebody"))
    service.ask("DELETE", f"/Users/{service.users()['bob']['id']}")
    site("step", "delta", "app")
    (step,) = site.json("show", site.json("runs")[0]["id"])["steps"]
    assert step["statistics"]["updates"] == 1
    assert step["done"] < 3
    assert site.json("review") == []
    site("step", "import", "app")
    site("step", "detect", "app")
    assert [one["status"] for one in site.json("objects", "--search", "bob") if one["system"] == "app"] == ["Obsolete"]


def test_a_type_that_holds_nothing_keeps_no_other_from_a_delta(tmp_path: Path, service: ScimServer) -> None:
    site = _site(tmp_path, service, overlap="0s")
    site("run")
    for group in service.groups().values():
        service.ask("DELETE", f"/Groups/{group['id']}")
    assert service.groups() == {}
    site("step", "import", "app")
    ada = service.users()["ada"]["id"]
    service.ask("PATCH", f"/Users/{ada}", _patch("replace", "name.familyName", "Somebody"))
    site("step", "delta", "app")
    (step,) = site.json("show", site.json("runs")[0]["id"])["steps"]
    assert step["message"] == ""
    assert step["statistics"]["updates"] == 1
