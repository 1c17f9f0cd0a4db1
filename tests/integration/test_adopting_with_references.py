"""Accounts that exist already are adopted with the references they hold: right ones are neither cleared nor told."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("either_store")
PEOPLE = 24


def _site(folder: Path, managers: dict[int, int], page_size: int = 1, *, in_directory: dict[int, int]) -> Inside:
    """Make a site of people with managers, whose accounts are there and have some managers, too."""
    tables: dict[str, Any] = {
        "run": {"page_size": page_size},
        "systems": {
            "hr": {
                "connector": "csv",
                "objects": {"person": {"path": "hr.csv", "external_id": "id", "attributes": {"boss": "reference"}}},
            },
            "dir": {
                "connector": "ldif",
                "path": "dir.ldif",
                "objects": {
                    "person": {
                        "object_class": ["inetOrgPerson"],
                        "external_id": "entryUUID",
                        "secondary_external_id": "dn",
                        "attributes": {"manager": "reference"},
                    }
                },
            },
        },
        "metaverse": {"person": {"attributes": {"boss": "reference"}}},
    }
    names = {"from": "hr.person", "to": "metaverse.person", "project": True, "join": [["id"]]}
    inbound = {"name": "people", **names, "flow": {"id": "id", "boss": "boss"}}
    outbound = {
        "name": "accounts",
        "from": "metaverse.person",
        "to": "dir.person",
        "join": [[{"source": "id", "target": "employeeNumber"}]],
        "dn": "uid={{ id | rdn }},dc=x",
        "provision": True,
        "flow": {"uid": "id", "employeeNumber": "id", "manager": "boss"},
    }
    site = Inside(folder, document(tables, rules=[inbound, outbound]))
    site.csv("hr.csv", [{"id": f"p{one}", "boss": f"p{managers[one]}"} for one in range(PEOPLE)], ("id", "boss"))
    lines = ["dn: dc=x\nobjectClass: domain\ndc: x\n"]
    for one in range(PEOPLE):
        manager = f"manager: uid=p{in_directory[one]},dc=x\n" if one in in_directory else ""
        lines.append(
            f"dn: uid=p{one},dc=x\nobjectClass: inetOrgPerson\nuid: p{one}\nemployeeNumber: p{one}\n"
            f"entryUUID: 00000000-0000-4000-8000-{one:012d}\n{manager}"
        )
    (folder / "dir.ldif").write_text("\n".join(lines))
    return site


def _managers(site: Inside) -> int:
    return (site.folder / "dir.ldif").read_text().count("manager: ")


RING = {one: (one + 1) % PEOPLE for one in range(PEOPLE)}


@pytest.mark.parametrize("page_size", [1, 7, 5000])
def test_references_that_are_right_are_left_alone(tmp_path: Path, page_size: int) -> None:
    site = _site(tmp_path, RING, page_size, in_directory=RING)
    before = (tmp_path / "dir.ldif").read_bytes()
    assert "adoption-clears" not in site("plan")
    assert "adoption-clears" not in site("run")
    assert site.json("exports") == []
    assert (tmp_path / "dir.ldif").read_bytes() == before
    assert "nothing to do" in site("step", "evaluate")


def test_references_that_are_wrong_or_missing_are_put_right(tmp_path: Path) -> None:
    wrong = RING | {one: (one + 2) % PEOPLE for one in range(0, PEOPLE, 8)}
    del wrong[1]
    site = _site(tmp_path, RING, in_directory=wrong)
    assert "adoption-clears" not in site("run")
    text = (tmp_path / "dir.ldif").read_text()
    assert all(f"manager: uid=p{boss},dc=x" in text for boss in RING.values())
    assert _managers(site) == PEOPLE


def test_a_reference_to_somebody_without_an_account_is_cleared_and_told_once(tmp_path: Path) -> None:
    site = _site(tmp_path, RING | {3: 999}, in_directory=RING)
    site("step", "import")
    site("step", "sync")
    said = site("step", "evaluate")
    assert said.count("adoption-clears") == 1
    assert "'manager' (uid=p4,dc=x)" in said
    (export,) = site.json("exports")
    assert "uid=p3" in str(export)


@pytest.mark.parametrize("at", [1, 5, 20])
def test_an_evaluation_that_dies_between_its_pages_stages_no_right_reference_to_be_cleared(
    tmp_path: Path, at: int
) -> None:
    site = _site(tmp_path, RING, in_directory=RING)
    site("step", "import")
    site("step", "sync")
    process = site.start("step", "evaluate")
    joined = "SELECT count(*) FROM objects WHERE system = 'dir' AND mvo_id IS NOT NULL"
    until(lambda: site.glance(joined)[0][0] >= at or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    site("step", "export", "dir", status=None)
    assert _managers(site) == PEOPLE
    site("run")
    assert _managers(site) == PEOPLE
    assert site.json("exports") == []
