"""Disaster drills on ten thousand people: what was marked, what was held, by which gate, what the operator sees."""

from datetime import timedelta
from pathlib import Path

import pytest

from storage import clock
from tests.attacks.drills import PEOPLE, Drill, copy, prepare


@pytest.fixture
def drill(tmp_path: Path, shared_folder: Path) -> Drill:
    made = copy(prepare(shared_folder), tmp_path / "drill")
    assert made.accounts() == PEOPLE
    return made


def stands_still(drill: Drill, status: int, *said: str) -> str:
    """Run, and see that nobody was marked or deleted, and that the operator is told why."""
    told = drill("run", status=status)
    for words in said:
        assert words in told, told
    assert drill.marked() == 0
    assert drill.accounts() == PEOPLE
    assert drill.query("SELECT count(*) FROM pending_exports WHERE change_type = 'Delete'") == [(0,)]
    return told


def heals(drill: Drill, rows: bytes) -> None:
    """Deliver the right file again: everything is as it was."""
    (drill.folder / "hr.csv").write_bytes(rows)
    drill("run")
    assert drill.held() == []
    assert drill.marked() == 0
    assert drill.accounts() == PEOPLE


@pytest.fixture
def rows(drill: Drill) -> bytes:
    return (drill.folder / "hr.csv").read_bytes()


def test_a_file_cut_to_ten_rows(drill: Drill, rows: bytes) -> None:
    drill.rewrite(lambda people: people[:10])
    told = stands_still(drill, 3, "gate 5 (threshold)", "9,990 of 10,000", "99.9 %", "the file may have been cut off")
    assert "they are the last 9,990 of 10,000" in told
    assert drill.held() == [("gate 5 (threshold)", 9_990)]
    heals(drill, rows)


def test_a_file_cut_to_97_percent(drill: Drill, rows: bytes) -> None:
    drill.rewrite(lambda people: people[:9_700])
    stands_still(drill, 3, "gate 5 (threshold)", "300 of 10,000", "they are the last 300 of 10,000")
    assert drill.held() == [("gate 5 (threshold)", 300)]
    heals(drill, rows)


def test_a_file_cut_in_the_middle_of_a_row(drill: Drill, rows: bytes) -> None:
    (drill.folder / "hr.csv").write_bytes(rows[: len(rows) // 2])
    told = drill("run", status=None)
    assert "gate" in told
    assert (drill.marked(), drill.accounts()) == (0, PEOPLE)
    heals(drill, rows)


@pytest.mark.parametrize("header", [True, False])
def test_an_empty_file(drill: Drill, rows: bytes, header: bool) -> None:
    (drill.folder / "hr.csv").write_bytes(rows.split(b"\n", 1)[0] + b"\n" if header else b"")
    stands_still(
        drill, 3, "gate 4 (empty answer)", "none of 10,000 person objects of 'hr' came back; that is an outage"
    )
    assert drill.held() == [("gate 4 (empty answer)", PEOPLE)]
    heals(drill, rows)


def test_one_department_missing(drill: Drill, rows: bytes) -> None:
    drill.rewrite(lambda people: [row for row in people if row["department"] != "Sales"])
    told = stands_still(drill, 3, "gate 5 (threshold)", "have department Sales; nobody else has it")
    assert "cut off" not in told
    heals(drill, rows)


def test_the_column_of_the_external_id_renamed(drill: Drill, rows: bytes) -> None:
    (drill.folder / "hr.csv").write_bytes(rows.replace(b"employee_id", b"personnel_number", 1))
    stands_still(drill, 4, "employee_id", "hr.csv")
    heals(drill, rows)


def test_the_external_id_swapped_with_another_column(drill: Drill, rows: bytes) -> None:
    drill.rewrite(lambda people: [{**row, "employee_id": row["email"], "email": row["employee_id"]} for row in people])
    stands_still(drill, 3, "gate 5 (threshold)", "10,000 of 10,000", "have their ids changed?")
    heals(drill, rows)


def test_two_other_columns_swapped(drill: Drill, rows: bytes) -> None:
    """Nobody is missing, but all of them would change at once."""
    drill.rewrite(lambda people: [{**row, "title": row["location"], "location": row["title"]} for row in people])
    stands_still(drill, 3, "gate 6 (mass change of 'title')", "10,000 of 10,000", "nothing was applied")
    heals(drill, rows)


def test_all_ids_in_lower_case(drill: Drill, rows: bytes) -> None:
    drill.rewrite(lambda people: [{**row, "employee_id": row["employee_id"].lower()} for row in people])
    stands_still(drill, 3, "gate 5 (threshold)", "10,000 of 10,000", "10,000 new ones came: have their ids changed?")
    heals(drill, rows)


def test_the_base_of_the_target_moved(drill: Drill) -> None:
    config = (drill.folder / "interlock.toml").read_text()
    (drill.folder / "interlock.toml").write_text(
        config.replace('path = "directory.ldif"', 'path = "directory.ldif"\nbase = "ou=elsewhere,dc=example,dc=org"')
    )
    told = stands_still(drill, 0, "gate 2 (what was looked for): the import did not look for 10,000 person objects")
    assert "completed-warnings" in told
    drill.configure(config)
    drill("run")
    assert (drill.marked(), drill.accounts()) == (0, PEOPLE)


def test_the_clock_set_back(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock.moment
    monkeypatch.setattr(clock, "moment", lambda: real() - timedelta(days=400))
    stands_still(drill, 0, "clock is", "behind the last run")
    drill.rewrite(lambda people: people[:-2])
    assert "clock is" not in drill("run"), "it is said once: the last run has the same clock"
    assert drill.marked() == 2
    items = drill.json("review")
    drill("review", "approve", *(item["id"] for item in items), "--reason", "left")
    drill("run")
    assert drill.accounts() == PEOPLE - 2
    assert drill.marked() == 0


def test_a_slow_leak_is_pointed_out(drill: Drill) -> None:
    """Forty a day is below the threshold of fifty; on the second day the type has lost eighty."""
    drill.rewrite(lambda people: people[:-40])
    assert "shrink slowly" not in drill("run")
    assert drill.marked() == 40
    drill.rewrite(lambda people: people[:-40])
    told = drill("run")
    assert "shrink slowly: 80 of 10,000 (0.8 %) went missing in 2 runs" in told
    assert (drill.marked(), drill.accounts()) == (80, PEOPLE)


def test_many_small_approvals_do_not_add_up_to_a_disaster_unseen(drill: Drill) -> None:
    drill.rewrite(lambda people: people[:-40])
    drill("run")
    drill.rewrite(lambda people: people[:-20])
    drill("run")
    items = [item["id"] for item in drill.json("review")]
    assert len(items) == 60
    for start in range(0, 60, 5):
        drill("review", "approve", *items[start : start + 5], "--reason", "left")
    told = drill("run", status=3)
    assert "the look before deleting: 60 of 10,000 (0.6 %)" in told
    assert drill.accounts() == PEOPLE
    assert drill.held() == [("the look before deleting", 60)]

    run = drill.json("runs", "--limit", "1")[0]["id"]
    assert "not 59" in drill("review", "release", run, "--count", "59", "--reason", "seen", status=2)
    drill("review", "release", run, "--count", "60", "--reason", "seen, all of them left")
    drill("run", "--from", "export directory")
    assert drill.accounts() == PEOPLE - 60
    assert drill.held() == []
