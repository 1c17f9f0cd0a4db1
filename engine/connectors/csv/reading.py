"""Read CSV files as objects, page by page: the header, the last row, and what may stand in a file twice."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import orjson

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.archives import unpacked
from engine.connectors.base import PAGE_BYTES, ImportedObject, ImportPage, Unchanged
from engine.connectors.csv.doubts import Doubts, hidden_ids, may_hold_rows
from engine.connectors.csv.fixed_widths import read_lines
from engine.connectors.csv.format import (
    Bad,
    BadlyQuoted,
    CsvFormat,
    Row,
    Undecodable,
    cells_before_bad_quotes,
    look_at,
    read_rows,
)
from engine.connectors.csv.last_rows import is_blank_row, is_short, with_last
from engine.connectors.csv.options import CsvObjectOptions, CsvOptions
from engine.connectors.csv.rows import RowReader
from engine.connectors.csv.spreadsheet import is_spreadsheet, read_unfolded, unfolded
from engine.connectors.csv.spreadsheet_errors import BrokenCells, broken_cells
from engine.connectors.files import Snapshot, count_lines, find_duplicates, snapshot
from engine.errors import CannotConnect
from engine.expressions.sources import name_hint
from engine.values.seen import Seen
from storage.fingerprints import Fingerprints, Scope, fingerprint_of, scope_of

MOST_BAD = 10_000
"""So many badly quoted rows are errors of their own; with more of them the file is written in another way."""


def _wrong_header(header: list[str], needed: frozenset[str]) -> str:
    """Say what is wrong with a header, if anything is."""
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        return f"the column '{twice[0]}' stands there twice"
    missing = sorted(needed - set(header))
    if not missing:
        return ""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return f"the header is one column: '{header[0]}'; set 'delimiter'"
    hints = "".join(name_hint(name, header, "ATTRIBUTE") for name in missing)
    return (
        f"the column {', '.join(map(repr, missing))} is not there, and the configuration "
        f"uses it (found: {', '.join(header)}){hints}"
    )


class NeedsSurvey(Exception):
    """Raised where all of a file has to be known first: ids may stand in it twice, or a row is badly quoted."""


class Source:
    """One file being imported: a private copy and its header; once surveyed, also which ids stand in it twice."""

    def __init__(
        self,
        path: Path,
        object_type: str,
        settings: ObjectTypeConfig,
        options: CsvOptions,
        used: frozenset[str],
        seen: Seen | None = None,
    ) -> None:
        """Copy the file and read its header; with `seen`, it is one of several files, whose ids are all in there."""
        self.path = path
        self._type = object_type
        self._options = options
        self._own: CsvObjectOptions = settings.options
        self._seen = seen
        self._broken = BrokenCells([])
        """The cells of a spreadsheet that hold an error in place of a value."""
        self._copy, self.stamp, self.digest = self._take()
        self.count = 0
        """How many rows it has; until it is surveyed, an estimate."""
        self.duplicates: frozenset[str] = frozenset()
        self._is_surveyed = False
        self._cells: dict[int, list[str]] = {}
        """The cells of badly quoted rows that can be read, by their lines."""
        self._bad: dict[int, str] = {}
        """Why rows are badly quoted, by their lines."""
        self._cut = 0
        """The line of a last row that has too few fields."""
        self._doubts = Doubts(str(path))
        try:
            self._format = self._look()
            self.header = self._read_header(used, settings.external_id)
            if self.header:
                self._reader = RowReader(settings, object_type, self.header, options.separator, self._format.quote)
                self.count = max(0, count_lines(self._copy) - 1)
        except BaseException:
            self._copy.close()
            raise

    def survey(self) -> None:
        """Read all of it once: count the rows, and find the ids that stand twice and the rows that are badly quoted."""
        survey([self])

    def take_survey(self, duplicates: frozenset[str]) -> None:
        """Take note of the ids that stand twice, and of the rows that are badly quoted."""
        self.duplicates = duplicates
        self._cells = self._read_bad_rows()
        self._is_surveyed = True

    @property
    def needs_survey(self) -> bool:
        """Tell whether it has rows, and was not read once as a whole."""
        return bool(self.header) and not self._is_surveyed

    def _take(self) -> Snapshot:
        taken = snapshot(self.path)
        if is_spreadsheet(self.path):
            self._broken = broken_cells(taken.file, self.path, self._own.sheet)
            return unfolded(taken, self.path, self._own.sheet)
        return unpacked(taken, self.path, self._own.member)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._copy.close()

    @property
    def incomplete(self) -> str:
        """Why the file may hold more than was read of it; empty where it does not."""
        cut = f"{self.path}:{self._cut}: the file ends in the middle of a row" if self._cut else ""
        broken = f"{self.path}: {self._broken}: correct the spreadsheet" if str(self._broken) else ""
        return "; ".join(filter(None, (cut, broken, str(self._doubts))))

    def _look(self) -> CsvFormat:
        return look_at(self._copy, self._options)

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Give every row; a blank line is an empty one.

        Raises `CannotConnect` where the file cannot be decoded or its quotes do not close.
        """
        try:
            if is_spreadsheet(self.path):
                yield from read_unfolded(self._copy)
            elif self._own.columns:
                yield from read_lines(self._copy, self._format, self._own.columns)
            else:
                yield from read_rows(self._copy, self._format)
        except Undecodable as error:
            hint = "" if self._options.encoding != "utf-8" else "; perhaps it is cp1252 or utf-16"
            raise CannotConnect(
                f"{self.path}: not {self._options.encoding} from line {error.line + 1} on: {error}{hint}; "
                "set 'encoding' in the configuration"
            ) from error
        except BadlyQuoted as error:
            raise CannotConnect(f"{self.path}:{error.line}: {error}") from error

    def _body(self) -> Iterator[tuple[int, Row]]:
        """Give every row behind the header; a blank line is an empty one."""
        rows = self._rows()
        for _, row in rows:
            if row:
                break
        return rows

    def _own_rows(self) -> Iterator[tuple[int, Row]]:
        """Give the rows that are of this type, and those of which it cannot be told."""
        if not self._own.only:
            return self._body()
        ((name, wanted),) = self._own.only.items()
        column, words = self.header.index(name), {wanted} if isinstance(wanted, str) else set(wanted)
        width = len(self.header)
        return (
            (line, row)
            for line, row in self._body()
            if isinstance(row, Bad) or len(row) != width or row[column].strip() in words
        )

    def _read_bad_rows(self) -> dict[int, list[str]]:
        if not self._bad:
            return {}
        try:
            return cells_before_bad_quotes(self._copy, self._format, self._bad)
        except BadlyQuoted as error:
            raise CannotConnect(f"{self.path}:{error.line}: {error}") from error

    def _read_header(self, used: frozenset[str], external_id: str) -> list[str]:
        """Read and check the first row; an empty file has no header and no objects."""
        line, first = next(((line, row) for line, row in self._rows() if row), (1, []))
        if isinstance(first, Bad):
            raise CannotConnect(f"{self.path}:{line}: {BadlyQuoted(line, first.why)}")
        if not first:
            return []
        header = [name.strip() for name in first]
        if wrong := _wrong_header(header, used | {external_id} | self._own.only.keys()):
            raise CannotConnect(f"{self.path}:{line}: {wrong}")
        return header

    def _ids(self) -> Iterable[str]:
        """Give every id that can be read, counting the rows."""
        count, read_id = 0, self._reader.external_id
        self._bad = {}
        for at, found in self._own_rows():
            if not found:
                continue
            if isinstance(found, Bad):
                self._bad[at] = found.why
                self._refuse_many_bad(at)
                count += 1
                continue
            if (text := read_id(found)) is not None:
                count += 1
                yield text
            elif not is_blank_row(found):
                count += 1
        self.count = count

    def _refuse_many_bad(self, line: int) -> None:
        if len(self._bad) > MOST_BAD:
            told = f"more than {MOST_BAD:,} rows are not quoted as CSV is"
            raise CannotConnect(f"{self.path}:{line}: {told}; look at 'quote' and 'delimiter' in the configuration")

    def _doubt(self, line: int, row: Row) -> None:
        """Note of a row with an error whether others may stand in it; of one that is cut it is said already."""
        self._reader.may_hide = True
        why = self._reader.shape.doubt(row)
        if why is not None and line != self._cut:
            self._doubts.add(line, why)

    def find_hidden(self, external_ids: frozenset[str]) -> dict[str, str]:
        """Look for ids in rows with an error, of another type, or with a line break or quote in a field: id → where.

        The header may have swallowed rows as well.
        """
        found: dict[str, str] = {}
        if may_hold_rows("".join(self.header), self._format.quote):
            found |= self._hidden_in(1, self.header, external_ids)
        for line, row in self._body() if self.header and (self._own.only or self._reader.may_hide) else ():
            if isinstance(row, Bad):
                continue
            if self._own.only and (other := self._reader.external_id(row)) in external_ids:
                found.setdefault(other, f"{self.path}:{line}")
            if not self._may_hide_others(row):
                continue
            found = self._hidden_in(line, row, external_ids) | found
        return found

    def _hidden_in(self, line: int, row: list[str], external_ids: frozenset[str]) -> dict[str, str]:
        hidden = hidden_ids(row, self._format.delimiter, self._format.quote, self._reader.id_of)
        return {text: f"{self.path}:{line}" for text in hidden if text in external_ids}

    def _may_hide_others(self, row: list[str]) -> bool:
        if may_hold_rows("".join(row), self._format.quote):
            return True
        return self._reader.read(row, "", self.duplicates).error is not None

    def pages(self, size: int, known: Fingerprints) -> Generator[ImportPage]:
        """Give the objects, some at a time: so many, or as many as have `PAGE_BYTES` characters.

        Rows whose fingerprint is known are not read. Raises `NeedsSurvey`: then it has to be surveyed, and all pages
        count no more.
        """
        if not self.header:
            return
        page: list[ImportedObject] = []
        unchanged: list[Unchanged] = []
        reader, seen = self._reader, self._begin()
        quote = orjson.dumps(self._format.quote)[1:-1]
        scope = scope_of(orjson.dumps([self._type, self.header]))  # by these a row means what it does
        for line, row, is_last in with_last(self._own_rows()):
            fingerprint = None if is_last else _fingerprint(scope, row, quote)
            if fingerprint is not None and (cso_id := known.cso_of(fingerprint)):
                unchanged.append(Unchanged(fingerprint, cso_id))
            elif (one := self._read(line, row, seen, is_last=is_last)) is not None:
                one.fingerprint = fingerprint
                page.append(one)
            if len(page) + len(unchanged) >= size or reader.size >= PAGE_BYTES:
                yield ImportPage(page, unchanged=unchanged)
                page, unchanged, reader.size = [], [], 0
        if not self._is_surveyed and seen.suspects():
            raise NeedsSurvey
        if page or unchanged:
            yield ImportPage(page, unchanged=unchanged)

    def _read(self, line: int, row: Row, seen: Seen, *, is_last: bool) -> ImportedObject | None:
        """Make the object of a row, and take note of its id and of what may be wrong; None for a blank one."""
        one = self._object_of(line, row)
        if is_last and is_short(row, self.header):
            self._cut = line
        if one.external_id is None and is_blank_row(row):
            return None
        if line == self._cut:
            one = self._reader.read_cut(one.position)
        if one.external_id is not None:
            seen.add(one.external_id)
        if one.error is not None:
            self._doubt(line, row)
        return one

    def _begin(self) -> Seen:
        """Forget what an earlier reading has noted; give where to note the ids."""
        self._reader.size, self._reader.may_hide, self._cut = 0, False, 0
        self._doubts = Doubts(str(self.path))
        return Seen() if self._seen is None else self._seen

    def _object_of(self, line: int, row: Row) -> ImportedObject:
        position = f"{self.path.name}:{line}"
        if not isinstance(row, Bad):
            one = self._reader.read(row, position, self.duplicates)
            if one.error is None and (error := self._broken.error_of(line)) is not None:
                one = replace(one, attributes={}, error=error)
            return one
        if not self._is_surveyed:
            raise NeedsSurvey
        return self._reader.read_bad(self._cells[line], row, position)


def survey(sources: Sequence[Source]) -> None:
    """Read some files of one type once, as a whole: their ids may not stand twice, in one of them or in two."""
    if unread := [source for source in sources if source.needs_survey]:
        duplicates = find_duplicates(lambda: chain.from_iterable(source._ids() for source in unread))
        for source in unread:
            source.take_survey(duplicates)


def _fingerprint(scope: Scope, row: Row, quote: bytes) -> bytes | None:
    """Give the fingerprint of a row; None for one that has to be looked at closely whenever it comes.

    `quote` is what stands for a quote in JSON.
    """
    if isinstance(row, Bad):
        return None
    record = orjson.dumps(row)
    if b"\\n" in record or b"\\r" in record or quote in record:  # in which others may hide, or what reads like it
        return None
    return fingerprint_of(scope, record)
