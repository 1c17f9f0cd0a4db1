"""From which widths on a screen stands otherwise: one thing above the other, two side by side, three."""

BESIDE = 150
"""From this width on a list and its detail stand side by side: below, both would show less than one above the other."""
THREE = 200
"""From this width on there is room for a third column."""
DETAIL_LEAST = 48
"""Cells in which a detail is read well beside a list."""
EACH_LEAST = 43
"""Cells in which both are, where there are two of them."""


def breakpoints(list_width: int = 0) -> list[tuple[int, str]]:
    """Give the widths, and what a screen is called from there on, by the cells that its list takes with all columns.

    More room never shows less: nothing comes to stand beside a list that would lose a column by it.
    """
    broad = max(BESIDE, list_width + DETAIL_LEAST)
    vast = max(THREE, list_width + 2 * EACH_LEAST)
    return [(0, "-narrow"), (110, "-wide"), (broad, "-broad"), (vast, "-vast")]
