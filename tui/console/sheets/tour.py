"""A tour of the demo's workspace: three minutes, key by key."""

from tui.console.sheets.layout import prose, section
from tui.console.widgets.sheet import SheetLine

STOPS = (
    (
        "1",
        "The Line. HR's third day was imported, synchronised and evaluated; n would export it.",
    ),
    ("2", "Exports: what n would write. j and k move; beside each is what is there now and what is to be written."),
    ("/", "Type change:Create and enter: the filter stays until esc. s sorts, ! shows errors only."),
    ("W", "Arm the console: it starts read-only. The badge at the foot says for how long."),
    (
        "1 n",
        "Export. The run is a process of its own: q or a lost line does not end it. n again confirms.",
    ),
    ("5", "Transitions: what just happened, newest first. p freezes the view, p again goes on."),
    (
        "6",
        "Review: two people left HR's file. Beside each stands what an approval would do.",
    ),
    (
        "a",
        "Approve one: give a reason, type the number. An empty line cancels. K keeps, L puts off, u takes back.",
    ),
    ("1 r", "Run the rest: it says how many deletes it sends, and asks for that number."),
    ("7", "Runs: the truncated file of day two is here, stopped by gate 5, with its arithmetic."),
    ("3 enter", "Any object whole: who contributed each attribute, what is staged, its transitions in time."),
)


def tour(width: int) -> list[SheetLine]:
    """Give the stops of the tour."""
    lines = section("The tour: three minutes")
    for key, text in STOPS:
        lines += prose(key, text, width)
    return lines
