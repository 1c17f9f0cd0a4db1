"""A contract ends by its date: the account is disabled that day, and enabled when the contract is prolonged."""

from tests.scenarios.conftest import Office


def _ends_by_date(office: Office) -> None:
    rule = office.rule("people to the directory")
    rule["scope"] = "not end or end >= today"
    rule["deprovision"] = "disable"
    rule["disable"] = {"employeeType": "{{ 'disabled' }}", "telephoneNumber": "{{ '' }}"}


def test_an_account_is_disabled_on_its_day_and_enabled_again(office: Office) -> None:
    _ends_by_date(office)
    office.hr["4"]["end"] = office.day("20d")
    office.run()
    before = office.person("dan")
    assert before["employeeType"] == ["active"]

    office.runs_in("20d")
    assert office.person("dan") == before

    office.hr["4"]["title"] = "Director"
    office.runs_in("21d")
    disabled = office.person("dan")
    assert disabled["entryUUID"] == before["entryUUID"]
    assert disabled["employeeType"] == ["disabled"]
    assert "telephoneNumber" not in disabled
    assert disabled["title"] == ["Clerk"]
    assert office.json("review") == []

    office.hr["4"]["end"] = office.day("60d")
    office.runs_in("22d")
    enabled = office.person("dan")
    assert enabled["employeeType"] == ["active"]
    assert enabled["telephoneNumber"] == before["telephoneNumber"]
    assert enabled["title"] == ["Director"]
    office.settled()


def test_an_account_whose_person_is_gone_is_disabled_and_let_go(office: Office) -> None:
    _ends_by_date(office)
    office.run()
    before = office.person("bob")

    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    office.run()

    after = office.person("bob")
    assert after["employeeType"] == ["disabled"]
    assert after["title"] == before["title"]
    assert office.query("SELECT mvo_id FROM objects WHERE secondary_id LIKE 'uid=bob,%'") == [(None,)]
    assert office.query("SELECT count(*) FROM metaverse") == [(3,)]
    office.settled()
