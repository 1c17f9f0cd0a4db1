"""LDIF content records after RFC 2849: read and written an entry at a time."""

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import itemgetter
from typing import BinaryIO, TypeVar

from engine.connectors.ldif.doubts import is_hidden_dn, why_two
from engine.connectors.ldif.entry import Entry, is_description, quick_entry
from engine.values import dn

LINE = 76
"""Where lines are folded."""
LONGEST = 16_000_000
"""How many bytes a value may take, however it is folded."""
LARGEST = 64_000_000
"""How many bytes an entry may take, with `A_LINE` for each line."""
A_LINE = 50
"""How many bytes a line takes in memory besides its own, or a little less."""
_SAFE = re.compile(rb"(?![ :<])[\t -~]*(?<! )")
"""A SAFE-STRING (RFC 2849): ASCII, no line break, no odd beginning, no blank end.

One with any other control character but a tab is none either: the terminal of whoever looks would obey it.
"""
_PART = 1 << 20
"""How many bytes of a file are read at once: an entry that fits into it is within all limits."""
_HEAD = 64 * 1024
"""How many bytes of a file are looked at for its line ends."""
_RESULT = (b"search:", b"result:", b"ref:")
"""How the records begin that ldapsearch writes besides entries."""


Block = list[tuple[int, bytes]]
"""The lines of one record, each with its number."""
_TEXT = itemgetter(1)
Tell = Callable[[str], None]
"""Takes why a file does not hold everything."""
Other = TypeVar("Other")
Quick = Callable[[bytes, int], Entry | Other | None]
"""Takes the text of a record and its first line, and gives its entry or what else is made of it; None if it cannot."""


def _ignore(_text: str) -> None:
    return


class LdifError(ValueError):
    """The text is not LDIF content; `line` says where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


def count_entries(file: BinaryIO) -> int:
    """Estimate how many entries a file holds, by the lines that begin one."""
    file.seek(0)
    count = int(file.read(3).lower() == b"dn:")
    file.seek(0)
    while part := file.read(1 << 20):
        count += part.count(b"\ndn:")
    return count


def read_entries(file: BinaryIO, tell: Tell = _ignore) -> Iterator[Entry]:
    """Read every content record; tell why there may be more than the file holds. Raises `LdifError`."""
    for entry, _ in _records(file, tell, quick_entry):
        yield entry


def read_quickly(file: BinaryIO, tell: Tell, quick: Quick[Other]) -> Iterator[Entry | Other]:
    """Read every content record likewise, as `quick` reads what is usual. Raises `LdifError`."""
    for found, _ in _records(file, tell, quick):
        yield found


def read_blocks(file: BinaryIO) -> Iterator[tuple[Entry, bytes]]:
    """Read every content record together with its own text. Raises `LdifError`, also where two may stand in one."""
    for entry, text in _records(file, _ignore, quick_entry):
        if entry.torn:
            raise LdifError(entry.line, entry.torn)
        yield entry, _as_content(entry) if entry.is_change else text


def _records(file: BinaryIO, tell: Tell, quick: Quick[Other]) -> Iterator[tuple[Entry | Other, bytes]]:
    """Read every content record, each with its text: what is usual a part of the file at a time, the rest by lines.

    Raises `LdifError`.
    """
    line, rest = 1, b""
    while part := file.read(_PART):
        text = rest + part
        end = text.rfind(b"\n\n")
        if b"\r" in part or end < 0:  # other line ends, or what is longer than a part
            file.seek(-len(text), io.SEEK_CUR)
            lines = _lines(file) if line == 1 else _by_line_feeds(file)
            yield from _thorough(_blocks(_numbered(lines, line), tell))
            return
        for record in text[:end].split(b"\n\n"):
            if (found := quick(record, line)) is not None:
                yield found, record + b"\n"
            else:
                yield from _thorough(_blocks(_numbered(_lines_of(record), line), tell))
            line += record.count(b"\n") + 2
        rest = text[end + 2 :]
    yield from _thorough(_blocks(_numbered(rest.splitlines(keepends=True), line), tell))


def _thorough(blocks: Iterable[Block]) -> Iterator[tuple[Entry, bytes]]:
    for block in blocks:
        yield parse_entry(block), b"".join(map(_TEXT, block))


def _as_content(entry: Entry) -> bytes:
    lines = ((entry.spelling[name], value) for name, found in entry.attributes.items() for value in found)
    return write_entry(entry.dn, lines)


def numbered(text: bytes) -> Block:
    """Give the text of one record as its lines."""
    return list(enumerate(_lines_of(text.rstrip(b"\n")), 1))


def _lines_of(text: bytes) -> list[bytes]:
    """Give the lines of a text whose last line end is left out."""
    return [line + b"\n" for line in text.split(b"\n")]


def _lines(file: BinaryIO) -> Iterable[bytes]:
    """Give the lines of a file; in an old one they end with a carriage return alone (RFC 2849 knows no such file)."""
    start = file.tell()
    head = file.read(_HEAD)
    file.seek(start)
    if b"\n" in head or b"\r" not in head[:-1]:
        return _by_line_feeds(file)
    text = io.TextIOWrapper(io.BufferedReader(_Kept(file)), encoding="latin-1", newline=None)
    return iter(lambda: text.readline(LONGEST).encode("latin-1"), b"")


def _by_line_feeds(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.readline, LONGEST), b"")


class _Kept(io.RawIOBase):
    """Bytes of a file that stays open when their reader is done."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _numbered(lines: Iterable[bytes], first: int) -> Iterator[tuple[int, bytes]]:
    """Give lines with their numbers. Raises `LdifError` before all of what is too long has been read."""
    line = entry = start = 0
    for number, raw in enumerate(lines, first):
        size = len(raw)
        if raw[:1] == b" ":
            line += size
        else:
            line, start = size, number
        entry = entry + size + A_LINE if size > 3 or raw.rstrip(b"\r\n") else 0
        if line >= LONGEST:
            raise LdifError(start, f"a line of {LONGEST:,} bytes or more; is the file damaged?")
        if entry > LARGEST:
            raise LdifError(number, f"an entry of about {LARGEST:,} bytes or more; is a blank line missing?")
        yield number, raw


