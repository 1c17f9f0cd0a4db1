"""Values from connected systems are hostile: whatever they hold, an operator reads what is there, on every screen."""

import html
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.console.conftest import Console, Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace
from tui.console.screens.plan import PlanScreen
from tui.console.widgets.sheet import Sheet
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SIZE = 60
PLAIN = "a[b]c"
MARKUP = "[/foo] [bold]x[/bold] [@click=app.bell]y[/]"
ESCAPES = "\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\x85\x00\x08\x7f"
LINES = "one\r\ntwo\x0b\x0c\u2028\u2029three\tfour"
UNSEEN = "\u202edlrow\u202c \u2066x\u2069 \u200b\u200d\u200f\ufeff\u00ad\u00a0end"
SCRIPTS = "שלום مرحبا 漢字かな한글 e\u0301\u0301\u0301 👩\u200d👩\u200d👧 🇩🇪 ❤\ufe0f \U000e0041"
HOSTILE = " ".join((PLAIN, MARKUP, ESCAPES, LINES, UNSEEN, SCRIPTS))
LEGAL = HOSTILE.replace("\x00", "")
"""What a CSV file can hold."""
NAME = f"{PLAIN} {MARKUP}"
"""What a profile can be called."""
LONG = PLAIN + "\u202e\x1b[31m" + "x" * 100_000
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufe0f\U000e0041]")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office whose HR file, names and store are full of hostile values."""
    folder = tmp_path_factory.mktemp("hostile") / "a[b]c[/foo] \x1b[31m office"
    office = make_office(folder, SIZE, f"\n[profiles.{json.dumps(NAME)}]\nsteps = ['sync']\n")
    office.env["INTERLOCK_OPERATOR"] = LEGAL
    rows = list(people(SIZE))
    for row in rows[:4]:
        row.update(title=LEGAL, location=LEGAL)
    rows[4].update(title=LONG)
    rows[5].update(first_name=LEGAL, last_name=LEGAL, department=LEGAL)
    write_csv(folder / "hr.csv", PERSON_COLUMNS, rows)
    office("run", status=None)
    let_leave(office, 2, SIZE)
    office("run", status=None)
    for row in rows[:8]:
        row["title"] = "Chief"
    write_csv(folder / "hr.csv", PERSON_COLUMNS, rows[:-2])
    office("step", "import", "hr", status=None)
    office("step", "sync", status=None)
    office("step", "evaluate", status=None)
    _poison(folder / "interlock.db")
    return folder


