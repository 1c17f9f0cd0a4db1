"""What a killed run left on its way is settled before evaluation looks: the first rerun writes today's values."""

import sqlite3

from tests.scenarios.conftest import Office


def test_the_first_rerun_writes_what_is_wanted_today(office: Office) -> None:
    office.run()
    office.hr["2"]["title"] = "Lead"
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    _as_if_killed_while_sending(office)
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.person("bob")["title"] == ["Boss"]
    office.settled()


def test_what_was_written_before_the_kill_is_known_as_written(office: Office) -> None:
    office.run()
    office.hr["2"]["title"] = "Lead"
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    dn = office.person("bob")["dn"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Lead\n")
    _as_if_killed_while_sending(office)
    office("step", "evaluate")
    (export,) = office.json("exports")
    assert export["status"] == "Exported"
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.person("bob")["title"] == ["Boss"]
    office.settled()


def _as_if_killed_while_sending(office: Office) -> None:
    with sqlite3.connect(office.folder / "interlock.db") as connection:
        connection.execute("UPDATE pending_exports SET status = 'Executing'")
