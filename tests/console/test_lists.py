"""The lists: what they show, finding and sorting, keeping one's place, and what can be done to the exports."""

import asyncio
import csv
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_change, make_office
from tests.workspace import Workspace
from tui import feed
from tui.console.screens.listing import ListScreen
from tui.console.screens.whole import WholeScreen
from tui.console.widgets.sheet import Sheet
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SIZE = 60


@pytest.fixture(scope="module")
def second_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with seven new titles that wait to be exported, and one person without a department."""
    office = make_office(tmp_path_factory.mktemp("lists") / "office", SIZE)
    office("run")
    rows = list(people(SIZE))
    for row in rows[:7]:
        row["title"] = "Chief of " + row["title"]
    rows[7]["title"] = "x" * 5000
    rows[8]["department"] = ""
    write_csv(office.folder / "hr.csv", PERSON_COLUMNS, rows)
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate", status=1)
    return office.folder


@pytest.fixture
def office(second_day: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    folder = tmp_path / "office"
    shutil.copytree(second_day, folder)
    return Workspace(folder, (folder / "interlock.toml").read_text())


async def narrow(console: Console, text: str) -> None:
    """Filter by a text."""
    await console.press("slash", "ctrl+u")
    await console.type(text)
    await console.press("enter")


def row(console: Console, start: str) -> str:
    """Give the first line of the screen that begins with a text."""
    return next((line for line in console.lines if line[2:].startswith(start)), "")


def listed(console: Console, kind: str) -> list[str]:
    """Give the ids in the first column, from above."""
    return [line[2:].split()[0] for line in console.lines if line[2:].startswith(f"{kind}-")]


@pytest.mark.parametrize(
    ("digit", "shown", "within"),
    [
        (
            "2",
            ("exp-", "directory", "~ Update", "○ Pending", "1 of 8"),
            ("Exports › ", "(exp-", "Attributes", "Timeline"),
        ),
        (
            "3",
            ("cso-1 ", "hr", "● Normal", "E000001"),
            ("Objects › Emma Moore (cso-1)", "Attributes", "Timeline", "cost_centre"),
        ),
        (
            "4",
            ("mvo-1 ", "person", "Emma Moore"),
            ("Metaverse › Emma Moore (mvo-1)", "Joined", "rule 'people from hr'"),
        ),
        ("5", ("Exported", "(uid", "○ Pending"), ("Transitions › ", "(exp-", "Timeline")),
        ("7", ("run-4", "run-1", "step evaluate", "objects a second"), ("Runs › run-4", "Steps", "evaluate")),
    ],
)
async def test_a_list_shows_its_rows_and_opens_them(
    office: Workspace, opened: Open, digit: str, shown: tuple[str, ...], within: tuple[str, ...]
) -> None:
    async with opened(office, size=(160, 40)) as console:
        await console.show(digit, *shown)
        await console.press("enter")
        await console.until(*within)
        await console.press("escape")
        await console.until(*shown, gone=(within[0],))


async def test_an_update_that_gives_a_new_name_is_a_rename(office: Workspace, opened: Open) -> None:
    office.edit(
        "UPDATE pending_exports SET new_secondary_id = 'uid=new' WHERE id = (SELECT max(id) FROM pending_exports)"
    )
    ((last,),) = office.query("SELECT max(id) FROM pending_exports")
    async with opened(office, size=(160, 40)) as console:
        await console.until("write to 'directory': 7 updates, 1 rename")
        await console.show("2", "~ Update", "1 of 8")
        await narrow(console, "change:rename")
        await console.until("1 of 1", f"exp-{last}", "~ Rename", gone=("~ Update",))
        await console.press("enter")
        await console.until("Exports › ", f"(exp-{last})", "~ Rename", "uid=new", gone=("~ Update",))


async def test_the_errors_of_a_run_lead_to_the_object_and_back(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("7", "run-4")
        await console.press("enter")
        await console.until("Runs › run-4", "item errors", "1 (! lists them)")
        await console.press("exclamation_mark")
        await console.until("Runs › run-4 › item errors", "1 of 1", "what to do", "dn-not-determined")
        await console.press("enter")
        await console.until("Runs › run-4 › item errors › ", "(cso-")
        for crumb in ("Runs › run-4 › item errors ", "Runs › run-4 ", "Runs "):
            await console.press("escape")
            await console.until(crumb, gone=(f"{crumb}›",))


async def test_the_line_goes_back_nowhere(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("escape", "escape")
        await console.until("Line", "detect hr")


async def test_a_metaverse_object_tells_who_contributed_what(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("4", "mvo-1 ")
        await narrow(console, "employee_id:E000003")
        await console.until("1 of 1", "filter employee_id:E000003")
        await console.press("enter")
        await console.until("(E000003), rule 'people from hr'", "display_name", "Joined", "uid=")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("E000003", 3),
        ("!E000003", -3),
        ("system:hr type:person", SIZE),
        ("system:hr !type:person", 11),
        ("employeeNumber:E000003", 1),
        ('title:"Chief of"', 7),
        ("status:Normal id:cso-1", 1),
    ],
)
async def test_objects_are_found_by_text_column_and_attribute(
    office: Workspace, opened: Open, text: str, count: int
) -> None:
    total = office.query("SELECT count(*) FROM objects")[0][0]
    if text.strip("!") == "E000003":
        found = office.query("SELECT count(*) FROM objects WHERE attributes LIKE '%E000003%'")[0][0]
        count = total - found if text.startswith("!") else found
    async with opened(office) as console:
        await console.show("3", f"of {total}")
        await narrow(console, text)
        await console.until(f"filter {text[:28]}", f"1 of {count}\n")
        await console.press("escape")
        await console.until(f"1 of {total}", gone=(f"filter {text[:28]}",))


async def test_an_unknown_column_tells_which_there_are(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("2", "of 8")
        await narrow(console, "colour:red")
        await console.until("no column 'colour' here; there are: id, system, type, change, status", "1 of 8")
        await console.press("down")
        await console.until("2 of 8", "exp-", gone=("colour",))


@pytest.mark.parametrize("wrong", ["colour:red", "object:~(abc"])
async def test_a_filter_that_is_refused_leaves_the_one_before(office: Workspace, opened: Open, wrong: str) -> None:
    async with opened(office) as console:
        await console.show("2", "of 8")
        await narrow(console, "system:directory")
        await console.until("filter system:directory", "1 of 8")
        await console.press("slash", "ctrl+u")
        await console.type(wrong)
        await console.press("enter")
        await console.until("; the list is as it was", "filter system:directory", "1 of 8")
        await console.press("asterisk")  # what is marked is what the list shows
        await console.until("8 of 8 marked", "filter system:directory")


async def test_a_filter_survives_a_change_in_the_store(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "system:hr type:person")
        await console.until("1 of 60")
        write_csv(office.folder / "hr.csv", PERSON_COLUMNS, people(SIZE + 2))
        office("step", "import", "hr")
        await console.until("1 of 62", "filter system:hr type:person")
        assert office.query("SELECT count(*) FROM objects")[0][0] > 62


async def test_a_filter_that_matches_nothing_says_so(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "nobody-is-called-this")
        await console.until("0 rows", "nothing matches the filter; esc clears it")


async def test_a_list_is_sorted_by_a_column_and_turned_round(office: Workspace, opened: Open) -> None:
    found = office.query("SELECT id FROM objects WHERE type = 'person' ORDER BY mvo_id, id")
    upwards = [f"cso-{one}" for (one,) in found]
    downwards = upwards[::-1]
    async with opened(office, size=(240, 40)) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "type:person")
        await console.until("1 of 120")
        await console.press("s")
        await console.until("Sort by", "changed, newest first")
        await console.press("j", "j", "j", "j", "j", "enter")
        await console.until("by joined to, lowest first", "joined to▴")
        await console.wait(lambda: listed(console, "cso")[:20] == upwards[:20])
        await console.press("S")
        await console.until("by joined to, highest first", "joined to▾")
        await console.wait(lambda: listed(console, "cso")[:20] == downwards[:20])


async def test_the_cursor_goes_everywhere(office: Workspace, opened: Open) -> None:
    total = office.query("SELECT count(*) FROM objects")[0][0]
    async with opened(office) as console:
        await console.show("3", f"1 of {total}")
        for key, place in (
            ("j", 2), ("down", 3), ("k", 2), ("up", 1), ("k", 1), ("G", total), ("j", total), ("g", 1),
            ("end", total), ("home", 1),
        ):  # fmt: skip
            await console.press(key)
            await console.until(f" {place} of {total}")
        await console.press("G")
        await console.until(f"cso-{office.query('SELECT max(id) FROM objects')[0][0]}")
        await console.press("g", "pagedown")
        await console.until(f"of {total}", gone=(f" 1 of {total}",))
        await console.press("pageup")
        await console.until(f" 1 of {total}", "cso-1 ")


async def test_the_cursor_stays_on_its_row_when_rows_go_and_come(office: Workspace, opened: Open) -> None:
    exports = [one for (one,) in office.query("SELECT id FROM pending_exports ORDER BY id")]
    async with opened(office) as console:
        await console.show("2", "1 of 8")
        await console.press("j", "j", "j")
        await console.until("4 of 8", f"exp-{exports[3]} in directory")
        office("exports", "discard", f"exp-{exports[0]}", f"exp-{exports[2]}")
        await console.until("2 of 6", f"exp-{exports[3]} in directory")
        await console.press("5")
        await console.until("Transitions", "discarded", " 1 of ")
        await console.press("j", "j")
        await console.until(" 3 of ")
        await console.settle()
        place = next(line for line in console.lines if line.strip().startswith("Transitions"))
        moved = office.query("SELECT id FROM transitions ORDER BY id DESC LIMIT 1 OFFSET 2")[0][0]
        office("exports", "hold", f"exp-{exports[4]}")
        await console.until(" 4 of ")
        assert " 3 of " in place
        assert office.query("SELECT id FROM transitions ORDER BY id DESC LIMIT 1 OFFSET 3") == [(moved,)]


async def test_the_filtered_rows_are_written_to_a_file(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "title:Chief system:hr")
        await console.until("1 of 7")
        await console.press("e")
        await console.until("write the filtered rows to", "objects.csv")
        await console.press("enter")
        await console.until("7 rows are in")
        await console.press("e", "enter")
        await console.until("exists already; choose another name")
        for name in ("../objects.csv", "/tmp/objects.csv"):
            await console.press("e", "ctrl+u")
            await console.type(name)
            await console.press("enter")
            await console.until("is not a plain file name")
        await console.press("e", "ctrl+u")
        await console.type("chiefs.json")
        await console.press("enter")
        await console.until("7 rows are in", "chiefs.json")
    path = office.folder / "objects.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [one["object"].rpartition(" (")[2] for one in rows] == [f"E00000{number})" for number in range(1, 8)]
    documents = [json.loads(line) for line in (office.folder / "chiefs.json").read_text().splitlines()]
    assert [one["attributes"]["title"][0][:8] for one in documents] == ["Chief of"] * 7
    assert stat.S_IMODE((office.folder / "chiefs.json").stat().st_mode) == 0o600
    assert not (office.folder.parent / "objects.csv").exists()


async def test_the_name_and_the_row_are_copied(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "employeeNumber:E000003")
        await console.until("1 of 1", "(uid")
        await console.press("c")
        await console.until("copied: uid=")
        dn = office.query('SELECT secondary_id FROM objects WHERE attributes LIKE \'%"employeeNumber":["E000003"%\'')
        assert console.app.clipboard == dn[0][0]
        await console.press("C")
        await console.until("copied: cso-")
        assert console.app.clipboard.split("\t")[1:3] == ["directory", "person"]
        assert dn[0][0] in console.app.clipboard


async def test_errors_only_and_everything_again(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("7", "run-4", "1 of 4")
        await console.press("exclamation_mark")
        await console.until("1 of 1", "completed-", gone=("run-1 ",))
        await console.press("exclamation_mark")
        await console.until("1 of 4", "run-1 ")


async def test_a_frozen_screen_does_not_follow(office: Workspace, opened: Open) -> None:
    first = office.query("SELECT min(id) FROM pending_exports")[0][0]
    async with opened(office) as console:
        await console.show("2", "of 8")
        await console.press("p")
        await console.until("FROZEN at ")
        office("exports", "discard", f"exp-{first}")
        await console.settle(1)
        assert "of 8" in console.text
        assert f"exp-{first} " in console.text
        await console.press("p")
        await console.until("of 7", "live", gone=("FROZEN", f"exp-{first} "))


async def test_transitions_appear_while_a_run_goes_on(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 2000, "\n[run]\npage_size = 100\n")
    async with opened(office) as console:
        await console.show("5", "nothing has changed its status yet")
        process = office.start("run")
        await console.until("· → Normal", "E0", "run-1")
        assert process.poll() is None
        await console.until("Exported → confirmed", "(uid", seconds=120)
        process.communicate()
        total = office.query("SELECT count(*) FROM transitions")[0][0]
        await console.until(f" of {total:,}")


async def test_exports_are_held_retried_and_discarded(office: Workspace, opened: Open) -> None:
    first, second = (one for (one,) in office.query("SELECT id FROM pending_exports ORDER BY id LIMIT 2"))
    async with opened(office) as console:
        await console.show("2", "1 of 8")
        for key in ("t", "h", "D"):
            await console.press(key)
            await console.until("the console is read-only: W arms it")
        await console.press("W", "space", "space")
        await console.until("2 of 8 marked")
        await console.press("h")
        await console.until("2 held")
        assert office.query("SELECT id FROM pending_exports WHERE held ORDER BY id") == [(first,), (second,)]
        await console.press("escape", "g", "t")
        await console.until("sent with the next export")
        assert office.query("SELECT id FROM pending_exports WHERE held") == [(second,)]
        await console.press("D")
        await console.until("Discard 1 pending export", "type 1 to discard:")
        await console.settle()
        await console.press("2", "enter")
        await console.until("2 is not 1: nothing was done")
        await console.press("enter")
        await console.until("nothing was discarded")
        assert office.query("SELECT count(*) FROM pending_exports") == [(8,)]
        await console.press("D")
        await console.until("type 1 to discard:")
        await console.settle()
        await console.press("1", "enter")
        await console.until("discarded", "of 7", gone=(f"exp-{first} ",))
    assert office.query(f"SELECT count(*) FROM pending_exports WHERE id = {first}") == [(0,)]
    assert office.query("SELECT operator, reason FROM transitions ORDER BY id DESC LIMIT 1") == [("ada", "discarded")]


async def test_whoever_moves_while_rows_are_read_stays_there(
    office: Workspace, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next key would be about another row than the one that the cursor was put on."""
    read, rank = asyncio.Event(), feed.lists.rank

    async def slowly(*arguments: Any) -> int:
        found = await rank(*arguments)
        await read.wait()
        return found

    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await console.press("j", "j", "j")
        await console.settle()
        table = console.screen(ListScreen).table
        assert table.cursor == 3
        monkeypatch.setattr(feed.lists, "rank", slowly)
        for key, there in (("g", 0), ("j", 1), ("j", 2), ("G", table.length - 1)):
            read.clear()
            table.refresh_rows()
            await console.press(key)
            read.set()
            await console.settle()
            assert table.cursor == there


