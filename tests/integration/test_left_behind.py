"""What a run leaves behind is said every time, and a run that leaves exports given up does not end like a clean one."""

import json
from pathlib import Path

import pytest

from tests.accounts_file import CONFIG, with_accounts, write_people
from tests.inside import Inside

MORE = """
[systems.out.exports]
max_retries = 1
[profiles.send]
steps = ["import hr", "sync", "evaluate", "export out"]
"""
PEOPLE = {"1": "Ada Lovelace", "2": "Bob Noyce", "3": "Cleo Stone"}
GIVEN_UP = "2 exports are given up (exported-change-not-reimported 2): interlock exports --status Failed"


@pytest.fixture
def office(tmp_path: Path) -> Inside:
    """Three people with accounts; two of them got other names, and somebody always turns those back in the target."""
    found = with_accounts(tmp_path / "office", _named(PEOPLE), MORE)
    write_people(found, _named(PEOPLE | {"1": "Ada King", "2": "Bob Jones"}))
    assert "update" in found("run", "send")
    _turn_back(found)
    return found


def _named(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"id": number, "name": name} for number, name in names.items()]


def _turn_back(office: Inside) -> None:
    """Let somebody write the old names into the target, and import that."""
    target = office.folder / "out.ldif"
    text = target.read_text()
    for new, old in (("Ada King", "Ada Lovelace"), ("Bob Jones", "Bob Noyce")):
        assert new in text
        text = text.replace(new, old)
    target.write_text(text)
    office("step", "confirm", "out", status=1)


def test_exports_that_are_given_up_are_said_by_every_run_and_it_does_not_end_well(office: Inside) -> None:
    office("step", "export", "out")
    _turn_back(office)
    assert office.query("SELECT status FROM pending_exports") == [("Failed",), ("Failed",)]
    said = office("run", status=1)
    assert GIVEN_UP in said
    assert "nothing to do" in said
    assert office.json("runs", "--limit", "1")[0]["result"] == "completed-export-errors"
    assert GIVEN_UP in office("step", "evaluate", status=1)
    assert GIVEN_UP in office("status")
    assert office.json("status")["waiting"]["exports"]["given_up"] == {"exported-change-not-reimported": 2}
    code, out, _ = office.main("step", "sync", "--json")
    assert code == 1
    assert json.loads(out)["result"] == "completed-export-errors"
    assert json.loads(out)["left_over"]["given_up"] == {"exported-change-not-reimported": 2}


def test_what_waits_is_said_too_and_is_no_error_by_itself(office: Inside) -> None:
    said = office("step", "sync")
    assert "2 exports wait to be sent again (exported-change-not-reimported 2): interlock exports" in said
    office("exports", "hold", f"exp-{office.query('SELECT min(id) FROM pending_exports')[0][0]}")
    said = office("step", "sync")
    assert "1 export waits to be sent again (exported-change-not-reimported 1)" in said
    assert "1 export is held: interlock exports" in said


def test_people_are_told_once_when_exports_are_given_up(office: Inside) -> None:
    told = office.folder / "told.json"
    hook = f'[notify]\ncommand = ["sh", "-c", "cat > {told}"]\n'
    office.configure(CONFIG + MORE)  # with the hook, a run would start a process of its own that tells as well
    office("step", "export", "out")
    _turn_back(office)
    run = office.json("runs", "--limit", "1")[0]["id"]
    office.configure(hook + CONFIG + MORE)
    office("notify", run)
    found = json.loads(told.read_text())
    assert found["events"] == ["given-up"]
    assert found["subject"] == "Interlock: 2 exports are given up"
    assert found["left_over"] == [GIVEN_UP]
    office.configure(CONFIG + MORE)
    office("step", "sync", status=1)
    told.unlink()
    office.configure(hook + CONFIG + MORE)
    office("notify", office.json("runs", "--limit", "1")[0]["id"])
    assert not told.exists()
