"""Make workspaces: a new one, or a demo that walks all five phases."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tui import feed
from tui.console.start import open_console
from tui.console.tty import is_usable
from tui.demo.people import people
from tui.demo.walk import walk
from tui.demo.workspace import LiveDirectory, WorkspaceExists, make_workspace
from tui.terminal.commands.running import execute
from tui.terminal.context import INTERRUPTED, NO_START, USAGE, carry_out, fail, open_workspace
from tui.terminal.first_configuration import starter, write_starter
from tui.terminal.printing import say

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
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL",
            help="A live system to begin with: ldap://HOST[/BASE], https://HOST/PATH (SCIM), postgresql://USER@HOST/NAME.",
        ),
    ] = None,
    bind_dn: Annotated[str | None, typer.Option("--bind-dn", help="The account to look at a directory as.")] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            help="The environment variable with the password or token; by default DIRECTORY_PASSWORD with --bind-dn.",
        ),
    ] = None,
    starttls: Annotated[bool, typer.Option("--starttls", help="Encrypt an ldap:// connection.")] = False,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Who vouches for its certificate.")] = None,
) -> None:
    """Make a workspace: a commented interlock.toml and a little sample data, or one from a live system."""
    if source is not None:
        connection = _connection(source, bind_dn, password_env, starttls=starttls)
        if ca_file is not None:
            connection["ca_file"] = str(ca_file.resolve())
        _init_from(folder, source, connection)
        return
    config = _make(folder, list(people(INIT_PEOPLE)), None, demo=False)
    say(f"{config}: change it to your own systems, then")
    say(f"    cd {folder} && interlock check && interlock run")


def _connection(source: str, bind_dn: str | None, password_env: str | None, *, starttls: bool) -> dict[str, Any]:
    """Give the keys of the system that say how it is reached, beside its address."""
    found: dict[str, Any] = {"tls": "starttls"} if starttls else {}
    if bind_dn is not None:
        return found | {"bind_dn": bind_dn, "password": {"env": password_env or "DIRECTORY_PASSWORD"}}
    if password_env is not None and not source.startswith("ldap"):
        found["token" if source.startswith("http") else "password"] = {"env": password_env}
    return found


def _init_from(folder: Path, source: str, connection: dict[str, Any]) -> None:
    """Look at a live system, and write what fits it."""
    try:
        found = feed.survey(source, Path.cwd(), connection)
        path = write_starter(folder, starter(found, connection))
    except KeyboardInterrupt:
        fail("stopped; nothing was written", INTERRUPTED)
    except ValueError as error:
        fail(f"{source}: {error}", USAGE)
    except feed.StepFailed as error:
        fail(str(error), NO_START)
    except FileExistsError:
        fail(f"{folder}: has a configuration already; name another folder", USAGE)
    except OSError as error:
        fail(f"{folder}: cannot be written: {error.strerror or error}", USAGE)
    for one in found.types:
        what = ", ".join(one.keys.get("object_class", ())) or one.keys.get("resource") or one.keys.get("table")
        say(f"{one.name}: {what}, {one.sampled:,} looked at, {len(one.attributes)} attributes")
    for note in found.notes:
        say(note)
    say(f"{path}: look through it, then")
    say(f"    cd {folder} && interlock check && interlock run")


def _make(folder: Path, rows: list[dict[str, str]], live: LiveDirectory | None, *, demo: bool) -> Path:
    try:
        return make_workspace(folder, rows, live, demo=demo)
    except WorkspaceExists as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"{folder}: cannot be written: {error.strerror or error}", USAGE)
