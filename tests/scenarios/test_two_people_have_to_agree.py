"""Where two people have to agree, the second is another login, and many small approvals are one large one."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_nothing_goes_before_the_second_person_has_approved(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    office.run()
    del office.hr["2"]
    office.run()
    office.sits_down("ann")
    told = office("review", "approve", "rev-1", "--reason", "left")
    assert "approved by one of two: somebody else has to approve it too" in told
    office.run()
    assert "bob" in office.people()
    assert office.json("review")[0]["state"] == "half-approved"
    assert office.json("review")[0]["first_by"] == "ann"

    told = office("review", "approve", "rev-1", "--reason", "left, really", status=1)
    assert "you approved it first: somebody else has to" in told
    office.run()
    assert "bob" in office.people()

    office.sits_down("ben")
    office("review", "approve", "rev-1", "--reason", "yes, left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    item = office.json("show", "rev-1")
    assert (item["state"], item["first_by"], item["decided_by"]) == ("carried-out", "ann", "ben")


def test_another_name_is_no_second_person_from_the_same_seat(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    office.run()
    del office.hr["2"]
    office.run()
    office.env["INTERLOCK_OPERATOR"] = "ann"
    office("review", "approve", "rev-1", "--reason", "left")
    for people in ({}, {"people": "key"}):
        office.review = people
        office.env["INTERLOCK_OPERATOR"] = "ben"
        told = office("review", "approve", "rev-1", "--reason", "left", status=1)
        assert "ann approved it first from here" in told
    office.sits_down("ben")
    office.review = {}
    assert "from here" in office("review", "approve", "rev-1", "--reason", "left", status=1), "one user of the machine"
    office.run()
    assert "bob" in office.people()


def test_the_rule_of_the_target_counts_its_deletes_whatever_asks(office: Office) -> None:
    office.systems["directory"]["deletions"]["two_people_from"] = 2
    office.run()
    del office.hr["2"]
    del office.hr["3"]
    office.run()
    office.sits_down("ann")
    assert "approved by one" not in office("review", "approve", "rev-1", "--reason", "left")
    told = office("review", "approve", "rev-2", "--reason", "left")
    assert "approved by one of two" in told, "the second of a day is one of two, however small each approval is"
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}

    office.sits_down("ben")
    office("review", "approve", "rev-2", "--reason", "left")
    office.run()
    assert office.people() == {"ada", "dan"}


def test_the_first_of_two_can_be_withdrawn_and_kept(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    office.run()
    del office.hr["2"]
    office.run()
    office.sits_down("ann")
    office("review", "approve", "rev-1", "--reason", "left")
    office("review", "withdraw", "rev-1", "--reason", "she has not")
    assert [(one["state"], one["first_by"]) for one in office.json("review")] == [("open", None)]
    office.sits_down("ben")
    assert "approved by one of two" in office("review", "approve", "rev-1", "--reason", "left")
    office.sits_down("ann")
    office("review", "keep", "rev-1", "--reason", "on leave")
    office.run()
    assert "bob" in office.people()


def test_a_first_half_that_nobody_gave_is_none(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    office.run()
    del office.hr["2"]
    office.run()
    office.edit("UPDATE review_items SET state = 'half-approved', first_by = 'ann', decided_by = 'ann'")
    office.sits_down("ben")
    assert "approved by one of two" in office("review", "approve", "rev-1", "--reason", "left")
    office.run()
    assert "bob" in office.people()
    assert office.json("review")[0]["first_by"] == "ben"
