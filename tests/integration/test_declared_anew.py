"""An attribute that gets another type in the configuration: what was planned or read under the old one is written."""

from pathlib import Path

import pytest

from tests.directory import accounts
from tests.inside import Inside
from tests.slapd import PASSWORD, SUFFIX, Slapd


@pytest.fixture
def office(tmp_path: Path, slapd: Slapd) -> Inside:
    work = Inside(tmp_path / "work", configured(slapd, 'employeeNumber = "integer"'), {"DIRECTORY_PASSWORD": PASSWORD})
    work.csv("hr.csv", [{"id": "a", "number": "0012"}, {"id": "b", "number": "0013"}])
    for step in ("import hr", "import directory", "sync", "evaluate"):
        work("step", *step.split())
    return work


def configured(slapd: Slapd, types: str) -> str:
    dn = f"uid={{{{ id | rdn }}}},{SUFFIX}"
    return accounts(slapd, dn=dn, flow={"employeeNumber": "number"}, types=types)


def numbers(slapd: Slapd) -> set[str]:
    return {entry["employeeNumber"][0] for entry in slapd.people().values()}


def test_a_planned_create_is_written_as_it_was_planned_and_corrected(office: Inside, slapd: Slapd) -> None:
    office.configure(configured(slapd, ""))
    assert "2 adds" in office("step", "export", "directory")
    assert numbers(slapd) == {"12", "13"}
    told = office("run", status=1)
    assert "the import shows other values of employeeNumber" in told, "the number 12 was sent, the text '12' came back"
    assert numbers(slapd) == {"0012", "0013"}
    office("run")


def test_an_update_replaces_what_was_read_as_a_number(office: Inside, slapd: Slapd) -> None:
    office("step", "export", "directory")
    office("step", "confirm", "directory")
    assert numbers(slapd) == {"12", "13"}
    office.configure(configured(slapd, ""))
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    office("step", "export", "directory")
    assert numbers(slapd) == {"0012", "0013"}
