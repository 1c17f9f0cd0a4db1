"""Figures drawn with characters: a bar, a sparkline, and a chart with values and dates on its axes."""

from collections.abc import Callable, Sequence

from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

MOST_CELLS = 4
"""Cells that one value of a chart takes at most."""
LABEL_GAP = 4


def bar(done: float, total: float, width: int) -> str:
    """Draw how much of a total is done, `width` cells wide; only what is whole looks full, and only nothing empty."""
    found = glyphs()
    if done <= 0 or total <= 0 or width <= 0:
        return found.empty * max(width, 0)
    cells = width if done >= total else min(max(int(width * done / total), 1), width - 1)
    return found.full * cells + found.empty * (width - cells)


def spark(values: Sequence[float], width: int) -> str:
    """Draw the newest `width` values, scaled to the greatest of them, the newest at the right; nothing is a blank."""
    shown = list(values[-width:]) if width > 0 else []
    steps = glyphs().steps
    greatest = max(shown, default=0)
    return "".join(_step(value, greatest, steps) for value in shown).rjust(max(width, 0))


def _step(value: float, greatest: float, steps: str) -> str:
    if value <= 0:
        return " "
    return steps[min(int(len(steps) * value / greatest), len(steps) - 1)]


def chart(
    values: Sequence[float | None], labels: Sequence[str], width: int, height: int, form: Callable[[float], str]
) -> list[Line]:
    """Draw the newest values as bars, `height` lines high, with values at the left and their labels below.

    A value that is None is left out; one above nothing is always seen.
    """
    known = [one for one in values if one is not None]
    top = rounded_up(max(known, default=0))
    at_left = max(len(form(top)), len(form(0)), len(form(top / 2)))
    room = max(width - at_left - 3, 1)
    cells = max(min(room // max(len(values), 1), MOST_CELLS), 1)
    shown, named = list(values[-(room // cells) :]), list(labels[-(room // cells) :])
    axis = glyphs().axis
    lines: list[Line] = []
    for row in range(height, 0, -1):
        told = form(top) if row == height else form(top / 2) if row * 2 == height and (top / 2).is_integer() else ""
        bars = "".join(_cell(one, top, row, height) * max(cells - 1, 1) + " " * (cells > 1) for one in shown)
        lines.append([(f" {told:>{at_left}} {axis[0]}", "dim"), (bars, "accent")])
    lines.append([(f" {form(0):>{at_left}} {axis[1]}{axis[2] * (len(shown) * cells)}", "dim")])
    lines.append([(" " * (at_left + 3) + _dates(named, cells, room), "dim")])
    return lines


def rounded_up(value: float) -> float:
    """Give the least of 1, 2, 5, 10, 20, 50 … that is no less; 1 for nothing."""
    size = 1.0
    while size < value:
        for step in (2, 5, 10):
            if size * step >= value:
                return size * step
        size *= 10
    return size


def _cell(value: float | None, top: float, row: int, height: int) -> str:
    """Give what of a bar stands in one line of the chart."""
    if value is None or value <= 0:
        return " "
    steps = glyphs().steps
    eighths = max(round(value / top * height * len(steps)), 1) - (row - 1) * len(steps)
    return " " if eighths <= 0 else steps[min(eighths, len(steps)) - 1]


def _dates(labels: Sequence[str], cells: int, room: int) -> str:
    """Write labels below their values, as many as there is room for; the last one also where it is wider than all."""
    line = [" "] * max(len(labels) * cells, min(room, len(labels[-1]) if labels else 0))
    end = len(line)
    for index in range(len(labels) - 1, -1, -1):
        label = labels[index]
        begin = min(index * cells, len(line) - len(label))
        if begin >= 0 and (begin + len(label) + LABEL_GAP <= end or index == len(labels) - 1):
            line[begin : begin + len(label)] = label
            end = begin
    return "".join(line)
