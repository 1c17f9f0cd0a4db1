"""Text that nobody obeys: for what leaves the program past the floors that show things."""

import re

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Controls, marks of direction, what shows nothing, and halves of characters."""
_BUT_LINES = re.compile(_UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f"))


def plain(text: str) -> str:
    r"""Give one line in which controls and marks of direction are written as JSON writes them, `\u001b`."""
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_escaped, text)


def plain_lines(text: str) -> str:
    """Give a text likewise, its tabs and line ends left as they are."""
    return text if text.isascii() and text.isprintable() else _BUT_LINES.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
