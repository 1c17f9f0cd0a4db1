"""How a question tells all that it touches: how many of which kind, then each by its name."""

from collections import Counter
from collections.abc import Iterable

from tui.console.sheets.layout import broken
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

NAMED = 500
"""What a question names before it only counts."""
WIDTH = 70


def counted(types: Iterable[str]) -> list[Line]:
    """Say how many of which kind there are."""
    kinds = Counter(types)
    said = ", ".join(f"{count:,} {_many(display(kind, 30), count)}" for kind, count in kinds.most_common())
    return [[(part, "strong")] for part in broken(f"{said}:", WIDTH)] if said else []


def named(*texts: str) -> list[Line]:
    """Name each."""
    return [[(f"  {part}", "strong")] for text in texts for part in broken(display(text), WIDTH - 2)]


def more(count: int) -> list[Line]:
    """Count those that are not named, if there are any."""
    return [[(f"  {glyphs().ellipsis} and {count:,} more", "")]] if count > 0 else []


def _many(kind: str, count: int) -> str:
    """Give what so many objects of a type are called."""
    return kind if count == 1 else {"person": "people"}.get(kind, f"{kind}s")