def _poison(store: Path) -> None:
    """Write what no file can bring straight into the store."""
    connection = sqlite3.connect(store)

    def put(table: str, columns: str, where: str = "1") -> None:
        values = tuple(HOSTILE for _ in columns.split())
        connection.execute(
            f"UPDATE {table} SET {', '.join(f'{one} = ?' for one in columns.split())} WHERE {where}", values
        )

    names = json.dumps({HOSTILE: [HOSTILE], PLAIN: [LONG], "displayName": [HOSTILE], "title": [HOSTILE, LONG]})
    exports = "SELECT cso_id FROM pending_exports"
    connection.execute("UPDATE objects SET attributes = ? WHERE id IN (SELECT object_id FROM review_items)", (names,))
    connection.execute("UPDATE metaverse SET attributes = ? WHERE id % 5 = 1", (names,))
    connection.execute(
        f"UPDATE objects SET secondary_id = ? || id, attributes = ? WHERE id IN ({exports})", (HOSTILE, names)
    )
    connection.execute("UPDATE objects SET external_id = ? || id WHERE id % 7 = 1", (HOSTILE,))
    put("objects", "name", "id % 2 = 1")
    put("pending_exports", "cause new_secondary_id error_code error_message")
    change = [HOSTILE, [HOSTILE, LONG], [], True, "ExportedNotConfirmed", [HOSTILE]]
    connection.execute("UPDATE pending_exports SET changes = ? WHERE changes <> '[]'", (json.dumps([change]),))
    put("runs", "operator host profile")
    put("steps", "message")
    connection.execute("UPDATE steps SET statistics = ?", (json.dumps({HOSTILE: 3}),))
    put("transitions", "label operator reason")
    put("review_items", "label decided_by reason")
    deletes = json.dumps(
        {"mvo": 1, "mvo_deleted": True, "deletes": [[1, HOSTILE, HOSTILE, HOSTILE]], "recalled": [HOSTILE]}
    )
    evidence = json.dumps({"last_seen_at": "2026-01-01T00:00:00.000Z", "last_seen_in_run": 1, "cause": HOSTILE})
    connection.execute("UPDATE review_items SET consequences = ?, evidence = ?", (deletes, evidence))
    step = connection.execute("SELECT max(id) FROM steps").fetchone()[0]
    connection.execute(
        "INSERT INTO item_errors (step_id, code, message, advice, system, type, label, position, object_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (step, *[HOSTILE] * 7),
    )
    run = connection.execute("SELECT max(run_id) FROM steps").fetchone()[0]
    connection.execute(
        "INSERT INTO held_batches (run_id, step_id, system, type, gate, missing, arithmetic, state, at) "
        "VALUES (?, ?, ?, ?, ?, 7, ?, 'held', '2026-01-01T00:00:00.000Z')",
        (run, step, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    )
    connection.executemany(
        "INSERT INTO owed_references (direction, owner_id, attribute, system, key, since, told) "
        "VALUES (?, 1, ?, ?, ?, '2026-01-01T00:00:00.000Z', 1)",
        [("in", HOSTILE, HOSTILE, HOSTILE), ("out", HOSTILE, HOSTILE, "1")],
    )
    connection.commit()
    connection.close()


@pytest.fixture
def office(attacked: Path, tmp_path: Path) -> Workspace:
    """A copy of it, in a folder with a hostile name."""
    folder = tmp_path / attacked.name
    shutil.copytree(attacked, folder)
    return Workspace(folder, (folder / "interlock.toml").read_text())


def clean(console: Console) -> None:
    """Assert that the screen holds nothing raw, and that every line of it is exactly as wide as the terminal."""
    width, height = console.app.size
    found = RAW.search(console.text)
    assert found is None, f"{found[0]!r} is on screen:\n{console.text}"
    assert "\xa0" not in console.text
    picture = html.unescape(console.app.export_screenshot())
    assert RAW.search(picture) is None
    assert [cell_len(line) for line in console.lines] == [width] * height, console.text


async def look(console: Console, *texts: str) -> None:
    """Wait for what a screen shows, then look at every part of it."""
    await console.until(*texts)
    await console.settle(0.3)
    clean(console)
    for key in ("pagedown", "G", "g"):
        await console.press(key)
        clean(console)


async def open_thing(console: Console, thing: str) -> None:
    """Open a thing by its id on the command line of the console."""
    await console.press("colon")
    await console.until("a screen, a key, an id")
    await console.type(thing)
    await console.until(f"open {thing}")
    clean(console)
    await console.press("enter")


SCREENS = [
    ("1", "Line"),
    ("2", "exp-"),
    ("3", "cso-"),
    ("4", "mvo-"),
    ("5", "Transitions"),
    ("6", "rev-"),
    ("7", "run-"),
    ("8", "hr  csv"),
]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(("digit", "shown"), SCREENS)
async def test_every_screen_is_clean(
    office: Workspace, opened: Open, digit: str, shown: str, size: tuple[int, int]
) -> None:
    async with opened(office, size=size, operator=LEGAL) as console:
        await console.press(digit)
        await look(console, shown)
        await console.press("tab")
        await look(console, shown)
        await console.press("tab", "question_mark")
        await look(console, "type to search")
        await console.press("escape")


TOLD = {
    "cso": "Attributes",
    "mvo": "Joined",
    "exp": "attempts",
    "rev": "What an approval does",
    "run": "Steps",
    "errors": "what to do",
}


@pytest.mark.parametrize("kind", TOLD)
async def test_every_thing_is_clean(office: Workspace, opened: Open, kind: str) -> None:
    ids = {
        "cso": "SELECT cso_id FROM pending_exports LIMIT 1",
        "exp": "SELECT id FROM pending_exports LIMIT 1",
        "mvo": "SELECT 6",
        "rev": "SELECT min(id) FROM review_items",
    }
    number = office.query(ids.get(kind, "SELECT max(id) FROM runs"))[0][0]
    async with opened(office, operator=LEGAL) as console:
        await open_thing(console, f"{'run' if kind == 'errors' else kind}-{number}")
        if kind == "errors":
            await console.until("Steps")
            await console.press("exclamation_mark")
        await look(console, TOLD[kind], PLAIN)


async def test_what_is_tried_is_clean(office: Workspace, opened: Open) -> None:
    mvo = office.query("SELECT id FROM metaverse WHERE attributes ->> '$.location[0]' LIKE '%foo%' LIMIT 1")
    async with opened(office) as console:
        await open_thing(console, f"mvo-{mvo[0][0]}")
        await console.until("Joined")
        await console.press("equals_sign")
        await console.until("expression:")
        await console.type("location")
        await console.press("enter")
        await look(console, "Reads", PLAIN, "⟨U+202E⟩")


async def test_a_value_of_a_hundred_thousand_characters_is_clean(office: Workspace, opened: Open) -> None:
    cso = office.query("SELECT cso_id FROM pending_exports LIMIT 1")[0][0]
    async with opened(office) as console:
        await open_thing(console, f"cso-{cso}")
        await console.until("Attributes", f"({len(LONG):,} characters)")
        sheet = console.app.screen.query_one("#sheet", Sheet)
        while f"({len(LONG):,} characters)" not in console.lines[sheet.region.y + sheet.cursor - sheet.scroll_offset.y]:
            await console.press("j")
        await console.press("enter")
        await look(console, f"value of {len(LONG):,} characters", f"{PLAIN}⟨U+202E⟩␛[31mxxx")


async def test_what_is_asked_before_a_decision_is_clean(office: Workspace, opened: Open) -> None:
    async with opened(office, operator=LEGAL) as console:
        await console.press("6")
        await console.until("rev-")
        await console.press("W", "o", "asterisk")
        await console.until("marked")
        for key, verb in (("a", "Approve"), ("K", "Keep"), ("L", "Defer"), ("R", "Release 7")):
            await console.press(key)
            await console.until(verb, PLAIN)
            await console.settle()
            await console.type("a[b]c[/foo]")
            clean(console)
            await console.press("escape")
            await console.until("cancelled")
            clean(console)


async def test_what_is_said_and_chosen_and_copied_is_clean(office: Workspace, opened: Open) -> None:
    async with opened(office, operator=LEGAL) as console:
        await console.press("o")
        await look(console, "Profile", PLAIN)
        await console.press("j", "enter")
        await look(console, f"profile: {PLAIN} [/foo]")
        await console.press("2")
        await console.until("exp-")
        await console.press("c")
        await console.until("copied:", "(control characters made visible)")
        clean(console)
        assert RAW.search(console.app.clipboard) is None
        await console.press("W", "h")
        await console.until(f"{PLAIN} [/foo]", ": held")
        clean(console)


async def test_a_filter_can_hold_markup(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("3")
        await console.until("cso-")
        await console.press("slash")
        await console.type("[/foo]")
        await console.press("enter")
        await look(console, "filter [/foo]", "cso-")
        await console.press("colon")
        await console.until("a screen, a key, an id")
        await console.type("find [/foo]")
        await console.until("objects with [/foo]")
        clean(console)


async def test_two_values_are_told_apart(office: Workspace, opened: Open) -> None:
    """What is cut out by markup, hidden or turned round would let one name pass for another."""
    async with opened(office) as console:
        await console.press("2")
        await console.until(PLAIN)
        await open_thing(console, f"exp-{office.query('SELECT min(id) FROM pending_exports')[0][0]}")
        await console.until(
            f"{PLAIN} [/foo] [bold]x[/bold]", "␛[2J␛]52;c;aGk=␇⟨U+009B⟩31m", "⟨U+202E⟩dlrow", "one␍⏎two"
        )
        clean(console)


async def test_a_plan_is_clean(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24), operator=LEGAL) as console:
        await console.press("P")
        await console.until("made", "By kind of change")
        await console.settle(0.3)
        screen = console.screen(PlanScreen)
        for place in range(len(screen._entries)):
            screen.overview.move_to(place)
            await console.settle(0.05)
            clean(console)
        await console.press("enter")
        await look(console, "plan ›")
        await console.press("enter")
        await look(console, "would", "in step")


async def test_rules_and_schemas_are_clean(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24), operator=LEGAL) as console:
        await console.press("8", "r")
        await console.until("people from hr", gone=("counting",))
        await look(console, "rules")
        await console.press("enter")
        await look(console, "stands at")
        await console.press("escape", "escape", "s", "enter")
        await look(console, "schema of hr")


