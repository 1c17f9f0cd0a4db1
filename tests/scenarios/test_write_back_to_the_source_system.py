"""The account name that was generated flows back into HR's own file, and no further."""

from tests.scenarios.conftest import COLUMNS, Office


def test_the_account_name_is_written_into_hrs_file(office: Office) -> None:
    office.rules.append(
        {
            "name": "accounts back to hr",
            "from": "metaverse.person",
            "to": "hr.person",
            "flow": {"account": "{{ account_name }}@example.org"},
        }
    )
    office.hr.columns += ("account",)
    office.run()

    office.hr.load()
    assert {row["account"] for row in office.hr.values()} == {f"{uid}@example.org" for uid in office.people()}
    assert office.hr["1"]["last_name"] == "Lovelace"
    assert set(office.hr["1"]) == {"id", *COLUMNS, "account"}

    office.hr["1"]["first_name"] = "Augusta"
    office.hires("5", "Eve Moneypenny")
    office.run()
    office.hr.load()
    assert office.hr["1"]["account"] == "augusta@example.org"
    assert office.hr["5"]["account"] == "eve@example.org"
    assert list(office.hr) == ["1", "2", "3", "4", "5"]
    assert office.hr["2"]["account"] == "bob@example.org"
    office.settled()


def test_what_no_rule_writes_any_more_is_not_sent(office: Office) -> None:
    rule = {
        "name": "accounts back to hr",
        "from": "metaverse.person",
        "to": "hr.person",
        "flow": {"account": "{{ account_name }}@example.org"},
    }
    office.rules.append(rule)
    office.hr.columns += ("account",)
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    assert {one["system"] for one in office.json("exports")} == {"hr", "directory"}
    office.rules.remove(rule)
    office.run()
    assert office.json("exports") == []
    office.hr.load()
    assert {row["account"] for row in office.hr.values()} == {""}
    (reason,) = {
        reason
        for (reason,) in office.query("SELECT reason FROM transitions WHERE entity = 'export' AND system = 'hr'")
        if "rule" in reason and "flow of" not in reason
    }
    assert reason == "no rule writes to it any more"
    office.settled()
