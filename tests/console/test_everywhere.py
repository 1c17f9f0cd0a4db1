"""What holds on every screen: any size, any terminal, any key, the help and the command line."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.color import ColorType
from textual.command import CommandList

from tests.console.conftest import Console, Open
from tests.console.office import let_change, let_leave, make_office
from tests.windows import window
from tests.workspace import Workspace
from tui.console.screens.review import ReviewScreen

SCREENS = {
    "1": ("Line", "detect"),
    "2": ("Exports", "exp-"),
    "3": ("Objects", "cso-"),
    "4": ("Metaverse", "mvo-"),
    "5": ("Transitions", "(uid"),
    "6": ("Review", "rev-1"),
    "7": ("Runs", "run-"),
    "8": ("Systems", "hr"),
}
KEYS = """
[console.keys]
"review.approve" = "A"
"rows.down" = "ctrl+n,down"
"list.filter" = "F"
"""
DRAWN = frozenset("▁▂▃▄▅▆▇▔")
"""Scrollbars and the edges of the command line: they are written as ASCII when they go out."""
OURS = ("<U+00B7>", "<U+2026>", "<U+2192>", "<U+2212>")
"""Signs of the console's own, as they would be shown if they were a value's."""
DIRECT = ColorType.TRUECOLOR, ColorType.EIGHT_BIT


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office with something on every screen; nobody writes to it."""
    found = make_office(tmp_path_factory.mktemp("everywhere") / "office")
    found("run")
    let_leave(found, 2)
    found("run")
    let_change(found, 5, 58)
    for step in ("import hr", "sync", "evaluate"):
        found("step", *step.split())
    return found


def whole(console: Console) -> None:
    """Assert that the screen is as large as the terminal, line by line."""
    width, height = console.app.size
    assert [cell_len(line) for line in console.lines] == [width] * height, console.text


async def tour(console: Console) -> AsyncIterator[str]:
    """Go to every screen, the thing under its cursor, its help and the command line."""
    for digit, shown in SCREENS.items():
        await console.press(digit)
        await console.until(*shown[1:])
        await console.settle(0.1)
        yield shown[0]
        await console.press("question_mark")
        await console.until("type to search")
        yield f"{shown[0]}, help"
        await console.press("escape")
        await console.press("colon")
        await console.until("a screen, a key, an id")
        yield f"{shown[0]}, command line"
        await console.press("escape")
        if digit not in "18":
            await console.press("enter")
            await console.wait(lambda: len(console.app.screen_stack) > 1)
            await console.settle(0.1)
            yield f"{shown[0]}, opened"
            await console.press("escape")
    await console.press("6")
    await console.until("rev-1")
    await console.press("W", "a")
    await console.until("Approve 1 item")
    yield "a question"
    await console.press("escape")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
async def test_every_screen_fits(office: Workspace, opened: Open, size: tuple[int, int]) -> None:
    seen = []
    async with opened(office, size=size) as console:
        async for place in tour(console):
            whole(console)
            assert "live" in console.lines[-2] or place.endswith(("line", "question")), console.text
            seen.append(place)
    assert len(seen) == 31


