"""Which files are not written to, though they could be."""

import io
from collections.abc import Sequence
from pathlib import Path

from engine.connectors.base import ExportOperation
from engine.connectors.files import gone, unreadable
from engine.errors import CannotConnect
from storage.records import ChangeType


def refuse_unfit(path: Path, operations: Sequence[ExportOperation]) -> None:
    """Refuse a file that is gone with those in it, and one that is cut: what is written behind that would hide it.

    Raises `CannotConnect`.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(size - 1, 0))
            is_cut = file.read() not in (b"", b"\n")
    except FileNotFoundError as error:
        if any(one.change_type != ChangeType.CREATE for one in operations):
            raise gone(path) from error
        return
    except OSError as error:
        raise unreadable(path, error) from error
    if is_cut:
        told = "the file ends in the middle of an entry, without a line end; complete it, or put a whole one there"
        raise CannotConnect(f"{path}: {told}; nothing was written")
