"""An entry is who its primary id says it is, whatever its DN: nobody is changed or deleted in another's place."""

from tests.integration.conftest import Office, by_number
from tests.slapd import Slapd

STRANGER = "objectClass: inetOrgPerson\ncn: Edward Moore\nsn: Moore\nemployeeNumber: CONTRACTOR-7\n"


def _leave(office: Office, index: int) -> dict[str, str]:
    leaver = office.rows.pop(index)
    office.write()
    for step in (["import", "hr"], ["detect", "hr"]):
        office("step", *step)
    office("review", "approve", "rev-1", "--reason", "left")
    office("step", "sync")
    office("step", "evaluate")
    return leaver


def _rename(slapd: Slapd, dn: str, rdn: str) -> None:
    slapd.modify(f"dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\n")


def test_an_approved_delete_follows_its_entry_and_spares_the_one_in_its_place(office: Office, slapd: Slapd) -> None:
    office("run")
    leaver = _leave(office, 0)
    dn, _ = by_number(slapd.people())[leaver["employee_id"]]
    _rename(slapd, dn, "uid=moved-away")
    slapd.add(f"dn: {dn}\n{STRANGER}")
    office("step", "export", "directory")
    left = by_number(slapd.people())
    assert leaver["employee_id"] not in left
    assert left["CONTRACTOR-7"][0] == dn


def test_an_update_follows_its_entry_and_spares_the_one_in_its_place(office: Office, slapd: Slapd) -> None:
    office("run")
    number = office.rows[0]["employee_id"]
    dn, _ = by_number(slapd.people())[number]
    office.rows[0]["title"] = "Director"
    office.write()
    for step in (["import", "hr"], ["sync"], ["evaluate"]):
        office("step", *step)
    _rename(slapd, dn, "uid=moved-away")
    slapd.add(f"dn: {dn}\n{STRANGER}")
    office("step", "export", "directory")
    found = by_number(slapd.people())
    assert found[number][1]["title"] == ["Director"]
    assert "title" not in found["CONTRACTOR-7"][1]


def test_an_approval_does_not_cover_an_entry_that_was_made_anew(office: Office, slapd: Slapd) -> None:
    office("run")
    leaver = office.rows.pop(0)
    office.write()
    office("run")
    office("review", "approve", "rev-1", "--reason", "left")
    dn, _ = by_number(slapd.people())[leaver["employee_id"]]
    slapd.modify(f"dn: {dn}\nchangetype: delete\n")
    slapd.add(f"dn: {dn}\n{STRANGER}")
    office("run", status=None)
    assert by_number(slapd.people())["CONTRACTOR-7"][1]["cn"] == ["Edward Moore"]
    office("run", status=None)
    assert by_number(slapd.people())["CONTRACTOR-7"][1]["cn"] == ["Edward Moore"]


def test_a_strangers_entry_at_the_planned_dn_is_never_taken_over(office: Office, slapd: Slapd) -> None:
    office("run")
    office.rows.append({**office.rows[0], "employee_id": "E000777", "first_name": "Zed", "last_name": "Zorro"})
    office.write()
    for step in (["import", "hr"], ["sync"], ["evaluate"]):
        office("step", *step)
    dn = office.query("SELECT secondary_id FROM objects WHERE status = 'PendingProvisioning'")[0][0]
    slapd.add(f"dn: {dn}\n{STRANGER}")
    for _ in range(3):
        assert "existing-object" in office("run", status=1)
    assert slapd.people()[dn]["employeeNumber"] == ["CONTRACTOR-7"]
    assert slapd.people()[dn]["cn"] == ["Edward Moore"]


def test_a_row_that_came_back_with_an_error_is_not_missing(office: Office, slapd: Slapd) -> None:
    office("run")
    leaver = office.rows[0]
    office.write(office.rows[1:])
    office("run")
    office("review", "approve", "rev-1", "--reason", "left")
    for broken in ([{**leaver, "start_date": "15.3.2013"}], [leaver, leaver]):
        office.write([*office.rows[1:], *broken])
        office("run", status=1)
        assert leaver["employee_id"] in by_number(slapd.people())
        assert office.statuses("hr") == {"Normal": 71}
        assert [item["state"] for item in office.json("review", "--status", "all")] == ["reappeared"]


def test_entries_that_swapped_their_names_stay_who_they_are(office: Office, slapd: Slapd) -> None:
    office("run")
    first, second = (row["employee_id"] for row in office.rows[:2])
    before = by_number(slapd.people())
    uuids = {number: before[number][1]["entryUUID"] for number in (first, second)}
    first_dn, second_dn = before[first][0], before[second][0]
    rdns = [dn.split(",", 1)[0] for dn in (first_dn, second_dn)]
    _rename(slapd, first_dn, "uid=temporary")
    _rename(slapd, second_dn, rdns[0] if first_dn.split(",", 1)[1] == second_dn.split(",", 1)[1] else "uid=swapped")
    office.rows[0]["title"] = "Director"
    office.write()
    for _ in range(3):
        office("run", status=None)
    after = by_number(slapd.people())
    assert {number: after[number][1]["entryUUID"] for number in (first, second)} == uuids
    assert after[first][1]["title"] == ["Director"]
    assert after[second][1]["title"] == [office.rows[1]["title"]]
    assert after[first][0] == first_dn
    assert after[second][0] == second_dn
    office("run")


def test_an_unsent_delete_can_be_called_back(office: Office, slapd: Slapd) -> None:
    office("run")
    leaver = _leave(office, 0)
    office("review", "withdraw", "rev-1", "--reason", "wrong person")
    office("run")
    assert leaver["employee_id"] in by_number(slapd.people())
    assert [item["kind"] for item in office.json("review")] == ["delete"]
    office("review", "keep", office.json("review")[0]["id"], "--reason", "the account stays")
    office("run")
    assert leaver["employee_id"] in by_number(slapd.people())
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]


def test_a_file_that_was_wrong_once_does_not_hold_up_the_right_one(office: Office, slapd: Slapd) -> None:
    office("run")
    text = (office.folder / "hr.csv").read_text()
    (office.folder / "hr.csv").write_text(text.replace("\nE0", "\ne0"))
    office("run", status=3)
    (office.folder / "hr.csv").write_text(text)
    office("run")
    assert office.statuses("hr") == {"Normal": 71}
    assert office.json("review") == []
    assert len(slapd.people()) == 60


def test_rules_that_are_removed_ask_before_anything_is_deleted(office: Office, slapd: Slapd) -> None:
    office("run")
    config = (office.folder / "interlock.toml").read_text()
    start = config.index('[[rules]]\nname = "people from hr"')
    end = config.index('[[rules]]\nname = "departments to the directory"')
    fields = "first_name last_name display_name account_name title department location email contract employee_id"
    declared = "".join(f', {name} = "text"' for name in fields.split())
    known = 'phones = "text[]" }\ndeletion'
    office.configure((config[:start] + config[end:]).replace(known, known.replace(" }", f"{declared} }}")))
    office("run")
    assert len(slapd.people()) == 60
    assert len(office.json("review")) == 60
    assert office.query("SELECT DISTINCT status FROM pending_exports") == [("AwaitingApproval",)]
    office.configure(config)
    office("run")
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]
    assert len(slapd.people()) == 60
