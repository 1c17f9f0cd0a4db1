"""The smallest whole job: people of a CSV file get accounts in an LDIF file."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.inside import Inside

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.out]
connector = "ldif"
path = "out.ldif"
[systems.out.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["id"]]
project = true
[rules.flow]
id = "id"
display_name = "name"
team = "team"
[[rules]]
name = "out"
from = "metaverse.person"
to = "out.person"
join = [["employeeNumber"]]
provision = true
dn = "uid={{ id | rdn }},dc=s"
[rules.flow]
uid = "id"
cn = "display_name"
sn = "display_name"
employeeNumber = "id"
"""
TOP = "dn: dc=s\nobjectClass: domain\ndc: s\n\n"


def with_accounts(folder: Path, people: Iterable[Mapping[str, str]], more: str = "") -> Inside:
    """Give a workspace whose people (id, name, team) have their accounts; more may be said in its configuration."""
    work = Inside(folder, CONFIG + more)
    write_people(work, people)
    (work.folder / "out.ldif").write_text(TOP)
    work("run")
    return work


def write_people(work: Inside, people: Iterable[Mapping[str, str]]) -> None:
    """Write the source."""
    work.csv("hr.csv", [{"id": "", "name": "", "team": ""} | dict(one) for one in people])
