"""Figures drawn with characters: a bar, and a sparkline."""

from collections.abc import Sequence

from tui.presentation.glyphs import glyphs


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
