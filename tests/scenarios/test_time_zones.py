"""The time zone of the store decides which day it is, and how long a contract lasts."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.scenarios.conftest import Office

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
