"""Make workspaces: a new one, or a demo that walks all five phases."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tui import feed
from tui.beginning.further_keys import further_keys
from tui.beginning.programs import PROGRAM, given_to_program
from tui.beginning.proposal import Source, Target, proposed
from tui.beginning.starter import starter, write_starter
from tui.console.start import ask_for_beginning, open_console
from tui.console.tty import is_usable
from tui.demo.people import people
from tui.demo.walk import walk
from tui.demo.workspace import LiveDirectory, WorkspaceExists, make_workspace
from tui.terminal.commands.running import execute
from tui.terminal.context import INTERRUPTED, NO_START, USAGE, carry_out, fail, open_workspace
from tui.terminal.printing import say

PEOPLE = 1000
INIT_PEOPLE = 20
SETTING = "What a program is told, or a further key of another --from: client_certificate=FILE; several times."


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
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where to make the workspace.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|URL",
            help="What to begin with: a CSV file, ldap://HOST[/BASE], https://HOST/PATH (SCIM), "
            "postgresql://USER@HOST/NAME, 'program:COMMAND'.",
        ),
    ] = None,
    identity: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="What identifies a person; by default the likeliest.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="The directory in which they get accounts: ldap://HOST[/BASE]."),
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
    from_password_env: Annotated[
        str | None, typer.Option("--from-password-env", help="With --to: the variable with the password of --from.")
    ] = None,
    setting: Annotated[list[str] | None, typer.Option("--setting", metavar="NAME=VALUE", help=SETTING)] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable",
            metavar="NAME[=VALUE]",
            help="A variable of a program; without a value a secret, kept in the variable.",
        ),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for all of it, step by step; so it is without DIR.")] = False,
) -> None:
    """Make a workspace: step by step; a commented interlock.toml with sample data; or one from what is there."""
    if ask or (folder is None and source is None):
        _ask(folder)
        return
    if folder is None:
        fail("name the folder of the new workspace: interlock init DIR --from …", USAGE)
    if source is None:
        _make_sample(folder, bare=not any((target, identity, setting, variable)))
        return
    connection = _connection(target or source, bind_dn, password_env, starttls=starttls)
    if ca_file is not None:
        connection["ca_file"] = str(ca_file.resolve())
    own = connection if target is None else _connection(source, None, from_password_env, starttls=False)
    secret = password_env if target is None else from_password_env
    own = _by_user(own | _given(source, secret, setting or [], variable or []))
    _init_from(folder, partial(_proposed, source, own, identity, target, connection))


def _make_sample(folder: Path, *, bare: bool) -> None:
    if not bare:
        fail("--to, --id, --setting and --variable want --from: where people come from", USAGE)
    config = _make(folder, list(people(INIT_PEOPLE)), None, demo=False)
    say(f"{config}: change it to your own systems, then")
    say(f"    cd {folder} && interlock check && interlock run")


def _ask(folder: Path | None) -> None:
    """Ask in the console, where there is a terminal."""
    if not is_usable(os.environ):
        fail(
            "there is no terminal to ask in: interlock init DIR --from FILE --to ldap://HOST/BASE says all of it", USAGE
        )
    path = ask_for_beginning(folder)
    if path is None:
        fail("stopped; nothing was written", INTERRUPTED)
    say(f"{path}: look through it, then")
    say(f"    cd {path.parent} && interlock check && interlock plan")
    say("A password is named in it by its variable; the console asks for one that is not set.")


def _connection(source: str, bind_dn: str | None, password_env: str | None, *, starttls: bool) -> dict[str, Any]:
    """Give the keys of the system that say how it is reached, beside its address."""
    found: dict[str, Any] = {"tls": "starttls"} if starttls else {}
    if bind_dn is not None:
        return found | {"bind_dn": bind_dn, "password": {"env": password_env or "DIRECTORY_PASSWORD"}}
    if password_env is not None and not source.startswith(("ldap", PROGRAM)):
        found["token" if source.startswith("http") else "password"] = {"env": password_env}
    return found


def _by_user(own: dict[str, Any]) -> dict[str, Any]:
    """Give keys in which the secret of a service is the password of its user, where one is named."""
    return {"password" if name == "token" and "user" in own else name: value for name, value in own.items()}


def _given(source: str, secret: str | None, settings: list[str], variables: list[str]) -> dict[str, Any]:
    """Give the keys that say what a program is given, or those that another source has besides."""
    is_program = source.startswith(PROGRAM)
    if variables and not is_program:
        fail("--variable is for a program: --from 'program:COMMAND'", USAGE)
    if settings and not is_program and "://" not in source:
        fail("--setting is for what is reached by an address, or a program: a file has no further keys here", USAGE)
    try:
        if is_program:
            return given_to_program(settings, [*variables, *([secret] if secret else [])], Path.cwd())
        return further_keys(settings, Path.cwd())
    except ValueError as error:
        fail(str(error), USAGE)


def _proposed(
    source: str, own: dict[str, Any], identity: str | None, target: str | None, connection: dict[str, Any]
) -> tuple[feed.Survey, str]:
    """Look at what is there, and give what was found and a configuration that fits it.

    What has no target, and is none that people usually come from, comes in and is shown: nothing more is known of it.
    """
    found = feed.survey(source, Path.cwd(), own)
    if target is None and found.keys["connector"] != "csv" and identity is None:
        return found, starter(found, own)
    where = Target(feed.survey(target, Path.cwd(), connection), connection) if target is not None else None
    whom = Source(found, "", own)
    likely = identity or str(whom.people.keys["external_id"])
    columns = [one.name for one in whom.people.attributes]
    if identity is not None and identity not in columns:
        raise ValueError(f"has no '{identity}'; it has {', '.join(columns)}")
    if found.notes and identity is None and found.keys["connector"] == "csv":
        raise ValueError(f"{found.notes[0]}: --id COLUMN")
    return found, proposed(whom._replace(identity=likely), where)


def _init_from(folder: Path, propose: Callable[[], tuple[feed.Survey, str]]) -> None:
    """Look at what is there, and write what fits it."""
    try:
        found, written = propose()
        path = write_starter(folder, written)
    except KeyboardInterrupt:
        fail("stopped; nothing was written", INTERRUPTED)
    except ValueError as error:
        fail(str(error), USAGE)
    except feed.StepFailed as error:
        fail(str(error), NO_START)
    except FileExistsError:
        fail(f"{folder}: has a configuration already; name another folder", USAGE)
    except OSError as error:
        fail(f"{folder}: cannot be written: {error.strerror or error}", USAGE)
    for one in found.types:
        what = ", ".join(one.keys.get("object_class", ())) or one.keys.get("resource") or one.keys.get("table")
        say(f"{one.name}: {what or 'rows'}, {one.sampled:,} looked at, {len(one.attributes)} attributes")
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
