"""Nothing is believed written until it was imported back; what goes wrong is one object's error."""

from tests.integration.conftest import Office, by_number
from tests.slapd import Slapd


def _overwrite_title(slapd: Slapd, dn: str, title: str) -> None:
    slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: {title}\n")


def test_a_create_without_its_dn_input_is_an_error_and_the_others_go_through(office: Office, slapd: Slapd) -> None:
    office.rows[5]["department"] = ""
    office.write()
    said = office("run", status=1)
    assert "dn-not-determined" in said
    assert "'department'" in said
    assert len(slapd.people()) == 59
    assert [error["code"] for error in office.errors()] == ["dn-not-determined"]
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]

    office.rows[5]["department"] = "Sales"
    office.write()
    office("run")
    assert len(slapd.people()) == 60


def test_an_export_overwritten_in_the_target_is_retried_and_then_failed(office: Office, slapd: Slapd) -> None:
    office("run")
    number = office.rows[9]["employee_id"]
    dn, _ = by_number(slapd.people())[number]
    office.rows[9]["title"] = "Astronaut"
    office.write()
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    for attempt in (1, 2, 3):
        office("step", "export", "directory")
        assert by_number(slapd.people())[number][1]["title"] == ["Astronaut"]
        _overwrite_title(slapd, dn, "Overwritten")
        said = office("step", "confirm", "directory", status=1)
        assert "exported-change-not-reimported" in said
        expected = "ExportNotConfirmed" if attempt < 3 else "Failed"
        assert office.query("SELECT status, attempts FROM pending_exports") == [(expected, attempt)]
    change = office.json("show", "exp-" + str(office.query("SELECT id FROM pending_exports")[0][0]))["changes"][0]
    assert change["add"] == ["Astronaut"]
    assert change["imported"] == ["Overwritten"]
    assert change["status"] == "Failed"

    assert "1 export is given up" in office("step", "export", "directory", status=1)
    assert by_number(slapd.people())[number][1]["title"] == ["Overwritten"]
    office("exports", "retry", "exp-" + str(office.query("SELECT id FROM pending_exports")[0][0]))
    office("step", "export", "directory")
    office("step", "confirm", "directory")
    assert by_number(slapd.people())[number][1]["title"] == ["Astronaut"]
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]


def test_a_hand_edit_of_what_we_own_is_put_right_and_of_what_we_do_not_is_left(office: Office, slapd: Slapd) -> None:
    office("run")
    number = office.rows[2]["employee_id"]
    dn, _ = by_number(slapd.people())[number]
    slapd.modify(
        f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Nobody\n-\nadd: description\ndescription: by hand\n"
    )
    office("run")
    entry = by_number(slapd.people())[number][1]
    assert entry["title"] == [office.rows[2]["title"]]
    assert entry["description"] == ["by hand"]


def test_an_account_that_exists_already_is_joined_and_not_doubled(office: Office, slapd: Slapd) -> None:
    number = office.rows[0]["employee_id"]
    slapd.add(
        "dn: cn=Old Account,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: Old Account\nsn: Account\n"
        f"employeeNumber: {number}\n"
    )
    uuid = by_number(slapd.people())[number][1]["entryUUID"]
    office("run")
    assert len(slapd.people()) == 60
    dn, entry = by_number(slapd.people())[number]
    assert entry["entryUUID"] == uuid
    assert dn.startswith("uid=")


def test_an_entry_with_the_wanted_dn_that_is_somebody_else_is_an_error(office: Office, slapd: Slapd) -> None:
    office("run")
    dn, _ = by_number(slapd.people())[office.rows[0]["employee_id"]]
    stranger = dn.replace("0001,", "0061,")
    slapd.add(f"dn: {stranger}\nobjectClass: inetOrgPerson\ncn: Stranger\nsn: Stranger\n")
    office.write([*office.rows, {**office.rows[0], "employee_id": "E000061"}])
    said = office("run", status=1)
    assert "existing-object" in said
    assert by_number(slapd.people()).keys() == {row["employee_id"] for row in office.rows}


