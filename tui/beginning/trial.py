"""Try a proposed configuration: the plan of the first ten people, worked out in a process and a folder of their own."""

import csv
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from tui.beginning.proposal import Source, Target, proposed
from tui.feed.own_process import carry_out

FIRST = 10
"""People of whom the plan is made."""
SECONDS = 120
"""How long the plan may take."""


async def plan_of_first(source: Source, target: Target | None) -> dict[str, Any]:
    """Give the plan of the first ten people as a document; of another source than a file, of all of them.

    Raises `RuntimeError` with what the program said where there is none.
    """
    with tempfile.TemporaryDirectory(prefix="interlock-") as name:
        folder = Path(name)
        written = proposed(_first(source, folder), target)
        (folder / "interlock.toml").write_text(written, encoding="utf-8")
        done = await carry_out(folder / "interlock.toml", ["plan"], seconds=SECONDS)
    try:
        found: dict[str, Any] = orjson.loads(done.out)
    except orjson.JSONDecodeError:
        raise RuntimeError(done.err.replace(str(folder), "") or f"it ended with {done.status}") from None
    return found


def _first(source: Source, folder: Path) -> Source:
    """Give the source with the first people of its file alone."""
    keys = dict(source.survey.keys)
    if keys["connector"] != "csv":
        return source
    delimiter, encoding = str(keys.get("delimiter", ",")), str(keys.get("encoding", "utf-8-sig"))
    with Path(keys["path"]).open(encoding=encoding, newline="") as file:
        rows = list(islice(csv.reader(file, delimiter=delimiter), FIRST + 1))
    path = folder / "people.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return source._replace(survey=source.survey._replace(keys={**keys, "path": str(path)}))
