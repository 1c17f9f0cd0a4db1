"""Tear files: flip, cut, double, drop and swap their bytes, lines, columns and blocks, as a seed says."""

import random
from collections.abc import Callable

Change = Callable[[random.Random, bytes], bytes]
BYTES = b'"",;|\n\n\r\0 #:=\x02\xffaE0'
"""Bytes that mean something, and some that do not."""


def _span(dice: random.Random, count: int, longest: int) -> tuple[int, int]:
    start = dice.randrange(count + 1)
    return start, min(count, start + dice.randint(1, longest))


def flip(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text))
    other = dice.choice(BYTES) if dice.random() < 0.7 else text[at] ^ 1 << dice.randrange(8)
    return text[:at] + bytes([other]) + text[at + 1 :]


def put_in(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text) + 1)
    return text[:at] + bytes([dice.choice(BYTES)]) + text[at:]


def stray_pair(dice: random.Random, text: bytes) -> bytes:
    """Put two quotes, or two other bytes, where lines or fields begin or end."""
    places = [at for at, char in enumerate(text) if char in b",\n"]
    first, second = sorted(dice.choice(places) + dice.randint(0, 1) for _ in range(2))
    mark = b'"' if dice.random() < 0.8 else bytes([dice.choice(BYTES)])
    return text[:first] + mark + text[first:second] + mark + text[second:]


def drop_byte(dice: random.Random, text: bytes) -> bytes:
    at = dice.choice([at for at, char in enumerate(text) if char in b'",\n:']) if dice.random() < 0.6 else None
    at = dice.randrange(len(text)) if at is None else at
    return text[:at] + text[at + 1 :]


def swap_bytes(dice: random.Random, text: bytes) -> bytes:
    changed = bytearray(text)
    first, second = dice.randrange(len(text)), dice.randrange(len(text))
    changed[first], changed[second] = changed[second], changed[first]
    return bytes(changed)


def cut_end(dice: random.Random, text: bytes) -> bytes:
    return text[: dice.randrange(len(text))]


def cut_and_continue(dice: random.Random, text: bytes) -> bytes:
    """Cut a file in its middle, and go on with another copy of it."""
    return text[: dice.randrange(len(text))] + text[dice.randrange(len(text)) :]


def drop_block(dice: random.Random, text: bytes) -> bytes:
    start, stop = _span(dice, len(text), 200)
    return text[:start] + text[stop:]


def double_block(dice: random.Random, text: bytes) -> bytes:
    start, stop = _span(dice, len(text), 200)
    return text[:stop] + text[start:]


def move_block(dice: random.Random, text: bytes) -> bytes:
    start, stop = _span(dice, len(text), 200)
    rest = text[:start] + text[stop:]
    at = dice.randrange(len(rest) + 1)
    return rest[:at] + text[start:stop] + rest[at:]


def empty_block(dice: random.Random, text: bytes) -> bytes:
    """Leave what was never written: NULs."""
    start, stop = _span(dice, len(text), 60)
    return text[:start] + bytes(stop - start) + text[stop:]


def _lines(change: Callable[[random.Random, list[bytes]], None]) -> Change:
    def changed(dice: random.Random, text: bytes) -> bytes:
        lines = text.splitlines(keepends=True)
        if lines:
            change(dice, lines)
        return b"".join(lines)

    changed.__name__ = change.__name__
    return changed


@_lines
def drop_line(dice: random.Random, lines: list[bytes]) -> None:
    del lines[dice.randrange(len(lines))]


@_lines
def double_line(dice: random.Random, lines: list[bytes]) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))


@_lines
def header_again(dice: random.Random, lines: list[bytes]) -> None:
    lines.insert(dice.randrange(len(lines) + 1), lines[0])


@_lines
def swap_lines(dice: random.Random, lines: list[bytes]) -> None:
    first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]


@_lines
def join_lines(dice: random.Random, lines: list[bytes]) -> None:
    at = dice.randrange(len(lines))
    lines[at] = lines[at].rstrip(b"\r\n") + dice.choice([b"", b",", b"\r", b" ", b"\0", b'"'])


@_lines
def swap_columns(dice: random.Random, lines: list[bytes]) -> None:
    """Swap two columns, or drop or double one, in some lines that follow each other."""
    start, stop = _span(dice, len(lines), len(lines))
    width = lines[0].count(b",") + 1
    first, second, kind = dice.randrange(width), dice.randrange(width), dice.randrange(3)
    for at in range(start, stop):
        cells = lines[at].rstrip(b"\n").split(b",")
        if max(first, second) < len(cells):
            if kind == 0:
                cells[first], cells[second] = cells[second], cells[first]
            elif kind == 1:
                del cells[first]
            else:
                cells.insert(second, cells[first])
            lines[at] = b",".join(cells) + b"\n"


CHANGES: tuple[Change, ...] = (
    *(flip, put_in, stray_pair, drop_byte, swap_bytes, cut_end, cut_and_continue, drop_block, double_block),
    *(move_block, empty_block, drop_line, double_line, header_again, swap_lines, join_lines, swap_columns),
)


def tear(seed: int, text: bytes) -> tuple[bytes, list[str]]:
    """Change a file once, twice or three times; give what became of it, and what was done."""
    dice = random.Random(seed)
    done = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change = dice.choice(CHANGES)
        if len(text) > 1 and b"," in text and b"\n" in text:
            text = change(dice, text)
            done.append(change.__name__)
    return text, done
