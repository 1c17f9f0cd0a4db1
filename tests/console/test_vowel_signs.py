"""Names whose vowel signs take cells of their own in some terminals, tmux among them: columns stay, nothing is left."""

import re
import unicodedata
from pathlib import Path

import pytest

from tests.console.office import make_office
from tests.tmux import Tmux
from tests.workspace import Workspace

DEVANAGARI = re.compile("[\u0900-\u097f]")
TIME = re.compile(r"\d\d:\d\d:\d\d")


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    found = make_office(tmp_path / "office", 60)
    found.env |= {"INTERLOCK_OPERATOR": "ada", "LC_ALL": "C.UTF-8"}
    found("run")
    return found


def _cells(text: str) -> int:
    """Count cells as tmux does: a spacing vowel sign has its own."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return wide + sum(unicodedata.category(char) not in ("Mn", "Me") for char in text)


def test_columns_stand_where_they_stand_in_other_rows(office: Workspace) -> None:
    with Tmux(office, (120, 40)) as tmux:
        tmux.shown(lambda text: "1 Line" in text)
        tmux.press("4")
        tmux.shown(lambda text: "mvo-1 " in text)
        tmux.press("G")
        rows = tmux.shown(lambda text: "71 of 71" in text and DEVANAGARI.search(text) and "Joined" in text).split("\n")
        rows = [line for line in rows if line.lstrip(" ▸").startswith("mvo-")]
        assert sum(bool(DEVANAGARI.search(line)) for line in rows) >= 3
        found = [TIME.search(line) for line in rows]
        assert all(found), rows
        assert len({_cells(line[: one.start()]) for line, one in zip(rows, found, strict=True) if one}) == 1
        tmux.press("g")
        text = tmux.shown(lambda text: "1 of 71" in text and "Emma Moore" in text and "mvo-71" not in text)
        assert not DEVANAGARI.search(text)
