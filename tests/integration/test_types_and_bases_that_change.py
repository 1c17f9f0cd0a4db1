"""A type of a directory gets another name, or is looked for in a smaller part of it: nobody is missing by that."""

from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document

pytestmark = pytest.mark.usefixtures("either_store")
ENTRY = "dn: uid={0},ou={1},dc=x\nobjectClass: inetOrgPerson\nuid: {0}\nemployeeNumber: {0}\nentryUUID: {2}\n"
HEAD = "dn: dc=x\nobjectClass: domain\ndc: x\n\n" + "\n".join(
    f"dn: ou={one},dc=x\nobjectClass: organizationalUnit\nou: {one}\nentryUUID: ou-{one}\n" for one in ("it", "hr")
)


class Site(Inside):
    """People, each in a unit, with their entries."""

    def __init__(self, folder: Path) -> None:
        self.kind = "person"
        self.bases: dict[str, str] = {}
        self.people = {f"p{one}": "it" if one % 2 else "hr" for one in range(8)}
        super().__init__(folder, "")
        entries = [ENTRY.format(*one, f"id-{number}") for number, one in enumerate(self.people.items())]
        (folder / "dir.ldif").write_text("\n".join([HEAD, *entries]))

    def main(self, *arguments: str) -> tuple[int, str, str]:
        ids = {"external_id": "entryUUID", "secondary_external_id": "dn"}
        kinds = {
            self.kind: {"object_class": ["inetOrgPerson"], **ids},
            "unit": {"object_class": ["organizationalUnit"], **ids},
        }
        for name, base in self.bases.items():
            kinds[name]["base"] = base
        tables: dict[str, Any] = {
            "systems": {
                "hr": {"connector": "csv", "objects": {"person": {"path": "hr.csv", "external_id": "id"}}},
                "dir": {"connector": "ldif", "path": "dir.ldif", "base": "dc=x", "objects": kinds},
            },
            "metaverse": {"person": {"deletion": {"when": "last_connector_gone"}}},
        }
        inbound = {"name": "people", "from": "hr.person", "to": "metaverse.person", "project": True, "join": [["id"]]}
        outbound = {
            "name": "accounts",
            "from": "metaverse.person",
            "to": f"dir.{self.kind}",
            "join": [[{"source": "id", "target": "employeeNumber"}]],
            "dn": "uid={{ id | rdn }},ou={{ unit | rdn }},dc=x",
            "provision": True,
            "deprovision": "delete",
            "flow": {"uid": "id", "employeeNumber": "id"},
        }
        rules = [inbound | {"flow": {"id": "id", "unit": "unit"}}, outbound]
        self.configure(document(tables, rules=rules))
        self.csv("hr.csv", [{"id": one, "unit": unit} for one, unit in self.people.items()], ("id", "unit"))
        return super().main(*arguments)

    def known(self, kind: str) -> set[str]:
        """Give who is known in the directory as a type."""
        found = self.query(f"SELECT secondary_id FROM objects WHERE system = 'dir' AND type = '{kind}'")
        return {str(one).partition(",")[0].removeprefix("uid=") for (one,) in found}

    def there(self) -> int:
        return (self.folder / "dir.ldif").read_text().count("inetOrgPerson")


def test_a_type_with_another_name_takes_over_whom_the_old_one_had(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site("run")
    site.kind = "account"
    site("run")
    assert site.known("account") == set(site.people)
    assert site.known("person") == set(), "they are known under the new name, and nothing holds up their names"
    assert "not-looked-for" not in site("run")

    unit = site.people.pop("p3")
    site("run")
    (item,) = site.json("review")
    site("review", "approve", item["id"], "--reason", "gone")
    site("run")
    assert site.there() == 7
    site.people["p3"] = unit
    site("run")
    assert site.there() == 8

    site.kind = "person"
    site("run")
    site("run")
    assert site.known("account") == set()
    assert site.known("person") == set(site.people)
    assert site.json("exports") == site.json("review") == []


def test_whom_a_type_had_that_is_gone_holds_up_nobodys_name(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site("run")
    site.kind = "account"
    text = (tmp_path / "dir.ldif").read_text()
    kept, gone, rest = text.partition("dn: uid=p3,")
    (tmp_path / "dir.ldif").write_text(kept + rest[rest.index("dn: uid=p4,") :])
    assert gone
    site("run")
    assert site.known("person") == {"p3"}, "of whom nobody knows anything"
    assert site.there() == 8, "whose person is there gets an account"
    assert site.json("exports") == []


def test_what_an_older_version_wrote_down_of_an_import_is_understood(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site("run")
    site.edit("UPDATE imports SET partitions = '[\"dc=x\"]' WHERE system = 'dir'")
    site("step", "import", "hr")
    assert "nothing is missing" in site("step", "detect", "dir")


@pytest.mark.parametrize("types", [["person"], ["person", "unit"]])
def test_a_smaller_base_of_a_type_is_no_outage(tmp_path: Path, types: list[str]) -> None:
    site = Site(tmp_path)
    site("run")
    site.bases = dict.fromkeys(types, "ou=hr,dc=x")
    site.people = {one: unit for one, unit in site.people.items() if unit == "hr"}
    for _ in range(2):
        assert "an outage" not in site("step", "import", "dir", status=None)
        said = site("step", "detect", "dir", status=None)
        assert "the import did not look for 4 person objects of 'dir' below dc=x" in said
        assert site.json("review") == []
    assert {one["status"] for one in site.json("objects", "--system", "dir")} == {"Normal"}
    site.bases = {}
    site("step", "import", "dir")
    assert "nothing is missing" in site("step", "detect", "dir")
