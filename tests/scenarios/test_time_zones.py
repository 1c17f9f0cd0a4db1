"""The time zone of the store decides which day it is, and how long a contract lasts."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.scenarios.conftest import Office
from tests.scenarios.stages import in_stages, is_disabled, is_enabled

EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""Twenty-five hours apart: it is never the same day in both."""


def _day(zone: str) -> str:
    return datetime.now(ZoneInfo(zone)).date().isoformat()


def test_a_contract_ends_at_midnight_there(office: Office) -> None:
    office.rule("people to the directory").update(
        scope="not end or end >= today", deprovision="disable", disable={"employeeType": {"constant": "gone"}}
    )
    office.hr["1"]["end"] = _day(WEST)  # its last day there; in the east it is over
    office.store["timezone"] = WEST
    office.run()
    assert office.person("ada")["employeeType"] == ["active"]
    office.store["timezone"] = EAST
    office.run()
    assert office.person("ada")["employeeType"] == ["gone"]
    office.settled()


def test_intervals_begin_at_midnight_there(office: Office) -> None:
    flow = office.rule("people to the directory")["flow"]
    flow["description"] = "{{ (end + 1d) | filetime if end else 0 }}"
    office.hr["1"]["end"] = "2026-03-29"
    office.store["timezone"] = "Europe/Berlin"
    office.run()
    assert office.person("ada")["description"] == ["134192952000000000"]
    assert office.person("bob")["description"] == ["0"]
    office.store["timezone"] = "UTC"
    office.run()
    assert office.person("ada")["description"] == [str(134192952000000000 + 2 * 36_000_000_000)]


def test_a_zone_that_nobody_knows_is_told(office: Office) -> None:
    office.store["timezone"] = "Europe/Bonn"
    assert "store.timezone: no time zone is called 'Europe/Bonn'" in office("check", status=2)


def test_a_system_in_another_place_has_its_own_day(office: Office) -> None:
    office.rule("people to the directory").update(
        scope="not end or end >= today", deprovision="disable", disable={"employeeType": {"constant": "gone"}}
    )
    office.hr["1"]["end"] = _day(WEST)
    office.store["timezone"] = EAST
    office.systems["directory"]["timezone"] = WEST
    office.run()
    assert office.person("ada")["employeeType"] == ["active"]
    explained = office("explain", office.mvo("1"))
    assert f"today = {_day(WEST)}" in explained
    del office.systems["directory"]["timezone"]
    office.run()
    assert office.person("ada")["employeeType"] == ["gone"]
    office.systems["directory"]["timezone"] = WEST
    office.run()
    assert office.person("ada")["employeeType"] == ["active"]
    office.settled()


def test_each_system_reads_and_writes_in_its_zone(office: Office) -> None:
    lines = office.has_telephony()
    office.systems["hr"]["objects"]["person"]["attributes"] = {"start": "datetime"}
    office.systems["telephony"]["objects"]["line"]["attributes"] = {"number": "datetime"}
    office.metaverse["person"]["attributes"] = {"start": "datetime", "phone": "datetime"}
    office.rule("people from hr")["flow"].pop("phone")
    office.rule("people from hr")["flow"].pop("end")
    for number in ("3", "4"):
        del office.hr[number]
    office.systems["hr"]["timezone"] = "Europe/Berlin"
    office.systems["telephony"]["timezone"] = "America/New_York"
    office.systems["directory"]["timezone"] = "Asia/Tokyo"
    office.systems["directory"]["objects"]["person"]["attributes"] = {"carLicense": "datetime"}
    flow = office.rule("people to the directory")["flow"]
    flow |= {
        "departmentNumber": "{{ start }}",
        "telephoneNumber": "{{ phone }}",
        "description": "{{ start | format_date('%Y-%m-%d %H:%M') if start }}",
        "carLicense": "{{ '2026-07-01T12:00:00' }}",
        "businessCategory": "{{ [start] | map('format_date', '%H:%M') | join if start }}",
        "roomNumber": "{{ start | date | filetime if start }}",
    }
    office.hr["1"]["start"] = "2026-03-29T03:30:00"  # summer time has just begun there
    office.hr["2"]["start"] = "2026-10-25T02:30:00"  # it comes twice there
    lines.add("L1", employee="1", number="2026-03-08T02:30:00")  # it does not exist there
    office.run()
    ada, bob = office.person("ada"), office.person("bob")
    assert ada["departmentNumber"] == ["2026-03-29T01:30:00+00:00"]
    assert bob["departmentNumber"] == ["2026-10-25T00:30:00+00:00"]
    assert ada["telephoneNumber"] == ["2026-03-08T07:30:00+00:00"]
    assert ada["description"] == ["2026-03-29 10:30"]
    assert ada["businessCategory"] == ["10:30"]  # evaluated in a process of its own
    assert ada["carLicense"] == ["20260701030000Z"]
    assert ada["roomNumber"] == [str((int(datetime(2026, 3, 28, 15, tzinfo=UTC).timestamp()) + 11644473600) * 10**7)]
    office.settled()

    office.systems["hr"]["timezone"] = "UTC"
    office.run()
    assert office.person("ada")["departmentNumber"] == ["2026-03-29T03:30:00+00:00"]
    assert office.person("ada")["description"] == ["2026-03-29 12:30"]
    office.settled()


def test_somebody_leaves_by_a_date_at_the_midnight_of_the_target(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["1"]["end"] = _day(WEST)
    office.store["timezone"] = EAST
    office.systems["directory"]["timezone"] = WEST
    office.run()
    is_enabled(office, "ada", "1")
    del office.systems["directory"]["timezone"]
    office.run()
    is_disabled(office, "ada")


def test_the_day_of_a_delete_is_the_stores_in_the_export_too(office: Office) -> None:
    rule = in_stages(office, "at_start", scope="status == 'active'")
    rule["leaving"] = [{"after": "1d", "do": "delete", "approve": "at_start"}]
    del rule["disable"]
    office.store["timezone"] = EAST
    office.systems["directory"]["timezone"] = WEST
    office.run()
    office.hr["2"]["status"] = "left"
    office.run()
    office.approve_all("left")
    midnight = datetime.combine(datetime.now(ZoneInfo(EAST)).date() + timedelta(days=1), time(), ZoneInfo(EAST))
    seconds = int((midnight - datetime.now(UTC)).total_seconds())
    if seconds > 120:
        office.runs_in(f"{seconds - 60}s")
        assert "bob" in office.people()
    office.runs_in(f"{seconds + 60}s")
    assert "bob" not in office.people()


def test_the_zone_of_a_system_that_nobody_knows_is_told(office: Office) -> None:
    office.systems["hr"]["timezone"] = "Europe/Bonn"
    assert "systems.hr.timezone: no time zone is called 'Europe/Bonn'" in office("check", status=2)
