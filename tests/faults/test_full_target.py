"""A target file's disk is full: the step is interrupted and says so, the file is whole, and the next run goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.little_disk import enlarge, little_disk
from tests.workspace import Workspace

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.out]
{connector}
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["id"]]
project = true
[rules.flow]
id = "id"
text = "text"
[[rules]]
name = "out"
from = "metaverse.person"
to = "out.person"
provision = true
{rule}
"""
LDIF = """connector = "ldif"
path = "{folder}/out.ldif"
[systems.out.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
"""
LDIF_RULE = """dn = "uid={{ id | rdn }},dc=s"
[rules.flow]
uid = "id"
description = "text"
"""
CSV = """connector = "csv"
[systems.out.objects.person]
path = "{folder}/out.csv"
external_id = "id"
"""
CSV_RULE = """[rules.flow]
id = "id"
text = "text"
"""


@pytest.fixture
def tiny_disk() -> Iterator[Path]:
    with little_disk("200k") as folder:
        yield folder


@pytest.mark.parametrize(
    ("connector", "rule", "name", "first"),
    [
        (LDIF, LDIF_RULE, "out.ldif", "dn: dc=s\nobjectClass: domain\ndc: s\n\n"),
        (CSV, CSV_RULE, "out.csv", "id,text\n"),
    ],
)
def test_a_full_disk_of_a_target_interrupts_the_step(
    tmp_path: Path, tiny_disk: Path, connector: str, rule: str, name: str, first: str
) -> None:
    target = tiny_disk / name
    target.write_text(first)
    work = Workspace(tmp_path / "work", CONFIG.format(connector=connector.format(folder=tiny_disk), rule=rule))
    work.csv("hr.csv", [{"id": f"p{number}", "text": "x" * 1000} for number in range(300)])
    told = work("run", status=5)
    assert "the disk is full" in told
    assert "connectivity" not in told
    assert target.read_text() == first
    assert list(tiny_disk.iterdir()) == [target], "nothing half written is left"
    assert work.query("SELECT DISTINCT status FROM pending_exports") == [("Executing",)]
    enlarge(tiny_disk, "2M")
    work("run")
    assert target.read_text().count("x" * 40) >= 300
    assert work.json("exports") == []
