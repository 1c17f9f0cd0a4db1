"""A person stands in several rows: two contracts, a transfer with overlap; which of them gives what is a rule."""

import pytest

from tests.dying import killed
from tests.scenarios.conftest import Office, Source
from tui.console.sheets import reviews
from tui.terminal.commands.listing import consequences

COLUMNS = ("person", "name", "job", "unit", "boss", "starts", "ends")


@pytest.fixture
def contracts(office: Office) -> Source:
    """Let there be contracts alone, of which everybody may have several; the newest goes first."""
    office.systems["hr"]["objects"] = {
        "contract": {
            "path": "contracts.csv",
            "external_id": "contract",
            "joins": "many",
            "attributes": {"starts": "date", "ends": "date"},
        }
    }
    office.rules[0] = {
        "name": "contracts",
        "from": "hr.contract",
        "to": "metaverse.person",
        "join": [[{"source": "person", "target": "employee_id"}]],
        "project": True,
        "prefer": "starts desc",
        "flow": {
            "employee_id": "person",
            "account_name": "{{ name | lower }}",
            "display_name": "name",
            "last_name": "name",
            "title": "job",
            "department": "unit",
            "phone": {"constant": "1"},
            "mail": "{{ name | lower }}@example.org",
            "status": {"constant": "active"},
        },
    }
    file = office.source("contracts.csv", "contract", COLUMNS)
    file.add("c1", person="1", name="Ada", job="Clerk", unit="IT", starts="2020-01-01")
    file.add("c2", person="1", name="Ada", job="Lead", unit="", starts="2024-01-01")
    file.add("c3", person="2", name="Bob", job="Boss", unit="Sales", starts="2024-01-01")
    return file


def flow(office: Office) -> dict[str, object]:
    """Give the flow of the contracts, to edit."""
    found: dict[str, object] = office.rule("contracts")["flow"]
    return found


def told(office: Office, uid: str = "ada") -> tuple[list[str], list[str]]:
    """Give the title and the department of an account."""
    entry = office.person(uid)
    return entry.get("title", []), entry.get("departmentNumber", [])


# -------------------------------------------------------------------- which row gives what


def test_the_preferred_row_gives_and_the_next_one_where_it_has_nothing(office: Office, contracts: Source) -> None:
    office.run()
    assert office.codes() == []
    assert office.people() == {"ada", "bob"}
    assert told(office) == (["Lead"], ["IT"])
    office.settled()
    contracts["c1"]["starts"] = "2025-01-01"  # corrected: the other one goes first now
    office.run()
    assert told(office) == (["Clerk"], ["IT"])
    contracts["c1"]["starts"] = ""  # nobody knows: behind the others
    office.run()
    assert told(office) == (["Lead"], ["IT"])
    office.settled()


def test_a_row_that_has_nothing_may_say_that_there_is_none(office: Office, contracts: Source) -> None:
    office.rule("contracts")["asserts_empty"] = ["department"]
    office.run()
    assert told(office) == (["Lead"], [])
    contracts["c2"]["unit"] = "Sales"
    office.run()
    assert told(office) == (["Lead"], ["Sales"])


def test_a_flow_prefers_otherwise_than_its_rule(office: Office, contracts: Source) -> None:
    flow(office)["department"] = {"source": "unit", "prefer": "starts"}
    contracts["c2"]["unit"] = "Sales"
    office.run()
    assert told(office) == (["Lead"], ["IT"])
    flow(office)["department"] = {"source": "unit", "prefer": "job == 'Lead' desc, starts asc"}
    office.run()
    assert told(office) == (["Lead"], ["Sales"]), "a rule that changes counts for everybody"
    del office.rule("contracts")["prefer"]
    office.run()
    assert told(office) == (["Clerk"], ["Sales"]), "of equal ones the lower id"
    office.settled()


def test_ids_that_are_numbers_are_compared_as_such(office: Office, contracts: Source) -> None:
    office.systems["hr"]["objects"]["contract"]["attributes"]["contract"] = "integer"
    contracts.clear()
    contracts.add("10", person="1", name="Ada", job="Clerk", starts="2024-01-01")
    contracts.add("9", person="1", name="Ada", job="Lead", starts="2024-01-01")
    office.run()
    assert told(office)[0] == ["Lead"]


