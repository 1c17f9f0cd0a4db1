"""The commands and what each is for, in the order of the help; the code of one is imported when it is asked for."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

Loaded = TyperCommand | TyperGroup


class Place(NamedTuple):
    """Where a command is."""

    name: str
    module: str
    """In `tui.terminal.commands`."""
    says: str
    """The first line of what `--help` of the command itself says; none for one that nobody needs to know."""
    is_group: bool = False
    function: str = ""
    """What it is called there, where that is not its name."""


PLACES = (
    Place(
        "demo",
        "making",
        "Make a workspace with sample data, walk all five phases twice, and open the console on a third day.",
    ),
    Place(
        "init",
        "making",
        "Make a workspace: step by step; a commented interlock.toml with sample data; or one from what is there.",
    ),
    Place("check", "running", "Validate the configuration and test every connection."),
    Place("run", "running", "Run a profile: its steps one after the other, stopped where a gate says so."),
    Place("plan", "planning", "Tell what a run would do, object by object; nothing is written anywhere."),
    Place("step", "running", "Run one phase, then stop."),
    Place(
        "stop",
        "running",
        "Ask the run that is going on to stop: at its next page boundary, or while it waits for a system.",
    ),
    Place("status", "running", "Tell where everything stands: systems, exports, open runs, what waits for a person."),
    Place("todo", "todoing", "What waits for a person: list it, acknowledge it.", is_group=True),
    Place("schedule", "scheduling", "When profiles are to run: tell it, let systemd start them.", is_group=True),
    Place("metrics", "monitoring", "Count how everything stands, as Prometheus reads it."),
    Place("objects", "listing", "List the connected system objects."),
    Place("metaverse", "listing", "List the metaverse objects."),
    Place(
        "rules", "ruling", "List the rules: where each stands, how many objects are in its scope, and what goes wrong."
    ),
    Place("runs", "listing", "List the runs, newest first."),
    Place("transitions", "listing", "List the status transitions, newest first."),
    Place(
        "deleted",
        "listing",
        "List the objects that are gone, newest first: from what, under whose approval, restored as what.",
    ),
    Place("show", "listing", "Show one object, export, review item or run, whole."),
    Place("notify", "notifying", ""),
    Place(
        "explain",
        "joining",
        "Tell why an object looks as it does: rule by rule, who contributed what, what is staged, and what stopped it.",
    ),
    Place(
        "try",
        "trying",
        "Evaluate an expression over one object: the value, its type, and what it reads; nothing is written.",
        function="try_expression",
    ),
    Place("owed", "joining", "List the references that are owed: what they name is not there yet."),
    Place("join", "joining", "Join an object to a metaverse object by hand."),
    Place("disconnect", "joining", "Take an object away from its metaverse object; the rules may join it again."),
    Place("exclude", "joining", "Take an object away, and let no rule have it ever again."),
    Place("include", "joining", "Let the rules have an excluded object again."),
    Place("consequences", "joining", "Tell what a decision by hand would lead to, on a copy; nothing is changed."),
    Place("restore", "joining", "Create what was deleted again, from what it last held; the next export sends it."),
    Place(
        "worker",
        "working",
        "Carry out the steps of the systems that run on this worker, for runs that begin anywhere.",
    ),
    Place("password", "passwords", "Passwords of single accounts.", is_group=True),
    Place("exports", "deciding", "The queue of pending exports: list it, retry, hold, discard.", is_group=True),
    Place(
        "review",
        "deciding",
        "What waits for a person: list it, approve, keep, defer, withdraw, release.",
        is_group=True,
    ),
    Place(
        "config",
        "configuring",
        "The configuration: what has changed since the last run; a schema for editors.",
        is_group=True,
        function="configuration",
    ),
    Place(
        "connector",
        "connecting",
        "The connectors: whether one keeps what the protocol promises.",
        is_group=True,
    ),
    Place("audit", "auditing", "The audit log: prove it whole, show it, export it, seal it.", is_group=True),
    Place("store", "storing", "The store: back it up, check it, make it smaller.", is_group=True),
)


class CommandsByName(MutableMapping[str, Loaded]):
    """Name → command, imported at the first look."""

    def __init__(self) -> None:
        self._places = {place.name: place for place in PLACES}
        self._loaded: dict[str, Loaded] = {}

    def __getitem__(self, name: str) -> Loaded:
        if name not in self._loaded:
            self._loaded[name] = _load(self._places[name])
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __setitem__(self, name: str, command: Loaded) -> None:
        raise TypeError(f"'{name}' belongs into PLACES")

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"'{name}' belongs into PLACES")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _load(place: Place) -> Loaded:
    found = getattr(import_module(f"tui.terminal.commands.{place.module}"), place.function or place.name)
    if not place.is_group:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(place.name, hidden=not place.says)(found)
        found = alone
    command = cast("Loaded", get_command(found))
    command.name = place.name
    return command
