"""What is to follow a change that was sent and not yet confirmed begins where that leads."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Database, sqlite
from tests.inside import Inside
from tests.sql import PEOPLE, people, writing

PHONES = ["", "1", "2", "1|2", "1|2|3", "3|4"]
LEVELS = ["", "1", "2", "3"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database: one is written only where it holds the value that was known."""
    with sqlite(tmp_path) as server:
        made = server.database()
        made.run(*PEOPLE)
        yield made
        made.engine.dispose()


def _stage(site: Inside, **changes: str) -> None:
    people(site, p2=changes)
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        site("step", *step)


def _settle(site: Inside) -> None:
    """Run, and see that nothing is left."""
    site("run")
    assert not site.json("exports")
    assert not site.errors()


def _held(database: Database) -> tuple[str, str]:
    ((level,),) = database.rows("SELECT level FROM person WHERE id = 2")
    phones = sorted(number for (number,) in database.rows("SELECT number FROM phone WHERE person = 2"))
    return "" if level is None else str(level), "|".join(phones)


def test_a_change_that_follows_one_that_was_sent_is_no_change_of_somebody_elses(
    database: Database, tmp_path: Path
) -> None:
    site = writing(tmp_path, database)
    site("run")
    _stage(site, level="2", phones="2|5")
    site("step", "export", "it")
    _stage(site, level="3", phones="2|6")
    _stage(site, level="3", phones="2|6", name="Another")  # looks at all of it once more
    site("step", "export", "it")
    assert _held(database) == ("3", "2|6")
    _settle(site)


def test_it_begins_where_an_import_finds_the_value_if_that_was_not_kept(database: Database, tmp_path: Path) -> None:
    site = writing(tmp_path, database)
    site("run")
    _stage(site, level="2", phones="2|5")
    site("step", "export", "it")
    _stage(site, level="3", phones="2|6")
    database.run("UPDATE person SET level = 9 WHERE id = 2", "DELETE FROM phone WHERE person = 2")
    site("step", "import", "it")
    site("step", "export", "it")
    assert _held(database) == ("3", "6"), "what was taken away is drift, for the next evaluation"
    site("run")
    assert _held(database) == ("3", "2|6")
    assert not site.json("exports")
    assert not site.errors()


def test_a_change_that_is_taken_back_before_it_was_confirmed_is_taken_back(database: Database, tmp_path: Path) -> None:
    site = writing(tmp_path, database)
    site("run")
    _stage(site, level="2", phones="2|20|5")
    site("step", "export", "it")
    _stage(site)
    _stage(site, name="Another")
    site("step", "export", "it")
    assert _held(database) == ("1", "2|20")
    _settle(site)


@pytest.mark.parametrize("seed", range(6))
def test_steps_in_any_order_lead_to_what_is_wanted_without_an_error(
    database: Database, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    site = writing(tmp_path, database)
    site("run")
    level, phones = "1", "2|20"
    for number in range(12):
        match chance.choice(("change", "look again", "export", "import")):
            case "change":
                level, phones = chance.choice(LEVELS), chance.choice(PHONES)
                _stage(site, level=level, phones=phones, name=f"Person {number}")
            case "look again":
                _stage(site, level=level, phones=phones, name=f"Person {number}")
            case "export":
                site("step", "export", "it")
            case _:
                site("step", "import", "it")
    site("run")
    assert _held(database) == (level, phones)
    assert not site.json("exports")
    assert not site.errors()
