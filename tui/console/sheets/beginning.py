"""What is shown while a first configuration is asked for: columns with a sample, and the plan of the first people."""

from typing import Any

from tui import feed
from tui.console.sheets.layout import fact, named, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs

SAMPLES = 3
"""Values of a column that are shown."""


def welcome(width: int) -> list[SheetLine]:
    """Say what is going to happen."""
    told = (
        "A file that HR exports, a database, a directory, a service, a program. Interlock reads it, and writes nothing "
        "to it. Where people get accounts is asked next; what a run would do is shown before anything is done."
    )
    lines = [*section("Where do people come from?"), *prose("", told, width)]
    for example in (
        "people.csv",
        "postgresql://reader@db.example.org/hr",
        "sqlite:///hr.db",
        "https://app.example.org/scim/v2",
        "ldap://ldap.example.org/dc=example,dc=org",
        "program:pwsh -NoProfile exchange.ps1",
    ):
        lines += named("", example, width, 2, tone="accent")
    return lines


def columns(found: feed.SurveyedType, width: int) -> list[SheetLine]:
    """Show every column with its kind, whether it may identify a person, and a few values."""
    lines = []
    indent = min(max((len(one.name) for one in found.attributes), default=8), max(width // 3, 8))
    for one in found.attributes:
        values = ", ".join(row[one.name] for row in found.rows[:SAMPLES] if row.get(one.name))
        likely = "differs in each  " if one.name in found.candidates else ""
        name = f" {display(one.name, indent):<{indent}}  "
        room = max(width - len(name) - len(likely) - 12, 8)
        kind = f"{one.kind}{'[]' if one.multi else ''}"
        pieces = [(name, "strong"), (f"{kind:<10}", "dim"), (likely, "good"), (display(values, room), "")]
        lines.append(SheetLine(pieces))
    return lines


def directory(width: int) -> list[SheetLine]:
    """Ask for the directory."""
    told = "The directory in which people get accounts; with nothing typed there is none yet, and people only come in."
    lines = [*section("Where do they get accounts?"), *prose("", told, width)]
    return [*lines, *named("", "ldaps://ldap.example.org/dc=example,dc=org", width, 2, tone="accent")]


def proposal(written: str, width: int) -> list[SheetLine]:
    """Show the configuration as it would be written."""
    del width
    return [SheetLine([(f" {display(line)}", _tone(line))]) for line in written.splitlines()]


def _tone(line: str) -> str:
    return "dim" if line.startswith("#") else "strong" if line.startswith("[") else ""


def plan(found: dict[str, Any] | None, why: str, width: int) -> list[SheetLine]:
    """Show what a run would do for the first people."""
    lines = section("The plan of the first ten people")
    if found is None:
        return [*lines, *prose("", why or f"being made {glyphs().ellipsis}", width, tone="danger" if why else "dim")]
    changes = [one for one in found["changes"] if one["phase"] == "export"]
    changes = changes or [one for one in found["changes"] if one["phase"] == "sync"]
    for one in changes:
        lines += _change(one, width)
    for step in found["steps"]:
        for error in step["first_errors"]:
            lines += prose(error["code"], f"{error['label']}: {error['message']}", width, tone="danger")
    return lines if changes else [*lines, *prose("", "nobody would get an account", width, tone="warn")]


def _change(one: dict[str, Any], width: int) -> list[SheetLine]:
    lines = fact(one["operation"], one["name"], width, tone="strong")
    if one["dn"]:
        lines += fact("", one["dn"], width, tone="accent")
    for attribute in one["attributes"]:
        lines += fact(attribute["name"], ", ".join(map(str, attribute["new"])) or "nothing", width)
    return lines
