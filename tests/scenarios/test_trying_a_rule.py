"""Try an expression over somebody, and plan for one person alone."""

import json

from tests.scenarios.conftest import Office


def test_an_expression_is_tried_over_an_object(office: Office) -> None:
    office.run()
    ada = office.mvo("1")
    told = office("try", "first_name | upper", ada)
    assert "value  ADA" in told
    assert "type   text" in told
    assert "reads  first_name = Ada" in told
    found = office.json("try", "{{ today if department == 'IT' else 1 }}", "Ada Lovelace")
    assert (found["type"], found["id"], set(found["reads"])) == ("date", ada, {"department", "today"})
    assert office.json("try", "[first_name, 1 > 0]", office.cso("hr", "1"))["type"] == "list of text and boolean"
    assert office.json("try", "title if false", ada)["type"] == "absent"
    before = office.query("SELECT count(*) FROM transitions")
    assert "fails  the expression" in office("try", "first_name + 1", ada, status=1)
    assert office.query("SELECT count(*) FROM transitions") == before


def test_what_it_looks_up_is_told(office: Office) -> None:
    office.lookups["sites"] = {"file": "sites.csv", "key": "code"}
    (office.folder / "sites.csv").write_text("code,city\nIT,Berlin\n")
    office.run()
    told = office("try", "department | lookup('sites', 'city')", office.mvo("1"))
    assert "value  Berlin" in told
    assert "sites 'IT' is looked up" in told


def test_what_cannot_be_read_or_found_is_told(office: Office) -> None:
    office.run()
    ada = office.mvo("1")
    assert "'firstname' is neither declared" in office("try", "firstname", ada, status=2)
    assert "cannot be read" in office("try", "first_name |", ada, status=2)
    assert "there is no mvo-99" in office("try", "first_name", "mvo-99", status=2)
    assert "fits several objects" in office("try", "first_name", "IT", status=2)


def test_a_plan_for_one_person_tells_of_that_person_in_every_system(office: Office) -> None:
    office.run()
    for number in ("1", "2"):
        office.hr[number]["title"] = "Lead"
    told = office("plan", "--only", "Ada Lovelace")
    assert told.count("Clerk → Lead") == 3, "imported, in the metaverse, and in the directory"
    assert "Bob" not in told.split("detect directory")[1]
    found = json.loads(office.main("plan", "--only", office.mvo("1"), "--json")[1])
    assert {one["system"] for one in found["changes"]} == {"hr", "metaverse", "directory"}
    assert {one["name"] for one in found["changes"]} == {"Ada Lovelace"}

    office.hires("5", "Eve Moneypenny")
    told = office("plan", "--only", "Eve Moneypenny")
    assert all(what in told for what in ("add", "project", "Create"))
    assert "Nothing would change of Dan Dare" in office("plan", "--only", "Dan Dare")
    assert "no object holds it" in office("plan", "--only", "Nobody Here", status=2)
