"""Bars and sparklines tell the truth at their ends, on every terminal."""

import pytest
from rich.cells import cell_len

from tui.console.plots import bar, spark
from tui.presentation.display import use_ascii
from tui.presentation.glyphs import ASCII, UNICODE, glyphs


@pytest.fixture
def ascii_terminal():
    use_ascii(True)
    yield
    use_ascii(False)


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [
        (0, 10, "░░░░░░░░"),
        (5, 10, "████░░░░"),
        (10, 10, "████████"),
        (12, 10, "████████"),
        (-1, 10, "░░░░░░░░"),
        (0, 0, "░░░░░░░░"),
        (1, 1_000_000, "█░░░░░░░"),
        (999_999, 1_000_000, "███████░"),
    ],
)
def test_a_bar_is_full_only_when_all_is_done_and_empty_only_when_nothing_is(done, total, drawn):
    assert bar(done, total, 8) == drawn


def test_a_bar_without_room_is_nothing_and_one_of_one_cell_is_full_at_the_end():
    assert bar(1, 2, 0) == ""
    assert bar(1, 2, -3) == ""
    assert bar(1, 2, 1) == "░"
    assert bar(2, 2, 1) == "█"


def test_a_sparkline_is_scaled_to_its_greatest_value_and_ends_with_the_newest():
    assert spark([1, 2, 4, 8], 4) == "▂▃▅█"
    assert spark([800, 1, 8], 2) == "▂█"
    assert spark([5], 4) == "   █"


def test_a_sparkline_of_nothing_and_of_zeros_is_blank():
    assert spark([], 4) == "    "
    assert spark([0, 0], 4) == "    "
    assert spark([0, 3, 0], 3) == " █ "
    assert spark([1, 2], 0) == ""


def test_every_symbol_is_one_cell_wide_on_every_terminal():
    for name, symbol in UNICODE._asdict().items():
        wide = {"steps": 8, "axis": 3}.get(name, 1)
        assert cell_len(symbol) == wide, name
        assert name == "ellipsis" or len(getattr(ASCII, name)) == wide, name
    assert all(symbol.isascii() for symbol in ASCII)


def test_what_is_told_apart_stays_apart_in_ascii():
    lamps = ("idle", "running", "held", "done", "danger")
    for found in (UNICODE, ASCII):
        assert len({getattr(found, name) for name in lamps}) == len(lamps)


@pytest.mark.usefixtures("ascii_terminal")
def test_an_ascii_terminal_gets_ascii_drawings():
    assert glyphs() is ASCII
    assert bar(1, 2, 4) == "##.."
    assert spark([1, 8], 3) == " .#"