async def test_every_connection_is_tested(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(120, 60)) as console:
        await console.show("8", "hr", "csv", "directory", "ldif", "Rules")
        await console.press("t")
        await console.until("tests, all well", "✓")
        (office.folder / "hr.csv").unlink()
        await console.press("t")
        await console.until("tests failed", "hr.csv", "▲")


async def test_a_long_value_is_cut_and_shown_whole(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await narrow(console, "title:xxxxxx system:hr")
        await console.until("1 of 1", "E000008", gone=("E000001",))
        await console.press("enter")
        await console.until("Objects › ", "(cso-", "(5,000 characters)", "Timeline")
        while "(5,000 characters)" not in row_under_cursor(console):
            await console.press("j")
        await console.press("enter")
        await console.until("value of 5,000 characters", gone=("Timeline",))
        assert sum(line.count("x") for line in console.lines[2:-2]) > 118 * 30
        await console.press("G")
        await console.press("escape")
        await console.until("Objects › ", "(cso-", "Timeline")


def row_under_cursor(console: Console) -> str:
    sheet = console.app.screen.query_one("#sheet", Sheet)
    return console.lines[sheet.region.y + sheet.cursor - sheet.scroll_offset.y]


def link_under_cursor(sheet: Sheet) -> str | None:
    return sheet.current.link if sheet.current else None


async def test_an_export_that_did_not_stick_shows_all_four_states(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 20)
    office("run")
    let_change(office, 1, 20)
    for step in ("import hr", "sync", "evaluate", "export directory"):
        office("step", *step.split())
    title = next(iter(people(20)))["title"]
    ldif = office.folder / "directory.ldif"
    ldif.write_text(ldif.read_text().replace(f"title: Chief of {title}\n", "title: Caretaker\n"))
    office("step", "confirm", "directory", status=1)
    async with opened(office) as console:
        await console.show("2", "1 of 1", "re-imported", "Caretaker", f"Chief of {title}")
        await console.press("enter")
        await console.until("now", "to be written", "exported", "re-imported")
        line = next(line for line in console.lines if line.startswith(" title"))
        wanted = f"Chief of {title}"
        assert line.split() == f"title Caretaker {wanted} {wanted} Caretaker".split()


async def test_beside_an_object_stand_what_is_staged_for_it_and_its_history(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(200, 60)) as console:
        await console.show("2", "exp-")
        await console.settle()
        export = console.row
        console.app.open_thing(f"cso-{export['cso_id']}")
        await console.until("Exports › ", f"(cso-{export['cso_id']})", "Staged", "Chief of", "Timeline")
        screen = console.screen(WholeScreen)
        assert screen.detail.region.x >= screen.sheet.region.right
        sides = (screen.sheet, screen.detail)
        left, right = (["".join(text for text, _ in one.line) for one in side.lines] for side in sides)
        assert "Timeline" not in left
        assert "Timeline" in right
        assert any("title" in line and "→ Chief of" in line for line in right)
        await console.press("tab")
        await console.press_until("j", lambda: link_under_cursor(screen.detail) == export["id"])
        await console.press("enter")
        await console.until(f"({export['id']})")
        await console.press("escape", "escape")
        assert screen.sheet.has_focus
        await console.resize(120, 40)
        await console.wait(lambda: any(one.line and one.line[0][0] == "Timeline" for one in screen.sheet.lines))
        assert not screen.detail.display
        assert "Staged" not in console.text


async def test_beside_a_person_stands_what_became_of_all_it_is_joined_to(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(200, 60)) as console:
        await console.show("4", "mvo-1 ")
        console.app.open_thing("mvo-1")
        await console.until("(mvo-1)", "Timeline", "Joined")
        joined = (await feed.show(console.session.workspace, "mvo-1"))["joined"]
        assert len(joined) == 2
        beside = "\n".join(line[120:] for line in console.lines)
        assert all(one["id"] in beside for one in joined)


async def test_what_was_counted_is_not_counted_again_until_the_store_changes(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        session = console.session
        await console.wait(lambda: session.counted(feed.Query("objects")) is not None)
        for kind in ("objects", "exports"):
            assert session.counted(feed.Query(kind)) == await feed.lists.count(session.workspace, feed.Query(kind))
        assert session.counted(feed.Query("objects", (feed.Term("Emma"),))) is None
        assert session.counted(feed.Query("metaverse")) is None  # what is deleted stands in the list
        await console.show("2", "1 of 8")
        await console.press("W", "D")
        await console.settle()
        await console.type("1")
        await console.press("enter")
        await console.hear("discarded")
        await console.until("1 of 7")
