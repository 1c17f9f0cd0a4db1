"""The building stones of a sheet: headings, facts, values that may be long, times."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from tui import feed
from tui.console.widgets.painting import cut, width_of
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line, Piece

Document = dict[str, Any]
NAME = 14
"""Cells for the name of a fact."""
CONTRIBUTOR_GAP = 3
MOST_LINES = 4
"""A value that takes more lines is cut."""


def section(title: str, *, note: str = "") -> list[SheetLine]:
    """Give a heading with an empty line before it."""
    return [SheetLine([]), SheetLine([(title, "strong"), (f"  {note}" if note else "", "dim")])]


def fact(name: str, value: object, width: int, *, tone: str = "", link: str | None = None) -> list[SheetLine]:
    """Give one named value, over a few lines if need be; a longer one is cut, its length told."""
    return named(name, value, width, NAME, tone=tone, link=link)


def named(
    name: str, value: object, width: int, indent: int, *, tone: str = "", link: str | None = None
) -> list[SheetLine]:
    """Give a value after a name that takes so many cells."""
    room = max(width - indent - (5 if link else 3), 8)
    raw = "" if value is None else str(value)
    shown = display(raw, room * MOST_LINES)
    whole = raw if shown != display(raw) else None
    lines = []
    for index, part in enumerate(broken(shown, room)):
        label = name if index == 0 else ""
        line: Line = [*cut([(" " + display(label, indent), "dim")], indent + 1), (" ", ""), (part, tone)]
        lines.append(SheetLine(line, link, whole))
    if link:
        lines[-1].line.append((f" {glyphs().arrow}", "accent"))
    return lines


def broken(text: str, room: int) -> list[str]:
    """Break a safe text into parts of so many cells, at blanks and commas where it can: every character stays.

    A blank at which it is broken ends a part, one cell further than that has.
    """
    parts = [""]
    left = room
    for char in text:
        size = cell_len(char)
        if size > left and not (char == " " and left == 0):
            end = max(parts[-1].rfind(" "), parts[-1].rfind(",")) + 1
            tail = parts[-1][end:]
            if end and cell_len(tail) <= room // 2:
                parts[-1] = parts[-1][:end]
            else:
                tail = ""
            parts.append(tail)
            left = room - cell_len(tail)
        parts[-1] += char
        left -= size
    return parts


def prose(name: str, text: object, width: int, *, tone: str = "") -> list[SheetLine]:
    """Give a sentence, wrapped over as many lines as it takes."""
    shown = display(text)
    room = max(width - NAME - 3, 12)
    parts = textwrap.wrap(shown, room if shown.isascii() else max(room // 2, 12)) or [""]
    return [
        line for index, part in enumerate(parts) for line in named("" if index else name, part, width, NAME, tone=tone)
    ]


def stated(name: str, piece: tuple[str, str], width: int) -> list[SheetLine]:
    """Give a fact that is a status."""
    return fact(name, piece[0], width, tone=piece[1])


def room_for(names: Iterable[str], width: int) -> int:
    """Give the cells for the names of attributes: as many as they take, while the values have the most."""
    longest = max(map(len, names), default=8)
    return min(longest + (longest < width // 3), max(width * 2 // 5, 8))


def attributes(
    found: Mapping[str, list[Any]], width: int, *, by: Mapping[str, Sequence[str]] | None = None
) -> list[SheetLine]:
    """Give attributes with a line for each value, and who contributed each where that is known, in long and short."""
    indent = room_for(found, width)
    lines = []
    for name in sorted(found):
        values = found[name] or [""]
        for index, value in enumerate(values):
            lines += named(name if index == 0 else "", value, width, indent)
        if by and name in by:
            beside = display(by[name][0])
            taken = width_of(lines[-1].line)
            column = max(width // 2, taken + CONTRIBUTOR_GAP)
            if column + cell_len(beside) < width:
                lines[-1].line.append((" " * (column - taken) + beside, "dim"))
                continue
            room = max(width - indent - 3, 8)
            said = next((one for one in by[name] if cell_len(display(one)) <= room), by[name][-1])
            for part in broken(display(said, room * MOST_LINES), room):
                lines.append(SheetLine([(" " * (indent + 2), ""), (part, "dim")]))
    return lines


PREFIXES = {"cso": "cso", "export": "exp", "review": "rev", "identity": "cso", "join": "cso"}
"""How the ids of what moves begin."""


def moved(move: Mapping[str, Any]) -> str:
    """Give the id of what moved."""
    return f"{PREFIXES[move['entity']]}-{move['entity_id']}"


def timeline(
    moves: Iterable[Mapping[str, Any]], width: int, names: feed.Names, *, about: str | None = None
) -> list[SheetLine]:
    """Give status transitions, newest first; beside those of things other than `about`, what moved and a link.

    Each takes a line, and all of them several where one of them would be cut.
    """
    told = (_with_names(move, names) for move in moves)
    every = sorted(told, key=lambda move: (move["at"], move["id"]), reverse=True)
    wide = [_in_one_line(move, about) for move in every]
    if any(width_of(one.line) >= width for one in wide):
        return [line for move in every for line in _in_several(move, width, about)]
    lines = []
    for move, one in zip(every, wide, strict=True):
        lines.append(one)
        if move["reason"]:
            lines += named("", move["reason"], width, 1, tone="dim")
    return lines


def _with_names(move: Mapping[str, Any], names: feed.Names) -> dict[str, Any]:
    """Give a transition with names before the ids in what it tells."""
    told = {one: move[one] and feed.with_names(move[one], names) for one in ("from_status", "to_status", "reason")}
    return {**move, **told}


def _in_one_line(move: Mapping[str, Any], about: str | None) -> SheetLine:
    """Give when something moved, how, by whom, and what."""
    other = _other(move, about)
    who = f" by {move['operator']}" if move["operator"] else ""
    what, tone = _how(move)
    line: Line = [(_when(move), "dim"), (display(what, 60), tone), (display(who, 30), "strong")]
    if other:
        line += [(f"  {display(move['system'], 16)} {other}", "dim"), (f" {glyphs().arrow}", "accent")]
    return SheetLine(line, other)


def _in_several(move: Mapping[str, Any], width: int, about: str | None) -> list[SheetLine]:
    """Give when something moved and what; how, below it; and by whom and why, below that."""
    other = _other(move, about)
    line: Line = [(f"{_when(move)}{display(move['system'], 16)} {moved(move)}", "dim")]
    if other:
        line.append((f" {glyphs().arrow}", "accent"))
    what, tone = _how(move)
    lines = [SheetLine(line, other), *named("", what, width, 1, tone=tone)]
    said = ": ".join(filter(None, (f"by {move['operator']}" if move["operator"] else "", move["reason"])))
    return lines + (named("", said, width, 1, tone="dim") if said else [])


def _when(move: Mapping[str, Any]) -> str:
    return f" {local_time(move['at'], precise=True)}  "


def _how(move: Mapping[str, Any]) -> Piece:
    before, (after, tone) = move["from_status"] or glyphs().nothing, tones.became(move)
    after = move["to_status"] or after
    return (f"{before} {glyphs().arrow} {after}" if before != after else str(after)), tone


def _other(move: Mapping[str, Any], about: str | None) -> str | None:
    """Give the id of what moved, where that is not what all of it is about."""
    return moved(move) if about not in (None, moved(move)) else None
