"""The command line: everything the console can do, for scripts."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from tui.console.start import missing, open_console
from tui.console.tty import is_usable
from tui.terminal import last_resort
from tui.terminal.commands import auditing, deciding, joining, listing, making, notifying, planning, running, storing
from tui.terminal.context import CONFIG, NO_START, USAGE, fail
from tui.terminal.printing import complain, say

app = typer.Typer(
    name="interlock",
    help="Step the phases of identity synchronisation; nothing is deleted without an approval.",
    epilog="Exit status: 0 clean, 1 errors, 2 usage or configuration, 3 stopped by a gate, 4 no start, 5 interrupted.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
app.command()(making.demo)
app.command()(making.init)
app.command()(running.check)
app.command()(running.run)
app.command()(planning.plan)
app.command()(running.step)
app.command()(running.stop)
app.command()(running.status)
app.command()(listing.objects)
app.command()(listing.metaverse)
app.add_typer(deciding.exports, name="exports")
app.add_typer(deciding.review, name="review")
app.add_typer(auditing.audit, name="audit")
app.add_typer(storing.store, name="store")
app.command()(listing.runs)
app.command()(listing.transitions)
app.command()(listing.show)
app.command(hidden=True)(notifying.notify)
app.command()(joining.explain)
app.command()(joining.owed)
app.command()(joining.join)
app.command()(joining.disconnect)
app.command()(joining.exclude)
app.command()(joining.include)
app.command()(joining.restore)


@app.callback(invoke_without_command=True)
def interlock(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="INTERLOCK_CONFIG", help="The configuration file.")
    ] = None,
    show_version: Annotated[bool, typer.Option("--version", help="Tell the version.", is_eager=True)] = False,
) -> None:
    """Open the console; or run one of these commands. Nothing is deleted without an approval."""
    if show_version:
        say(f"interlock {version('interlock')}")
        raise typer.Exit
    if config is not None:
        os.environ["INTERLOCK_CONFIG"] = str(config)  # so that a command after it finds the same file
    if context.invoked_subcommand is None:
        _open(config or CONFIG)


def _open(config: Path) -> None:
    """Open the console where there is a terminal, or tell what it would open with."""
    if is_usable(os.environ):
        raise typer.Exit(open_console(config))
    if not config.exists():
        fail(missing(config), USAGE)
    running.status(config)


def main() -> None:
    """Start the program."""
    try:
        app()
    except OSError as error:
        complain(f"interlock: {error}")
        sys.exit(1)
    except Exception as error:
        last_resort.tell(error)
        sys.exit(NO_START)
