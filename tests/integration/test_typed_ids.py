"""Ids keep their type from the source to the target: who is who, who refers to whom, who is gone."""

from pathlib import Path

import pytest

from tests.directory import UNITS, connector_to, person, read_all
from tests.inside import Inside
from tests.slapd import BASE, SUFFIX, Slapd

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
attributes = { id = "integer", boss = "reference" }
[systems.hr.objects.team]
path = "teams.csv"
external_id = "code"
attributes = { lead = "reference" }
refers_to = { lead = "person" }
[systems.hr.deletions]
max_percent = 100
[systems.out]
connector = "csv"
[systems.out.objects.person]
path = "out.csv"
external_id = "number"
attributes = { number = "integer", boss = "reference" }
[metaverse.person]
attributes = { id = "integer", boss = "reference" }
deletion = { when = "last_connector_gone" }
[metaverse.team]
attributes = { lead = "reference" }
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["id"]]
project = true
[rules.flow]
id = "id"
boss = "boss"
[[rules]]
name = "teams"
from = "hr.team"
to = "metaverse.team"
project = true
[rules.flow]
code = "code"
lead = "lead"
[[rules]]
name = "out"
from = "metaverse.person"
to = "out.person"
join = [[{ source = "id", target = "number" }]]
provision = true
deprovision = "delete"
[rules.flow]
number = "id"
boss = "boss"
"""


def test_integers_are_the_same_however_they_are_written(tmp_path: Path) -> None:
    work = Inside(tmp_path / "work", CONFIG)
    (work.folder / "out.csv").write_text("number,boss\n")
    work.csv("hr.csv", [{"id": "007", "boss": ""}, {"id": "08", "boss": "7"}, {"id": "9", "boss": "+08"}])
    work.csv("teams.csv", [{"code": "t", "lead": "0007"}])
    work("run")
    assert work.json("owed") == []
    assert work.query("SELECT external_id FROM objects WHERE type = 'person' ORDER BY id") == [
        (one,) for one in ("7", "8", "9") * 2
    ]
    (work.folder / "hr.csv").write_text("id,boss\n7,\n8,007\n")
    work("run")
    assert work.statuses("hr") == {"Normal": 3, "Obsolete": 1}
    work("review", "approve", "rev-1", "--reason", "left")
    (work.folder / "out.csv").write_text((work.folder / "out.csv").read_text().replace("\n9,", "\n0009,"))
    work("run")
    assert sorted((work.folder / "out.csv").read_text().split()) == ["7,", "8,7", "number,boss"]


LDIF = """
[systems.src]
connector = "ldif"
path = "src.ldif"
[systems.src.objects.person]
object_class = ["inetOrgPerson"]
external_id = "GUID"
secondary_external_id = "dn"
attributes = { GUID = "binary" }
[metaverse.person]
[[rules]]
name = "in"
from = "src.person"
to = "metaverse.person"
project = true
[rules.flow]
cn = "cn"
"""


@pytest.mark.parametrize("octets", [("AQIDBcgG", "AQIDBckG"), ("YQAD", "YQAE")])
def test_octets_name_two_people(tmp_path: Path, octets: tuple[str, str]) -> None:
    work = Inside(tmp_path / "work", LDIF)
    entries = [f"dn: cn={one},dc=s\nobjectClass: inetOrgPerson\ncn: p\nGUID:: {one}\n" for one in octets]
    (work.folder / "src.ldif").write_text("\n".join(entries))
    work("run")
    assert work.query("SELECT external_id FROM objects ORDER BY id") == [(one,) for one in octets]
    (work.folder / "src.ldif").write_text(entries[1])
    work("step", "import", "src")
    work("step", "detect", "src", status=None)
    assert dict(work.query("SELECT external_id, status FROM objects"))[octets[1]] == "Normal"


def test_a_delta_names_the_deleted_by_an_id_of_octets(tmp_path: Path) -> None:
    overlay = "overlay syncprov\nsyncprov-sessionlog 1000"
    server = Slapd(tmp_path / "slapd", extra="moduleload syncprov.la", overlays=overlay).start()
    try:
        server.add("\n".join([BASE, UNITS + person("ada") + person("bob")]))
        connector = connector_to(server.url, tmp_path, attributes={"entryUUID": "binary"})
        full = read_all(connector, "uid", "entryUUID")
        server.modify(f"dn: uid=ada,ou=people,{SUFFIX}\nchangetype: delete\n")
        server.modify(f"dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: Robert\n")
        delta = read_all(connector, "uid", "entryUUID", watermark=full.end.watermark)
        people = full.by_uid()
        assert delta.deleted == {people["ada"].external_id}
        assert [one.external_id for one in delta.objects] == [people["bob"].external_id]
    finally:
        server.stop()
