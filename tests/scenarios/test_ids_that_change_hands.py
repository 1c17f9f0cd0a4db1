"""Reused numbers: where everything that tells a person apart changes under an id, somebody has to say who it is."""

import pytest

from tests.scenarios.conftest import Office


@pytest.fixture
def office(office: Office) -> Office:
    office.systems["hr"]["objects"]["person"]["same_person"] = [["start"], ["last_name", "first_name"]]
    for number, row in office.hr.items():
        row["start"] = f"199{number}-01-01"
    office.run()
    return office


def _reused(office: Office) -> dict[str, list[str]]:
    """Let Bob's number be Zoe's."""
    bob = office.person("bob")
    office.hr["2"] = office.hr["2"] | {
        "first_name": "Zoe",
        "last_name": "Quinn",
        "start": "2020-02-02",
        "mail": "zoe@example.org",
    }
    office.run(status=1)
    return bob


def test_nothing_flows_until_somebody_has_decided(office: Office) -> None:
    bob = _reused(office)
    assert office.codes() == ["identity-changed"]
    office.run(status=1)
    assert office.person("bob") == bob
    (item,) = office.json("review")
    assert (item["kind"], item["state"]) == ("identity", "open")
    assert item["evidence"]["before"]["last_name"] == ["Noyce"]
    assert item["evidence"]["after"]["last_name"] == ["Quinn"]
    assert item["consequences"]["mvo_deleted"]


def test_kept_it_is_the_same_person(office: Office) -> None:
    bob = _reused(office)
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "new name, and a typo in the date")
    office.run()
    zoe = office.person("zoe")
    assert zoe["entryUUID"] == bob["entryUUID"]
    office.settled()
    office.hr["2"]["title"] = "Boss"
    office.run()
    answered = office.json("show", item["id"])
    assert (answered["state"], answered["transitions"][-1]["to_status"]) == ("kept", "kept"), "it stays answered"


@pytest.mark.parametrize("grace", ["", "30d"])
def test_approved_the_old_one_is_gone_and_this_one_is_new(office: Office, grace: str) -> None:
    if grace:
        office.metaverse["person"]["deletion"]["grace"] = grace
    bob, mvo = _reused(office), office.mvo("2")
    (item,) = office.json("review")
    office("review", "approve", item["id"], "--reason", "Bob left long ago")
    office.run(status=None)
    office.run(status=None)
    assert office.mvo("2") != mvo
    if grace:
        assert office.person("bob") == bob
        assert "zoe" not in office.people(), "her number is still on Bob's account"
        office.shift = "31d"
        office.run(status=None)
        office.run(status=None)
    zoe = office.person("zoe")
    assert zoe["entryUUID"] != bob["entryUUID"]
    assert zoe["employeeNumber"] == ["2"]
    assert "bob" not in office.people()
    office.settled()


def test_the_old_values_again_close_the_question(office: Office) -> None:
    old = dict(office.hr["2"])
    _reused(office)
    office.hr["2"] = old
    office.run()
    assert office.json("review") == []
    office.settled()


@pytest.mark.parametrize(
    "change",
    [
        {"last_name": "Quinn"},
        {"start": "2020-02-02"},
        {"last_name": "NOYCE", "start": "2020-02-02"},
        {"first_name": "Bobby", "last_name": "Quinn"},
    ],
)
def test_part_of_it_may_change(office: Office, change: dict[str, str]) -> None:
    office.hr["2"] |= change
    office.run()
    assert office.json("review") == []


def test_another_person_again_asks_anew(office: Office) -> None:
    _reused(office)
    (first,) = office.json("review")
    office.hr["2"] |= {"first_name": "Yan", "last_name": "Petrov", "start": "2021-03-03"}
    office.run(status=1)
    (second,) = office.json("review")
    assert first["id"] != second["id"]
    assert office.json("show", first["id"])["state"] == "withdrawn"


def _zoe_comes_after_bob(office: Office) -> tuple[dict[str, list[str]], str]:
    """Let Bob leave into his grace, and Zoe have his number some weeks later."""
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    bob, mvo = office.person("bob"), office.mvo("2")
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    office.hires("2", "Zoe Quinn", start="2020-02-02")
    office.run(status=1)
    assert office.codes() == ["identity-changed"]
    office.run(status=1)
    assert office.person("bob") == bob
    return bob, mvo


