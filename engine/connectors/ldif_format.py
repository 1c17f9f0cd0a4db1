"""LDIF content records after RFC 2849: read and written an entry at a time."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

LINE = 76
"""Where lines are folded."""


Block = list[tuple[int, bytes]]
"""The lines of one record, each with its number."""


class LdifError(ValueError):
    """The text is not LDIF content; `line` says where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


class Entry(NamedTuple):
    """One entry: its DN, and its attributes in lower case with raw values in their order."""

    dn: str
    attributes: dict[str, list[bytes]]
    line: int
    spelling: dict[str, str]
    """Attribute names as they were written, by their lower-case form."""

    def first(self, name: str) -> str | None:
        """Give the first value of an attribute as text, if it has one."""
        found = self.attributes.get(name.lower())
        return found[0].decode(errors="replace") if found else None


def read_entries(file: BinaryIO) -> Iterator[Entry]:
    """Read every content record. Raises `LdifError`."""
    for block in _blocks(file):
        yield parse_entry(block)


def read_blocks(file: BinaryIO) -> Iterator[tuple[Entry, bytes]]:
    """Read every content record together with its own text. Raises `LdifError`."""
    for block in _blocks(file):
        yield parse_entry(block), b"".join(line for _, line in block)


def numbered(text: bytes) -> Block:
    """Give the text of one record as its lines."""
    return [(number, line + b"\n") for number, line in enumerate(text.rstrip(b"\n").split(b"\n"), 1)]


def _blocks(file: BinaryIO) -> Iterator[Block]:
    """Split a file at blank lines, without comments and the version line."""
    block: Block = []
    comment = begun = False
    for number, raw in enumerate(file, 1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line[:1] == b"#":
            comment = True
        elif line[:1] == b" " and comment:
            continue
        elif line.rstrip(b"\r\n"):
            comment = False
            if begun or not line.lower().startswith(b"version:"):
                block.append((number, line))
            begun = True
        else:
            comment = False
            if block:
                yield block
            block = []
    if block:
        yield block


def parse_entry(block: Block) -> Entry:
    """Read one record from its lines. Raises `LdifError`."""
    dn = ""
    attributes: dict[str, list[bytes]] = {}
    spelling: dict[str, str] = {}
    for index, (line, text) in enumerate(_unfold(block)):
        written, value = _split(text.rstrip(b"\r\n"), line)
        name = written.lower()
        if (name == "dn") != (index == 0):
            found = f"not with '{written}:'" if index == 0 else "and here is another; is a blank line missing?"
            raise LdifError(line, f"a record begins with 'dn:', {found}")
        if name == "dn":
            dn = value.decode(errors="replace")
        elif name == "changetype":
            raise LdifError(line, "this is a change record; only the content of a directory can be imported")
        else:
            attributes.setdefault(name, []).append(value)
            spelling[name] = written
    return Entry(dn, attributes, block[0][0], spelling)


def _unfold(block: Block) -> Block:
    logical: Block = []
    for number, raw in block:
        if raw[:1] != b" ":
            logical.append((number, raw))
        elif logical:
            start, text = logical[-1]
            logical[-1] = (start, text.rstrip(b"\r\n") + raw[1:])
        else:
            raise LdifError(number, "a record begins with a continued line")
    return logical


def _split(text: bytes, line: int) -> tuple[str, bytes]:
    name, colon, rest = text.partition(b":")
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
    text = f"{name}: ".encode() + value if _safe(value) else f"{name}:: ".encode() + base64.b64encode(value)
    if len(text) <= LINE:
        return text
    parts = [text[:LINE], *(text[at : at + LINE - 1] for at in range(LINE, len(text), LINE - 1))]
    return b"\n ".join(parts)


def _safe(value: bytes) -> bool:
    """Tell whether a value is a SAFE-STRING (RFC 2849): ASCII, no line break, no odd beginning, no blank end."""
    if not value:
        return True
    plain = value.isascii() and not any(char in value for char in b"\0\r\n")
    return plain and value[0] not in b" :<" and value[-1:] != b" "
