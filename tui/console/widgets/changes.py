"""Which cells of a line have to be sent anew."""

from rich.cells import cell_len

from tui.console.widgets.painting import cut, unsure
from tui.presentation.pieces import Line

JUMP = 16
"""To send cells that have not changed costs no more than a jump over as many."""

Cell = tuple[str, str]


def changed_runs(before: Line, after: Line, width: int) -> list[tuple[int, int]]:
    """Give the runs of cells in which two lines differ: the first of each, and the one after its last.

    They take in what a terminal may have painted further to the right than was reckoned with.
    """
    if before == after:
        return []
    runs: list[tuple[int, int]] = []
    old, new = _cells(before, width), _cells(after, width)
    for index in range(width):
        if old[index] == new[index]:
            continue
        if runs and index - runs[-1][1] < JUMP:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    more = max(sum(unsure(text) for text, _ in line) for line in (before, after))
    return [(first, min(last + more, width)) for first, last in runs] if more else runs


def cost(runs: list[tuple[int, int]]) -> int:
    """Tell what runs cost on the wire, in cells."""
    return sum(last - first + JUMP for first, last in runs)


def _cells(line: Line, width: int) -> list[Cell]:
    """Give what stands in each cell; a wide character stands in both of its own, so that they change together."""
    cells: list[Cell] = []
    size = 1
    for text, tone in cut(line, width):
        if text.isascii():
            cells += [(char, tone) for char in text]
            size = 1
            continue
        for char in text:
            if cell_len(char) == 0 and cells:
                cells[-size:] = [(cells[-1][0] + char, tone)] * size
            else:
                size = max(cell_len(char), 1)
                cells += [(char, tone)] * size
    return (cells + [(" ", "")] * width)[:width]
