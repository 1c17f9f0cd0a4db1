"""Make values from connected systems safe to show: what an operator reads is what is there."""

import unicodedata

_NAMED = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\x7f": "␡"}
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def display(value: object, limit: int | None = None) -> str:
    """Give one line that shows a value: control characters, escapes, bidi marks and odd spaces made visible.

    A value longer than `limit` is cut, with its whole length told.
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    shown = text if text.isascii() and text.isprintable() else "".join(_visible(char) for char in text)
    if limit is not None and len(shown) > limit:
        note = f"… ({len(text):,} characters)"
        return shown[: max(limit - len(note), 1)] + note
    return shown


def _is_blank(code: int) -> bool:
    """Tell whether a character shows nothing though it is no space: Default_Ignorable_Code_Point, Braille blank."""
    return any(first <= code <= last for first, last in _IGNORABLE)


def _visible(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 32:
        return chr(0x2400 + code)
    category = unicodedata.category(char)
    if category in _HIDDEN or (category == "Zs" and char != " ") or _is_blank(code):
        return f"⟨U+{code:04X}⟩"
    return char


def values(found: object, limit: int | None = None) -> str:
    """Show the values of an attribute on one line."""
    listed = found if isinstance(found, list) else [found]
    return display(" | ".join(str(value) for value in listed), limit)
