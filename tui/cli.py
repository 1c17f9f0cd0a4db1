"""The command line: everything the console can do, for scripts."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from tui.commands import deciding, listing, making, running
from tui.context import CONFIG
from tui.output import say

app = typer.Typer(
    name="interlock",
    help="Step the phases of identity synchronisation; nothing is deleted without an approval.",
    epilog="Exit status: 0 clean, 1 errors, 2 usage or configuration, 3 stopped by a gate, 4 no start, 5 interrupted.",
    no_args_is_help=False,
    pretty_exceptions_show_locals=False,
)
app.command()(making.demo)
app.command()(making.init)
app.command()(running.check)
app.command()(running.run)
app.command()(running.step)
app.command()(running.stop)
app.command()(running.status)
app.command()(listing.objects)
app.command()(listing.metaverse)
app.add_typer(deciding.exports, name="exports")
app.add_typer(deciding.review, name="review")
app.command()(listing.runs)
app.command()(listing.transitions)
app.command()(listing.show)


@app.callback(invoke_without_command=True)
def interlock(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Tell the version.", is_eager=True)] = False,
) -> None:
    """Step the phases of identity synchronisation; nothing is deleted without an approval."""
    if show_version:
        say(f"interlock {version('interlock')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        if CONFIG.exists():
            running.status(CONFIG)
        else:
            say(context.get_help())


def main() -> None:
    """Start the program."""
    try:
        app()
    except OSError as error:
        sys.stderr.write(f"interlock: {error}\n")
        sys.exit(1)
