"""Look after the store: back it up, check it, give unused room back."""

from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.command_groups import command_group
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, carry_out, open_workspace, text_of
from tui.terminal.printing import complain, say, write_json

store = command_group("The store: back it up, check it, make it smaller.", no_args_is_help=True)


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
        write_json({"store": workspace.store.name, "faults": faults})
    else:
        for fault in faults:
            complain(display(fault))
        say(f"{display(workspace.store.name)}: {f'{len(faults):,} faults' if faults else 'sound'}")
    raise typer.Exit(1 if faults else 0)


@store.command()
def vacuum(config: ConfigOption = CONFIG) -> None:
    """Give room that is no longer used back to the disk; not while a run goes on."""
    workspace = open_workspace(config)
    before, after = carry_out(workspace, feed.store_upkeep.make_smaller(workspace, operator=feed.current_operator()))
    say(f"{_size(before)} before, {_size(after)} now: {_size(max(before - after, 0))} gained")


@store.command()
def restore(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit log.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A backup; without, the older store that is there already.")
    ] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Put a backup in the store's place; its approvals are void, its unsent deletes and creates are asked again."""
    workspace = open_workspace(config)
    work = feed.store_restoring.restore_store(
        workspace, file.absolute() if file else None, operator=feed.current_operator(), reason=text_of(reason)
    )
    done = carry_out(workspace, work)
    what = "restored" if file else "accepted as it is"
    say(f"{display(workspace.store.name)}: {what}; {done.approvals:,} approvals are void")
    if done.replaced is not None:
        say(f"what was there is in {display(done.replaced)}")
    if done.creates:
        say(f"{done.creates:,} creates are held; once they are right: interlock review release run-{done.run_id}")
    say("Import every system before anything else: 'interlock run' begins with that.")


@store.command()
def move(
    to: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="An empty database, postgresql://USER@HOST/DATABASE; or a new file, to go back to one."
        ),
    ],
    password_env: Annotated[
        str | None, typer.Option("--password-env", metavar="NAME", help="The environment variable with the password.")
    ] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Carry the whole store to another place, and prove that both hold the same; not while a run goes on."""
    workspace = open_workspace(config)
    work = feed.store_moving.move(workspace, to, password_env, operator=feed.current_operator())
    moved = carry_out(workspace, work)
    say(f"{display(moved.name)}: {moved.rows:,} rows in {len(moved.tables)} tables, the same in both places")
    left = "takes no run or decision any more" if moved.is_left else "has to be put away: its mark cannot be written"
    say(f"Name this place in [store] now; the old store is as it was, and {left}.")


@store.command()
def grant(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="A role of the server.")],
    write: Annotated[bool, typer.Option("--write", help="For whoever runs and decides.")] = False,
    config: ConfigOption = CONFIG,
) -> None:
    """Print the SQL by which the owner of the store's database lets a role read it, or write to it as well."""
    workspace = open_workspace(config)
    for statement in carry_out(workspace, feed.store_moving.grants(workspace, role, writes=write)):
        say(f"{statement};")


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
