"""Connectors: whether one keeps the promises of the protocol."""

from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.command_groups import command_group
from tui.terminal.context import CONFIG, USAGE, ConfigOption, JsonOption, carry_out, fail, open_workspace
from tui.terminal.printing import say, write_json

connector = command_group("The connectors: whether one keeps what the protocol promises.", no_args_is_help=True)
_MARKS = {True: "ok  ", False: "FAIL", None: "–   "}


@connector.callback()
def _group() -> None:
    """Let the group have a single command."""


@connector.command("test")
def try_connector(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system to try it on.")],
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            metavar="FILE",
            help="Try writing as well, with the object that this TOML file tells of; it is deleted at the end.",
        ),
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Try on a real system whether its connector keeps what every connector promises; --write FILE tries writing."""
    workspace = open_workspace(config)
    if system not in workspace.config.systems:
        fail(f"'{system}' is no system of {config}", USAGE)

    async def collect() -> list[feed.Finding]:
        found = [one async for one in feed.reading_findings(workspace, system)]
        if sample is not None and all(one.kept is not False for one in found):
            found += [
                one async for one in feed.writing_findings(workspace, system, sample, operator=feed.current_operator())
            ]
        return found

    try:
        sample = feed.read_sample(write) if write is not None else None
        findings = carry_out(workspace, collect())
    except (feed.ConfigurationError, feed.DecisionRefused) as error:
        fail(str(error), USAGE)
    if as_json:
        write_json([{"promise": one.promise, "kept": one.kept, "saw": one.saw} for one in findings])
    else:
        for one in findings:
            say(f"{_MARKS[one.kept]}  {one.promise}: {display(one.saw, 400)}", "bold" if one.kept is False else "")
    raise typer.Exit(0 if all(one.kept is not False for one in findings) else 1)
