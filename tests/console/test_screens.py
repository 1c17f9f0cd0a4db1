"""The pictures in screenshots/ are what the console shows, byte for byte: every screen, at two sizes."""

import os
import shutil
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest
from textual.widgets import Input

from storage import lease
from tests.console.conftest import TURN, Console, Driven, Open
from tests.console.office import let_leave, make_office
from tests.console.picture import picture
from tests.console.still import (
    DAY,
    advance,
    let_audit_stand_still,
    let_configuration_stand_still,
    let_days_pass,
    let_plan_stand_still,
    pretend_run,
    stand_still,
)
from tests.console.test_by_hand import DOORS
from tests.workspace import Workspace
from tui.console.beginning import Beginning
from tui.console.screens.line import LineScreen
from tui.console.screens.trends import TrendsScreen
from tui.console.sheets.pace import Pace
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SCREENS = Path(__file__).parents[2] / "screenshots"
SIZES = [(80, 24), (120, 40), (200, 60)]
NAMES = [f"{width}x{height}" for width, height in SIZES]
Drive = Callable[[Console], Awaitable[None]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's workspace as the demo leaves it."""
    folder = tmp_path_factory.mktemp("pictures")
    Workspace(folder, "")("demo", "demo", "--headless")
    stand_still(folder / "demo" / "interlock.db")
    Workspace(folder, "")("plan", "--keep", "--from", "export directory", "-c", "demo/interlock.toml")
    let_plan_stand_still(folder / "demo")
    return folder / "demo"


@pytest.fixture(scope="module")
def trouble(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day later: an export that did not stick, and a truncated file that a gate has refused."""
    folder = tmp_path_factory.mktemp("trouble") / "demo"
    shutil.copytree(demo, folder)
    site = Workspace(folder, (folder / "interlock.toml").read_text())
    site("step", "export", "directory")
    ldif = folder / "directory.ldif"
    label, title = site.query(
        "SELECT o.secondary_id, o.attributes ->> '$.title[0]' FROM pending_exports e JOIN objects o ON o.id = e.cso_id "
        "WHERE e.changes LIKE '%\"title\"%' AND e.change_type = 'Update' ORDER BY e.id LIMIT 1"
    )[0]
    before, dn, after = ldif.read_text().partition(f"dn: {label}\n")
    entry, blank, rest = after.partition("\n\n")
    lines = [f"title: {title}" if line.startswith("title:") else line for line in entry.split("\n")]
    ldif.write_text(before + dn + "\n".join(lines) + blank + rest)
    site("step", "confirm", "directory", status=1)
    let_leave(site, 950, 960)
    site("run", status=3)
    stand_still(folder / "interlock.db")
    return folder


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with a badge that fits two people, and with two people who were deleted."""
    site = make_office(tmp_path_factory.mktemp("by-hand") / "office", config=DOORS)
    (site.folder / "badges.csv").write_text("badge,holder,first_name,room\nB1,nolan,Noah,101\nB2,nobody,Emma,102\n")
    site("run", status=1)
    let_leave(site, 2)
    site("run", status=1)
    site("review", "approve", "--filter", "kind:absence", "--count", "2", "--reason", "they have left")
    site("run", status=1)
    stand_still(site.folder / "interlock.db")
    return site.folder


@pytest.fixture(scope="module")
def days(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo after seven weeks of nights, with profiles that are late, and with references that are owed."""
    folder = tmp_path_factory.mktemp("days") / "demo"
    shutil.copytree(demo, folder)
    toml = folder / "interlock.toml"
    toml.write_text(toml.read_text() + '[profiles.hourly]\nsteps = ["import hr", "sync"]\nevery = "1h"\n')
    let_days_pass(folder / "interlock.db", 50)
    return folder


@pytest.fixture(autouse=True)
def _universal_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def keys(*names: str) -> Drive:
    """Press keys, one after the other."""

    async def drive(console: Console) -> None:
        for name in names:
            await console.press(name)
            is_typing = isinstance(console.app.focused, Input)
            await console.settle(TURN if is_typing else 0.2)  # what is read begins to be read a little later

    return drive


async def rules(console: Console) -> None:
    """Look at the last rule, and wait until those in it are counted, which another process does."""
    await keys("8", "r", "G")(console)
    await console.until(" in, ", gone=("is being counted",))
    await console.settle()


async def sort(console: Console) -> None:
    """Choose an order, once the list below is painted whole."""
    await console.press("7")
    await console.until("run-19", "item errors", "objects a second")
    await console.settle()
    await console.press("s")
    await console.settle()


async def search(console: Console) -> None:
    """Find somebody by a part of a name, and wait for what is found."""
    await console.settle()  # the screen below is painted first
    await console.press("ctrl+f")
    await console.type("nolan")
    await console.until("Noah Nolan (nnolan0943)", "and more with nolan in Metaverse")
    await console.settle()


SHOTS: dict[str, Drive] = {
    "todo": keys("0"),
    "acknowledge": keys("0", "W", "A"),
    "line": keys(),
    "plan": keys("1", "P", "j", "j", "j", "j", "j"),
    "plan-attribute": keys("1", "P", "G", "k", "k", "k", "enter"),
    "exports": keys("2"),
    "export": keys("2", "enter"),
    "staged": keys("2", "enter", "enter"),
    "objects": keys("3", "G"),
    "object": keys("3", "j", "j", "enter"),
    "metaverse": keys("4", "j", "j", "j"),
    "metaverse-object": keys("4", "G", "enter"),
    "why": keys("4", "G", "x"),
    "stored": keys("3", "j", "j", "y"),
    "try": keys("4", "G", "enter", "equals_sign", *"title", "space", "vertical_line", "space", *"upper"),
    "transitions": keys("5"),
    "review": keys("6"),
    "approve": keys("W", "6", "asterisk", "a"),
    "runs": keys("7"),
    "run": keys("7", "enter"),
    "run-errors": keys("7", "enter", "exclamation_mark"),
    "systems": keys("8"),
    "rules": rules,
    "schema": keys("8", "s", "j", "enter"),
    "help": keys("6", "question_mark"),
    "search": search,
    "palette": keys("colon", "r", "e", "v"),
    "sort": sort,
    "complete": keys("3", "slash", *"department", "colon", "s"),
    "command": keys("3", "colon", *"filter", "space", *"dep"),
    "filter": keys("3", "slash", *"status", "colon", *"Obsolete"),
}
BY_HAND: dict[str, Drive] = {
    "join": keys("7", "G", "enter", "exclamation_mark", "J"),
    "join-decision": keys("7", "G", "enter", "exclamation_mark", "J", "enter"),
    "deleted": keys("6", "B"),
    "restore": keys("6", "B", "B"),
}


async def trends(console: Console) -> None:
    """Look back from the day on which everything stands still."""
    console.app.push_screen(TrendsScreen(until=DAY))
    await console.until("Longest run")
    await console.settle()


PAST: dict[str, Drive] = {
    "trends": trends,
    "schedule": keys("7", "o", "j"),
    "owed": keys("colon", *"owed", "enter"),
}
TROUBLE: dict[str, Drive] = {
    "todo-held": keys("0", "j"),
    "line-held": keys(),
    "export-not-confirmed": keys("2", "enter"),
    "release": keys("W", "6", "R"),
}


async def compare(console: Driven, request: pytest.FixtureRequest, name: str) -> None:
    """Compare the screen with its picture, once all it reads has come, or write the picture."""
    size = console.app.size
    path = SCREENS / f"{name}-{size.width}x{size.height}.svg"
    is_written = request.config.getoption("--update-screens")
    end = monotonic() + 15
    while True:
        await console.settle(0.5 if is_written else TURN)
        found = picture(console.app, "interlock")
        if is_written:
            path.write_text(found)
            return
        if path.read_text() == found or monotonic() > end:
            break
        for screen in console.app.screen_stack:  # what lies below a question is painted when that is
            screen.refresh(layout=True)
    if path.read_text() != found:
        path.with_suffix(".new.svg").write_text(found)
        pytest.fail(f"{path.name} differs from what the console shows; see {path.stem}.new.svg")


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("name", SHOTS)
async def test_a_screen_looks_like_its_picture(
    demo: Path, opened: Open, request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    async with opened(demo, size=size) as console:
        await console.settle(TURN)
        await SHOTS[name](console)
        await compare(console, request, name)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("name", PAST)
async def test_what_was_looks_like_its_picture(
    days: Path, opened: Open, request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    async with opened(days, size=size) as console:
        await console.settle(TURN)
        await PAST[name](console)
        await compare(console, request, name)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("name", TROUBLE)
async def test_trouble_looks_like_its_picture(
    trouble: Path, opened: Open, request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    async with opened(trouble, size=size) as console:
        await console.settle(0.2)
        await TROUBLE[name](console)
        await compare(console, request, name)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("name", BY_HAND)
async def test_what_is_decided_by_hand_looks_like_its_picture(
    by_hand: Path, opened: Open, request: pytest.FixtureRequest, name: str, size: tuple[int, int]
) -> None:
    async with opened(by_hand, size=size) as console:
        await console.settle(TURN)
        await BY_HAND[name](console)
        await compare(console, request, name)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_a_configuration_that_has_changed_looks_like_its_picture(
    demo: Path, opened: Open, request: pytest.FixtureRequest, size: tuple[int, int]
) -> None:
    folder = Path(f"/tmp/interlock-{size[0]}x{size[1]}") / "demo"  # the path is in the picture
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(demo, folder)
    let_configuration_stand_still(folder / "interlock.db")
    toml = folder / "interlock.toml"
    async with opened(folder, size=size) as console:
        await keys("8", "o")(console)
        console.session.read_at = f"{DAY}T09:00:00.000Z"
        before = toml.read_text().replace("provision = true", "provision = false", 1)
        toml.write_text(before + '\n[profiles.evening]\nsteps = ["sync"]\n')
        os.utime(toml, (1_772_442_000, 1_772_442_000))
        await console.until("the files say something else")
        await compare(console, request, "config")


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_audit_log_looks_like_its_picture(
    demo: Path, tmp_path: Path, opened: Open, request: pytest.FixtureRequest, size: tuple[int, int]
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    let_audit_stand_still(folder / "interlock.db")
    async with opened(folder, size=size) as console:
        await keys("9")(console)
        await compare(console, request, "audit")


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_an_empty_store_looks_like_its_picture(
    tmp_path: Path, opened: Open, request: pytest.FixtureRequest, size: tuple[int, int]
) -> None:
    async with opened(make_office(tmp_path / "office"), size=size) as console:
        await compare(console, request, "line-empty")


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_a_run_looks_like_its_picture(
    demo: Path, tmp_path: Path, opened: Open, request: pytest.FixtureRequest, size: tuple[int, int]
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    store = folder / "interlock.db"
    step = pretend_run(store, os.getpid(), lease._process_start(os.getpid()), socket.gethostname())
    async with opened(folder, size=size) as console:
        screen = console.app.screen
        assert isinstance(screen, LineScreen)
        now = [0.0]
        screen._pace = Pace(clock=lambda: now[0])
        screen.fresh()
        for done in (42_000, 43_500, 44_400, 45_900, 47_000, 48_600):
            now[0] += 1
            advance(store, step, done)
            await console.until(f"{done:,}")
        await compare(console, request, "line-running")


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_questions_of_init_look_like_their_picture(
    tmp_path: Path, request: pytest.FixtureRequest, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "people.csv", PERSON_COLUMNS, list(people(40)))
    monkeypatch.chdir(tmp_path)
    app = Beginning(None)
    async with app.run_test(size=size) as pilot:
        console = Driven(app, pilot)
        await console.until("Where do people come from?")
        await console.paste("people.csv")
        await console.press("enter")
        await console.until("differs in each", "40 looked at")
        await compare(console, request, "init")
