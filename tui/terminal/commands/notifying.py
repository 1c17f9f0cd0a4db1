"""Tell people what a run left for them: a process of its own, which nothing waits for."""

from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.console.launch import start_aside
from tui.presentation.display import display
from tui.terminal.context import CONFIG, ConfigOption, carry_out, numbers, open_workspace
from tui.terminal.printing import complain


def notify(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run, such as run-3.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Tell, as `[notify]` says, what a run left for a person."""
    workspace = open_workspace(config)
    number = numbers([run], "run")[0]
    failures = carry_out(workspace, feed.notice.notify(workspace, number, operator=feed.current_operator()))
    for failure in failures:
        complain(display(failure))
    raise typer.Exit(1 if failures else 0)


async def tell_people(workspace: feed.Workspace, config: Path, run_id: int) -> None:
    """Start a process that tells people what a run left for them, if there is anything; never waits, never raises."""
    try:
        news = await feed.notice.news_of(workspace, run_id)
        if news is None:
            return
        try:
            start_aside(config, ["notify", f"run-{run_id}"])
        except OSError as error:
            await feed.notice.note(workspace, run_id, "process", news.subject, str(error))
    except feed.StoreError as error:
        complain(f"nobody was notified: {error}")
