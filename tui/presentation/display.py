"""Make values from connected systems safe to show: what an operator reads is what is there."""

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

CHARACTERS_IN_A_CELL = 4
"""More than this for each cell are combining marks piled up: what is shown of such a value is cut."""

_NAMED = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\x7f": "␡"}
_ASCII_NAMED = {"\n": "<LF>", "\r": "<CR>", "\t": "<TAB>", "\x1b": "<ESC>", "\0": "<NUL>", "\x7f": "<DEL>"}
_BLANK = re.compile(
    "[\u034f\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What shows nothing though it is no space: Default_Ignorable_Code_Point, and the blank Braille pattern."""


class _Mode:
    ascii = False


def use_ascii(on: bool) -> None:
    """Choose once, at the start, whether everything is shown in ASCII alone."""
    _Mode.ascii = on


def in_ascii() -> bool:
    """Tell whether everything is shown in ASCII alone."""
    return _Mode.ascii


def display(value: object, limit: int | None = None) -> str:
    """Give one line that shows a value: control characters, escapes, bidi marks and odd spaces made visible.

    A value that takes more than `limit` terminal cells is cut to at most that many, with its whole length told.
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if limit is None:
        return _show(text)
    most = limit * CHARACTERS_IN_A_CELL
    shown = _show(text[: most + 1])
    if len(text) <= most and cell_len(shown) <= limit:
        return shown
    note = f"{_ellipsis()} ({len(text):,} characters)"
    return _head(shown, limit - len(note)) + note if len(note) < limit else _cut(shown, limit)


def values(found: object, limit: int | None = None) -> str:
    """Show the values of an attribute on one line."""
    listed = found if isinstance(found, list) else [found]
    return display(" | ".join(str(value) for value in listed), limit)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Pad or cut a displayable text to exactly so many terminal cells; `right` puts the padding before it."""
    width = len(text) if text.isascii() else cell_len(text)
    if width > cells or len(text) > cells * CHARACTERS_IN_A_CELL:
        text = _cut(text, cells)
        width = cell_len(text)
    padding = " " * (cells - width)
    return padding + text if right else text + padding


def _show(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if _Mode.ascii:
        return "".join(map(_in_ascii, text))
    shown = text if text.isprintable() and not _BLANK.search(text) else "".join(map(_visible, text))
    if shown and unicodedata.category(shown[0]) in ("Mn", "Me"):  # it would sit on whatever stands before the value
        return _code(shown[0]) + shown[1:]
    return shown


@lru_cache(4096)
def _visible(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if ord(char) < 32:
        return chr(0x2400 + ord(char))
    return char if char.isprintable() and not _BLANK.match(char) else _code(char)


def _in_ascii(char: str) -> str:
    if char.isascii() and char.isprintable():
        return char
    return _ASCII_NAMED.get(char) or _code(char)


def _code(char: str) -> str:
    return f"<U+{ord(char):04X}>" if _Mode.ascii else f"⟨U+{ord(char):04X}⟩"


def _ellipsis() -> str:
    return "..." if _Mode.ascii else "…"


def _cut(text: str, cells: int) -> str:
    """Cut a text that is too long to at most so many cells, an ellipsis at its end."""
    mark = _ellipsis()[: max(cells, 0)]
    return _head(text, cells - len(mark)) + mark


def _head(text: str, cells: int) -> str:
    """Give as many leading characters as fit into so many cells, wide ones whole."""
    if text.isascii():
        return text[: max(cells, 0)]
    left = cells
    for index, char in enumerate(text[: max(cells, 0) * CHARACTERS_IN_A_CELL]):
        left -= get_character_cell_size(char)
        if left < 0:
            return text[:index]
    return text[: max(cells, 0) * CHARACTERS_IN_A_CELL]


_NAMING = re.compile(r"(?:[^,\\]|\\.)+?(?=,|\)$)")
"""The part of an id that tells it from others: all of it, or of a DN the first part."""
_FEWEST = 3
"""So many cells of a name are shown at least beside what tells it from others."""


def fit_label(text: str, cells: int) -> str:
    """Fit a label, `name (what its system calls it)`: what tells it from others stays, the DN's base goes first.

    Where even the naming part has no room beside the name, the name is cut; where hardly anything would be left of it,
    the naming part stands alone.
    """
    name, opens, called = text.partition(" (")
    naming = _NAMING.match(called)
    if not opens or naming is None or cell_len(text) <= cells:
        return fit(text, cells)
    end = ")" if naming.end() == len(called) - 1 else _ellipsis()
    told = f"{opens}{naming[0]}{end}"
    if cell_len(name + told) <= cells and end != ")":
        return fit(text, cells)  # only the base is cut
    room = cells - cell_len(told)
    if room >= _FEWEST:
        return fit(_cut(name, room) + told, cells)
    alone = naming[0] if end == ")" else f"{naming[0]}{end}"
    return fit(alone if cell_len(alone) <= cells else text, cells)
