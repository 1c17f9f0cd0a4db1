"""A narrow update sends the cells that have changed and no others, and leaves the screen as a whole one would."""

import re

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.console.screen_updates import NarrowUpdate

WIDTH = 20


def show(screen: pyte.Screen, sent: str) -> None:
    pyte.Stream(screen).feed(sent)


def update(text: str, first: int, last: int, start: int = 0) -> str:
    strip = Strip([Segment(text[:4], Style(bold=True)), Segment(text[4:7], Style()), Segment(text[7:], Style())])
    found = NarrowUpdate([{start: strip}], [(0, first, last)], [[start + strip.cell_length]])
    return found.render_segments(Console(force_terminal=True, color_system="truecolor"))


@pytest.mark.parametrize(
    ("before", "after", "first", "last"),
    [
        ("abcdefghij", "abcXefghij", 3, 4),
        ("abcdefghij", "abcdefXYij", 6, 8),
        ("佐藤 健太 abc", "佐滕 健太 abc", 2, 3),
        ("佐藤 健太 abc", "佐滕 健太 abc", 3, 4),
        ("ab世def 界 x", "abXYdef 界 x", 2, 4),
        ("Søren Łoś 10", "Søren Łoś 11", 11, 12),
        ("abcdefghij", "0123456789", 0, 10),
    ],
)
def test_the_screen_becomes_what_it_should(before: str, after: str, first: int, last: int) -> None:
    screen, wanted = pyte.Screen(WIDTH, 1), pyte.Screen(WIDTH, 1)
    show(screen, update(before, 0, WIDTH))
    show(screen, update(after, first, last))
    show(wanted, after)
    assert screen.display == wanted.display


def test_only_what_has_changed_is_sent() -> None:
    sent = update("abcdefghij", 6, 8, start=3)
    assert sent.startswith("\x1b[1;7H")
    assert re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", sent) == "de"


def test_what_looks_the_same_is_sent_as_one() -> None:
    assert update("abcdefghij", 5, 10).count("\x1b") == 1