def test_a_create_that_the_server_already_has_as_meant_is_adopted(office: Office, slapd: Slapd) -> None:
    for step in (["import", "hr"], ["sync"], ["evaluate"], ["export", "directory"]):
        office("step", *step)
    # As if the process had died after the server answered, and before that was stored.
    office.edit("UPDATE pending_exports SET status = 'Pending'")
    office("step", "export", "directory")
    assert office.steps()["export directory"]["statistics"] == {"adopted": 71}
    office("step", "confirm", "directory")
    told = office.query("SELECT DISTINCT to_status, reason FROM transitions WHERE entity = 'export' ORDER BY id DESC")
    assert ("Exported", "adopted: it exists as it is meant, nothing was created") in told
    assert ("confirmed", "confirmed by import") in told
    assert "export Exported → confirmed" in office("transitions", "--status", "confirmed", "--limit", "1")
    office("step", "confirm", "directory")
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]
    assert len(slapd.people()) == 60


def test_several_values_change_exactly(office: Office, slapd: Slapd) -> None:
    office.rows[1]["phones"] = "+49 1|+49 2|+49 3"
    office.write()
    office("run")
    office.rows[1]["phones"] = "+49 2|+49 3|+49 4"
    office.write()
    for step in (["import", "hr"], ["sync"], ["evaluate"]):
        office("step", *step)
    exported = office.json("exports")
    assert len(exported) == 1
    change = exported[0]["changes"][0]
    assert change["name"] == "telephoneNumber"
    assert (change["add"], change["remove"], change["replace"]) == (["+49 4"], ["+49 1"], False)
    office("run")
    entry = by_number(slapd.people())[office.rows[1]["employee_id"]][1]
    assert sorted(entry["telephoneNumber"]) == ["+49 2", "+49 3", "+49 4"]


def test_a_department_that_is_renamed_takes_its_people_along(office: Office, slapd: Slapd) -> None:
    office("run")
    uuids = {number: entry["entryUUID"] for number, (_, entry) in by_number(slapd.people()).items()}
    departments = (office.folder / "departments.csv").read_text()
    (office.folder / "departments.csv").write_text(departments.replace("Sales", "Sales & Partners"))
    for row in office.rows:
        row["department"] = row["department"].replace("Sales", "Sales & Partners")
    office.write()
    office("run")
    found = by_number(slapd.people())
    assert {number: entry["entryUUID"] for number, (_, entry) in found.items()} == uuids
    for row in office.rows:
        dn, entry = found[row["employee_id"]]
        assert entry["departmentNumber"] == [row["department"]]
        if row["department"].startswith("Sales"):
            assert ",ou=Sales & Partners,ou=people," in dn
    office("run")
    assert office.steps()["export directory"]["statistics"] == {}
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]


def test_a_server_that_is_away_is_a_run_that_cannot_start(office: Office, slapd: Slapd) -> None:
    office("run")
    slapd.stop()
    said = office("step", "confirm", "directory", status=4)
    assert "no-start-connection" in said
    assert slapd.url in said
    slapd.start()
    office("run")


def test_wrong_credentials_cannot_start(office: Office) -> None:
    office.env["DIRECTORY_PASSWORD"] = "wrong"
    said = office("step", "import", "directory", status=4)
    assert "no-start-credentials" in said
    assert "wrong" not in said.replace("the credentials are wrong", "")
    del office.env["DIRECTORY_PASSWORD"]
    assert "DIRECTORY_PASSWORD is not set" in office("step", "import", "directory", status=4)


def test_a_size_limit_is_incomplete_and_marks_nobody(office: Office, slapd: Slapd) -> None:
    office("run")
    slapd.stop()
    conf = slapd.home / "slapd.conf"
    reader = 'access to * by dn.exact="cn=reader,dc=example,dc=org" read by * auth\n'
    limit = 'limits dn.exact="cn=reader,dc=example,dc=org" size.soft=20 size.hard=20 size.prtotal=20\n'
    conf.write_text(conf.read_text() + limit + reader)
    slapd.start()
    slapd.add(
        "dn: cn=reader,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        "cn: reader\nuserPassword: reading\n"
    )
    config = (office.folder / "interlock.toml").read_text()
    office.configure(config.replace("cn=admin,", "cn=reader,"))
    office.env["DIRECTORY_PASSWORD"] = "reading"
    office("step", "import", "directory", status=1)
    said = office("step", "detect", "directory", status=1)
    assert "gate 1" in said
    assert "limit" in said
    assert office.statuses("directory") == {"Normal": 71}
