"""The file that figures are written to: it replaces nothing but figures."""

import errno
import os
from pathlib import Path

_BEGIN = b"# HELP interlock_"
"""How a file of these begins."""


def refuse_anything_else(path: Path) -> None:
    """Raise `FileExistsError` for a file that no metrics were written to before: a store, a source, a target."""
    if not path.exists():
        return
    if path.is_file():
        with path.open("rb") as file:
            begin = file.read(len(_BEGIN))
        if begin in (b"", _BEGIN):
            return
    raise FileExistsError(errno.EEXIST, "holds something else than metrics; choose another file", str(path))


def why_unwritable(path: Path) -> str | None:
    """Say why figures cannot be written to a file, as far as can be told without writing; None where they can."""
    try:
        refuse_anything_else(path)
    except OSError as error:
        return error.strerror or str(error)
    if not path.parent.is_dir():
        return "there is no such folder"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"this user cannot write to {path.parent}"
    return None
