"""Ids that change: a row under a new number says which one it had before, and is the same person."""

import pytest

from tests.dying import killed
from tests.scenarios.conftest import COLUMNS, Office

CONFLICT = "previous-id-conflict"


@pytest.fixture
def office(office: Office) -> Office:
    office.systems["hr"]["objects"]["person"]["previous_id"] = "old_number"
    old = office.hr
    office.sources.remove(old)
    office.hr = office.source("hr.csv", "id", (*COLUMNS, "old_number"))
    office.hr.update(old)
    office.run()
    return office


def renumber(office: Office, old: str, new: str) -> None:
    office.hr[new] = office.hr.pop(old) | {"old_number": old}


def uuids(office: Office) -> dict[str, str]:
    """Give everybody's account, by their names."""
    return {entry["uid"][0]: entry["entryUUID"][0] for entry in office.slapd.search("(uid=*)", "*", "+").values()}


def identities(office: Office) -> list[tuple[str, str]]:
    """Give what is recorded of ids that changed."""
    return office.query("SELECT from_status, to_status FROM transitions WHERE entity = 'identity'")


def test_it_is_the_same_person(office: Office) -> None:
    office.has_managers()
    office.hr["3"]["manager"] = "2"
    office.run()
    before, cso, mvo = uuids(office), office.cso("hr", "2"), office.mvo("2")
    renumber(office, "2", "22")
    office.hr["3"]["manager"] = "22"
    office.hr["22"]["title"] = "Boss"
    office.run()
    assert (office.cso("hr", "22"), office.mvo("22")) == (cso, mvo)
    assert uuids(office) == before
    bob = office.person("bob")
    assert (bob["employeeNumber"], bob["title"]) == (["22"], ["Boss"])
    assert office.person("cleo")["manager"] == bob["dn"]
    assert office.json("review") == []
    assert identities(office) == [("2", "22")]
    assert office.steps()["import hr"]["statistics"]["new identities"] == 1
    office.settled()
    office.hr["22"]["title"] = "Chief"  # the column still says what it was before
    office.run()
    assert office.person("bob")["title"] == ["Chief"]
    renumber(office, "22", "222")
    office.run()
    assert office.mvo("222") == mvo
    assert office.person("bob")["employeeNumber"] == ["222"]
    assert identities(office) == [("2", "22"), ("22", "222")]
    office.settled()


def test_a_number_that_is_free_again_is_somebody_new(office: Office) -> None:
    renumber(office, "2", "22")
    office.run()
    bob = office.person("bob")
    office.hires("2", "Zoe Quinn")
    office.run()
    assert office.person("bob") == bob
    assert office.person("zoe")["employeeNumber"] == ["2"]
    assert office.codes() == []
    office.hr["22"]["title"] = "Boss"
    office.run()
    assert office.person("bob")["title"] == ["Boss"], (
        "whom its column names is somebody else by now, and that is history"
    )
    assert office.codes() == []
    office.settled()
    del office.hr["2"]  # Zoe leaves, and Bob's column names her number still
    office.hr["22"]["title"] = "Chief"
    office.run()
    assert office.person("bob")["title"] == ["Chief"]
    assert len(office.json("review")) == 1


@pytest.mark.parametrize("size", [1, 5000])
def test_everybody_may_have_a_new_number(office: Office, size: int) -> None:
    office.pages = {"page_size": size}
    office.systems["hr"]["changes"] = {"max_percent": 100}
    office.systems["directory"]["changes"] = {"max_percent": 100}
    before = uuids(office)
    for number in ("1", "2", "3", "4"):
        renumber(office, number, f"N{number}")
    office.run()
    assert uuids(office) == before
    assert office.person("dan")["employeeNumber"] == ["N4"]
    office.settled()


def test_new_numbers_for_too_many_are_held(office: Office) -> None:
    office.hires("5", "Eve Moss")
    office.hires("6", "Fay Dunn")
    office.run()
    before = office.slapd.people()
    for number in ("1", "2", "3", "4", "5", "6"):
        renumber(office, number, f"N{number}")
    office.run(status=3)
    assert office.slapd.people() == before
    assert identities(office) == []
    assert office.json("review") == []


def test_who_is_missing_and_back_under_another_number(office: Office) -> None:
    before = uuids(office)
    gone = office.hr.pop("2")
    office.run()
    assert len(office.json("review")) == 1
    office.hr["22"] = gone | {"old_number": "2"}
    office.run()
    assert office.json("review") == []
    assert uuids(office) == before
    assert office.person("bob")["employeeNumber"] == ["22"]
    office.settled()


