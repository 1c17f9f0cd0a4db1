"""What the console keeps for whoever uses it: filters by their names, and what was asked of the command line."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

MOST_COMMANDS = 200
LONGEST_NAME = 40
"""Characters of the name of a filter."""


def place(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the file of whoever this process belongs to."""
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".local" / "state"
    return Path(state) / "interlock" / "console.json"


class Remembered:
    """What is kept about one workspace. Without a file it is kept as long as the console is open."""

    def __init__(self, file: Path | None, workspace: Path) -> None:
        self._file = file
        self._workspace = str(workspace.resolve())
        self._own: dict[str, Any] | None = None
        self._is_written = True

    @property
    def commands(self) -> list[str]:
        """What was asked of the command line, the latest last."""
        return [one for one in self._here().get("commands", []) if isinstance(one, str) and one.isprintable()]

    def filters(self, kind: str) -> dict[str, str]:
        """Give the filters of a kind of list: name → line."""
        found: dict[str, Any] = self._here().get("filters", {}).get(kind, {})
        return {name: line for name, line in sorted(found.items()) if isinstance(line, str)}

    def add_command(self, text: str) -> None:
        """Keep what was asked of the command line; where that cannot be written, for this time alone."""
        self._look_again()
        with suppress(OSError):
            self._write("commands", [*(one for one in self.commands if one != text), text][-MOST_COMMANDS:])

    def save_filter(self, kind: str, name: str, line: str) -> None:
        """Keep a filter under a name. Raises `OSError` where it cannot be written; it is kept for this time then."""
        self._look_again()
        self._write("filters", {**self._here().get("filters", {}), kind: {**self.filters(kind), name: line}})

    def forget_filter(self, kind: str, name: str) -> None:
        """Forget a filter. Raises `OSError` likewise."""
        self._look_again()
        left = {known: line for known, line in self.filters(kind).items() if known != name}
        self._write("filters", {**self._here().get("filters", {}), kind: left})

    def _here(self) -> dict[str, Any]:
        if self._own is None:
            self._own = self._read().get(self._workspace, {})
        return self._own

    def _look_again(self) -> None:
        """Take what another console has kept meanwhile, unless this one knows what it could not write."""
        if self._file is not None and self._is_written:
            self._own = None

    def _read(self) -> dict[str, Any]:
        """Read the file; what is none of ours counts as nothing."""
        if self._file is None:
            return {}
        try:
            found = orjson.loads(self._file.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return {one: kept for one, kept in found.items() if _is_ours(kept)} if isinstance(found, dict) else {}

    def _write(self, name: str, value: object) -> None:
        self._own = {**self._here(), name: value}
        if self._file is None:
            return
        self._is_written = False
        folder = self._file.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / f".{self._file.name}.{os.getpid()}"
        kept = orjson.dumps({**self._read(), self._workspace: self._own}, option=orjson.OPT_INDENT_2)
        new.write_bytes(kept)
        new.chmod(0o600)
        new.replace(self._file)
        self._is_written = True


def _is_ours(kept: object) -> bool:
    if not isinstance(kept, dict) or not isinstance(kept.get("commands", []), list):
        return False
    filters = kept.get("filters", {})
    return isinstance(filters, dict) and all(isinstance(one, dict) for one in filters.values())