def test_the_clock_decides_where_it_is_read(office: Office, contracts: Source) -> None:
    """A transfer with overlap: the new contract counts from its first day on."""
    office.rule("contracts")["prefer"] = "starts <= today desc, starts desc"
    contracts["c2"]["starts"] = office.day("3d")
    office.run()
    assert told(office)[0] == ["Clerk"]
    office.runs_in("2d")
    assert told(office)[0] == ["Clerk"]
    office.runs_in("3d")
    assert told(office)[0] == ["Lead"]
    office.settled()


def test_all_rows_can_be_read_at_once(office: Office, contracts: Source) -> None:
    flow(office)["department"] = "{{ rows | map(attribute='unit') | select | unique | join(', ') }}"
    flow(office)["title"] = "{{ job }} and {{ (rows | length) - 1 }} more"
    contracts["c2"]["unit"] = "Sales"
    office.run()
    assert told(office) == (["Lead and 1 more"], ["Sales, IT"])
    assert told(office, "bob") == (["Boss and 0 more"], ["Sales"])
    office.settled()
    contracts.add("c4", person="1", name="Ada", job="Aide", unit="IT", starts="2023-01-01")
    contracts["c1"]["unit"] = "HR"
    office.run()
    assert told(office) == (["Lead and 2 more"], ["Sales, IT, HR"])
    office.settled()


def test_a_loop_over_rows_is_evaluated_beside_the_page(office: Office, contracts: Source) -> None:
    flow(office)["department"] = "{% for row in rows %}{{ row.unit or '-' }}{{ '/' if not loop.last }}{% endfor %}"
    office.run()
    assert told(office)[1] == ["-/IT"]
    office.settled()


def test_merged_values_are_those_of_every_row(office: Office, contracts: Source) -> None:
    office.metaverse["person"]["attributes"]["title"] = "text[]"
    office.systems["directory"]["objects"]["person"]["attributes"] = {"title": "text[]"}
    flow(office)["title"] = {"source": "job", "merge": True}
    office.run()
    assert set(told(office)[0]) == {"Lead", "Clerk"}
    office.settled()


def test_rows_out_of_scope_are_not_the_persons(office: Office, contracts: Source) -> None:
    office.rule("contracts")["scope"] = "not ends or ends >= today"
    flow(office)["department"] = "{{ rows | map(attribute='job') | sort | join(', ') }}"
    office.run()
    assert told(office) == (["Lead"], ["Clerk, Lead"])
    contracts["c2"]["ends"] = office.day("1d")
    office.run()
    assert told(office) == (["Lead"], ["Clerk, Lead"])
    office.runs_in("2d")
    assert told(office) == (["Clerk"], ["Clerk"])
    assert office.people() == {"ada", "bob"}
    contracts["c2"]["ends"] = ""
    office.run()
    assert told(office) == (["Lead"], ["Clerk, Lead"])
    office.settled()


def test_a_row_that_cannot_be_put_in_order_leaves_its_person_as_it_is(office: Office, contracts: Source) -> None:
    office.run()
    office.rule("contracts")["prefer"] = "(starts - ends) desc"  # dates without which nothing can be said
    contracts["c1"]["job"] = "Nobody"
    office.run(status=1)
    assert set(office.codes()) == {"expression-error"}
    assert told(office) == (["Lead"], ["IT"])


def test_another_source_goes_before_or_after_all_rows(office: Office, contracts: Source) -> None:
    phones = office.has_telephony()
    phones.add("L1", employee="1", number="100")
    office.run()
    assert office.person("ada")["telephoneNumber"] == ["100"]
    assert office.person("bob")["telephoneNumber"] == ["1"]
    office.settled()


def test_a_lookup_over_rows_follows_its_table(office: Office, contracts: Source) -> None:
    office.lookups["units"] = {"file": "units.csv", "key": "unit"}
    units = office.source("units.csv", "unit", ("city",))
    units.add("IT", city="Bonn")
    flow(office)["department"] = "{{ (rows | last).unit | lookup('units', 'city') }}"
    office.run()
    assert told(office)[1] == ["Bonn"]
    units["IT"]["city"] = "Trier"
    office.run()
    assert told(office)[1] == ["Trier"]
    office.settled()


# -------------------------------------------------------------------- who is whose


