"""A small office on disk: HR's CSV and a directory in an LDIF file, with as many people as a test wants."""

from pathlib import Path

from tests.workspace import Workspace
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import make_workspace, write_csv


def make_office(folder: Path, size: int = 60, config: str = "") -> Workspace:
    """Make a workspace; `config` is added to its configuration."""
    toml = make_workspace(folder, list(people(size)), demo=False)
    return Workspace(folder, toml.read_text() + config)


def let_leave(office: Workspace, leavers: int, size: int = 60) -> None:
    """Write HR's file without its last people."""
    write_csv(office.folder / "hr.csv", PERSON_COLUMNS, list(people(size))[: size - leavers])


def let_change(office: Workspace, changed: int, size: int = 60) -> None:
    """Give the first people of HR's file another title."""
    rows = list(people(size))
    for row in rows[:changed]:
        row["title"] = "Chief of " + row["title"]
    write_csv(office.folder / "hr.csv", PERSON_COLUMNS, rows)


def make_busy_office(folder: Path, size: int, leavers: int, titles: int) -> Workspace:
    """Make an office in which so many people are missing, and so many titles are to be written."""
    site = make_office(folder, size)
    site("run")
    let_leave(site, leavers, size)
    site("run")
    let_change(site, titles, size - leavers)
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    return site
