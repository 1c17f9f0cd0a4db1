"""Figures for a monitoring system."""

from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.terminal.context import CONFIG, NO_START, ConfigOption, carry_out, fail, open_workspace
from tui.terminal.printing import complain


def metrics(
    file: Annotated[
        Path | None, typer.Option("--file", help="Put them into this file, such as one of node_exporter's collector.")
    ] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Count how everything stands, as Prometheus reads it."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.metrics.collect(workspace))
    if file is None:
        typer.echo(found.text(), nl=False)
        return
    try:
        found.write(file)
    except OSError as error:
        fail(f"{file}: cannot be written: {error.strerror}", NO_START)


async def write_metrics(workspace: feed.Workspace) -> None:
    """Put the figures where `[metrics]` says, once a run is over; a run does not fail for them."""
    file = workspace.config.metrics.file
    if file is None:
        return
    path = workspace.config.folder / file
    try:
        (await feed.metrics.collect(workspace)).write(path)
    except OSError as error:
        complain(f"{path}: the metrics cannot be written: {error.strerror}")
    except feed.StoreError as error:
        complain(f"the metrics were not written: {error}")