@pytest.mark.parametrize("size", [1, 2, 5000])
def test_new_rows_of_somebody_new_make_one_person(office: Office, contracts: Source, size: int) -> None:
    office.pages = {"page_size": size}
    office.run()
    assert office.codes() == []
    assert office.query("SELECT count(*) FROM metaverse") == [(2,)]
    assert office.query("SELECT count(*) FROM objects WHERE system = 'hr' AND mvo_id IS NOT NULL") == [(3,)]
    office.settled()


def test_without_many_a_second_row_is_refused(office: Office, contracts: Source) -> None:
    del office.systems["hr"]["objects"]["contract"]["joins"]
    del office.rule("contracts")["prefer"]
    office.run(status=1)
    assert office.codes() == ["join-already-taken"]
    assert told(office) == (["Clerk"], ["IT"])
    office.systems["hr"]["objects"]["contract"]["joins"] = "many"
    office.rule("contracts")["prefer"] = "starts desc"
    office.run()
    assert told(office) == (["Lead"], ["IT"])
    office.settled()


def test_many_that_is_taken_back_changes_nobody_until_one_is_left(office: Office, contracts: Source) -> None:
    office.run()
    del office.systems["hr"]["objects"]["contract"]["joins"]
    del office.rule("contracts")["prefer"]
    contracts["c2"]["job"] = "Chief"
    office.run(status=1)
    assert set(office.codes()) == {"join-already-taken"}
    assert told(office) == (["Lead"], ["IT"])
    office("exclude", office.cso("hr", "c1"), "--reason", "one is enough")
    office.run()
    assert told(office) == (["Chief"], [])
    office.settled()


def test_many_that_is_taken_back_is_told_at_once(office: Office, contracts: Source) -> None:
    del office.rule("contracts")["prefer"]
    office.run()
    del office.systems["hr"]["objects"]["contract"]["joins"]
    office.run(status=1)
    assert office.codes() == ["join-already-taken"]
    assert 'joins = "many" in [systems.hr.objects.contract]' in office.errors()[0]["advice"]


def test_a_row_that_names_somebody_else_goes_over(office: Office, contracts: Source) -> None:
    office.run()
    ada, bob = office.person("ada"), office.person("bob")
    contracts["c2"] |= {"person": "2", "name": "Bob"}
    office.run()
    assert told(office) == (["Clerk"], ["IT"])
    assert told(office, "bob") == (["Lead"], ["Sales"])
    assert office.mvo("c2") == office.mvo("c3")
    assert (office.person("ada")["entryUUID"], office.person("bob")["entryUUID"]) == (
        ada["entryUUID"],
        bob["entryUUID"],
    )
    office.settled()


def test_a_row_that_names_somebody_new_makes_a_person(office: Office, contracts: Source) -> None:
    office.run()
    contracts["c2"] |= {"person": "9", "name": "Zoe"}
    office.run()
    assert told(office) == (["Clerk"], ["IT"])
    assert told(office, "zoe") == (["Lead"], [])
    office.settled()


@pytest.mark.parametrize("size", [1, 5000])
def test_a_number_corrected_in_all_rows_is_the_same_person(office: Office, contracts: Source, size: int) -> None:
    office.pages = {"page_size": size}
    office.run()
    ada, mvo = office.person("ada"), office.mvo("c1")
    for name in ("c1", "c2"):
        contracts[name]["person"] = "11"
    office.run()
    assert office.mvo("c1") == office.mvo("c2") == mvo
    assert office.person("ada")["entryUUID"] == ada["entryUUID"]
    assert office.person("ada")["employeeNumber"] == ["11"]
    assert office.json("review") == []
    office.settled()


@pytest.mark.parametrize("other", ["blank", "missing"])
def test_a_row_that_names_nobody_is_no_obstacle_to_a_correction(office: Office, contracts: Source, other: str) -> None:
    office.run()
    mvo = office.mvo("c1")
    if other == "missing":
        del contracts["c2"]
    else:
        contracts["c2"]["person"] = ""
    contracts["c1"]["person"] = "11"
    office.run()
    assert office.mvo("c1") == office.mvo("c2") == mvo
    assert office.person("ada")["employeeNumber"] == ["1" if other == "missing" else "11"], "c2 goes first"
    if other == "missing":
        office.approve_all()
        office.run()
    assert office.person("ada")["employeeNumber"] == ["11"]
    office.settled()


