"""Look after the store: back it up, check it, give unused room back."""

from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, carry_out, open_workspace
from tui.terminal.printing import complain, say, write_json

store = typer.Typer(help="The store: back it up, check it, make it smaller.", no_args_is_help=True)


@store.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; it is readable by its owner alone.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Copy the store as it is at one moment, whole and consistent, while a run goes on as well."""
    workspace = open_workspace(config)
    carry_out(workspace, feed.store_upkeep.back_up(workspace, file.absolute(), operator=feed.current_operator()))
    say(f"{display(file)}: {_size(file.stat().st_size)}, checked")


@store.command()
def check(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Prove the store sound: its file, its schema and triggers, the audit log, and an approval behind every delete."""
    workspace = open_workspace(config)
    faults = carry_out(workspace, feed.store_upkeep.faults_of(workspace, operator=feed.current_operator()))
    if as_json:
        write_json({"store": str(workspace.store.path), "faults": faults})
    else:
        for fault in faults:
            complain(display(fault))
        say(f"{display(workspace.store.path)}: {f'{len(faults):,} faults' if faults else 'sound'}")
    raise typer.Exit(1 if faults else 0)


@store.command()
def vacuum(config: ConfigOption = CONFIG) -> None:
    """Give room that is no longer used back to the disk; not while a run goes on."""
    workspace = open_workspace(config)
    before, after = carry_out(workspace, feed.store_upkeep.make_smaller(workspace, operator=feed.current_operator()))
    say(f"{_size(before)} before, {_size(after)} now: {_size(max(before - after, 0))} gained")


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
