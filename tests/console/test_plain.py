"""`interlock --plain`: the real program over pipes, a line in, lines of text out."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.console.office import let_leave, make_office
from tests.console.test_configuration_screen import LDAP
from tests.terminal import Terminal
from tests.workspace import INTERLOCK, Workspace

FRAMES = set("─│╭╮╰╯▔▁┃▲●○◆")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office in which two people are missing."""
    site = make_office(tmp_path_factory.mktemp("plain") / "office", 60)
    site("run")
    let_leave(site, 2, 60)
    site("run")
    return site


def _told(office: Workspace, tmp_path: Path, *typed: str, status: int = 0) -> list[str]:
    """Type lines, and give what is told after each, the beginning first."""
    env = {
        **os.environ,
        "INTERLOCK_OPERATOR": "ada",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "XDG_STATE_HOME": str(tmp_path),
    }
    done = subprocess.run(
        [*INTERLOCK, "--plain"],
        cwd=office.folder,
        env=env,
        input="\n".join(typed) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert not FRAMES & set(done.stdout)
    assert "\x1b" not in done.stdout
    return done.stdout.split("\n\n")[1:]


def test_screens_are_lines_of_which_only_what_changed_is_told_again(office: Workspace, tmp_path: Path) -> None:
    first, objects, moved, opened, *_ = _told(office, tmp_path, "3", "j", "enter", "esc", "q")
    assert "To do" in first
    assert "missing in 'hr'" in first
    assert "> cso-1  hr  person  Normal  Emma Moore (E000001)" in objects
    assert "Žofie Núñez" in objects
    assert "> cso-2" in moved
    assert "cso-3" not in moved  # what stays is not told again
    assert "(cso-2)" in opened.partition("Objects > ")[2].partition("\n")[0]


def test_filters_commands_questions_and_their_answers(office: Workspace, tmp_path: Path) -> None:
    typed = ("3", "/status:Obsolete", ":runs", "W 6", "K", "on leave", "", "u", "esc", "q")
    told = _told(office, tmp_path, *typed)[1:]
    assert "filter status:Obsolete  1 of 2" in told[1]
    assert "objects a second" in told[2]
    assert "What an approval does" in told[3]
    assert "Keep 1 item of 'hr'" in told[4]
    assert "why:" in told[4]
    assert "What an approval does" not in told[4]  # what stands behind the question is no part of it
    assert "kept (u takes it back)" in told[5]
    assert "0 To do" in told[6]
    assert "Withdraw 1 item of 'hr'" in told[7]
    assert office.query("SELECT state, reason FROM review_items WHERE state = 'kept'") == [("kept", "on leave")]


def test_the_end_of_the_input_is_the_end(office: Workspace, tmp_path: Path) -> None:
    assert len(_told(office, tmp_path, "7")) >= 2


def test_no_configuration_is_said(tmp_path: Path) -> None:
    done = subprocess.run([*INTERLOCK, "--plain"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such file" in done.stderr
    (tmp_path / "interlock.toml").write_text("nonsense = 1\n")
    done = subprocess.run(
        [*INTERLOCK, "--plain"], cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr


@pytest.mark.parametrize(("typed", "encoding"), [(b"\xff\xfe\n3\n", "utf-8"), (b"3\n", "ascii")])
def test_what_is_no_text_on_a_line_ends_nothing(office: Workspace, tmp_path: Path, typed: bytes, encoding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*INTERLOCK, "--plain"],
        cwd=office.folder,
        env=env,
        input=typed,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"> cso-1  hr  person" in done.stdout


def test_a_password_that_is_typed_is_not_shown(tmp_path: Path) -> None:
    site = make_office(tmp_path / "office", 20, LDAP)
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    env.pop("OFFICE_PASSWORD", None)
    terminal = Terminal([*INTERLOCK, "--plain"], size=(150, 50), env=env, cwd=site.folder)
    terminal.wait_for("> ")
    terminal.type(b":config\nt\n")
    terminal.wait_for("wants a password: OFFICE_PASSWORD is not set", "password:")
    terminal.type(b"secret\n")
    terminal.wait_for("tests failed")
    terminal.type(b"visible\n")
    terminal.wait_for("visible")
    terminal.type(b"\x04")
    assert terminal.ended() == 0
    assert "secret" not in terminal.written


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_a_line_to_read_or_to_tell_on_it_says_so(office: Workspace, closed: str) -> None:
    command = f"exec {shlex.join([*INTERLOCK, '--plain'])} {closed}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=office.folder, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "standard input and output" in done.stderr


def test_a_password_that_no_variable_can_hold_is_refused(tmp_path: Path) -> None:
    site = make_office(tmp_path / "office", 20, LDAP)
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    env.pop("OFFICE_PASSWORD", None)
    done = subprocess.run(
        [*INTERLOCK, "--plain"],
        cwd=site.folder,
        env=env,
        input=b":config\nt\nsec\0ret\nq\n",
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"holds a character that OFFICE_PASSWORD cannot" in done.stdout
