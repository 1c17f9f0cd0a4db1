"""Find the line on which a key of a TOML file stands; `tomllib` does not say."""

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")
_INLINE = re.compile(r"""[{,]\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")
_TOKEN = re.compile(r'"""|' + r"'''|" + r'"(?:\\.|[^"\\])*"' + r"|'[^']*'|#|[\[\]{}]")


def locate(text: str) -> dict[Path, int]:
    """Give the line of every table and key: path → line number, from 1."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    fence, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        inside = bool(fence) or depth > 0
        header = None if inside else _HEADER.match(line)
        key = None if inside or header else _KEY.match(line)
        if header:
            table = _table(_parts(header[2]), counts, is_array=header[1] == "[[")
            _note(lines, table, number)
            continue
        if key:
            path = table + _parts(key[1])
            _note(lines, path, number)
            for inner in _INLINE.finditer(line, key.end()):
                lines.setdefault(path + _parts(inner[1]), number)
        fence, depth = _follow(line, fence, depth)
    return lines


def _note(lines: dict[Path, int], path: Path, number: int) -> None:
    """Remember the first line of a path, and of everything around it."""
    for end in range(1, len(path) + 1):
        lines.setdefault(path[:end], number)


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Give the line of a path, or of the nearest thing around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _follow(line: str, fence: str, depth: int) -> tuple[str, int]:
    """Give the multi-line string, and the number of brackets, that are open after a line."""
    at = 0
    while at < len(line):
        if fence:
            end = line.find(fence, at)
            if end < 0:
                return fence, depth
            at, fence = end + 3, ""
            continue
        found = _TOKEN.search(line, at)
        if found is None or found[0] == "#":
            break
        at = found.end()
        if found[0] in ('"""', "'''"):
            fence = found[0]
        elif found[0] in "[{":
            depth += 1
        elif found[0] in "]}":
            depth -= 1
    return fence, max(depth, 0)


def _parts(dotted: str) -> Path:
    return tuple(match[1] or match[2] or match[3] or "" for match in _PART.finditer(dotted))


def _table(parts: Path, counts: dict[Path, int], *, is_array: bool) -> Path:
    """Resolve a header into a path, with the index of every array of tables it goes through."""
    path: Path = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        last = index == len(parts) - 1
        if last and is_array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