def _blocks(lines: Iterable[tuple[int, bytes]], tell: Tell) -> Iterator[Block]:
    """Split numbered lines at blank lines, without comments, the version line and what ldapsearch says of a search."""
    block: Block = []
    comment = False
    for number, raw in lines:
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line[:1] == b"#":
            comment = True
            _refuse_hidden(number, line, block)
        elif line[:1] == b" " and comment:
            continue
        elif line.rstrip(b"\r\n"):
            comment = False
            if block or not line.lower().startswith(b"version:"):
                block.append((number, line))
        else:
            comment = False
            if block and not _is_result(block, tell):
                yield block
            block = []
    if block and not _is_result(block, tell):
        number, line = block[-1]
        if not line.endswith((b"\n", b"\r")):
            tell(f"line {number}: the file ends in the middle of an entry, without a line end")
        yield block


def _refuse_hidden(number: int, comment: bytes, block: Block) -> None:
    """Refuse a comment inside an entry that may be the first line of another. Raises `LdifError`."""
    if block and is_hidden_dn(comment):
        told = "a comment inside an entry reads like the beginning of another"
        raise LdifError(number, f"{told}; take it out, or put a blank line before it")


def _is_result(block: Block, tell: Tell) -> bool:
    """Tell whether a record is what ldapsearch says of its search and of its end."""
    if not block[0][1].lower().startswith(_RESULT):
        return False
    for number, line in block:
        name, _, told = line.partition(b":")
        if name.lower() == b"dn":
            raise LdifError(number, "an entry begins behind what a search told; is a blank line missing?")
        if name.lower() == b"result" and told.split()[:1] != [b"0"]:
            shown = told.strip().decode(errors="replace")
            tell(f"line {number}: the search that wrote the file ended with '{shown}'")
    return True


