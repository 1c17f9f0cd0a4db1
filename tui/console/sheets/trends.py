"""How things went day by day, as charts and as figures."""

from collections.abc import Callable
from typing import Any

from tui.console.plots import chart
from tui.console.sheets.layout import section
from tui.console.widgets.painting import cut
from tui.console.widgets.sheet import SheetLine
from tui.feed.trends import Day
from tui.presentation.moments import lasting

FIGURES = 60
"""Days of which the figures are shown, the newest first."""
LEAST, MOST = 2, 8
"""Lines that a chart takes."""


def _number(value: float) -> str:
    return f"{value:,.0f}"


_CHARTS: tuple[tuple[str, str, Callable[[Day], float | None], Callable[[float], str]], ...] = (
    ("Objects", "read by the imports of all systems", lambda day: day.objects, _number),
    ("Joins", "and projections", lambda day: day.joins, _number),
    ("Errors", "of single objects", lambda day: day.errors, _number),
    ("Longest run", "of each day", lambda day: day.longest, lasting),
)


def trends(days: list[Day], height: int, width: int) -> list[SheetLine]:
    """Draw a chart for each figure, one below the other or, where there is room, two beside each other."""
    if not days:
        return [SheetLine([]), SheetLine([(" nothing has run yet: there is nothing to look back at", "dim")])]
    beside = width >= 150
    rows = len(_CHARTS) // 2 if beside else len(_CHARTS)
    high = max(min(height // rows - 4, MOST), LEAST)
    room = width // 2 - 2 if beside else width - 1
    drawn = [_chart(one, days, room, high) for one in _CHARTS]
    lines = _side_by_side(drawn, room) if beside else [line for one in drawn for line in one]
    return [*lines, *_figures(days)]


def _chart(one: tuple[Any, ...], days: list[Day], width: int, height: int) -> list[SheetLine]:
    title, what, value, form = one
    values = [value(day) for day in days]
    now = next((form(one) for one in reversed(values) if one is not None), "")
    lines = chart(values, [day.day[5:] for day in days], width, height, form)
    heading = SheetLine([(f" {title}", "strong"), (f"  {what}, {now} last", "dim")])
    return [heading, *map(SheetLine, lines), SheetLine([])]


def _side_by_side(drawn: list[list[SheetLine]], width: int) -> list[SheetLine]:
    lines = []
    for left, right in zip(drawn[::2], drawn[1::2], strict=True):
        pairs = zip(left, right, strict=True)
        lines += [SheetLine([*cut(one.line, width), ("  ", ""), *other.line]) for one, other in pairs]
    return lines


def _figures(days: list[Day]) -> list[SheetLine]:
    """Give the figures, the newest day first."""
    head = f" {'day':<12}{'objects':>11}{'joins':>9}{'errors':>9}{'runs':>7}{'longest':>10}"
    lines = [*section("Day by day", note="days of universal time"), SheetLine([(head, "head")])]
    for day in days[: -FIGURES - 1 : -1]:
        objects = "" if day.objects is None else f"{day.objects:,}"
        longest = "" if day.longest is None else lasting(day.longest)
        told = f" {day.day:<12}{objects:>11}{day.joins:>9,}{day.errors:>9,}{day.runs:>7,}{longest:>10}"
        lines.append(SheetLine([(told, "warn" if day.errors else "")]))
    return lines
