"""A command imports what it needs: the help needs no store, and counting needs no directory server's client."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tui import feed
from tui.terminal.commands_by_name import PLACES, CommandsByName

SLOW = {"alembic", "ldap3", "mako", "rich.console", "rich.markdown", "sqlalchemy", "textual"}
"""Each takes as long to import as all that the help needs."""

A_DIRECTORY = """
[systems.other]
connector = "ldap"
url = "ldap://localhost:1"
base = "dc=example,dc=org"

[systems.other.objects.person]
external_id = "uid"
object_class = ["person"]
filter = ""
"""

TELL_IMPORTED = """
import json, sys
from tui.__main__ import main
status = 0
try:
    main()
except SystemExit as end:
    status = end.code
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


def imported_by(*arguments: str, cwd: Path) -> set[str]:
    command = [sys.executable, "-c", TELL_IMPORTED, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status in (0, None), done.stderr[:2000]
    return set(modules)


def test_the_help_imports_nothing_slow(tmp_path: Path) -> None:
    for arguments in (["--help"], ["--version"]):
        modules = imported_by(*arguments, cwd=tmp_path)
        assert "typer" in modules
        assert sorted(modules & SLOW) == []
        assert not {name for name in modules if name.startswith("tui.terminal.commands.")}


def test_reading_a_configuration_imports_no_store(tmp_path: Path) -> None:
    imported_by("init", "ws", cwd=tmp_path)
    read = "import sys, pathlib; from engine.configuration.file import load; load(pathlib.Path('interlock.toml'))"
    command = [sys.executable, "-c", f"{read}; print('sqlalchemy' in sys.modules)"]
    done = subprocess.run(command, cwd=tmp_path / "ws", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_status_imports_no_console_no_phase_and_no_client_of_a_directory(tmp_path: Path) -> None:
    imported_by("init", "ws", cwd=tmp_path)
    with (tmp_path / "ws" / "interlock.toml").open("a") as file:
        file.write(A_DIRECTORY)
    imported_by("status", cwd=tmp_path / "ws")  # makes the store, and has Alembic look at it
    modules = imported_by("status", cwd=tmp_path / "ws")
    assert "sqlalchemy" in modules
    assert not modules & {"alembic", "ldap3", "mako", "psycopg", "textual", "rich.markdown", "rich.progress"}
    assert "sqlalchemy.orm" not in modules
    assert not {name for name in modules if "postgresql" in name}
    assert "engine.connectors.ldap.connector" in modules
    assert not {name for name in modules if name.startswith("engine.phases.")}


@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_the_help_says_of_a_command_what_its_own_help_says(place) -> None:
    command = CommandsByName()[place.name]
    assert command.hidden == (not place.says)
    if place.says:
        assert (command.help or "").partition("\n\n")[0].replace("\n", " ") == place.says


def test_an_unknown_command_is_told_with_the_nearest(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "stat"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Did you mean 'status'?" in done.stderr


def test_the_door_gives_what_its_types_say() -> None:
    """The names that a type checker sees are those that the running program finds, in the same modules."""
    tree = ast.parse(inspect.getsource(feed))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {one.module: {name.name for name in one.names} for one in block.body if isinstance(one, ast.ImportFrom)}
    assert seen == {module: set(names) for module, names in feed._BEHIND.items()}
    for names in seen.values():
        for name in names:
            getattr(feed, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = feed.nothing  # type: ignore[attr-defined]  # as is to be seen
