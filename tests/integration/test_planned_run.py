"""A plan that is kept, run against a directory that somebody changed meanwhile: where the run differed is said."""

from tests.integration.conftest import Office
from tests.slapd import SUFFIX, Slapd


def _of(slapd: Slapd, number: str) -> str:
    found = slapd.search(f"(employeeNumber={number})", "dn")
    return next(iter(found))


def test_a_run_says_where_it_differed_from_its_plan(office: Office, slapd: Slapd) -> None:
    office("run")
    rows = [dict(row) for row in office.rows]
    for row in rows[:3]:
        row["title"] = "Chief of " + row["title"]
    office.write(rows)
    told = office("plan", "--keep")
    assert "export directory: 3 objects" in told
    gone = _of(slapd, rows[0]["employee_id"])
    slapd.tool("ldapdelete", gone)  # nobody can see that without reading the directory
    told = office("run", "--planned", status=None)
    assert "The run did what was planned" not in told
    assert "import directory: 70 unchanged, planned 71" in told
    assert "export directory: 2 updates, planned 3" in told
    assert f"export directory: planned, and not sent: Emma Moore ({gone})" in told


def test_a_run_without_differences_says_so_and_is_not_run_twice(office: Office, slapd: Slapd) -> None:
    office("plan", "--keep")
    assert "The run did what was planned." in office("run", "--planned")
    assert len(slapd.people()) == len(office.rows), SUFFIX
    assert "carried out by run-1" in office("run", "--planned", status=4)


def test_what_is_not_planned_is_not_run(office: Office) -> None:
    assert "no plan is kept" in office("run", "--planned", status=4)
    office("plan", "--keep", "--from", "sync", status=None)
    assert "of other steps" in office("run", "--planned", status=4)
    office("plan", "--keep")
    office.write(office.rows[:-1])
    assert "the plan is old: hr.csv has changed" in office("run", "--planned", status=4)
    assert "--keep keeps all" in office("plan", "--keep", "--only", "mvo-1", status=2)
    assert office.query("SELECT count(*) FROM runs") == [(0,)]
