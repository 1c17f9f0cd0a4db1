"""Regular expressions of filters: RE2's, whose matching takes a time in proportion to the text; the case is ignored."""

import re
from functools import lru_cache
from typing import Any

MOST_MEMORY = 8 * 2**20
"""Bytes that a compiled pattern may take."""
_OF_THE_WHOLE = re.compile(r"\\[Az]|\(\?[a-zA-Z]*-")
"""What stands for the ends of a text, however many lines it has; or takes it back that every line has ends."""


class InvalidPattern(ValueError):
    """A text is no regular expression; the message says why."""


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """Compile a pattern. Raises `InvalidPattern`."""
    return _compiled(pattern, "")


@lru_cache(maxsize=64)
def in_lines(pattern: str) -> Any:
    """Compile a pattern that finds, in texts with a line each, at least those lines that it would find one by one."""
    if _OF_THE_WHOLE.search(pattern):
        return _compiled("", "")
    return _compiled(pattern, "(?m)")


def _compiled(pattern: str, flags: str) -> Any:
    import re2  # noqa: PLC0415 - only a filter by a pattern needs it

    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, MOST_MEMORY
    try:
        return re2.compile(f"{flags}{pattern}", options)
    except re2.error as error:
        told = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise InvalidPattern(f"'{pattern}' is no regular expression: {told}") from None
