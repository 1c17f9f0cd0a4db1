"""Regular expressions that take a time in proportion to the text, whatever the pattern: RE2, with Python's words."""

import re
import warnings
from functools import lru_cache
from typing import Any

import re2

_IN_CLASS = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"\p{L}\p{N}_",
    "s": r"\s\x0b\x1c-\x1f\x{85}\p{Z}",
}
"""What Python's classes of all scripts' characters are called in RE2, where its own know ASCII alone."""
_OUTSIDE = {
    **{name: f"[{members}]" for name, members in _IN_CLASS.items()},
    "W": f"[^{_IN_CLASS['w']}]",
    "S": f"[^{_IN_CLASS['s']}]",
    "Z": r"\z",
}
_ONLY_PYTHON = frozenset("bBWSuUN")
"""Escapes that RE2 lacks, or knows for ASCII alone; some of them only within a class."""
_OPENING = re.compile(r"\[\^?\]?")
"""The beginning of a class; a bracket that closes one stands for itself there."""


_CHOICE = re.compile(r"\||[*+?}]\?")


def is_linear(pattern: str) -> bool:
    """Tell whether a pattern can be matched in a time in proportion to the text."""
    return _linear(pattern) is not None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    r"""Replace every match; the replacement may name groups, as `\1` or `\g<name>`. Raises ValueError or `re.error`.

    A pattern that RE2 cannot match, with a look around or a group within itself, is matched by Python's own engine,
    which may take for ever: only where it can be stopped.
    """
    linear = _linear(pattern)
    if linear is None:
        return re.sub(pattern, replacement, text)
    parts: list[str] = []
    end, last = 0, None
    for found in linear.finditer(text):
        if found.span() != last:  # the end of a text is found twice where nothing is all that matches there
            parts += text[end : found.start()], found.expand(replacement)
            end, last = found.end(), found.span()
    return "".join([*parts, text[end:]])


@lru_cache(maxsize=1_000)
def _linear(pattern: str) -> Any:
    """Compile a pattern for RE2; None where that cannot match it as Python does."""
    translated = _translated(pattern)
    if translated is None:
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        with warnings.catch_warnings(action="ignore"):
            own = re.compile(pattern)
        if own.match("") and _CHOICE.search(pattern):
            return None  # where nothing matches first, and something at the same place next, the two differ
        return re2.compile(translated, options)
    except (re2.error, re.error, UnicodeEncodeError):
        return None


def _translated(pattern: str) -> str | None:
    """Write a pattern for RE2, which takes some of Python's words for others; None where there is no way to."""
    if "{," in pattern:
        return None  # RE2 takes it for a brace
    parts: list[str] = []
    in_class, at = False, 0
    while at < len(pattern):
        char, following = pattern[at], pattern[at + 1 : at + 2]
        at += 1
        if char == "\\":
            words = _IN_CLASS if in_class else _OUTSIDE
            if following not in words and following in _ONLY_PYTHON:
                return None
            parts.append(words.get(following, char + following))
            at += 1
        elif char == "[" and not in_class:
            in_class = True
            opening = _OPENING.match(pattern, at - 1)
            parts.append(opening[0].replace("]", "\\]") if opening else char)
            at += len(opening[0]) - 1 if opening else 0
        elif char == "[":
            parts.append("\\[")  # RE2 knows classes by name, [:alpha:]
        else:
            in_class = in_class and char != "]"
            parts.append(char)
    return "".join(parts)
