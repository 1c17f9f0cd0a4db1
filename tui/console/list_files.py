"""Write the rows of a list to a file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from tui import feed
from tui.console.widgets.columns import Column
from tui.console.widgets.source import Source
from tui.feed.planning import sheet

PAGE = 500


async def write_rows(
    source: Source, query: feed.Query, columns: Sequence[Column], folder: Path, name: str
) -> tuple[int, Path]:
    """Write every row of a query to a new file, readable by its owner alone; give how many and where.

    A name ending in `.json` gives JSON lines of whole documents, any other the columns as CSV of which a spreadsheet
    computes nothing. Raises `ValueError` for a name that leads out of the workspace's folder, and `OSError` for a file
    that exists or cannot be written.
    """
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"'{name}' is not a plain file name; files are written beside the configuration")
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise ValueError(f"{path}: exists already; choose another name") from error
    count = 0
    place = None
    with os.fdopen(descriptor, "wb") as file:
        if path.suffix != ".json":
            file.write(sheet([[column.title for column in columns]]))
        while rows := await source.page(query, place, 0, PAGE):
            file.write(_json(rows) if path.suffix == ".json" else sheet([_cells(columns, row) for row in rows]))
            count += len(rows)
            place = rows[-1]["place"]
    return count, path


def _cells(columns: Sequence[Column], row: dict[str, Any]) -> list[Any]:
    found = (column.get(row) for column in columns)
    return [one[0] if isinstance(one, tuple) else one for one in found]


def _json(rows: list[dict[str, Any]]) -> bytes:
    plain = ({name: value for name, value in row.items() if name not in ("key", "place")} for row in rows)
    return b"".join(orjson.dumps(row, default=str) + b"\n" for row in plain)
