"""How a CSV file is written: its bytes before the header, its line ends, its rows, and what in them is quoted badly."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple, TextIO

from engine.connectors.csv.options import CsvOptions
from engine.values import typed

LARGEST_ROW = 8 * typed.MAX_LENGTH
"""How many characters a row may have: what is longer is no row, and is not read into memory to find that out."""

_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""The byte order mark of each encoding."""
_HEAD = 64 * 1024
"""How many bytes are looked at for the line ends."""
_SEPARATOR = re.compile(r"""("?)sep=(?P<mark>[^"\r\n])\1(?P=mark)*[ \t]*(\r\n|\n|\r|$)""", re.IGNORECASE)
"""The first line by which spreadsheets say what stands between the cells."""
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True, frozen=True)
class CsvFormat:
    """What of a file stays as it is when its rows are written anew."""

    encoding: str
    delimiter: str
    quote: str
    mark: bytes = b""
    """The byte order mark, where there is one."""
    preamble: str = ""
    """The line `sep=…` with its end, where there is one."""
    line_end: str = "\r\n"
    ends_with_line_end: bool = True

    @property
    def start(self) -> int:
        """How many bytes stand before the header."""
        return len(self.mark) + size_of(self.preamble, self.encoding)

    @property
    def lines_before(self) -> int:
        """How many lines stand before the header."""
        return 1 if self.preamble else 0


def size_of(text: str, encoding: str) -> int:
    """Give how many bytes a text takes in the middle of a file, where no byte order mark stands."""
    return len(f"x{text}".encode(encoding)) - len("x".encode(encoding))


class Bad(NamedTuple):
    """A row whose quotes cannot be read, though where it ends is certain."""

    why: str


Row = list[str] | Bad


class BadlyQuoted(Exception):
    """A quote that is not closed, or not where it should be: what stands behind it is uncertain."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"not readable as CSV: {why}; look for a quote that is not closed")
        self.line = line
        self.why = why


class Undecodable(Exception):
    """Bytes that are nothing in the file's encoding."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def new_format(options: CsvOptions) -> CsvFormat:
    """Give the format of a file that is not there yet."""
    signed = options.encoding == "utf-8-sig"
    encoding, mark = ("utf-8", codecs.BOM_UTF8) if signed else (options.encoding, b"")
    return CsvFormat(encoding, options.delimiter, options.quote, mark)


def look_at(file: BinaryIO, options: CsvOptions) -> CsvFormat:
    """Find out how a file is written. Raises OSError."""
    file.seek(0)
    head = file.read(_HEAD)
    found = new_format(options)
    if not head:
        return found
    encoding, mark = _encoding(head, found.encoding)
    found = replace(found, encoding=encoding, mark=mark)
    text = head[len(mark) :].decode(encoding, errors="ignore")
    separator = _SEPARATOR.match(text)
    if separator is not None:
        found = replace(found, preamble=separator[0], delimiter=separator["mark"])
    return replace(found, line_end=_line_end(text, found), ends_with_line_end=_ends_with_line_end(file, encoding))


def _encoding(head: bytes, configured: str) -> tuple[str, bytes]:
    """Give the encoding of a file with the byte order that it says, and the mark that says it."""
    for encoding, mark in _MARKS.items():
        if encoding.startswith(configured) and head.startswith(mark):
            return encoding, mark
    return configured, b""


def _line_end(text: str, found: CsvFormat) -> str:
    """Give the first line end that stands outside quotes."""
    for end in _LINE_END.finditer(text):
        if text.count(found.quote, 0, end.start()) % 2 == 0:
            return end[0]
    return found.line_end


def _ends_with_line_end(file: BinaryIO, encoding: str) -> bool:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - size_of("\n", encoding)))
    last = file.read()
    return not last or last.decode(encoding, errors="ignore").endswith(("\n", "\r"))


def read_rows(file: BinaryIO, found: CsvFormat) -> Iterator[tuple[int, Row]]:
    """Give every row with the line on which it begins; blank lines are empty rows.

    Raises `BadlyQuoted` where a row that cannot be read goes over more than one line or has more than `LARGEST_ROW`
    characters, or `Undecodable`.
    """
    file.seek(found.start)
    text = io.TextIOWrapper(file, encoding=found.encoding, newline="")
    size = [0]
    reader = csv.reader(_lines(text, size), delimiter=found.delimiter, quotechar=found.quote, strict=True)
    before = found.lines_before + 1
    line = before
    try:
        while True:
            try:
                for row in reader:
                    yield line, row
                    line = reader.line_num + before
                    size[0] = 0
                return
            except csv.Error as error:
                if reader.line_num + before > line + 1:
                    raise BadlyQuoted(line, str(error)) from error
                yield line, Bad(str(error))
                line = reader.line_num + before
                size[0] = 0
    except _TooLarge as error:
        raise BadlyQuoted(line, f"a row of more than {LARGEST_ROW:,} characters begins here") from error
    except UnicodeError as error:
        raise Undecodable(reader.line_num + before - 1, str(error)) from error
    finally:
        text.detach()


class _TooLarge(Exception):
    """A row has more characters than any may have."""


def _lines(text: TextIO, size: list[int]) -> Iterator[str]:
    """Give the lines of a file, and count in `size[0]` the characters of a row. Raises `_TooLarge`."""
    read = text.readline
    while line := read(LARGEST_ROW):
        size[0] += len(line)
        if size[0] >= LARGEST_ROW:
            raise _TooLarge
        yield line


def cells_before_bad_quotes(file: BinaryIO, found: CsvFormat, bad: dict[int, str]) -> dict[int, list[str]]:
    """Give the cells that can be read of badly quoted rows, by their lines.

    Raises `BadlyQuoted` for a line whose quotes are not in pairs: nobody knows where its row ends.
    """
    file.seek(found.start)
    text = io.TextIOWrapper(file, encoding=found.encoding, newline="")
    cells: dict[int, list[str]] = {}
    try:
        for line, written in enumerate(text, found.lines_before + 1):
            if line in bad:
                if written.count(found.quote) % 2:
                    raise BadlyQuoted(line, bad[line])
                cells[line] = _good_cells(written.rstrip("\r\n"), found)
    finally:
        text.detach()
    return cells


def _good_cells(line: str, found: CsvFormat) -> list[str]:
    """Give the cells of a row up to the first one that is quoted badly."""
    quote, cells, at = re.escape(found.quote), list[str](), 0
    quoted = re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})*){quote}(?=$|{re.escape(found.delimiter)})")
    while at <= len(line):
        if line.startswith(found.quote, at):
            whole = quoted.match(line, at)
            if whole is None:
                break
            cells.append(whole[1].replace(found.quote * 2, found.quote))
            at = whole.end() + 1
        else:
            end = line.find(found.delimiter, at)
            cells.append(line[at:] if end < 0 else line[at:end])
            at = len(line) + 1 if end < 0 else end + 1
    return cells