async def test_what_is_decided_by_hand_is_clean(office: Workspace, opened: Open) -> None:
    """Also where the object is not there any more, or the terminal changes its size meanwhile."""
    lonely = office.query("SELECT max(id) FROM objects WHERE system = 'hr'")[0][0]
    with closing(sqlite3.connect(office.folder / "interlock.db")) as store, store:
        store.execute("UPDATE objects SET mvo_id = NULL, joined_by = NULL, status = 'Normal' WHERE id = ?", (lonely,))
    async with opened(office, size=(80, 24), operator=LEGAL) as console:
        await open_thing(console, f"cso-{lonely}")
        await console.until("Attributes")
        await console.press("J")
        await look(console, "to whom?")
        await console.resize(40, 10)
        clean(console)
        await console.resize(120, 40)
        await console.press("slash")
        await console.type("foo")
        await console.press("enter")
        await look(console, "to whom?", PLAIN)
        await console.press("enter")
        await console.until("Join hr: ")
        await console.settle(0.2)
        clean(console)
        await console.press("escape", "escape", "escape", "X")
        await console.until("Exclude hr: ")
        await console.settle(0.2)
        clean(console)
        with closing(sqlite3.connect(office.folder / "interlock.db")) as store, store:
            store.execute("PRAGMA foreign_keys = OFF")
            store.execute("DELETE FROM objects WHERE id = ?", (lonely,))
        await console.press("escape")
        await console.press("X")
        await console.hear("no longer in the connector space")