@pytest.mark.parametrize("size", [1, 5000])
def test_rows_that_part_ways_are_nobodys_old_number(office: Office, contracts: Source, size: int) -> None:
    """Both name other people now, and nobody can say which of them is the old one."""
    office.pages = {"page_size": size}
    office.run()
    contracts["c1"] |= {"person": "8", "name": "Yve"}
    contracts["c2"] |= {"person": "9", "name": "Zoe"}
    office.run()
    assert len({office.mvo("c1"), office.mvo("c2"), office.mvo("c3")}) == 3
    assert len(office.approve_all()) == 1
    office.run()
    assert office.people() == {"bob", "yve", "zoe"}
    office.settled()


@pytest.mark.parametrize("size", [1, 2, 5000])
@pytest.mark.parametrize("to", [("2", "1"), ("2", "3"), ("3", "1")])
@pytest.mark.parametrize("late", [False, True])
def test_numbers_that_are_moved_on_take_nobodys_account_along(
    office: Office, contracts: Source, to: tuple[str, str], late: bool, size: int
) -> None:
    """Ada's and Bob's numbers change places, or one takes what the other gives up, whoever is read first."""
    office.pages = {"page_size": size}
    if late:  # Bob's row stands before Ada's
        contracts.add("c0", person="2", name="Bob", job="Boss", unit="Sales", starts="2024-01-01")
        del contracts["c3"]
    office.run()
    of_bob = "c0" if late else "c3"
    before = {uid: office.person(uid)["entryUUID"] for uid in ("ada", "bob")}
    people = office.mvo("c1"), office.mvo(of_bob)
    for name in ("c1", "c2"):
        contracts[name]["person"] = to[0]
    contracts[of_bob]["person"] = to[1]
    office.run()
    assert (office.mvo("c1"), office.mvo(of_bob)) == people
    assert office.mvo("c2") == people[0]
    assert {uid: office.person(uid)["entryUUID"] for uid in before} == before
    assert [office.person(uid)["employeeNumber"] for uid in ("ada", "bob")] == [[to[0]], [to[1]]]
    assert office.json("review") == []
    office.settled()


def test_a_number_whose_owner_is_missing_is_nobodys_to_move_to(office: Office, contracts: Source) -> None:
    """All of Ada's rows get the number of somebody who is gone, and waits in the review: it is Ada's account still."""
    office.run()
    before = office.person("ada")["entryUUID"]
    del contracts["c3"]
    for name in ("c1", "c2"):
        contracts[name]["person"] = "2"
    office.run(status=None)
    assert office.person("ada")["entryUUID"] == before
    assert office.person("bob")["cn"] == ["Bob"]
    office.approve_all("Bob has left")
    office.run(status=None)
    office.run()
    assert office.people() == {"ada"}
    assert office.person("ada")["employeeNumber"] == ["2"]
    assert office.person("ada")["entryUUID"] == before
    office.settled()


def test_two_numbers_of_one_person_are_put_together(office: Office, contracts: Source) -> None:
    office.run()
    for name in ("c1", "c2"):
        contracts[name] |= {"person": "2", "name": "Bob"}
    office.run()
    assert office.mvo("c1") == office.mvo("c2") == office.mvo("c3")
    (item,) = office.json("review")
    assert "ada" in item["label"].lower()
    office.approve_all()
    office.run()
    assert office.people() == {"bob"}
    office.settled()


def test_what_another_source_says_of_the_person_holds(office: Office, contracts: Source) -> None:
    """The number is the person's, and HR's file of people gives it; a single contract goes over all the same."""
    office.systems["hr"]["objects"]["person"] = {"path": "hr.csv", "external_id": "id"}
    office.rules.insert(
        0,
        {
            "name": "people",
            "from": "hr.person",
            "to": "metaverse.person",
            "join": [["employee_id"]],
            "project": True,
            "flow": {"employee_id": "id", "account_name": "{{ first_name | lower }}"},
        },
    )
    office.rule("contracts")["flow"] = {
        "title": "job",
        "department": "unit",
        "last_name": "name",
        "display_name": "name",
    } | {name: {"constant": name} for name in ("phone", "mail", "status")}
    office.rule("contracts")["project"] = False
    office.run(status=None)
    assert told(office, "bob") == (["Boss"], ["Sales"])
    mvo = office.mvo("2")
    contracts["c3"]["person"] = "1"
    contracts["c3"]["starts"] = "2019-05-05"
    office.run(status=None)
    assert told(office) == (["Lead"], ["IT"])
    assert office.mvo("c3") == office.mvo("1")

    contracts["c3"]["person"] = "2"
    office.run(status=None)
    office.hr["22"] = office.hr.pop("2")  # an id that changes is somebody else's row
    contracts["c3"]["person"] = "22"
    office.run(status=None)
    assert office.mvo("c3") == office.mvo("22") != mvo


