"""Read the configuration whole: `interlock.toml`, and the files that it includes, as one; who says what is kept."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine.configuration import toml_lines
from engine.errors import ConfigurationError

INCLUDABLE = ("systems", "metaverse", "lookups", "rules", "groups", "profiles")
"""The tables that an included file may have; whoever may do what, and where everything is kept, stands in one file."""


class Place(NamedTuple):
    """Where something stands."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Whole(NamedTuple):
    """What all files say together, and where each table and key stands."""

    raw: dict[str, Any]
    places: dict[toml_lines.Path, Place]

    def place_of(self, path: toml_lines.Path, otherwise: Path) -> Place:
        """Give where a key stands, or the nearest thing around it."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return Place(otherwise, 1)


def read_whole(path: Path) -> Whole:
    """Read a configuration file and those that it includes. Raises `ConfigurationError`."""
    text, raw = _read(path, "; make a workspace with 'interlock init DIR', or name the file with --config")
    places = {where: Place(path, line) for where, line in toml_lines.locate(text).items()}
    whole = Whole(raw, places)
    written = raw.get("include", [])
    if isinstance(written, list) and all(isinstance(one, str) for one in written):  # else its model tells it
        for file in _included(path, written, whole):
            _add(whole, file)
    return whole


def files_of(path: Path) -> list[Path]:
    """Give a configuration file and those that it includes, as far as they can be read."""
    try:
        _, raw = _read(path, "")
        written = raw.get("include", [])
        patterns = [one for one in written if isinstance(one, str)] if isinstance(written, list) else []
        return [path, *_included(path, patterns, Whole(raw, {}))]
    except ConfigurationError:
        return [path]


def _included(path: Path, patterns: list[str], whole: Whole) -> Iterator[Path]:
    """Give the included files, in the order of their patterns and then of their names, each once."""
    seen = {path.resolve()}
    for pattern in patterns:
        place = whole.place_of(("include",), path)
        try:
            found = sorted(one for one in path.parent.glob(pattern) if one.is_file())
        except (NotImplementedError, ValueError):
            raise ConfigurationError(f"{place}: include: '{pattern}' is no path relative to the file") from None
        if not found:
            raise ConfigurationError(f"{place}: include: no file matches '{pattern}'")
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _add(whole: Whole, file: Path) -> None:
    """Add what a file says. Raises `ConfigurationError` where another one says it already."""
    text, raw = _read(file, "")
    lines = toml_lines.locate(text)
    for key, value in raw.items():
        if key not in INCLUDABLE:
            may = ", ".join(INCLUDABLE)
            raise ConfigurationError(f"{file}:{lines.get((key,), 1)}: {key}: an included file may have {may}")
        there = whole.raw.get(key)
        if isinstance(value, list) and isinstance(there, list | None):
            offset = len(there or [])
            whole.raw[key] = [*(there or []), *value]
            _note(whole, file, lines, key, offset)
            continue
        _note(whole, file, lines, key, 0)
        whole.raw[key] = value if there is None else _merged((key,), there, value, (whole, file, lines))


def _note(whole: Whole, file: Path, lines: dict[toml_lines.Path, int], key: str, offset: int) -> None:
    """Note where the keys of a table stand; those of a list come behind so many others."""
    for where, line in lines.items():
        if where[0] == key:
            moved = (key, where[1] + offset, *where[2:]) if len(where) > 1 and isinstance(where[1], int) else where
            whole.places.setdefault(moved, Place(file, line))


def _merged(
    where: toml_lines.Path, there: Any, more: Any, source: tuple[Whole, Path, dict[toml_lines.Path, int]]
) -> dict[str, Any]:
    """Give two tables as one. Raises `ConfigurationError` where both say the same key."""
    whole, file, lines = source
    if not isinstance(there, dict) or not isinstance(more, dict):
        line = toml_lines.line_of(lines, where) or 1
        key = ".".join(map(str, where))
        raise ConfigurationError(f"{file}:{line}: {key}: stands in {whole.place_of(where, file)} already")
    both = {key: _merged((*where, key), there[key], more[key], source) for key in more if key in there}
    return there | more | both


def _read(path: Path, hint: str) -> tuple[str, dict[str, Any]]:
    """Read one file. Raises `ConfigurationError`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file{hint}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: cannot be read: not UTF-8: {error.reason}") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = int(found[1]) if found else max(len(text.rstrip().splitlines()), 1)  # "at end of document"
        raise ConfigurationError(f"{path}:{line}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: nested too deep to be read; no configuration is") from error
    except ValueError as error:  # a number of thousands of digits
        raise ConfigurationError(f"{path}: not valid TOML: a number is too large to be one") from error
