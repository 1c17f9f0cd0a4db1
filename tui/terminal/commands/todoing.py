"""Tell what waits for a person, and take note that somebody knows of it."""

from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.moments import local_time, since_when
from tui.terminal.command_groups import command_group
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, before_a_command, carry_out, open_workspace, readable
from tui.terminal.printing import say, write_json

todo = command_group("What waits for a person: list it, acknowledge it.")

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="One or more ids, such as todo-1f2e3d4c.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why it can wait; it is kept in the audit log.", callback=readable)
]


@todo.callback(invoke_without_command=True)
def list_todo(context: typer.Context, config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """List all that waits for a person, in groups; what somebody has acknowledged comes at the end."""
    if context.invoked_subcommand is not None:
        before_a_command(config, json=as_json)
        return
    workspace = open_workspace(config)
    groups = carry_out(workspace, feed.todo.todo(workspace))
    if as_json:
        write_json(groups)
        return
    if not groups:
        say("Nothing waits for anybody.")
    for group in groups:
        _tell(group)


def _tell(group: feed.Document) -> None:
    """Tell of one group: what it is, since when, and what to do."""
    since = f", {since_when(group['since'])}" if group["since"] else ""
    style = "dim" if group["acknowledged"] else ""
    say(f"{group['count']:>6,}  {display(group['what'])}{since}", style or "bold")
    if group["example"]:
        say(f"        {'for instance ' if group['count'] > 1 else ''}{display(group['example'])}", style)
    say(f"        {display(group['advice'])}", style)
    if said := group["acknowledgement"]:
        covers = "" if group["acknowledged"] else f" {said['covers']:,} of them"
        who, why = display(said["operator"]), display(said["reason"])
        say(f"        acknowledged{covers} by {who} until {local_time(said['until'])}: {why}")
    say(f"        {group['id']}", "dim")


@todo.command()
def acknowledge(
    ids: Ids,
    reason: Reason,
    until: Annotated[
        str, typer.Option("--for", "--until", help="How long, such as 12h, 7d, 2w; or until a day, such as 2027-01-31.")
    ] = "7d",
    config: ConfigOption = CONFIG,
) -> None:
    """Say that you know of groups: they are told at the end until then, or until there are more of them."""
    workspace = open_workspace(config)
    for group in carry_out(workspace, feed.todo.acknowledge(workspace, ids, reason=reason, until=until)):
        said = group["acknowledgement"]
        say(f"acknowledged until {local_time(said['until'])}: {group['count']:,} {display(group['what'])}")


@todo.command("take-back")
def take_back(ids: Ids, config: ConfigOption = CONFIG) -> None:
    """Let acknowledged groups be told as new again."""
    workspace = open_workspace(config)
    for group in carry_out(workspace, feed.todo.take_back(workspace, ids)):
        say(f"told as new again: {group['count']:,} {display(group['what'])}")