def parse_entry(block: Block) -> Entry:
    """Read one record from its lines. Raises `LdifError`."""
    name_of_entry = wrong = ""
    attributes: dict[str, list[bytes]] = {}
    spelling: dict[str, str] = {}
    is_change = False
    for index, (line, text) in enumerate(_unfold(block)):
        written, value = _split(text.rstrip(b"\r\n"), line)
        name = written.lower()
        if (name == "dn") != (index == 0):
            found = f"not with '{written}:'" if index == 0 else "and here is another; is a blank line missing?"
            raise LdifError(line, f"a record begins with 'dn:', {found}")
        if name == "dn":
            name_of_entry, wrong = dn.from_bytes(value)
        elif name == "changetype":
            _must_add(line, value)
            is_change = True
            attributes.pop("control", None)
        else:
            attributes.setdefault(name, []).append(value)
            spelling[name] = written
    cut = not block[-1][1].endswith((b"\n", b"\r"))
    hidden = [number for number, text in block[1:] if b"dn:" in text[:5].lower() and is_hidden_dn(text)]
    torn = _hides(hidden[0]) if hidden else why_two(attributes)
    size = sum(map(len, map(_TEXT, block)))
    return Entry(name_of_entry, attributes, block[0][0], spelling, wrong, cut, is_change, torn, size)


def _hides(line: int) -> str:
    return f"two entries seem to have become one: line {line} reads like the beginning of another"


def _must_add(line: int, value: bytes) -> None:
    """Refuse a change record, unless it adds an entry, and so holds all of it. Raises `LdifError`."""
    kind = value.strip().decode(errors="replace")
    if kind.lower() != "add":
        raise LdifError(
            line,
            f"this is a change record ('{kind}'), which does not say all that its entry holds; "
            "export the content of the directory instead",
        )


def _unfold(block: Block) -> Block:
    """Join folded lines, each as often as it is folded, and only once."""
    logical: Block = []
    parts: list[bytes] = []
    for number, raw in block:
        if raw[:1] != b" ":
            if len(parts) > 1:
                logical[-1] = (logical[-1][0], b"".join(parts))
            logical.append((number, raw))
            parts = [raw]
        elif parts:
            parts[-1] = parts[-1].rstrip(b"\r\n")
            parts.append(raw[1:])
        else:
            raise LdifError(number, "a record begins with a continued line")
    if len(parts) > 1:
        logical[-1] = (logical[-1][0], b"".join(parts))
    return logical


def _split(text: bytes, line: int) -> tuple[str, bytes]:
    if b"\r" in text:
        raise LdifError(line, "a carriage return stands inside a line; write line ends in one way throughout the file")
    name, colon, rest = text.partition(b":")
    if colon and not is_description(name):
        shown = name[:40].decode(errors="replace")
        raise LdifError(line, f"'{shown}' is no name of an attribute; is the file damaged?")
    if not colon:
        raise LdifError(line, f"'{text[:40].decode(errors='replace')}' has no colon")
    if rest.startswith(b":"):
        try:
            value = base64.b64decode(rest[1:].strip(), validate=True)
        except binascii.Error as error:
            raise LdifError(line, f"the value of '{name.decode(errors='replace')}' is not base64") from error
    elif rest.startswith(b"<"):
        raise LdifError(line, "values from other files (':<') are not read")
    else:
        value = rest.lstrip(b" ")
    return name.decode(errors="replace"), value


def write_entry(dn: str, attributes: Iterable[tuple[str, bytes]]) -> bytes:
    """Give one record, folded, with its blank line; values that are not safe are in base64."""
    lines = [_line("dn", dn.encode()), *(_line(name, value) for name, value in attributes), b""]
    return b"\n".join(lines) + b"\n"


def write_change(entry_dn: str, kind: str, lines: Iterable[tuple[str, bytes] | None] = ()) -> bytes:
    """Give one change record (RFC 2849 `changerecord`), folded, with its blank line; None is the line `-`."""
    body = [b"-" if line is None else _line(*line) for line in lines]
    return b"\n".join([_line("dn", entry_dn.encode()), _line("changetype", kind.encode()), *body, b""]) + b"\n"


def write_comment(text: str) -> bytes:
    """Give a comment of one line, whatever is in the text: nothing of it is ever read as a record."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return f"# {plain}\n".encode(errors="replace")


def _line(name: str, value: bytes) -> bytes:
    text = b"%s: %s" % (name.encode(), value) if _SAFE.fullmatch(value) else _in_base64(name, value)
    if len(text) <= LINE:
        return text
    parts = [text[:LINE], *(text[at : at + LINE - 1] for at in range(LINE, len(text), LINE - 1))]
    return b"\n ".join(parts)


def _in_base64(name: str, value: bytes) -> bytes:
    return b"%s:: %s" % (name.encode(), base64.b64encode(value))
