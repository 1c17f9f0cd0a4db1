"""Passwords of single accounts."""

from typing import Annotated

import typer

from tui import feed
from tui.terminal.command_groups import command_group
from tui.terminal.commands.listing import LimitOption
from tui.terminal.context import (
    CONFIG,
    NO_START,
    ConfigOption,
    JsonOption,
    carry_out,
    fail,
    numbers,
    open_workspace,
    readable,
)
from tui.terminal.printing import complain, say, write_json, write_table

SHOWN = 100

password = command_group("Passwords of single accounts.", no_args_is_help=True)


@password.callback()
def passwords() -> None:
    """Passwords of single accounts."""


@password.command()
def reset(
    account: Annotated[str, typer.Argument(metavar="ID", help="The account, such as cso-12.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit log.", callback=readable)],
    config: ConfigOption = CONFIG,
) -> None:
    """Give an account another password, made and delivered as `initial_password` of its type says."""
    workspace = open_workspace(config)
    number = numbers([account], "cso")[0]
    work = feed.passwords.reset_password(workspace, number, operator=feed.current_operator(), reason=reason)
    try:
        say(carry_out(workspace, work))
    except feed.StepFailed as error:
        fail(str(error), NO_START)


@password.command()
def owed(
    limit: LimitOption = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the accounts whose first password, or another one, nobody got, or may have got."""
    workspace = open_workspace(config)
    most = limit if limit is not None else 0 if as_json else SHOWN
    rows = carry_out(workspace, feed.owed_passwords(workspace, most + 1 if most else 1_000_000))
    shown = rows[:most] if most else rows
    if as_json:
        write_json(shown)
        return
    write_table(["id", "object", "why"], ([row["id"], row["object"], row["why"]] for row in shown))
    if len(rows) > len(shown):
        complain(f"these are the first {most:,}; --limit 0 lists all of them")
