"""`interlock explain`: why an object looks as it does, and why an account is missing."""

from pathlib import Path

import pytest

from tests.workspace import Workspace

CONFIG = """
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"
[systems.doors]
connector = "csv"
path = "doors.csv"
[systems.doors.objects.badge]
external_id = "badge"
[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
scope = "status == 'active'"
join = [["id"]]
project = true
flow = { id = "id", name = "name", phone = "phone", team = "team" }
[[rules]]
name = "badges"
from = "doors.badge"
to = "metaverse.person"
join = [[{ source = "holder", target = "name", ignore = ["case"] }]]
flow = { phone = "phone", room = "room" }
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
scope = "team != 'guests'"
provision = true
dn = "uid={{ name | rdn }},ou={{ team | rdn }},dc=example,dc=org"
flow = { uid = "name", cn = "name", sn = "name", telephoneNumber = "phone" }
"""
PEOPLE = [
    {"id": "1", "name": "ada", "phone": "100", "team": "it", "status": "active"},
    {"id": "2", "name": "bob", "phone": "", "team": "guests", "status": "active"},
    {"id": "3", "name": "cleo", "phone": "", "team": "", "status": "active"},
    {"id": "4", "name": "dan", "phone": "", "team": "it", "status": "gone"},
    {"id": "5", "name": "eve", "phone": "", "team": "it", "status": "active"},
    {"id": "6", "name": "eve", "phone": "", "team": "it", "status": "active"},
]


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    site = Workspace(tmp_path, CONFIG)
    top = "dn: dc=example,dc=org\nobjectClass: domain\ndc: example\n\n"
    (tmp_path / "directory.ldif").write_text(
        top + "dn: ou=it,dc=example,dc=org\nobjectClass: organizationalUnit\nou: it\n"
    )
    site.csv("hr.csv", PEOPLE)
    badges = [("b1", "ADA", "200"), ("b2", "eve", "300"), ("b3", "nobody", "400")]
    site.csv("doors.csv", [{"badge": b, "holder": h, "phone": p, "room": "1"} for b, h, p in badges])
    site("run", status=1)
    return site


def test_it_names_who_contributed_each_attribute_and_who_lost(office: Workspace) -> None:
    found = office.json("explain", "mvo-1")
    (phone,) = [one for one in found["attributes"] if one["attribute"] == "phone"]
    assert phone["values"] == ["100"]
    assert phone["by"]["rule"] == "people"
    assert [(one["rule"], one["values"], one["verdict"]) for one in phone["contenders"]] == [
        ("people", ["100"], "wins"),
        ("badges", ["200"], "outranked by rule 'people'"),
    ]
    badge = next(one for one in found["joined"] if one["system"] == "doors")
    assert badge["matches"] == {"rule": "badges", "by": "name", "key": "ada"}
    (target,) = found["targets"]
    assert target["account"]["label"] == "ada (uid=ada,ou=it,dc=example,dc=org)"
    assert target["verdict"] == "wanted, and there"
    text = office("explain", "mvo-1")
    assert "outranked by rule 'people'" in text
    assert "matches by name (rule 'badges'): ada" in text


def test_it_names_the_first_rule_that_stopped_a_missing_account(office: Workspace) -> None:
    (bob,) = office.json("explain", "bob")["targets"]
    assert bob["account"] is None
    assert bob["verdict"] == "none: no rule is in scope: rule 'accounts' wants team != 'guests', and team is guests"
    (cleo,) = office.json("explain", "cleo")["targets"]
    assert cleo["verdict"].startswith("stopped by dn-not-determined: the DN needs 'team'")


def test_it_says_why_an_object_is_joined_to_nothing(office: Workspace) -> None:
    def verdict(external_id: str) -> str:
        ((cso,),) = office.query(f"SELECT id FROM objects WHERE external_id = '{external_id}' AND type <> 'x'")
        return str(office.json("explain", f"cso-{cso}")["verdict"])

    assert verdict("4") == "no rule is in scope: rule 'people' wants status == 'active', and status is gone"
    assert verdict("b3") == "no join finds anybody, and no rule in scope projects"
    assert verdict("b2").startswith("ambiguous-join: 2 match by name")


def test_it_tells_what_is_staged_and_what_it_waits_for(office: Workspace) -> None:
    rows = [{**one, "phone": "101"} if one["id"] == "1" else one for one in PEOPLE]
    office.csv("hr.csv", rows)
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step, status=None)
    (target,) = office.json("explain", "mvo-1")["targets"]
    assert target["staged"]["waits"] == "it is sent with the next export"
    assert [(one["name"], one["add"]) for one in target["staged"]["changes"]] == [("telephoneNumber", ["101"])]


def test_what_cannot_be_explained_is_told(office: Workspace) -> None:
    assert "there is no mvo-99" in office("explain", "mvo-99", status=2)
    assert "fits several objects" in office("explain", "eve", status=2)
    assert "no object holds it" in office("explain", "zzz", status=2)