def test_joined_by_hand_a_row_stays(office: Office, contracts: Source) -> None:
    contracts.add("x1", person="", name="Ada", job="Chair", unit="Board", starts="2026-01-01")
    office.rule("contracts")["scope"] = "person is defined or job == 'Chair'"
    office.rule("contracts")["project"] = True
    office.run(status=None)
    other = office.mvo("x1")
    office("disconnect", office.cso("hr", "x1"), "--reason", "it is Ada's")
    office("exclude", office.cso("hr", "x1"), "--reason", "it is Ada's")
    office.run(status=None)
    office("include", office.cso("hr", "x1"), "--reason", "it is Ada's")
    office("join", office.cso("hr", "x1"), office.mvo("c1"), "--reason", "a second one, as she says herself")
    office.run(status=None)
    assert office.mvo("x1") == office.mvo("c1") != other
    assert told(office) == (["Chair"], ["Board"])
    contracts["x1"]["person"] = "77"
    contracts["x1"]["job"] = "Chairwoman"
    office.run(status=None)
    assert office.mvo("x1") == office.mvo("c1")
    assert told(office)[0] == ["Chairwoman"]
    office("exclude", office.cso("hr", "x1"), "--reason", "it was not hers")
    office.run(status=None)
    assert told(office) == (["Lead"], ["IT"])


def test_a_reference_to_any_row_is_to_the_person(office: Office, contracts: Source) -> None:
    contract = office.systems["hr"]["objects"]["contract"]
    contract["attributes"]["boss"] = "reference"
    office.metaverse["person"]["attributes"]["manager"] = "reference"
    office.systems["directory"]["objects"]["person"]["attributes"] = {"manager": "reference"}
    flow(office)["manager"] = "boss"
    office.rule("people to the directory")["flow"]["manager"] = "manager"
    contracts["c3"]["boss"] = "c1"
    contracts["c2"]["boss"] = "c3"
    contracts.add("c4", person="4", name="Dan", job="Aide", unit="IT", boss="c2", starts="2024-01-01")
    office.run()
    ada, bob = office.person("ada"), office.person("bob")
    assert bob["manager"] == office.person("dan")["manager"] == ada["dn"]
    assert ada["manager"] == bob["dn"]
    del contracts["c1"]
    contracts["c3"]["boss"] = "c2"
    office.run()
    office.approve_all()
    office.run()
    assert office.person("bob")["manager"] == ada["dn"]
    office.settled()


# -------------------------------------------------------------------- rows that go


def test_only_the_row_goes_and_the_review_says_what_changes(office: Office, contracts: Source) -> None:
    flow(office)["department"] = "{{ rows | map(attribute='unit') | select | unique | join(', ') }}"
    office.run()
    del contracts["c2"]
    office.run()
    assert told(office) == (["Lead"], ["IT"]), "nothing before somebody has decided"
    (item,) = office.json("review")
    follows = item["consequences"]
    assert not follows["mvo_deleted"]
    assert follows["deletes"] == []
    assert [one[2] for one in follows["stays_by"]] == ["Ada (c1)"]
    assert follows["becomes"]["title"] == [["Lead"], ["Clerk"]]
    assert "department" not in follows["recalled"], "it is the same without this row"
    line = consequences(item)
    assert line.startswith("only this row goes: Ada (mvo-")
    assert line.endswith("stays by Ada (c1) of 'hr'; recalls title (Lead → Clerk)")
    sheet = "\n".join("".join(text for text, *_ in one.line) for one in reviews.consequences(item, 100))
    assert "Ada (c1) of hr: only this row goes" in sheet
    assert "title, and Ada (c1) in hr gives it: Lead → Clerk" in sheet
    office.approve_all("it has ended")
    office.run()
    assert told(office) == (["Clerk"], ["IT"])
    office.settled()


