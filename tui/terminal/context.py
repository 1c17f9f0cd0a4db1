"""What every command shares: the configuration's place, exit statuses, and how errors are told."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from tui import feed
from tui.console import start
from tui.terminal.printing import complain

Result = TypeVar("Result")

USAGE = start.USAGE
STOPPED = 3
NO_START = 4
INTERRUPTED = 5
CONFIG = start.CONFIG

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="INTERLOCK_CONFIG", help="The configuration file.", show_default=True),
]


def before_a_command(config: Path, **listing: object) -> None:
    """Let a command of a group find the file that was named before it; what is of the list alone is refused there."""
    os.environ["INTERLOCK_CONFIG"] = str(config)
    if given := [f"--{name}" for name, value in listing.items() if value]:
        fail(f"{', '.join(given)}: for the list alone; put it after the command if that knows it", USAGE)


def readable(text: str | None) -> str | None:
    """Refuse an argument that is no text in the terminal's encoding, or blank."""
    if text is None:
        return None
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise typer.BadParameter("it holds bytes that are not text in this terminal's encoding")
    if not text.strip():
        raise typer.BadParameter("it is blank")
    return text


def text_of(text: str) -> str:
    """Refuse an argument that is no text in the terminal's encoding; a blank one is nothing."""
    return (readable(text) if text else "") or ""


JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]


def fail(message: str, status: int) -> NoReturn:
    """Tell what is wrong and end with an exit status."""
    complain(message)
    raise typer.Exit(status)


def numbers(ids: Sequence[str], kind: str) -> list[int]:
    """Read ids as `rev-3` or `3`; end with the reason where they are none."""
    texts = [text.removeprefix(f"{kind}-") for text in ids]
    for given, text in zip(ids, texts, strict=True):
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            fail(f"'{given}' is no id: {kind}-1 is", USAGE)
    return [int(text) for text in texts]


def open_workspace(path: Path) -> feed.Workspace:
    """Open a workspace, or end with the reason."""
    try:
        return feed.open_workspace(path)
    except feed.ConfigurationError as error:
        fail(str(error), USAGE)
    except feed.StoreError as error:
        fail(str(error), NO_START)


def carry_out(workspace: feed.Workspace, work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine over an open workspace and close it; end with the reason if that fails."""

    async def closing() -> Result:
        async with workspace.store:
            return await work

    try:
        return asyncio.run(closing())
    except KeyboardInterrupt:
        fail("stopped; what was done before is kept", INTERRUPTED)
    except (feed.UnknownId, feed.UnknownColumn, feed.InvalidPattern, feed.DecisionRefused) as error:
        fail(str(error), USAGE)
    except feed.StoreError as error:
        fail(str(error), STOPPED if isinstance(error, feed.StorePutBack) else NO_START)