def test_who_was_approved_to_go_and_is_back_stays(office: Office) -> None:
    before = uuids(office)
    gone = office.hr.pop("2")
    office.run()
    office("review", "approve", office.json("review")[0]["id"], "--reason", "left")
    office.hr["22"] = gone | {"old_number": "2"}
    office.run()
    assert uuids(office) == before
    assert office.person("bob")["employeeNumber"] == ["22"]
    office.settled()


def test_whom_nobody_knows_any_more_is_new(office: Office) -> None:
    gone = office.hr.pop("2")
    office.run()
    office.approve_all()
    office.run()
    assert "bob" not in office.people()
    office.hr["22"] = gone | {"old_number": "2"}
    office.run()
    assert office.person("bob")["employeeNumber"] == ["22"]
    assert identities(office) == []
    office.settled()


# -------------------------------------------------------------------- what cannot be


def refused(office: Office, *numbers: str) -> None:
    """See that just these rows are refused, and that nothing else comes of it."""
    before, people = uuids(office), office.slapd.people()
    for _ in range(2):
        office.run(status=1)
        assert {error["code"] for error in office.errors()} == {CONFLICT}
        found = sorted(error["message"].partition(" says")[0].strip("'") for error in office.errors())
        assert found == sorted(numbers), [error["message"] for error in office.errors()]
        assert office.json("review") == []
        assert identities(office) == []
    assert (uuids(office), office.slapd.people()) == (before, people)
    assert office.query("SELECT DISTINCT status FROM objects") == [("Normal",)]


def test_two_that_name_the_same(office: Office) -> None:
    gone = office.hr.pop("2")
    office.hr["22"] = gone | {"old_number": "2"}
    office.hr["23"] = gone | {"old_number": "2", "title": "Boss"}
    refused(office, "22", "23")
    office.hr["23"]["old_number"] = ""
    office.hr["23"]["first_name"] = "Ben"
    office.run()
    assert office.mvo("22") != office.mvo("23")
    assert office.person("ben")["employeeNumber"] == ["23"]
    assert office.person("bob")["employeeNumber"] == ["22"]
    office.settled()


def test_one_whose_former_number_stands_there_itself(office: Office) -> None:
    """It was given to somebody new at once; nobody can tell that from a row that stands there twice."""
    office.hr["22"] = office.hr["2"] | {"old_number": "2"}
    refused(office, "22")
    office.hires("2", "Zoe Quinn")
    refused(office, "22", "22")  # her row, which has Bob's number now, is told of by the one that names it
    zoe = office.hr.pop("2")
    office.run()
    bob = office.person("bob")
    assert bob["employeeNumber"] == ["22"]
    office.hr["2"] = zoe
    office.run()
    assert office.person("zoe")["employeeNumber"] == ["2"]
    assert office.person("bob") == bob
    office.settled()


def test_a_former_number_whose_own_row_has_an_error_stands_there_all_the_same(office: Office) -> None:
    bob = office.person("bob")
    office.hr["22"] = office.hr["2"] | {"old_number": "2"}
    office.hr["2"] = office.hr["2"] | {"start": "soon"}
    office.run(status=1)
    assert CONFLICT in office.codes()
    assert office.person("bob") == bob
    assert identities(office) == []
    assert office.json("review") == []


def test_a_chain_of_people(office: Office) -> None:
    bob, cleo = office.hr.pop("2"), office.hr.pop("3")
    office.hr["3"] = bob | {"old_number": "2"}
    office.hr["33"] = cleo | {"old_number": "3"}
    refused(office, "3", "33")
    office.hr["3"], bob = office.hr["3"] | cleo | {"old_number": ""}, office.hr["3"]
    del office.hr["33"]
    office.hr["2"] = bob | {"old_number": ""}
    office.run()
    renumber(office, "3", "33")
    office.run()
    renumber(office, "2", "3")
    office.run()
    assert office.person("cleo")["employeeNumber"] == ["33"]
    assert office.person("bob")["employeeNumber"] == ["3"]
    office.settled()


def test_a_chain_of_one_person(office: Office) -> None:
    """Two rows: which of the two it is says the first one alone, and the other one is new."""
    bob = office.hr.pop("2")
    office.hr["22"] = bob | {"old_number": "2"}
    office.hr["222"] = bob | {"old_number": "22", "first_name": "Ben"}
    mvo = office.mvo("2")
    office.run()
    assert office.mvo("22") == mvo != office.mvo("222")
    assert office.codes() == []
    office.settled()


def test_a_swap(office: Office) -> None:
    bob, cleo = office.hr["2"], office.hr["3"]
    office.hr["2"], office.hr["3"] = cleo | {"old_number": "3"}, bob | {"old_number": "2"}
    refused(office, "2", "3")


