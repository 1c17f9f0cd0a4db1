"""Names that move: swaps, chains and circles in one run; a leaver's name taken at once; a kill in the middle."""

import pytest

from tests.dying import killed
from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


def _numbers(office: Office) -> dict[str, str]:
    """Give whose account each name is: uid → employee number."""
    return {entry["uid"][0]: entry["employeeNumber"][0] for entry in office.slapd.people().values()}


def _rename(office: Office, **names: str) -> None:
    for number, first in names.items():
        office.hr[number.removeprefix("n")]["first_name"] = first


def _whole(office: Office) -> None:
    """See that every entry holds its own person's values, and nobody else's."""
    for entry in office.slapd.people().values():
        row = office.hr[entry["employeeNumber"][0]]
        assert entry["uid"] == [row["first_name"].lower()]
        assert entry["cn"] == [f"{row['first_name']} {row['last_name']}"]
        assert entry["telephoneNumber"] == [row["phone"]]


@pytest.mark.parametrize(
    "names",
    [
        {"n1": "Bob", "n2": "Ada"},
        {"n1": "Bob", "n2": "Cleo", "n3": "Ada"},
        {"n1": "Bob", "n2": "Ada", "n3": "Dan", "n4": "Cleo"},
        {"n1": "Bob", "n2": "Cleo", "n3": "Dan", "n4": "Ada"},
        {"n1": "Zoe", "n2": "Ada", "n3": "Bob", "n4": "Cleo"},
        {"n4": "Zoe", "n3": "Dan", "n2": "Cleo", "n1": "Bob"},
    ],
    ids=["two", "three", "two and two", "four", "chain up", "chain down"],
)
def test_names_change_hands_in_one_run(office: Office, names: dict[str, str]) -> None:
    office.run()
    ids = {entry["employeeNumber"][0]: entry["entryUUID"] for entry in _with_ids(office)}
    _rename(office, **names)
    office.hr["1"]["title"] = "Renamed"
    office.run()
    assert office.steps()["export directory"]["statistics"] == {"renames": len(names)}
    assert "drift corrected" not in office.steps()["evaluate"]["statistics"]
    assert {entry["employeeNumber"][0]: entry["entryUUID"] for entry in _with_ids(office)} == ids
    _whole(office)
    office.settled()


def _with_ids(office: Office) -> list[dict[str, list[str]]]:
    return list(office.slapd.search("(objectClass=inetOrgPerson)", "*", "entryUUID").values())


def test_a_name_that_is_given_up_is_taken_by_somebody_new(office: Office) -> None:
    office.run()
    _rename(office, n2="Bert")
    office.hires("5", "Bob Newman")
    office.run()
    assert _numbers(office)["bob"] == "5"
    _whole(office)
    office.settled()


@pytest.mark.parametrize("taker", ["new", "renamed"])
def test_a_name_that_an_approved_leaver_frees_is_taken_in_the_same_run(office: Office, taker: str) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    if taker == "new":
        office.hires("5", "Bob Newman")
    else:
        _rename(office, n3="Bob")
    office.run(status=1)
    assert office.codes() == ["existing-object"], "nobody's name is free before the leaver is approved"
    office.approve_all("left")
    office.run()
    assert _numbers(office)["bob"] == ("5" if taker == "new" else "3")
    _whole(office)
    office.settled()


def test_a_name_whose_holder_stays_is_refused(office: Office) -> None:
    office.run()
    _rename(office, n1="Bob")
    office.hr["1"]["title"] = "Boss"
    office.run(status=1)
    assert office.codes() == ["existing-object"]
    assert office.person("ada")["title"] == ["Boss"], "everything else is put right"
    office.run(status=1)
    assert office.person("bob")["employeeNumber"] == ["2"]


def test_two_who_want_one_name_are_told_and_one_gets_it(office: Office) -> None:
    office.run()
    _rename(office, n2="Zoe", n1="Bob", n3="Bob")
    office.run(status=1)
    assert office.codes() == ["existing-object"]
    assert _numbers(office)["bob"] == "1"
    assert _numbers(office)["cleo"] == "3"


def test_references_follow_those_who_change_names(office: Office) -> None:
    groups = office.has_groups()
    groups.add("all", name="All", members="1|3")
    office.run()
    _rename(office, n1="Bob", n2="Ada")
    office.run()
    assert office.members("all") == {"bob", "cleo"}
    office.settled()


def test_two_hundred_people_in_circles_and_chains(office: Office) -> None:
    office.systems["hr"]["changes"] = office.systems["directory"]["changes"] = {"max_percent": 100}
    for number in range(10, 210):
        office.hires(str(number), f"P{number} Smith")
    office.run()
    for number in range(10, 110):  # a circle of a hundred
        office.hr[str(number)]["first_name"] = f"P{10 + (number - 9) % 100}"
    for number in range(110, 210):  # a chain of a hundred
        office.hr[str(number)]["first_name"] = f"P{number + 1}"
    office.run()
    assert office.steps()["export directory"]["statistics"] == {"renames": 200}
    _whole(office)
    office.settled()


@pytest.mark.parametrize(
    ("at", "imports_first"),
    [(1, False), (2, True), (3, False), (3, True), (4, False), (4, True), (5, True), (6, False)],
)
def test_a_kill_in_the_middle_is_recovered_from(office: Office, at: int, imports_first: bool) -> None:
    office.run()
    _rename(office, n1="Bob", n2="Cleo", n3="Ada")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    _killed(office, at)
    if imports_first:
        office("step", "import", "directory", status=None)
    office.run(status=None)
    office.run(status=None)  # what failed for the order in which it was found is sent by the next
    _whole(office)
    office.settled()


def _killed(office: Office, at: int) -> None:
    """Export, and die as the nth page of the export is committed."""
    killed(office, "step", "export", "directory", at=at + 2, after=False)


def test_who_has_a_name_in_between_is_explained_and_gives_it_to_nobody(office: Office) -> None:
    back = {"name": "back", "from": "directory.person", "to": "metaverse.person", "join": [["employee_id"]]}
    office.rules.append({**back, "flow": {"employee_id": "employeeNumber", "login": "uid"}})
    office.run()
    _rename(office, n1="Bob", n2="Ada")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    for at in range(1, 9):  # the first kill after which somebody has a name in between
        _killed(office, at)
        aside = [dn for dn in office.slapd.people() if "interlock-interim-" in dn]
        if aside:
            break
    assert len(aside) == 1
    assert aside[0].endswith(f",ou=people,{SUFFIX}")
    office("step", "import", "directory", status=None)
    office("step", "sync")
    for person in office.json("metaverse"):
        assert "interim" not in str(office.json("show", person["id"])["attributes"])
    assert "name in between" in office("explain", office.json("metaverse", "--search", "Bob")[0]["id"]) + office(
        "explain", office.json("metaverse", "--search", "Ada")[0]["id"]
    )
    office.run(status=None)
    office.run(status=None)
    _whole(office)