def test_what_all_rows_make_is_taken_back_with_any_of_them(office: Office, contracts: Source) -> None:
    flow(office)["department"] = "{{ rows | map(attribute='unit') | select | unique | join(', ') }}"
    contracts["c2"]["unit"] = "Sales"
    office.run()
    del contracts["c1"]
    office.run()
    (item,) = office.json("review")
    assert item["consequences"]["recalled"] == ["department"]
    assert item["consequences"]["becomes"] == {"department": [["Sales, IT"], ["Sales"]]}


def test_the_person_leaves_with_the_last_row(office: Office, contracts: Source) -> None:
    office.run()
    del contracts["c1"], contracts["c2"]
    office.run()
    items = office.json("review")
    assert len(items) == 2
    for item in items:
        assert item["consequences"]["mvo_deleted"]
        assert len(item["consequences"]["together_with"]) == 1
    office("review", "approve", items[0]["id"], "--reason", "one of the two")
    office.run()
    assert office.people() == {"ada", "bob"}, "the other row has not been decided about"
    (item,) = office.json("review")
    assert item["consequences"]["mvo_deleted"]
    office.approve_all()
    office.run()
    assert office.people() == {"bob"}
    office.settled()


def test_both_rows_approved_at_once_take_the_person_along(office: Office, contracts: Source) -> None:
    office.run()
    del contracts["c1"], contracts["c2"]
    office.run()
    office.approve_all()
    office.run()
    assert office.people() == {"bob"}
    office.settled()


def test_with_grace_any_row_calls_it_off(office: Office, contracts: Source) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    ada = office.person("ada")
    gone = {name: contracts.pop(name) for name in ("c1", "c2")}
    office.run()
    office.approve_all()
    office.run()
    assert office.person("ada") == ada
    office.shift = "10d"
    contracts["c7"] = gone["c1"] | {"job": "Aide"}  # a new contract, of the same person
    office.run()
    assert office.person("ada")["entryUUID"] == ada["entryUUID"]
    assert told(office) == (["Aide"], ["IT"])
    office.shift = "50d"
    office.run()
    assert office.people() == {"ada", "bob"}
    office.settled()


def test_a_row_that_is_back_closes_its_question(office: Office, contracts: Source) -> None:
    office.run()
    gone = contracts.pop("c2")
    office.run()
    contracts["c2"] = gone
    office.run()
    assert office.json("review") == []
    assert told(office) == (["Lead"], ["IT"])
    office.settled()


def test_an_authoritative_source_is_there_as_long_as_one_row_is(office: Office, contracts: Source) -> None:
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "hr.contract"}
    office.run()
    del contracts["c2"]
    office.run()
    office.approve_all()
    office.run()
    assert office.people() == {"ada", "bob"}
    del contracts["c1"]
    office.run()
    office.approve_all()
    office.run()
    assert office.people() == {"bob"}


@pytest.mark.parametrize("same", [True, False])
def test_a_row_of_somebody_else_by_decision_leaves_the_person_alone(
    office: Office, contracts: Source, same: bool
) -> None:
    office.systems["hr"]["objects"]["contract"]["same_person"] = [["name"], ["job"]]
    office.run()
    contracts["c2"] |= {"person": "9", "name": "Zoe", "job": "Head"}
    office.run(status=1)
    assert office.codes() == ["identity-changed"]
    assert told(office) == (["Lead"], ["IT"])
    (item,) = office.json("review")
    office("review", "keep" if same else "approve", item["id"], "--reason", "seen")
    office.run()
    office.run()
    assert told(office) == (["Clerk"], ["IT"])
    assert told(office, "zoe") == (["Head"], [])
    contracts.add("c5", person="1", name="Ada", job="Chief", unit="IT", starts="2025-01-01")
    office.run()
    assert told(office)[0] == ["Chief"], "Ada herself can have another row"
    office.settled()


# -------------------------------------------------------------------- told and planned


