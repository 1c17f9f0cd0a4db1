"""One owed reference."""

from tui.console.sheets.layout import Document, fact, prose
from tui.console.widgets.sheet import SheetLine
from tui.presentation.moments import local_time

_TO_DO = "it is entered by itself when they come; who never will is to be corrected where the reference comes from"


def owed(found: Document, width: int) -> list[SheetLine]:
    """Show whose reference it is, whom it names, and why it waits."""
    named = found["names"] if found["names"].startswith("mvo-") else None
    return [
        *fact("object", found["label"], width, tone="strong", link=found["owner"]),
        *fact("attribute", found["attribute"], width),
        *fact("system", found["system"], width),
        *fact("names", found["named"], width, link=named),
        *prose("waits because", found["waits_because"], width, tone="warn"),
        *fact("since", local_time(found["since"], precise=True), width),
        *prose("what to do", _TO_DO, width),
    ]
