"""Make workspaces: a new one, or a demo that walks all five phases."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tui.commands.running import execute
from tui.console import open_console
from tui.context import USAGE, carry_out, fail, open_workspace
from tui.demo.people import people
from tui.demo.walk import walk
from tui.demo.workspace import LiveDirectory, WorkspaceExists, make_workspace
from tui.output import say
from tui.terminal import is_usable

PEOPLE = 1000
INIT_PEOPLE = 20


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make the workspace.")] = Path(
        "interlock-demo"
    ),
    headless: Annotated[bool, typer.Option("--headless", help="Open no console afterwards.")] = False,
    ldap: Annotated[str | None, typer.Option("--ldap", metavar="URL", help="Write to a live directory.")] = None,
    base: Annotated[str, typer.Option("--base", help="Its base DN.")] = "dc=example,dc=org",
    bind_dn: Annotated[str | None, typer.Option("--bind-dn", help="The account to bind as.")] = None,
    password_env: Annotated[
        str, typer.Option("--password-env", help="The environment variable that holds its password.")
    ] = "DIRECTORY_PASSWORD",  # noqa: S107 - the name of a variable
) -> None:
    """Make a workspace with sample data, walk all five phases twice, and open the console on a third day."""
    rows = list(people(PEOPLE))
    live = LiveDirectory(ldap, base, bind_dn, password_env) if ldap else None
    config = _make(folder, rows, live, demo=True)
    say(f"{config}: the configuration; hr.csv and departments.csv beside it are the source")
    workspace = open_workspace(config)
    status = carry_out(workspace, walk(workspace, folder, rows, partial(execute, briefly=True)))
    if status == 0 and not headless and is_usable(os.environ):
        status = open_console(config)
    raise typer.Exit(status)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make the workspace.")],
) -> None:
    """Make a workspace: a commented interlock.toml and a little sample data."""
    config = _make(folder, list(people(INIT_PEOPLE)), None, demo=False)
    say(f"{config}: change it to your own systems, then")
    say(f"    cd {folder} && interlock check && interlock run")


def _make(folder: Path, rows: list[dict[str, str]], live: LiveDirectory | None, *, demo: bool) -> Path:
    try:
        return make_workspace(folder, rows, live, demo=demo)
    except WorkspaceExists as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"{folder}: cannot be written: {error.strerror or error}", USAGE)