async def test_what_is_gone_is_clean(office: Workspace, opened: Open) -> None:
    with closing(sqlite3.connect(office.folder / "interlock.db")) as store, store:
        store.execute(
            "INSERT INTO tombstones (object_id, system, type, external_id, secondary_id, attributes, mvo_id, "
            "review_id, at, deleted) VALUES (99999, ?, ?, ?, ?, ?, 1, 1, '2026-01-01T00:00:00.000Z', 1)",
            (HOSTILE, HOSTILE, HOSTILE, HOSTILE, json.dumps({HOSTILE: [HOSTILE, LONG]})),
        )
    async with opened(office, size=(80, 24), operator=LEGAL) as console:
        await console.press("6", "B")
        await look(console, "Review › deleted", PLAIN)
        await console.press("enter")
        await look(console, "deleted › ")
        await console.press("B")
        await console.until("Restore ")
        await console.settle(0.2)
        clean(console)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
async def test_the_screens_without_a_digit_show_it_safely(
    office: Workspace, opened: Open, size: tuple[int, int]
) -> None:
    async with opened(office, size=size) as console:
        for key in ("t", "o"):
            await console.press("7")
            await console.until("Runs")
            await console.press(key)
            await console.until("Runs ›")
            await console.settle(0.3)
            clean(console)
            await console.press("escape")
        await console.press("8", "o")
        await look(console, "configuration", "file")
        await console.press("escape", "colon")
        await console.type("owed")
        await console.press("enter")
        await look(console, "owed references", "1 of 2")
        await console.press("slash")
        for letter in "attribute:":
            await console.press("colon" if letter == ":" else letter)
            await console.settle(0.1)
            clean(console)
        await console.press("escape", "3", "slash")
        for letter in "title:":
            await console.press("colon" if letter == ":" else letter)
            await console.settle(0.1)
            clean(console)
