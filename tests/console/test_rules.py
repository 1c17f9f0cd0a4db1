"""The rules in the console: who is in the scope of each, what goes wrong, what each feeds; and a system's schema."""

import re
from pathlib import Path

import pytest

from tests.console.conftest import Open
from tests.console.office import make_office
from tests.workspace import Workspace
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office of 60 people: three of them are out of scope, and one has no department."""
    site = make_office(tmp_path / "office")
    rows = list(people(60))
    for row in rows[:3]:
        row["status"] = "gone"
    rows[10]["department"] = ""
    write_csv(site.folder / "hr.csv", PERSON_COLUMNS, rows)
    site("run", status=1)
    return site


async def test_rules_tell_who_is_in_scope_what_fails_and_what_they_feed(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("8", "Systems")
        await console.press("r")
        await console.until("Systems › rules", "people from hr", "interlock.toml:", gone=("counting",))
        await console.wait(lambda: bool(re.search(r"people from hr .*\b57 +3\b", console.text)))
        await console.wait(lambda: bool(re.search(r"people to the directory .*\b57 +0 +1\b", console.text)))
        await console.press("exclamation_mark")
        await console.until("1 of 1", "dn-not-determined", "provisions whoever has no account")
        await console.settle()
        await console.press("enter", "exclamation_mark")
        await console.until("item errors", "dn-not-determined", "the DN needs 'department'")
        await console.press("escape", "escape", "escape", "escape", "g", "j")
        await console.until(
            "status == 'active'", "57 in, 3 out", "joins by", "read by directory.person: employeeNumber"
        )
    told = office("rules")
    assert re.search(r"people from hr .* 57 +3 ", told), told


async def test_a_filter_of_rules_knows_its_columns(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.press("8", "r")
        await console.until("people from hr", gone=("counting",))
        await console.press("slash")
        await console.type("to:directory")
        await console.press("enter")
        await console.until("1 of 2", gone=("people from hr",))
        await console.press("slash")
        for _ in "to:directory":
            await console.press("backspace")
        await console.type("salary:1")
        await console.press("enter")
        await console.hear("no column 'salary' here; there are: number, name, from, to, inside")


async def test_the_search_opens_the_rule(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("ctrl+f")
        await console.type("departments to")
        await console.until("rule departments to the directory")
        await console.press("enter")
        await console.until("rules", "1 of 1", "departments to the directory", "ou={{ name | rdn }}")


async def test_a_schema_stands_beside_the_rules(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("8", "s")
        await console.until("Schema of", "directory")
        await console.press("j", "enter")
        await console.until("schema of directory", "directory.person", "→ written by people to the directory")
        await console.press("escape", "s", "enter")
        await console.until("schema of hr", "hr.person", "→ read by people from hr: first_name", "cost_centre")
        (office.folder / "hr.csv").unlink()
        await console.press("escape", "s", "enter")
        await console.until("'hr' cannot be asked")


async def test_rules_that_cannot_be_counted_say_why(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        text = (office.folder / "interlock.toml").read_text()
        (office.folder / "interlock.toml").write_text(text.replace("status == 'active'", "status == '"))
        await console.press("8", "r")
        await console.until("not counted:", "people from hr")
        (office.folder / "interlock.toml").write_text(text)
        await console.press("R")
        await console.until("57", gone=("not counted",))