def test_a_number_given_on_while_its_person_is_in_grace_is_asked_about(office: Office) -> None:
    bob, mvo = _zoe_comes_after_bob(office)
    (item,) = office.json("review")
    assert (item["kind"], item["evidence"]["before"]["last_name"]) == ("identity", ["Noyce"])
    office("review", "approve", item["id"], "--reason", "somebody new")
    office.run(status=1)
    assert office.codes() == ["join-already-taken"], "her number is still on Bob's account"
    assert office.mvo("2") != mvo
    assert office.person("bob") == bob
    office.shift = "31d"
    office.run(status=None)
    office.run()
    assert office.person("zoe")["entryUUID"] != bob["entryUUID"]
    assert "bob" not in office.people()
    office.settled()


def test_a_number_that_was_never_somebody_elses_brings_its_person_back(office: Office) -> None:
    bob, mvo = _zoe_comes_after_bob(office)
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "she married, and the date was wrong")
    office.run()
    assert office.mvo("2") == mvo
    assert office.person("zoe")["entryUUID"] == bob["entryUUID"]
    office.settled()


ZOE = {"first_name": "Zoe", "last_name": "Quinn", "start": "2020-02-02", "mail": "zoe@example.org"}


def _found_by_name(office: Office) -> dict[str, str]:
    """Let people be found by their name besides; give Bob's row."""
    office.rule("people from hr")["join"] = [["employee_id"], ["last_name", "first_name"]]
    office.run()
    return dict(office.hr["2"])


def _is_bob_again(office: Office, bob: dict[str, list[str]], mvo: str) -> None:
    """See that Bob has his account under his new number, and Zoe one of her own under his old one."""
    assert office.mvo("6") == mvo
    assert office.mvo("2") != mvo
    again, zoe = office.person("bob"), office.person("zoe")
    assert (again["entryUUID"], again["employeeNumber"]) == (bob["entryUUID"], ["6"])
    assert zoe["entryUUID"] != bob["entryUUID"]
    assert zoe["employeeNumber"] == ["2"]
    office.settled()


@pytest.mark.parametrize("grace", ["", "30d"])
@pytest.mark.parametrize("page_size", [1, 1000])
def test_who_has_a_new_number_keeps_the_account_when_the_old_one_is_somebody_elses(
    office: Office, grace: str, page_size: int
) -> None:
    if grace:
        office.metaverse["person"]["deletion"]["grace"] = grace
    office.pages["page_size"] = page_size
    row, bob, mvo = _found_by_name(office), office.person("bob"), office.mvo("2")
    office.hr["2"] = row | ZOE
    office.hr.add("6", **{name: value for name, value in row.items() if name != "id"})
    office.run(status=1)
    (item,) = office.json("review")
    assert item["kind"] == "identity"
    office("review", "approve", item["id"], "--reason", "the numbers were given anew")
    office.run(status=None)
    office.run(status=None)
    _is_bob_again(office, bob, mvo)


@pytest.mark.parametrize("decided_first", [True, False])
def test_who_returns_within_grace_under_another_number_has_the_old_account(office: Office, decided_first: bool) -> None:
    row = _found_by_name(office)
    bob, mvo = _zoe_comes_after_bob(office)
    (item,) = office.json("review")
    approve = ("review", "approve", item["id"], "--reason", "somebody new")
    back = {name: value for name, value in row.items() if name != "id"}
    if decided_first:
        office(*approve)
        office.run(status=1)
        office.hr.add("6", **back)
    else:
        office.hr.add("6", **back)
        office.run(status=1)
        office(*approve)
    office.run(status=None)
    office.run(status=None)
    _is_bob_again(office, bob, mvo)


def test_what_follows_from_an_approval_is_told_before(office: Office) -> None:
    _reused(office)
    (item,) = office.json("review")
    told = office("review", "consequences", item["id"])
    assert "nothing" not in told
    assert "disconnect" in told
    assert "Delete" in told
    assert "bob" in told


def test_who_is_found_again_in_the_same_step_is_not_counted_as_deleted(office: Office) -> None:
    row, mvo = _found_by_name(office), office.mvo("2")
    del office.hr["2"]
    office.run()
    office.approve_all("has another number")
    office.hr.add("6", **{name: value for name, value in row.items() if name != "id"})
    office.run()
    assert office.mvo("6") == mvo
    counted = office.steps()["sync"]["statistics"]
    assert (counted.get("metaverse object deletes", 0), counted["joins"]) == (0, 1)
    office.settled()
