"""References on a real directory: servers that keep them by themselves, groups in chunks, order of creation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Inside
from tests.slapd import BASE, Slapd

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
attributes = {{ manager = "reference" }}
[systems.hr.objects.group]
path = "groups.csv"
external_id = "id"
attributes = {{ members = "reference[]" }}

[systems.directory]
connector = "ldap"
url = "{url}"
bind_dn = "cn=admin,dc=example,dc=org"
password = {{ env = "DIRECTORY_PASSWORD" }}
base = "dc=example,dc=org"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
attributes = {{ manager = "reference" }}
[systems.directory.objects.group]
object_class = ["groupOfNames"]
external_id = "entryUUID"
secondary_external_id = "dn"
attributes = {{ member = "reference[]" }}
[systems.directory.deletions]
max_percent = 100

[metaverse.person]
attributes = {{ manager = "reference" }}
deletion = {{ when = "last_connector_gone" }}
[metaverse.group]
attributes = {{ members = "reference[]" }}

[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["id"]]
project = true
flow = {{ id = "id", name = "name", manager = "manager" }}
[[rules]]
name = "groups"
from = "hr.group"
to = "metaverse.group"
join = [["id"]]
project = true
flow = {{ id = "id", name = "name", members = "members" }}
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
deprovision = "delete"
dn = "uid={{{{ name | rdn }}}},dc=example,dc=org"
flow = {{ uid = "name", cn = "name", sn = "name", manager = "manager" }}
[[rules]]
name = "memberships"
from = "metaverse.group"
to = "directory.group"
provision = true
dn = "cn={{{{ name | rdn }}}},dc=example,dc=org"
flow = {{ cn = "name", member = "members" }}
"""


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator["Office"]:
    extra = getattr(request, "param", "")
    modules = "moduleload refint\n" if "refint" in extra else ""
    server = Slapd(tmp_path / "slapd", extra=modules, overlays=extra).start()
    server.add(BASE)
    yield Office(tmp_path / "office", server)
    server.stop()


class Office(Inside):
    def __init__(self, folder: Path, server: Slapd) -> None:
        super().__init__(folder, CONFIG.format(url=server.url), {"DIRECTORY_PASSWORD": "for tests only"})
        self.server = server

    def hr(self, people: dict[str, str], groups: dict[str, list[str]], managers: dict[str, str] | None = None) -> None:
        managers = managers or {}
        rows = [{"id": one, "name": name, "manager": managers.get(one, "")} for one, name in people.items()]
        self.csv("hr.csv", rows, ["id", "name", "manager"])
        self.csv(
            "groups.csv",
            [{"id": f"g{n}", "name": n, "members": "|".join(m)} for n, m in groups.items()],
            ["id", "name", "members"],
        )

    def members(self, name: str) -> set[str]:
        found = self.server.search(f"(cn={name})", "member")
        return {one.partition(",")[0].removeprefix("uid=") for entry in found.values() for one in entry["member"]}

    def settled(self) -> None:
        self("run")
        assert self.json("exports") == []
        assert self.steps()["evaluate"]["statistics"] == {}


REFINT = "overlay refint\nrefint_attributes member manager\n"


@pytest.mark.parametrize("office", ["", REFINT], ids=["plain", "refint"], indirect=True)
def test_renames_and_deletions_reach_every_reference_whether_or_not_the_server_helps(office: Office) -> None:
    people = {"1": "ada", "2": "bob", "3": "cleo"}
    office.hr(people, {"it": ["1", "2", "3"]}, {"1": "3", "2": "1"})
    office("run")
    assert office.members("it") == {"ada", "bob", "cleo"}
    office.settled()

    office.hr(people | {"1": "augusta"}, {"it": ["1", "2", "3"]}, {"1": "3", "2": "1"})
    office("run", status=None)
    office("run")
    assert office.members("it") == {"augusta", "bob", "cleo"}
    (bob,) = office.server.search("(uid=bob)").values()
    assert bob["manager"] == ["uid=augusta,dc=example,dc=org"]
    office.settled()

    office.hr({"2": "bob", "3": "cleo"}, {"it": ["1", "2", "3"]}, {"2": "1"})
    office("run")
    (item,) = office.json("review")
    office("review", "approve", item["id"], "--reason", "left")
    office("run")
    assert office.members("it") == {"bob", "cleo"}
    (bob,) = office.server.search("(uid=bob)").values()
    assert "manager" not in bob
    office.settled()


def test_a_group_of_thousands_is_created_in_chunks_and_changed_by_one(office: Office) -> None:
    people = {str(number): f"p{number:05}" for number in range(2_500)}
    office.hr(people, {"all": list(people)})
    office("run")
    assert office.members("all") == set(people.values())
    office.settled()

    people["2500"] = "p02500"
    office.hr(people, {"all": list(people)})
    for step in (("step", "import", "hr"), ("step", "sync"), ("step", "evaluate")):
        office(*step)
    staged = {one["type"]: one for one in office.json("exports")}
    (change,) = staged["group"]["changes"]
    assert (len(change["add"]), change["remove"]) == (1, [])
    office("step", "export", "directory")
    office("step", "confirm", "directory")
    assert office.members("all") == set(people.values())
    office.settled()
