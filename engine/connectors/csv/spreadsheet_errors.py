"""Cells of an Excel workbook that hold an error, such as `#REF!`, in place of a value: their rows are errors."""

import re
import zipfile
from pathlib import Path
from string import ascii_uppercase
from typing import BinaryIO

from engine.errors import ObjectError

_SUFFIXES = frozenset({".xlsx", ".xlsm"})
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ERROR = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3}\d{1,7})"[^>]*>')
_PART, _OVERLAP = 1 << 20, 1_000
_TOLD = 5


class BrokenCells:
    """The cells of a sheet that hold an error; whoever stands there need not be missing, and what is lost was there."""

    def __init__(self, places: list[str]) -> None:
        self._places = places
        self._of_row: dict[int, list[str]] = {}
        for place in places:
            self._of_row.setdefault(int(place.lstrip(ascii_uppercase)), []).append(place)

    def __str__(self) -> str:
        """Say which they are; nothing where there are none."""
        return f"an error such as #REF! or #N/A stands in {_listed(self._places)}" if self._places else ""

    def error_of(self, row: int) -> ObjectError | None:
        """Give what is wrong with a row that has such cells: that they are empty is not known."""
        if (places := self._of_row.get(row)) is None:
            return None
        told = f"an error such as #REF! or #N/A stands in {_listed(places)}"
        return ObjectError("syntax-violation", told, "correct the spreadsheet")


def _listed(places: list[str]) -> str:
    return ", ".join(places[:_TOLD]) + (f" and {len(places) - _TOLD:,} more" if len(places) > _TOLD else "")


def broken_cells(file: BinaryIO, path: Path, sheet: str | None) -> BrokenCells:
    """Find the cells of a sheet that hold an error; none where that cannot be told."""
    if path.suffix.lower() not in _SUFFIXES:
        return BrokenCells([])
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as book:
            name = _part_of(book, sheet)
            found = _errors(book, name) if name else []
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError, OSError, EOFError, NotImplementedError):
        found = []  # whoever reads it says what is wrong
    file.seek(0)
    return BrokenCells(found)


def _part_of(book: zipfile.ZipFile, sheet: str | None) -> str | None:
    """Give the part of a workbook that holds a sheet, by default the first; None where it is not told."""
    sheets = [_attributes(one) for one in _SHEET.findall(book.read("xl/workbook.xml"))]
    chosen = next((one for one in sheets if sheet is None or one.get("name") == sheet), None)
    relations = [_attributes(one) for one in _RELATION.findall(book.read("xl/_rels/workbook.xml.rels"))]
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    target = targets.get(chosen.get("r:id")) if chosen else None
    if not target:
        return None
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _attributes(tag: bytes) -> dict[str, str]:
    return dict(re.findall(r'([\w:]+)="([^"]*)"', tag.decode("utf-8", errors="replace")))


def _errors(book: zipfile.ZipFile, name: str) -> list[str]:
    """Give the places of a sheet's cells that hold an error."""
    found: dict[str, None] = {}
    with book.open(name) as part:
        kept = b""
        while data := part.read(_PART):
            text = kept + data
            found |= {place.decode(): None for place in _ERROR.findall(text)}
            kept = text[-_OVERLAP:]
    return list(found)
