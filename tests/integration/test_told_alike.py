"""What is the same is told the same everywhere: a rename as a rename, items that wait for one reason as one group."""

import json

import pytest

from tests.console.office import let_change, let_leave, make_office
from tests.inside import Inside

pytestmark = pytest.mark.usefixtures("either_store")


@pytest.fixture
def office(tmp_path) -> Inside:
    made = make_office(tmp_path / "office")
    return Inside(made.folder, (made.folder / "interlock.toml").read_text())


def test_an_export_that_gives_a_new_name_is_called_a_rename_and_stays_an_update_in_json(office: Inside) -> None:
    office("run")
    let_change(office, 2)
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    first, second = sorted(row[0] for row in office.query("SELECT id FROM pending_exports"))
    office.edit(f"UPDATE pending_exports SET new_secondary_id = 'uid=new' WHERE id = {first}")
    lines = {line.split()[0]: line.split()[2] for line in office("exports").splitlines()[1:]}
    assert lines == {f"exp-{first}": "Rename", f"exp-{second}": "Update"}
    shown = {number: office("show", f"exp-{number}") for number in (first, second)}
    assert "Rename" in shown[first]
    assert "Update" not in shown[first]
    assert "Rename" not in shown[second]
    ((cso,),) = office.query(f"SELECT cso_id FROM pending_exports WHERE id = {first}")
    assert "Rename" in office("show", f"cso-{cso}")
    assert "Rename, Pending" in office("explain", f"cso-{cso}")
    assert {one["change_type"] for one in office.json("exports")} == {"Update"}
    assert office.json("show", f"exp-{first}")["change_type"] == "Update"
    assert office.json("show", f"cso-{cso}")["pending_export"]["change_type"] == "Update"


def test_who_is_there_again_waits_in_one_group_whatever_approval_each_was_deleted_under(office: Inside) -> None:
    office("run")
    let_leave(office, 3)
    office("run")
    for number in (1, 2, 3):
        again = {"there_again": ["cso-1", "2026-01-01T00:00:00.000Z", number]} if number < 3 else {}
        evidence = json.dumps({"cause": f"it was deleted under rev-{number}", **again})
        told = f"kind = 'delete', system = 'directory', evidence = '{evidence}'"
        office.edit(f"UPDATE review_items SET {told} WHERE id = {number}")
    groups = {one["what"]: one for one in office.json("todo") if one["kind"] == "review"}
    assert {what: one["count"] for what, one in groups.items()} == {
        "there again in 'directory', though deleted under an approval": 2,
        "to be deleted in 'directory': it was deleted under rev-3": 1,
    }
    (again,) = (one for one in groups.values() if one["count"] == 2)
    assert "cause" not in again["filter"]
    assert "again:yes" in again["filter"]
