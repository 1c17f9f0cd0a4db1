"""A returned person is the same person: found by every key they had, whichever source comes back first."""

import itertools

import pytest

from tests.scenarios.conftest import Office, Source


def _two_sources(office: Office, **deletion: str) -> Source:
    """Let crew and HR know people by a number each, and by what both have: the social security number."""
    office.hr.columns = (*office.hr.columns, "ssn")
    for number, row in office.hr.items():
        row["ssn"] = f"S{number}"
    office.rule("people from hr")["join"] = [["employee_id"], ["ssn"]]
    office.rule("people from hr")["flow"]["ssn"] = "ssn"
    office.systems["crew"] = {
        "connector": "csv",
        "objects": {"person": {"path": "crew.csv", "external_id": "badge"}},
        "deletions": {"max_percent": 100},
    }
    office.rules.append(
        {
            "name": "crew",
            "from": "crew.person",
            "to": "metaverse.person",
            "join": [["badge"], ["ssn"]],
            "project": True,
            "flow": {"badge": "badge", "ssn": "ssn", **{name: name for name in ("display_name", "last_name")}},
        }
    )
    office.rule("people to the directory")["flow"]["carLicense"] = "ssn"
    office.rule("people to the directory")["dn"] = "cn={{ display_name | rdn }},ou=people,dc=example,dc=org"
    office.rule("people to the directory")["join"] = [["carLicense"]]
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone", **deletion}
    crew = office.source("crew.csv", "badge", ("ssn", "display_name", "last_name"))
    for number, row in office.hr.items():
        name = f"{row['first_name']} {row['last_name']}"
        crew.add(f"B{number}", ssn=row["ssn"], display_name=name, last_name=row["last_name"])
    return crew


def _leaves(office: Office, source: Source, key: str) -> dict[str, str]:
    row = source.pop(key)
    office.run(status=None)
    office.approve_all("left")
    office.run(status=None)
    return row


def test_a_recalled_number_still_finds_its_person(office: Office) -> None:
    _two_sources(office)
    office.run()
    mvo = office.mvo("2")
    row = _leaves(office, office.hr, "2")
    assert "employee_id" not in office.json("show", mvo)["attributes"]

    office.hr["2"] = row | {"ssn": ""}
    office.run()
    assert office.mvo("2") == mvo
    assert len(office.json("metaverse")) == 4
    office.settled()


def test_who_has_a_recalled_number_and_another_key_joins_nobody_silently(office: Office) -> None:
    _two_sources(office)
    office.run()
    mvo, account = office.mvo("2"), office.entry("(carLicense=S2)")
    _leaves(office, office.hr, "2")
    left = office.entry("(carLicense=S2)")
    office.hires("2", "Zoe Quinn", ssn="SZ")
    office.run(status=1)
    assert office.codes() == ["ambiguous-join"]
    assert office.entry("(carLicense=S2)") == left
    assert left["entryUUID"] == account["entryUUID"]

    office.hr["2"]["ssn"] = "S2"
    office.run()
    assert office.mvo("2") == mvo


@pytest.mark.parametrize("order", list(itertools.permutations(["hr", "crew"])))
@pytest.mark.parametrize("leaving", list(itertools.permutations(["hr", "crew"])))
@pytest.mark.parametrize("grace", ["", "30d"])
def test_whichever_source_comes_back_first(
    office: Office, order: tuple[str, ...], leaving: tuple[str, ...], grace: str
) -> None:
    crew = _two_sources(office, **({"grace": grace} if grace else {}))
    office.systems["directory"]["deletions"] = {"max_percent": 0, "max_count": 0}  # nothing is deleted meanwhile
    office.run()
    mvo, account = office.mvo("2"), office.entry("(carLicense=S2)")
    sources = {"hr": (office.hr, "2"), "crew": (crew, "B2")}
    rows = {leaving[0]: _leaves(office, *sources[leaving[0]])}
    left_by_one = office.entry("(carLicense=S2)")
    rows[leaving[1]] = _leaves(office, *sources[leaving[1]])
    if grace:
        assert office.entry("(carLicense=S2)") == left_by_one
    for name in order:
        source, key = sources[name]
        source[key] = rows[name]
        office.run()
        assert len(office.json("metaverse")) == 4
    assert office.mvo("2") == mvo
    assert office.entry("(carLicense=S2)")["entryUUID"] == account["entryUUID"]
    office.settled()


def test_under_a_new_number_the_same_person_is_found_by_what_stayed(office: Office) -> None:
    _two_sources(office)
    office.run()
    mvo = office.mvo("2")
    office.hr["22"] = office.hr.pop("2")
    office.run(status=1)
    assert office.codes() == ["join-already-taken"]
    office.approve_all("the number was wrong")
    office.run()
    assert office.mvo("22") == mvo


def test_a_rehire_whose_old_account_is_adopted_keeps_its_name(office: Office) -> None:
    _two_sources(office)
    del office.rule("people from hr")["flow"]["account_name"]
    unique = {"candidates": ["{{ last_name | lower }}", "{{ last_name | lower }}{{ n }}"]}
    office.metaverse["person"]["unique"] = {"account_name": unique | {"check": ["directory.person.uid"]}}
    outbound = office.rule("people to the directory")
    outbound["dn"] = "uid={{ account_name | rdn }},ou=people,dc=example,dc=org"
    outbound["deprovision"] = "disconnect"
    office.rules.remove(office.rule("crew"))
    office.sources.remove(office.sources[1])
    del office.systems["crew"]
    office.run()
    account = office.entry("(carLicense=S2)")
    assert account["uid"] == ["noyce"]
    row = _leaves(office, office.hr, "2")
    office.hr["7"] = row
    office.hires("8", "Bea Noyce", ssn="S8")
    office.run()
    again = office.entry("(carLicense=S2)")
    assert (again["uid"], again["entryUUID"]) == (["noyce"], account["entryUUID"])
    assert office.entry("(carLicense=S8)")["uid"] == ["noyce2"]
    office.settled()


def test_an_account_whose_person_was_deleted_is_taken_over_by_who_joins_it(office: Office) -> None:
    _two_sources(office)
    office.rule("people from hr")["join"] = [["employee_id"]]
    office.rules.remove(office.rule("crew"))
    office.sources.remove(office.sources[1])
    del office.systems["crew"]
    office.run()
    account = office.entry("(carLicense=S2)")
    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    for step in (("sync",), ("evaluate",)):
        office("step", *step)
    assert [one["change_type"] for one in office.json("exports")] == ["Delete"]

    office.hr["7"] = row
    office.run()
    again = office.entry("(carLicense=S2)")
    assert again["entryUUID"] == account["entryUUID"]
    assert again["employeeNumber"] == ["7"]
    office.settled()
