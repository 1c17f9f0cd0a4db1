"""The documents: made from the program where they can be, and naming only what is there."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from engine.connectors import connector_names
from tests.house import moving_picture, reference_pages
from tests.house.anchors import anchors
from tests.house.measures import ROOT, sources

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", reference_pages.pages())
def test_a_reference_page_is_what_the_program_says(name: str) -> None:
    page = ROOT / "docs" / name
    assert page.read_text() == reference_pages.pages()[name], f"docs/{name} is stale: run scripts/docs"


def test_every_connector_has_its_keys_in_the_reference() -> None:
    page = reference_pages.configuration()
    for name in connector_names():
        assert f"## Keys of the `{name}` connector" in page
        assert f"`{name}`" in next(line for line in page.splitlines() if line.startswith("| `connector`"))


def test_every_key_of_the_configuration_says_what_it_means() -> None:
    silent = [
        line
        for line in reference_pages.configuration().splitlines()
        if line.startswith("| `") and line.endswith("|  |")
    ]
    assert silent == []


def test_the_moving_picture_shows_the_screenshots() -> None:
    assert moving_picture.TOUR.read_text() == moving_picture.picture(), (
        "screenshots/tour.svg is stale: run scripts/docs"
    )


def test_the_readme_takes_two_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    assert list(_lost(document)) == []


def _lost(document: Path) -> Iterator[str]:
    """Give the links of a document that lead to no file, or to no heading of it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        place, _, part = link.partition("#")
        target = document.parent / place if place else document
        if "://" not in link and (not target.exists() or (part and part not in anchors(target.read_text()))):
            yield link


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("other.md", True),
        ("other.md#an-end", True),
        ("other.md#systemsname", True),
        ("#here", True),
        ("https://example.org/#nowhere", True),
        ("another.md", False),
        ("other.md#a-beginning", False),
        ("other.md#no-heading", False),
        ("other.md#here", False),
        ("#there", False),
    ],
)
def test_a_link_to_no_heading_is_lost(tmp_path: Path, link: str, leads: bool) -> None:
    other = "# Other\n\n## An end\n\n## `[systems.NAME]`\n\n```sh\n# no heading\n```\n"
    (tmp_path / "other.md").write_text(other)
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n## Here\n\n[link]({link})\n")
    assert list(_lost(page)) == ([] if leads else [link])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_function_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    files = set(re.findall(r"`((?:engine|storage|tui|tests|scripts|docs)/[\w./-]*)`", text))
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []
    if document.name == "CONTRIBUTING.md":
        known = "\n".join(path.read_text() for path in chain(sources(), (ROOT / "tests").rglob("*.py")))
        named = set(re.findall(r"`([a-z_]+)(?:\(\))?`", text)) | set(re.findall(r"`([A-Z]\w+)`", text))
        defined = set(re.findall(r"(?:def|class) (\w+)|^ *(\w+)(?:: [^=\n]+)? = ", known, re.MULTILINE))
        names = {one for pair in defined for one in pair if one}
        assert sorted(named - names - _WORDS) == []


def test_each_step_of_the_way_is_in_the_file_beside_it() -> None:
    steps = re.findall(r"^\| \d+ \| `([\w/]+\.py)`: `(\w+)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert len(steps) >= 10
    assert [step for step in steps if not re.search(rf"\bdef {step[1]}\(", (ROOT / step[0]).read_text())] == []


def test_the_house_is_drawn_as_it_is() -> None:
    """Every folder in the tree of CONTRIBUTING.md is there, and every floor and room is in the tree."""
    drawn = _drawn((ROOT / "CONTRIBUTING.md").read_text())
    assert sorted(one for one in drawn if not (ROOT / one).is_dir()) == []
    floors = ("storage", "engine", "tui", "tests")
    rooms = {f"{floor}/{path.name}" for floor in floors for path in (ROOT / floor).iterdir() if _is_room(path)}
    assert sorted({*floors, *rooms} - drawn) == []


def _is_room(path: Path) -> bool:
    return path.is_dir() and any(path.rglob("*.py"))


def _drawn(text: str) -> set[str]:
    """Give the folders that the first drawing names, each by its path.

    A floor stands at the beginning of a line, its rooms below it, in columns: after two blanks or more comes the next.
    A folder that is named in the text beside another is within that.
    """
    drawing = text.split("```")[1]
    found: set[str] = set()
    floor = room = ""
    for line in drawing.splitlines():
        if line and not line.startswith(" "):
            floor = room = line.split("/")[0]
            found.add(floor)
            found |= {f"{floor}/{name}" for name in re.findall(r"(\w+)/", line[len(floor) + 1 :])}
            continue
        for column in re.split(r"(?<=\S) {2,}(?=\w+/)", line.strip()):
            begins = re.match(r"\w+/(?:, \w+/)*(?= {2}|$)", column)
            if begins is not None:
                rooms = [f"{floor}/{name}" for name in re.findall(r"(\w+)/", begins[0])]
                found.update(rooms)
                room = rooms[-1]
            found |= {f"{room}/{name}" for name in re.findall(r"(\w+)/", column[begins.end() if begins else 0 :])}
    return found


_WORDS = {"Obsolete", "csv", "ldif", "ldap", "today", "now", "display", "import", "sqlite3", "aiosqlite"}
"""What stands in such marks and is no name of the code."""
