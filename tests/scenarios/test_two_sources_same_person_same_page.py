"""Two files bring the same people in the same run, each free to make them: there is one person and one account."""

from tests.scenarios.conftest import Office


def test_two_rows_of_one_person_make_one_person(office: Office) -> None:
    office.systems["hr"]["objects"]["contractor"] = {"path": "contractors.csv", "external_id": "contract"}
    office.rules.insert(
        1,
        {
            "name": "contractors from hr",
            "from": "hr.contractor",
            "to": "metaverse.person",
            "join": [["employee_id"]],
            "project": True,
            "flow": {"employee_id": "number", "account_name": "{{ first | lower }}", "title": "job", "room": "room"}
            | {"display_name": "first", "last_name": "first", "first_name": "first"},
        },
    )
    office.rule("people to the directory")["flow"]["roomNumber"] = "room"
    contractors = office.source("contractors.csv", "contract", ("number", "first", "job", "room"))
    contractors.add("C1", number="1", first="Ada", job="Consultant", room="7")
    contractors.add("C9", number="9", first="Yan", job="Painter", room="8")

    office.run()

    assert office.people() == {"ada", "bob", "cleo", "dan", "yan"}
    assert office.query("SELECT count(*) FROM metaverse") == [(5,)]
    ada, yan = office.person("ada"), office.person("yan")
    assert (ada["title"], ada["roomNumber"], ada["cn"]) == (["Clerk"], ["7"], ["Ada Lovelace"])
    assert (yan["title"], yan["roomNumber"]) == (["Painter"], ["8"])

    office.hires("9", "Yan Tan")
    office.run()
    yan = office.person("yan")
    assert (yan["cn"], yan["title"], yan["roomNumber"]) == (["Yan Tan"], ["Clerk"], ["8"])
    assert office.query("SELECT count(*) FROM metaverse") == [(5,)]
    office.settled()


def test_a_row_that_is_read_before_its_person_joins_in_the_same_run(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L9", employee="9", number="900")
    office.run()
    assert office.query("SELECT mvo_id FROM objects WHERE external_id = 'L9'") == [(None,)]

    lines.add("L8", employee="8", number="800")
    office("step", "import", "telephony")
    office.hires("8", "Hal Nine")
    office.hires("9", "Ida Ten")
    office.run()
    hal, ida = office.person("hal"), office.person("ida")
    assert (hal["telephoneNumber"], ida["telephoneNumber"]) == (["800"], ["900"])
    office.settled()
