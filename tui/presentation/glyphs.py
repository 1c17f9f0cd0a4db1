"""The symbols of the console, and what stands for them on a terminal that has ASCII alone."""

from typing import NamedTuple

from tui.presentation.display import in_ascii


class Glyphs(NamedTuple):
    """One symbol for each thing that is told; each is one terminal cell wide unless it says otherwise."""

    idle: str
    running: str
    held: str
    done: str
    danger: str
    marked: str
    cursor: str
    ascending: str
    descending: str
    track: str
    arrow: str
    nothing: str
    """In place of what was not there before."""
    separator: str
    """Between the parts of the breadcrumb."""
    create: str
    update: str
    delete: str
    error: str
    ok: str
    review: str
    full: str
    empty: str
    steps: str
    """The steps of a sparkline, lowest first."""
    axis: str
    """At the left of a chart, its corner, and below it."""
    ellipsis: str
    """As wide as `display` makes it."""


UNICODE = Glyphs(
    idle="○",
    running="◐",
    held="◆",
    done="●",
    danger="▲",
    marked="✓",
    cursor="▸",
    ascending="▴",
    descending="▾",
    track="─",
    arrow="→",
    nothing="·",
    separator="›",
    create="+",
    update="~",
    delete="-",
    error="!",
    ok="✓",
    review="?",
    full="█",
    empty="░",
    steps="▁▂▃▄▅▆▇█",
    axis="│└─",
    ellipsis="…",
)
ASCII = Glyphs(
    idle="o",
    running=">",
    held="#",
    done="*",
    danger="!",
    marked="*",
    cursor=">",
    ascending="^",
    descending="v",
    track="-",
    arrow=">",
    nothing="-",
    separator=">",
    create="+",
    update="~",
    delete="-",
    error="!",
    ok="=",
    review="?",
    full="#",
    empty=".",
    steps="_.-=+*%#",
    axis="|+-",
    ellipsis="...",
)


def glyphs() -> Glyphs:
    """Give the symbols that this terminal can show."""
    return ASCII if in_ascii() else UNICODE