def test_explain_names_every_row_and_why(office: Office, contracts: Source) -> None:
    flow(office)["department"] = "{{ rows | map(attribute='unit') | select | unique | join(', ') }}"
    office.run()
    first, second = office.cso("hr", "c1"), office.cso("hr", "c2")
    text = office("explain", "Ada")
    assert f"hr.contract  Ada (c1) ({first}), Normal, by projection" in text
    assert f"hr.contract  Ada (c2) ({second}), Normal, by join" in text
    old, new = f"Ada (c1) in hr ({first})", f"Ada (c2) in hr ({second})"
    assert f"title = Lead  from {new}, rule 'contracts', which prefers starts desc" in text
    outranked = f"outranked by {new}: starts desc goes first, and its starts is 2020-01-01 (Clerk)"
    assert f"rule 'contracts', {old}: {outranked}" in text
    assert f"department = IT  from all rows ({new}, {old}), rule 'contracts'" in text
    office("explain", first)


def test_check_tells_where_nothing_says_which_row_goes_first(office: Office, contracts: Source) -> None:
    told = "of several rows of one person the one with the lowest id gives first"
    assert told not in office("check")
    del office.rule("contracts")["prefer"]
    flow(office)["title"] = {"source": "job", "prefer": "starts"}
    text = office("check")
    assert f"'contracts': {told} employee_id, account_name, display_name, last_name, department, mail; prefer" in text
    flow(office)["department"] = "{{ rows | map(attribute='unti') | join }}"
    assert "unti" in office("check", status=None), "the file has no such column"


def test_an_expression_over_rows_can_be_tried(office: Office, contracts: Source) -> None:
    office.run()
    text = office("try", "rows | map(attribute='job') | join(', ') ~ '/' ~ job", office.cso("hr", "c2"))
    assert "Lead, Clerk/Lead" in text


def test_a_plan_says_what_the_rows_will_do(office: Office, contracts: Source) -> None:
    office.run()
    contracts["c2"] |= {"person": "2", "name": "Bob"}
    changes = [change for change in office.json("plan")["changes"] if change["phase"] == "export"]
    planned = {
        (change["dn"].split(",")[0], one["name"], *one["new"]) for change in changes for one in change["attributes"]
    }
    assert planned >= {("uid=ada", "title", "Clerk"), ("uid=bob", "title", "Lead")}
    office.run()
    assert told(office)[0] == ["Clerk"]


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_anywhere_ends_where_another_does(office: Office, contracts: Source, after: bool) -> None:
    office.pages = {"page_size": 1}
    office.run()
    contracts["c2"] |= {"person": "2", "name": "Bob"}
    contracts.add("c4", person="1", name="Ada", job="Aide", unit="HR", starts="2025-01-01")
    contracts.add("c5", person="9", name="Zoe", job="Aide", unit="HR", starts="2025-01-01")
    contracts.add("c6", person="9", name="Zoe", job="Lead", unit="HR", starts="2026-01-01")
    office.main("status")  # writes the files
    at = 3
    while killed(office, "run", at=at, after=after):
        at += 5
    office.run(status=None)
    office.run()
    assert told(office) == (["Aide"], ["HR"])
    assert told(office, "zoe") == (["Lead"], ["HR"])
    assert office.mvo("c2") == office.mvo("c3")
    assert office.query("SELECT count(*) FROM metaverse") == [(3,)]
    office.settled()


@pytest.mark.parametrize("size", [1, 5000])
def test_a_person_with_another_number_keeps_the_rows_that_say_so_too(
    office: Office, contracts: Source, size: int
) -> None:
    """The file of people gives the number and tells the former one; the contracts name the new one in the same hour."""
    office.pages = {"page_size": size}
    office.systems["hr"]["objects"]["person"] = {"path": "people.csv", "external_id": "id", "previous_id": "old"}
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "hr.contract"}
    office.rules.insert(
        0,
        {
            "name": "people",
            "from": "hr.person",
            "to": "metaverse.person",
            "join": [["employee_id"]],
            "project": True,
            "flow": {"employee_id": "id"},
        },
    )
    people = office.source("people.csv", "id", ("old",))
    people.add("1")
    people.add("2")
    office.run()
    mvo, ada = office.mvo("1"), office.person("ada")
    assert office.mvo("c1") == office.mvo("c2") == mvo
    people["11"] = people.pop("1") | {"old": "1"}
    for name in ("c1", "c2"):
        contracts[name]["person"] = "11"
    office.run()
    assert office.mvo("11") == office.mvo("c1") == office.mvo("c2") == mvo
    assert office.json("review") == []
    assert office.person("ada")["entryUUID"] == ada["entryUUID"]
    assert office.person("ada")["employeeNumber"] == ["11"]
    office.settled()
