"""The command line: everything the console can do, for scripts."""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tui.console.start import CONFIG, USAGE, missing, open_console, open_plain
from tui.console.tty import complain, is_usable
from tui.terminal import lost_output
from tui.terminal.command_groups import CommandGroup
from tui.terminal.commands_by_name import PLACES, CommandsByName


class Interlock(CommandGroup):
    """The commands, told without importing them: that takes ten times as long as telling them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: MutableMapping[str, Any] = CommandsByName()

    def told(self) -> list[tuple[str, str]]:
        """Give the names of the commands and what each is for, in order."""
        return [(place.name, place.says) for place in PLACES if place.says]


app = typer.Typer(
    name="interlock",
    cls=Interlock,
    help="Step the phases of identity synchronisation; nothing is deleted without an approval.",
    epilog="Exit status: 0 clean, 1 errors, 2 usage or configuration, 3 stopped by a gate, 4 no start, 5 interrupted.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def interlock(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="INTERLOCK_CONFIG", help="The configuration file.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="The console as lines of text that change little, for screen readers.")
    ] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Tell the version.", is_eager=True)] = False,
) -> None:
    """Open the console; or run one of these commands. Nothing is deleted without an approval."""
    if show_version:
        from importlib.metadata import version  # noqa: PLC0415 - it imports what reads mail

        typer.echo(f"interlock {version('interlock')}")
        raise typer.Exit
    if config is not None:
        os.environ["INTERLOCK_CONFIG"] = str(config)  # so that a command after it finds the same file
    if plain and context.invoked_subcommand is None:
        raise typer.Exit(open_plain(config or CONFIG))
    if context.invoked_subcommand is None:
        _open(config or CONFIG)


def _open(config: Path) -> None:
    """Open the console where there is a terminal, or tell what it would open with."""
    if is_usable(os.environ):
        raise typer.Exit(open_console(config))
    from tui.terminal.commands import running  # noqa: PLC0415 - imported when it is asked for, as every command
    from tui.terminal.context import fail  # noqa: PLC0415

    if not config.exists():
        fail(missing(config), USAGE)
    running.status(config)


def main() -> None:
    """Start the program."""
    try:
        app()
    except SystemExit as end:
        sys.exit(lost_output.status(end.code))
    except OSError as error:
        complain(str(error) if error.filename else f"what was to be written could not be: {error.strerror}")
        sys.exit(1)
    except Exception as error:
        from tui.presentation import last_resort  # noqa: PLC0415 - nobody should ever need it

        complain(last_resort.sentence_of(error))
        sys.exit(last_resort.STATUS)
