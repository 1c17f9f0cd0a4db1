"""A plan foresees the units that `create_parents` makes, as the run makes them."""

from pathlib import Path

import pytest

from tests.directory import accounts
from tests.inside import Inside
from tests.slapd import PASSWORD, SUFFIX, Slapd

DN = "uid={{ id | rdn }},ou={{ unit | rdn }},{% if unit == 'nowhere' %}l=missing,{% endif %}" + SUFFIX


@pytest.mark.parametrize(("wanted", "made"), [("true", 2), ("false", 0)])
def test_a_plan_makes_the_parents_that_a_run_makes(tmp_path: Path, slapd: Slapd, wanted: str, made: int) -> None:
    config = accounts(slapd, dn=DN, flow={"departmentNumber": "unit"}, system=f"create_parents = {wanted}")
    work = Inside(tmp_path / "work", config, {"DIRECTORY_PASSWORD": PASSWORD})
    units = {"a": "IT, and more", "b": "Sales", "c": "nowhere"}
    work.csv("hr.csv", [{"id": name, "unit": unit} for name, unit in units.items()])
    planned = work("plan", status=1)
    assert slapd.people() == {}
    done = work("run", status=1)
    for told in (planned, done):
        failed = "1 failure" if made == 2 else f"{3 - made} failures"
        assert (f"{made} adds, {failed}" if made else failed) in told
        assert "non-existent-parent" in told
    assert len(slapd.people()) == made
