"""The documents: made from the program where they can be, and naming only what is there."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.house import moving_picture, reference_pages
from tests.house.measures import ROOT, sources

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", reference_pages.pages())
def test_a_reference_page_is_what_the_program_says(name: str) -> None:
    page = ROOT / "docs" / name
    assert page.read_text() == reference_pages.pages()[name], f"docs/{name} is stale: run scripts/docs"


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
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    lost = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert lost == []


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


_WORDS = {"Obsolete", "csv", "ldif", "ldap", "today", "now", "display", "import", "sqlite3", "aiosqlite"}
"""What stands in such marks and is no name of the code."""
