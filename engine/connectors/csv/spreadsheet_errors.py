"""Cells of an Excel workbook that hold an error, such as `#REF!`, in place of a value: they are read as empty."""

import re
import zipfile
from pathlib import Path
from typing import BinaryIO

_SUFFIXES = frozenset({".xlsx", ".xlsm"})
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ERROR = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3}\d{1,7})"[^>]*>')
_PART, _OVERLAP = 1 << 20, 1_000
_TOLD = 5


def broken_cells(file: BinaryIO, path: Path, sheet: str | None) -> str:
    """Say which cells of a sheet hold an error; nothing where none does, and where that cannot be told.

    An empty cell is read for each of them: whoever stands there need not be missing, and what is lost was there.
    """
    if path.suffix.lower() not in _SUFFIXES:
        return ""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as book:
            name = _part_of(book, sheet)
            found = _errors(book, name) if name else []
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError, OSError, EOFError, NotImplementedError):
        found = []  # whoever reads it says what is wrong
    file.seek(0)
    if not found:
        return ""
    told = ", ".join(found[:_TOLD]) + (f" and {len(found) - _TOLD:,} more" if len(found) > _TOLD else "")
    return f"{path}: an error such as #REF! or #N/A stands in {told}: correct the spreadsheet"


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
