"""Passwords of single accounts."""

from typing import Annotated

import typer

from tui import feed
from tui.terminal.command_groups import command_group
from tui.terminal.context import CONFIG, NO_START, ConfigOption, carry_out, fail, numbers, open_workspace, readable
from tui.terminal.printing import say

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
