"""A file that has not changed is not read again, and everything that follows from an import follows all the same."""

import re
from pathlib import Path

import pytest

from tests.accounts_file import CONFIG, with_accounts, write_people
from tests.inside import Inside

LIMITS = """
[systems.hr.deletions]
max_count = 10
max_percent = 90
"""
PEOPLE = [{"id": str(one), "name": f"Name {one}"} for one in range(1, 6)]
UNCHANGED = re.compile(r"^unchanged since run-(\d+), and not read again$")


@pytest.fixture
def site(tmp_path: Path) -> Inside:
    site = with_accounts(tmp_path / "ws", PEOPLE, LIMITS)
    site("run")
    return site


def imported(site: Inside, step: str = "import hr") -> str:
    """Run the import, and give what it says of itself."""
    site("step", *step.split(), status=None)
    found: str = site.steps()[step]["message"]
    return found


def test_a_second_import_says_since_when_and_counts_the_same(site: Inside) -> None:
    assert UNCHANGED.match(imported(site))
    step = site.steps()["import hr"]
    assert (step["result"], step["done"], step["statistics"]) == ("success", 5, {"unchanged": 5})


def test_the_run_that_read_it_is_named_however_often_it_was_not_read_again(site: Inside) -> None:
    assert imported(site) == imported(site) == imported(site)


def test_a_file_that_is_written_anew_with_the_same_content_is_unchanged(site: Inside) -> None:
    write_people(site, PEOPLE)
    assert UNCHANGED.match(imported(site))


@pytest.mark.parametrize("edit", [("Name 3", "Name 4"), ("Name 5", "Name 5 "), ("5,", "6,")])
def test_one_changed_character_is_read(site: Inside, edit: tuple[str, str]) -> None:
    path = site.folder / "hr.csv"
    path.write_text(path.read_text().replace(*edit))
    assert not UNCHANGED.match(imported(site))


def test_who_is_missing_is_found_by_what_was_seen_then(site: Inside) -> None:
    write_people(site, PEOPLE[:4])
    site("step", "import", "hr")
    assert UNCHANGED.match(imported(site))
    site("step", "detect", "hr")
    assert site.statuses("hr") == {"Normal": 4, "Obsolete": 1}
    assert [one["label"] for one in site.json("review")] == ["Name 5 (5)"]


def test_who_comes_back_is_seen(site: Inside) -> None:
    write_people(site, PEOPLE[:4])
    site("run", status=None)
    assert site.statuses("hr") == {"Normal": 4, "Obsolete": 1}
    write_people(site, PEOPLE)
    site("run")
    assert site.statuses("hr") == {"Normal": 5}
    assert site.json("review") == []


def test_another_configuration_reads_it_again(site: Inside) -> None:
    site.configure(CONFIG + LIMITS.replace("90", "80"))
    assert not UNCHANGED.match(imported(site))
    assert UNCHANGED.match(imported(site))
    site.configure(CONFIG + LIMITS)
    assert not UNCHANGED.match(imported(site))


def test_another_time_zone_reads_it_again(site: Inside) -> None:
    site.configure(CONFIG + LIMITS + '[store]\ntimezone = "Europe/Berlin"\n')
    assert not UNCHANGED.match(imported(site)), "a date that names no zone means another moment now"
    assert UNCHANGED.match(imported(site))


def test_another_rule_that_reads_more_of_it_reads_it_again(site: Inside) -> None:
    site.csv("hr.csv", [one | {"team": "", "title": "Dr"} for one in PEOPLE])
    site("step", "import", "hr")
    site.configure(CONFIG.replace('team = "team"', 'team = "team"\ntitle = "title"') + LIMITS)
    assert not UNCHANGED.match(imported(site))


def test_what_was_wrong_with_a_file_is_told_again(site: Inside) -> None:
    write_people(site, [*PEOPLE, PEOPLE[0]])
    for _ in range(2):
        site("step", "import", "hr", status=1)
        assert len(site.errors()) == 2


def test_a_torn_file_stays_torn(site: Inside) -> None:
    path = site.folder / "hr.csv"
    path.write_text(path.read_text().rstrip()[:-8])
    for _ in range(2):
        site("step", "import", "hr", status=1)
        assert "incomplete" in site.steps()["import hr"]["message"]


def test_a_kept_decision_ends_when_its_object_is_seen(site: Inside) -> None:
    write_people(site, PEOPLE[:4])
    site("run", status=None)
    site("review", "keep", site.json("review")[0]["id"], "--reason", "on leave")
    write_people(site, PEOPLE)
    site("run")
    assert site.query("SELECT count(*) FROM objects WHERE kept") == [(0,)]
    write_people(site, PEOPLE[:4])
    site("run", status=None)
    assert len(site.json("review")) == 1


def test_the_target_is_read_again_as_long_as_anything_was_sent(site: Inside) -> None:
    assert UNCHANGED.match(imported(site, "import out"))
    write_people(site, [{**PEOPLE[0], "name": "Another"}, *PEOPLE[1:]])
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    assert not UNCHANGED.match(imported(site, "import out"))  # an export is open
    site("step", "export", "out")
    assert not UNCHANGED.match(imported(site, "confirm out"))
    assert site.json("exports") == []
    assert UNCHANGED.match(imported(site, "confirm out"))


def test_what_somebody_changed_in_the_target_is_seen(site: Inside) -> None:
    path = site.folder / "out.ldif"
    path.write_text(path.read_text().replace("cn: Name 2", "cn: Somebody"))
    site("run", status=None)
    assert "cn: Name 2" in path.read_text()


def test_after_a_week_it_is_read_all_the_same(site: Inside) -> None:
    site.edit("UPDATE imports SET started_at = '2020-01-01T00:00:00.000Z'")
    assert not UNCHANGED.match(imported(site))
    assert UNCHANGED.match(imported(site))


def test_an_older_store_reads_once_more(site: Inside) -> None:
    site.edit("UPDATE imports SET state = NULL")
    assert not UNCHANGED.match(imported(site))
