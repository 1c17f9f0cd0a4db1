"""Recorded sessions: what the console shows after each key of a story, as one moving picture in screenshots/."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.widgets import Input

from tests.console.conftest import TURN, Driven, Open
from tests.console.picture import picture
from tests.console.test_screens import SCREENS, demo  # noqa: F401 - a fixture
from tests.house.moving_picture import moving
from tui.console.beginning import Beginning
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SIZE = (96, 28)


class Beat(NamedTuple):
    """What is pressed, or typed, what is seen then, and what is told of it."""

    told: str
    keys: Sequence[str] = ()
    typed: str = ""
    seen: tuple[str, ...] = ()


LEAVERS = (
    Beat("0: all that waits for somebody", seen=("missing in 'hr'",)),
    Beat("enter: the very items", ("enter",), seen=("What an approval does",)),
    Beat("space: two of them", ("space", "space"), seen=("2 of ",)),
    Beat("W, a: what an approval touches", ("W", "a"), seen=("Approve 2 items",)),
    Beat("why, and the number", (), "left in March", seen=("left in March",)),
    Beat("the number is asked for", ("enter",), "2", seen=("type 2 to approve: 2",)),
)
FINDING = (
    Beat("3: every object", ("3",), seen=("cso-1 ",)),
    Beat("/: a filter, completed while it is typed", ("slash",), "department:eng", seen=("tab Engineering",)),
    Beat("tab takes it", ("tab",), seen=("filter: department:Engineering",)),
    Beat("enter: those, and no others", ("enter",), seen=("filter department:Engineering",)),
    Beat("~: a regular expression", ("slash",), " object:~^(ada|emma|noah)", seen=("object:~",)),
    Beat("s: in which order, in words", ("enter", "s"), seen=("Sort by",)),
    Beat("x: why somebody is as they are", ("escape", "x"), seen=("why",)),
)
BEGINNING = (
    Beat("interlock init: where do people come from?", seen=("Where do people come from?",)),
    Beat("a file: its columns, with a sample", (), "people.csv", seen=("a file, or an address: people.csv",)),
    Beat("which column identifies a person?", ("enter",), seen=("differs in each",)),
    Beat("where do they get accounts?", ("enter",), seen=("Where do they get accounts?",)),
    Beat("a proposal, and what it would do", ("enter",), seen=("The plan of the first ten people", "project")),
)


async def _record(console: Driven, story: Sequence[Beat]) -> str:
    frames = []
    for beat in story:
        for key in beat.keys:
            await console.press(key)
            await console.settle(TURN if isinstance(console.app.focused, Input) else 0.3)
        if beat.typed:
            await console.paste(beat.typed)
            await console.settle(0.3)
        await console.until(*beat.seen, seconds=60)
        frames.append(await _still(console, beat.told))
    return moving(frames)


async def _still(console: Driven, told: str) -> str:
    """Give the picture of the screen once it stays as it is."""
    before = ""
    while (found := picture(console.app, told)) != before:
        before = found
        await console.settle(0.6)
    return found


def _compare(request: pytest.FixtureRequest, name: str, found: str) -> None:
    path = SCREENS / f"story-{name}.svg"
    if request.config.getoption("--update-screens"):
        path.write_text(found)
    elif path.read_text() != found:
        path.with_suffix(".new.svg").write_text(found)
        pytest.fail(f"{path.name} differs from what the console shows; see {path.stem}.new.svg")


@pytest.mark.parametrize(("name", "story", "at"), [("leavers", LEAVERS, "todo"), ("finding", FINDING, "line")])
async def test_a_story_is_told_as_it_was_recorded(
    demo: Path,  # noqa: F811
    opened: Open,
    request: pytest.FixtureRequest,
    name: str,
    story: Sequence[Beat],
    at: str,
) -> None:
    async with opened(demo, size=SIZE, at=at) as console:
        _compare(request, name, await _record(console, story))


async def test_the_story_of_a_beginning(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("/tmp/people-of-hr")  # the path is in the picture
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()  # noqa: ASYNC240
    write_csv(folder / "people.csv", PERSON_COLUMNS, list(people(40)))
    monkeypatch.chdir(folder)
    app = Beginning(None)
    async with app.run_test(size=SIZE) as pilot:
        _compare(request, "beginning", await _record(Driven(app, pilot), BEGINNING))
    shutil.rmtree(folder)