def test_a_number_of_somebody_who_has_left(office: Office) -> None:
    """Cleo has gone, and Bob has her number: it is not her account that becomes his."""
    bob, cleo = office.hr.pop("2"), office.hr.pop("3")
    office.hr["3"] = bob | {"old_number": "2"}
    refused(office, "3")
    row = office.hr.pop("3")
    office.hr["2"] = bob
    office.run()
    office.approve_all("Cleo has left")
    office.run()
    assert "cleo" not in office.people()
    del office.hr["2"]
    office.hr["3"] = row
    office.run()
    assert office.person("bob")["employeeNumber"] == ["3"]
    assert cleo["first_name"] == "Cleo"
    office.settled()


def test_an_incomplete_import_decides_nothing(office: Office) -> None:
    before = uuids(office)
    renumber(office, "2", "22")
    office.main("status")
    whole = office.hr.path.read_text()
    office.hr.path.write_text(whole + ",Nobody,without,a,number,,,,,,,\n")
    office.run(status=1)
    assert CONFLICT in office.codes()
    assert "the import does not show" in str(office.errors())
    assert (uuids(office), identities(office)) == (before, [])
    assert office.query("SELECT DISTINCT status FROM objects") == [("Normal",)]
    office.hr.path.write_text(whole)
    office.run()
    assert uuids(office) == before
    assert office.person("bob")["employeeNumber"] == ["22"]
    office.settled()


@pytest.mark.parametrize("same", [True, False])
def test_somebody_else_is_asked_about(office: Office, same: bool) -> None:
    office.systems["hr"]["objects"]["person"]["same_person"] = [["last_name"], ["mail"]]
    office.run()
    before, mvo = uuids(office), office.mvo("2")
    renumber(office, "2", "22")
    office.hr["22"] |= {"last_name": "Quinn", "mail": "quinn@example.org"}
    office.run(status=1)
    assert office.codes() == ["identity-changed"]
    assert uuids(office) == before
    (item,) = office.json("review")
    office("review", "keep" if same else "approve", item["id"], "--reason", "seen")
    office.run(status=None)
    office.run(status=None)
    assert (office.mvo("22") == mvo) is same
    if same:
        assert uuids(office) == before
        assert office.person("bob")["sn"] == ["Quinn"]
        office.settled()
    else:
        assert "22" not in [number for pair in identities(office) for number in pair]


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_anywhere_ends_where_another_does(office: Office, after: bool) -> None:
    office.pages = {"page_size": 1}
    before = uuids(office)
    renumber(office, "2", "22")
    renumber(office, "4", "44")
    office.hires("4", "Zoe Quinn")  # too early: in a conflict until the one who names it is taken over
    office.main("status")
    at = 3
    while killed(office, "run", at=at, after=after):
        at += 6
    del office.hr["4"]
    office.run(status=None)
    office.run()
    assert uuids(office) == before
    assert identities(office) == [("2", "22"), ("4", "44")]
    office.settled()


def test_numbers_are_read_as_ids_are(office: Office) -> None:
    types = office.systems["hr"]["objects"]["person"]
    types["attributes"] |= {"id": "integer", "old_number": "text[]"}
    office.run()
    before = uuids(office)
    renumber(office, "2", "22")
    office.hr["22"]["old_number"] = "n/a|007|002"
    office.run()
    assert uuids(office) == before
    assert office.person("bob")["employeeNumber"] == ["22"]
    renumber(office, "22", "23")
    office.hr["23"]["old_number"] = "022|4"  # Dan is still there
    office.run(status=1)
    assert set(office.codes()) == {CONFLICT}
    assert uuids(office) == before
    office.hr["23"]["old_number"] = "022|2"
    office.run()
    assert office.person("bob")["employeeNumber"] == ["23"]
    office.settled()


def test_the_id_itself_is_no_previous_one(office: Office) -> None:
    office.systems["hr"]["objects"]["person"]["previous_id"] = "id"
    assert "it is the external id itself" in office("check", status=2)
    office.systems["hr"]["objects"]["person"]["previous_id"] = "olt_number"
    assert "olt_number; did you mean 'old_number'?" in office("check", status=None)


def test_a_row_that_names_its_own_number_has_always_had_it(office: Office) -> None:
    for number in ("2", "3"):
        office.hr[number]["old_number"] = number
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.codes() == []
    assert office.person("bob")["title"] == ["Boss"]
    assert identities(office) == []
    office.settled()


def test_a_plan_foresees_it(office: Office) -> None:
    renumber(office, "2", "22")
    changes = office.json("plan")["changes"]
    sent = [change for change in changes if change["phase"] == "export"]
    assert [(change["operation"], change["dn"].split(",")[0]) for change in sent] == [("Update", "uid=bob")]
    assert identities(office) == []
