"""Decisions that are combined, repeated or split among names: none of them lets more pass than was approved."""

from tests.attacks.conftest import EVERYBODY, Office


def _decide(office: Office, what: str, *ids: str, status: int = 0) -> str:
    return office("review", what, *ids, "--reason", "as agreed", "--count", str(len(ids)), status=status)


def _only(office: Office) -> str:
    (item,) = office.json("review")
    return str(item["id"])


def _bob_leaves(office: Office) -> str:
    del office.hr["2"]
    office.run()
    return _only(office)


def test_two_people_of_a_type_of_the_target_count_for_what_a_source_lost(office: Office) -> None:
    directory = office.systems["directory"]["objects"]
    directory["account"] = directory.pop("person")
    office.rule("people to the directory")["to"] = "directory.account"
    office.run(None)
    office.run(None)
    assert office.people() == EVERYBODY
    office.systems["directory"]["objects"]["account"]["deletions"] = {"two_people_from": 1}
    item = _bob_leaves(office)
    office.sits_down("ada")
    assert "somebody else" in _decide(office, "approve", item)
    office.run()
    assert office.people() == EVERYBODY


def test_what_one_of_two_approved_is_no_half_of_what_it_has_grown_to(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    office.has_telephony().add("L2", employee="2", number="12")
    office.run()
    item = _bob_leaves(office)
    office.sits_down("ada")
    _decide(office, "approve", item)
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "hr"}
    office.sits_down("cleo")
    assert "grown" in _decide(office, "approve", item, status=1)
    _decide(office, "approve", item)
    office.run()
    assert office.people() == EVERYBODY
    office.sits_down("ada")
    _decide(office, "approve", item)
    office.run()
    assert office.people() == EVERYBODY - {"bob"}


def test_another_way_to_write_a_name_is_no_second_person(office: Office) -> None:
    office.systems["hr"]["deletions"]["two_people_from"] = 1
    item = _bob_leaves(office)
    office.sits_down("ada")
    _decide(office, "approve", item)
    for name in ("ada", "Ada", " ada ", "ada\u200b", "\uff41da", "a\u00adda", "ada\u00a0", "ada\n"):
        office.sits_down(name, seat="elsewhere")
        assert "somebody else has to" in _decide(office, "approve", item, status=1)
    office.sits_down("cleo")
    _decide(office, "approve", item)


def test_a_period_of_grace_is_not_cut_short_by_another_cause(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "7d"
    _decide(office, "approve", _bob_leaves(office))
    office.run()
    assert office.people() == EVERYBODY
    office.rule("people to the directory")["scope"] = "employee_id != '2'"
    office.run(None)
    office.run(None)
    assert office.people() == EVERYBODY


def test_an_approval_is_withdrawn_and_kept_within_its_grace(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "7d"
    item = _bob_leaves(office)
    _decide(office, "approve", item)
    office.run()
    _decide(office, "withdraw", item)
    office.shift = "8d"
    office.run(None)
    office.run(None)
    assert office.people() == EVERYBODY


def test_a_rule_that_changes_within_a_grace_asks_about_nobody_in_it(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "7d"
    _decide(office, "approve", _bob_leaves(office))
    office.run()
    office.rule("people to the directory")["scope"] = "employee_id != '2'"
    office.run()
    assert [item for item in office.json("review") if item["state"] == "open"] == []
    assert office.people() == EVERYBODY
    office.shift = "8d"
    office.run()
    assert office.people() == EVERYBODY - {"bob"}


def test_another_configuration_does_not_take_the_roles_away(office: Office) -> None:
    office.roles = {"administrator": ["ada"], "approver": ["cleo"], "operator": ["olga"]}
    office.env["INTERLOCK_OPERATOR"] = "ada"
    item = _bob_leaves(office)
    office.env["INTERLOCK_OPERATOR"] = "olga"
    for roles in ({}, {"administrator": ["olga"]}, {"administrator": ["ada"], "approver": ["olga"]}):
        office.roles = roles
        assert "changes its [roles]" in _decide(office, "approve", item, status=2)
    office.env["INTERLOCK_OPERATOR"] = "ada"
    office.run()
    office.env["INTERLOCK_OPERATOR"] = "olga"
    _decide(office, "approve", item)
