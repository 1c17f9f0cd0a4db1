"""Write a workspace: a commented configuration, and sample data for it."""

import csv
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from tui.demo.people import DEPARTMENT_COLUMNS, PERSON_COLUMNS, Row, departments

MARK = ".interlock-demo"
"""Tells a folder that the demo made, and may make anew."""
_MADE = ("interlock.toml", "hr.csv", "departments.csv", "directory.ldif", MARK)

_LDIF = """[systems.directory]            # the target: a directory in one file
connector = "ldif"
path = "directory.ldif"
"""
_LDAP = """[systems.directory]            # the target: a live directory
connector = "ldap"
url = "{url}"
base = "{base}"
{bind}"""


class LiveDirectory(NamedTuple):
    """The live directory that a workspace writes to instead of an LDIF file."""

    url: str
    base: str
    bind_dn: str | None
    password_env: str


class WorkspaceExists(Exception):
    """The folder holds something that is not ours to overwrite."""


def make_workspace(folder: Path, rows: Iterable[Row], live: LiveDirectory | None = None, *, demo: bool) -> Path:
    """Write a configuration and its data into a folder, and give the configuration's path.

    Raises `WorkspaceExists` where anything is there already, except what an earlier demo made.
    """
    _clear(folder, demo=demo)
    folder.mkdir(parents=True, exist_ok=True)
    if demo:
        (folder / MARK).write_text("made by 'interlock demo', which may make this folder anew\n")
    base = live.base if live else "dc=example,dc=org"
    template = files("tui.demo").joinpath("template.toml").read_text()
    config = folder / "interlock.toml"
    config.write_text(template.replace("@DIRECTORY@", _directory(live)).replace("@BASE@", base))
    write_csv(folder / "hr.csv", PERSON_COLUMNS, rows)
    write_csv(folder / "departments.csv", DEPARTMENT_COLUMNS, departments())
    if live is None:
        (folder / "directory.ldif").write_text(
            "version: 1\n\ndn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n"
            "o: Example\ndc: example\nentryUUID: 00000000-0000-4000-8000-000000000000\n"
        )
    return config


def _directory(live: LiveDirectory | None) -> str:
    if live is None:
        return _LDIF
    bind = f'bind_dn = "{live.bind_dn}"\npassword = {{ env = "{live.password_env}" }}\n' if live.bind_dn else ""
    return _LDAP.format(url=live.url, base=live.base, bind=bind)


def _clear(folder: Path, *, demo: bool) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not demo or not (folder / MARK).exists():
        raise WorkspaceExists(f"{folder}: is not empty; name a folder that is empty or not there yet")
    for name in _MADE:
        (folder / name).unlink(missing_ok=True)
    for left in folder.glob("interlock.db*"):
        left.unlink()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows under a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
