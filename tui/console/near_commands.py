"""A command that was mistyped: which one was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKENESS = 0.7
"""From 0 to 1, how like a word has to be to what was typed."""
FEWEST = 3
"""Letters of a word that may be a slip of the pen."""


def meant(typed: str, names: Iterable[str], verbs: Iterable[str]) -> str | None:
    """Give the line that a mistyped one is like: a command's name, or a verb with what stands behind it."""
    word, blank, rest = typed.partition(" ")
    written = {name.casefold(): name for name in ([*verbs] if rest else [*names, *verbs])}
    if len(word) < FEWEST or typed.casefold() in written or (rest and word.casefold() in written):
        return None
    near = get_close_matches((word if rest else typed).casefold(), written, n=1, cutoff=LIKENESS)
    return written[near[0]] + blank + rest if near else None
