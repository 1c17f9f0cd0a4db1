"""Where the command line writes: facts to standard output, messages to standard error."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tui import feed
from tui.presentation.display import display
from tui.terminal import lost_output


class Unbreakable(Console):
    """A console that goes silent when nobody reads it any more, or its file takes no more; the work goes on."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Write; where a disk is full for instance, that is told once."""
        try:
            super().print(*objects, **options)
        except OSError as error:
            lost_output.note(error.strerror or str(error))
            self.on_broken_pipe()
            if not self.stderr:
                complain(f"standard output: {error.strerror}; the work goes on, and what would be told of it is lost")

    def on_broken_pipe(self) -> None:
        """Write nowhere from now on."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())


_SHORT = frozenset({"at", "change", "id", "mvo", "objects", "started", "state", "status", "system", "tries", "type"})
"""Columns that are never broken; the others share what is left of the width."""

LONGEST = 2000
"""How many terminal cells one value of a table may take; `--json` gives all of it."""
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

out = Unbreakable(markup=False, highlight=False, soft_wrap=False)
err = Unbreakable(markup=False, highlight=False, stderr=True)


_LOG = "INTERLOCK_LOG"
"""The environment variable by which this process knows that standard error is its log."""


def log_in_json() -> None:
    """Write a log of JSON lines to standard error from now on, and nothing else."""
    os.environ[_LOG] = "json"


def say(text: str, style: str = "") -> None:
    """Write facts, harmless whatever stands in them."""
    out.print(Text(_harmless(text), style=style), soft_wrap=True)


def complain(text: str, style: str = "bold") -> None:
    """Write to standard error, likewise; as a line of the log where one is written there."""
    if os.environ.get(_LOG) == "json":
        write_log("error", "message", message=text)
        return
    err.print(Text(_harmless(text), style=style), soft_wrap=True)


def _harmless(text: str) -> str:
    return "\n".join(map(display, text.split("\n")))


def write_json(document: object) -> None:
    """Write one JSON document to standard output; what a terminal could take for more than text is escaped."""
    sys.stdout.buffer.write(escaped(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str)) + b"\n")
    sys.stdout.buffer.flush()


def write_log(level: str, event: str, **facts: Any) -> None:
    """Write a line of the log: when, how grave, what, and its facts; those that are empty are left out."""
    held = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
    line = {"at": feed.now(), "level": level, "event": event, **held}
    try:
        sys.stderr.buffer.write(escaped(orjson.dumps(line, default=str)) + b"\n")
        sys.stderr.buffer.flush()
    except OSError:  # nobody reads it any more, or the line is gone; the work goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def escaped(document: bytes) -> bytes:
    """Escape in JSON what JSON need not: C1 controls, marks of direction, what shows nothing."""
    text = document.decode()
    return document if text.isascii() else _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows under headings, each value made safe to show."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in _SHORT)
    for row in rows:
        table.add_row(*(Text(display(value, LONGEST)) for value in row))
    out.print(table)


def write_facts(facts: Mapping[str, object], indent: str = "") -> None:
    """Write names and values, nested ones below their name."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        label = f"{indent}{name.replace('_', ' '):<{width}}  "
        if isinstance(value, Mapping) and value:
            say(f"{indent}{name.replace('_', ' ')}")
            write_facts(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            say(f"{indent}{name.replace('_', ' ')}")
            for entry in value:
                say(f"{indent}  - {_inline(entry)}")
        elif isinstance(value, list):
            say(label + display(" | ".join(str(one) for one in value)))
        else:
            say(label + display(value))


def _inline(entry: Mapping[str, object]) -> str:
    shown = ((name, value) for name, value in entry.items() if value not in (None, [], "", {}))
    return display(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in shown))
