"""Regular expressions of RE2 as PostgreSQL has them: what both write the same way may mean two things."""

import re

_FLAGS = re.compile(r"\(\?([ims]+)\)")
_PART = re.compile(r"\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|\[\^?\]?|.", re.DOTALL)
_IN_BRACKETS = re.compile(r"\[:\^?\w+:\]|\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|.", re.DOTALL)
_SAID_OTHERWISE = {r"\b": r"\y", r"\B": r"\Y", r"\z": r"\Z"}


def for_postgresql(pattern: str) -> str:
    """Give what PostgreSQL finds the same by, whatever the case; what it does not know stays, and is refused there."""
    flags, at = "", 0
    if begin := _FLAGS.match(pattern):
        flags, at = begin[1], begin.end()
    written = ["(?w)" if "m" in flags else ""]
    dot = "." if "s" in flags else r"[^\n]"
    while part := _PART.match(pattern, at):
        at = part.end()
        if part[0].startswith("["):
            inside, at = _brackets(pattern, at)
            written.append(part[0].replace("]", r"\]") + inside)
        elif part[0] == ".":
            written.append(dot)
        elif len(forms := _forms(_character(part[0]))) > 1:
            written.append(f"[{forms}]")
        else:
            written.append(_SAID_OTHERWISE.get(part[0], _plain(part[0])))
    return "".join(written)


def _brackets(pattern: str, at: int) -> tuple[str, int]:
    """Give what stands in brackets, with the one that closes them, and the place behind it."""
    written: list[str] = []
    while part := _IN_BRACKETS.match(pattern, at):
        at = part.end()
        if part[0] == "]":
            return "".join([*written, "]"]), at
        is_of_range = written[-1:] == ["-"] or pattern[at : at + 1] == "-"
        if part[0] == "[":
            written.append(r"\[")
        else:
            written.append(_plain(part[0]) if is_of_range else _forms(_character(part[0])) or _plain(part[0]))
    return "".join(written), at


def _character(part: str) -> str:
    """Give the character that stands for itself, or is said by its number; an empty text for whatever else."""
    if len(part) == 1:
        return part
    if number := re.fullmatch(r"\\x\{?([0-9a-fA-F]+)\}?", part):
        return chr(int(number[1], 16))
    return chr(int(part[1:], 8)) if re.fullmatch(r"\\[0-7]{1,3}", part) else ""


def _forms(character: str) -> str:
    """Give both cases of a letter of which the server, by the collation of the store, knows one alone."""
    if not character or character.isascii():
        return ""
    return "".join(sorted({one for one in (character, character.lower(), character.upper()) if len(one) == 1}))


def _plain(part: str) -> str:
    character = _character(part)
    return f"\\U{ord(character):08x}" if part.startswith("\\") and character else part
