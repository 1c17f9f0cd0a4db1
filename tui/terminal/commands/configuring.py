"""The configuration: what has changed in it, and a schema of it for editors."""

from itertools import groupby
from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.moments import local_time
from tui.terminal.command_groups import command_group
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, carry_out, open_workspace
from tui.terminal.printing import say, write_json

configuration = command_group(
    "The configuration: what has changed since the last run; a schema for editors.", no_args_is_help=True
)


@configuration.command()
def diff(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Tell what is otherwise than when the last run began, rule by rule; of scopes, how many leave and enter them."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.configuration_diff(workspace))
    if as_json:
        write_json(found)
        return
    if found["since"] is None:
        say("Nothing has run yet under a configuration that is kept.")
        return
    say(f"Since {found['since']['run']} ({local_time(found['since']['at'])}):", "bold")
    for where, changes in groupby(found["changes"], lambda one: str(one["where"])):
        say(f"  {display(where)}")
        for one in changes:
            say(f"      {display(one['says'], 400)}")
    if not found["changes"]:
        say("  nothing has changed")


@configuration.command()
def schema(
    included: Annotated[bool, typer.Option("--included", help="That of a file which 'include' names.")] = False,
) -> None:
    """Write a JSON Schema of the configuration, for Taplo, VS Code and other editors."""
    write_json(feed.json_schema(of_included=included))