async def test_a_tiny_terminal_is_survived(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.resize(40, 10)
        for digit in SCREENS:
            await console.press(digit)
            await console.settle(0.1)
            whole(console)
            for key in ("j", "G", "enter", "question_mark", "escape", "escape"):
                await console.press(key)
                whole(console)
        for width, height in ((1, 1), (12, 3), (20, 5), (80, 24)):
            await console.resize(width, height)
            await console.settle(0.1)
        await console.press("6")
        await console.until("rev-1", "? open")


@pytest.mark.parametrize(("digit", "text", "count"), [("3", "system:hr", 71), ("2", "change:Update", 5)])
async def test_resizing_keeps_cursor_and_filter(
    office: Workspace, opened: Open, digit: str, text: str, count: int
) -> None:
    async with opened(office) as console:
        await console.press(digit, "slash")
        await console.type(text)
        await console.press("enter")
        await console.until(f"1 of {count}")
        await console.press("j", "j", "j")
        await console.until(f"4 of {count}")
        current = console.row["id"]
        for width, height in ((60, 12), (200, 60), (40, 10), (80, 24), (120, 40)):
            await console.resize(width, height)
            await console.until(f"4 of {count}")
            whole(console)
            assert console.row["id"] == current
        await console.until(f"filter {text}", current)


async def test_resizing_keeps_what_has_been_typed(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("6")
        await console.until("rev-1")
        await console.press("W", "a")
        await console.until("Approve 1 item")
        await console.settle()
        await console.type("left")
        for width, height in ((80, 24), (200, 60), (80, 24)):
            await console.resize(width, height)
            await console.until("Approve 1 item", "why: left")
            whole(console)
        await console.press("escape")
        await console.until("cancelled")


async def test_an_ascii_terminal_gets_ascii_alone(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 2)
    office("run")
    let_change(office, 5, 58)
    for step in ("import hr", "sync", "evaluate"):
        office("step", *step.split())
    seen = []
    async with opened(office, plain=True) as console:
        async for place in tour(console):
            odd = {char for char in console.text if not char.isascii()} - DRAWN
            odd |= {one for one in OURS if one in console.text}
            assert not odd, f"{place}: {odd} in\n{console.text}"
            seen.append(place)
    assert len(seen) == 31


async def test_sixteen_colours_are_enough(office: Workspace, opened: Open) -> None:
    seen = []
    async with opened(office, theme="ansi-dark") as console:
        async for place in tour(console):
            for strip in console.app.screen._compositor.render_strips():
                for segment in strip:
                    style = segment.style
                    colours = [one for one in (style.color, style.bgcolor) if one] if style else []
                    assert not [one for one in colours if one.type in DIRECT], f"{place}: {segment}"
            seen.append(place)
    assert len(seen) == 31


async def test_a_key_can_be_another_one(office: Workspace, tmp_path: Path, opened: Open) -> None:
    config = office.folder / "interlock.toml"
    before = config.read_text()
    config.write_text(
        f'{before}\n[console.keys]\n"review.approve" = "A"\n"rows.down" = "ctrl+n,down"\n"list.filter" = "F"\n'
    )
    try:
        async with opened(office) as console:
            await console.press("6")
            await console.until("rev-1", "A approve", "F filter", gone=("a approve", "/ filter"))
            await console.press("W", "a")
            await console.settle(0.2)
            assert "Approve 1 item" not in console.text
            await console.press("A")
            await console.until("Approve 1 item")
            await console.press("escape", "3")
            await console.until("cso-", "1 of ")
            await console.press("j")
            await console.press("ctrl+n")
            await console.until(" 2 of ")
            await console.press("F")
            await console.until("filter:")
            await console.press("escape", "question_mark")
            await console.until("type to search")
            await console.type("rows.down")
            await console.until("ctrl+n down")
            await console.press("escape")
    finally:
        config.write_text(before)


async def test_an_id_that_no_key_has_is_told(office: Workspace, opened: Open) -> None:
    config = office.folder / "interlock.toml"
    before = config.read_text()
    config.write_text(f'{before}\n[console.keys]\n"review.aprove" = "A"\n"rows.down" = "down"\n')
    try:
        async with opened(office) as console:
            await console.until("[console.keys]: no key is called 'review.aprove'", gone=("rows.down",))
            await console.press("2")
            await console.until("exp-", gone=("review.aprove",))
    finally:
        config.write_text(before)


async def test_every_configurable_key_is_listed_in_the_help(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(120, 70)) as console:
        await console.press("6")
        await console.until("rev-1")
        await console.press("question_mark")
        await console.until("Keys of Review", "review.approve", "not now: the console is read-only: W arms it")
        review = console.app.screen_stack[-2]
        assert isinstance(review, ReviewScreen)
        keys = {
            binding.id
            for node in (review, review.table, console.app)
            for kind in type(node).__mro__
            for binding in vars(kind).get("BINDINGS", [])
            if getattr(binding, "id", None)
        }
        assert {"review.approve", "list.mark", "rows.down", "screen.runs", "quit"} < keys
        for one in sorted(keys):
            await console.press("ctrl+u")
            await console.paste(one)
            await console.until(f" {one}")
            assert any(line.split("│")[1].split()[-1:] == [one] for line in console.lines if line.count("│") == 2)


async def test_the_help_is_searched(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("question_mark")
        await console.until("type to search", "line.next", "line.stop")
        await console.type("pro")
        await console.until("line.profile", gone=("line.next",))
        await console.type("zzz")
        await console.until("no key does that here")
        await console.press("escape")
        await console.until("n export directory:", gone=("type to search",))


async def test_the_command_line_opens_things_and_screens(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        for typed, found, shown in (
            ("review", "Review", "rev-1"),
            ("rev-1", "open rev-1", "(rev-1)"),
            ("object cso-3", "open cso-3", "(cso-3)"),
            ("runs", "Runs", "objects a second"),
            ("run-1", "open run-1", "Runs › run-1"),
            ("find E000003", "objects with E000003", "filter E000003"),
            ("run-99", "open run-99", "there is no run-99"),
        ):
            await console.press("ctrl+p")
            await console.until("a screen, a key, an id")
            await console.type(typed)
            await console.until(found)
            await console.settle(0.2)
            await console.press("enter")
            await console.until(shown, gone=("a screen, a key, an id",))


@pytest.mark.parametrize(
    ("typed", "written", "shown"),
    [("reveiw", "show the screen Review", "missing"), ("sotr object", "sort object, A to Z", "by object, A to Z")],
)
async def test_a_mistyped_command_is_no_search(
    office: Workspace, opened: Open, typed: str, written: str, shown: str
) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await console.press("colon")
        await console.type(typed)
        await console.press("enter")
        await console.until(written, gone=(typed,))
        await console.settle()
        await console.press("enter")
        await console.until(shown, gone=("▔▔▔▔",))


async def test_a_mistyped_command_is_said_and_searched_for_on_demand(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("colon")
        await console.type("reveiw")
        await console.until("no such command 'reveiw'; did you mean Review?", "objects with reveiw")
        await console.settle()
        await console.press("down", "enter")
        await console.until("filter reveiw")


async def test_what_is_found_more_often_than_is_shown_leads_to_its_list(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("ctrl+f")
        await console.type("example.org")
        await console.until("and more with example.org in Metaverse", "and more with example.org in Objects")
        await console.settle()
        await console.press_until("down", lambda: "and more with example.org in Metaverse" in _marked(console))
        await console.press("enter")
        await console.until("Metaverse", "filter example.org", gone=("and more",))


def _marked(console: Console) -> str:
    """Give the line of the command line that the cursor is on."""
    found = console.app.screen.query_one(CommandList)
    return str(found.get_option_at_index(found.highlighted or 0).prompt)


async def test_q_quits(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("q")
        await console.wait(lambda: console.app._exit)
        assert console.app.return_code == 0


async def test_ctrl_c_quits_at_the_second_time(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("ctrl+c")
        await console.until("ctrl+c once more quits; a run that is going on continues")
        assert not console.app._exit
        await console.press("ctrl+c")
        await console.wait(lambda: console.app._exit)
        assert console.app.return_code == 0


async def test_enter_takes_what_was_found_for_all_that_was_typed(opened: Open, office: Workspace) -> None:
    """Keys come faster than what they find: the beginning of a word is no word."""
    async with opened(office) as console:
        await console.press("3", "colon", *"screenshot", "enter")
        await console.settle()
        assert console.app.current_mode == "objects"
        await console.press("escape", "colon", *"systems", "enter")
        await console.wait(lambda: console.app.current_mode == "systems")


async def test_systems_says_what_waits_for_a_window_and_until_when(opened: Open, tmp_path: Path) -> None:
    office = make_office(tmp_path / "office")
    now = datetime.now(UTC)
    closed = window(2, 3, of=now)
    config = (office.folder / "interlock.toml").read_text()
    office.configure(config.replace("[systems.directory]", f'[systems.directory]\nwindow = "{closed}"', 1))
    office("run")
    async with opened(office) as console:
        await console.press("8")
        await console.until(
            f"window {closed}", f"until {now + timedelta(hours=2):%Y-%m-%d %H:%M}, when its window opens"
        )
