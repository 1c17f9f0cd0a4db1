"""What a person may do on the console: by their role, and by how it was opened."""

import os
from pathlib import Path

import pytest

from tests.console.conftest import Open
from tests.console.office import let_leave, make_office
from tests.inside import Inside
from tests.terminal import Terminal
from tests.workspace import INTERLOCK, Workspace
from tui.console import restricted

SCREENS = {"2": "Exports", "3": "cso-", "4": "mvo-", "5": "(uid", "6": "rev-1", "7": "run-2", "8": "hr"}
BAD = (
    *("TEXTUAL_DRIVER", "TEXTUAL_LOG", "TEXTUAL_SCREENSHOT_LOCATION", "PYTHONPATH", "PYTHONINSPECT", "LD_PRELOAD"),
    *("SSLKEYLOGFILE", "SSL_CERT_FILE", "EDITOR", "PAGER", "INTERLOCK_CONFIG", "TMPDIR", "BASH_ENV"),
)
ROLES = '\n[roles]\nviewer = ["vera"]\noperator = ["olga"]\napprover = ["anna"]\nadministrator = ["tester"]\n'


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = make_office(tmp_path_factory.mktemp("people") / "office", 60, ROLES)
    found("run")
    let_leave(found, 2)
    found("run")
    return found


async def test_a_viewer_sees_everything_and_does_nothing(office: Workspace, opened: Open) -> None:
    async with opened(office, operator="vera") as shown:
        await shown.until("vera viewer", "read-only")
        await shown.press("W")
        await shown.hear("vera is a viewer here, and only an operator may change anything: see [roles]")
        assert not shown.app.armed
        await shown.press("n")
        await shown.hear("vera is a viewer here, and only an operator may run")
        for digit, text in SCREENS.items():
            await shown.press(digit)
            await shown.until(text, "vera viewer")
        await shown.press("6")
        await shown.until("rev-1")
        await shown.press("a")
        await shown.hear("vera is a viewer here, and only an approver may approve")
    assert office.query("SELECT DISTINCT state FROM review_items") == [("open",)]


async def test_an_operator_arms_but_approves_nothing(office: Workspace, opened: Open) -> None:
    async with opened(office, operator="olga") as shown:
        await shown.until("olga operator")
        await shown.press("W")
        await shown.until("ARMED")
        await shown.press("6")
        await shown.until("rev-1")
        await shown.press("a")
        await shown.hear("olga is an operator here, and only an approver may approve")


async def test_a_role_that_is_withdrawn_is_gone_in_an_open_console(office: Workspace, opened: Open) -> None:
    file = office.folder / "interlock.toml"
    before = file.read_text()
    try:
        async with opened(office, operator="anna") as shown:
            await shown.until("anna approver")
            file.write_text(before.replace('approver = ["anna"]', "approver = []"))
            await shown.until("anna viewer")
            await shown.press("W")
            await shown.hear("anna is a viewer here")
            file.write_text("nothing of a configuration")
            await shown.until("wrong on disk: :config")
            await shown.until("anna viewer")
    finally:
        file.write_text(before)


async def test_a_restricted_console_writes_no_file(office: Workspace, opened: Open) -> None:
    async with opened(office, restricted=True) as shown:
        await shown.press("3")
        await shown.until("cso-1")
        await shown.press("e")
        await shown.hear(restricted.WHY_NO_FILES)
    assert not list(office.folder.glob("objects*"))


@pytest.mark.parametrize(
    ("environ", "closed"),
    [
        ({}, False),
        ({"INTERLOCK_OPERATOR": "ann"}, False),
        ({"SSH_CONNECTION": "a 1 b 2"}, False),
        ({"SSH_CONNECTION": "a 1 b 2", "INTERLOCK_OPERATOR": "ann"}, True),
        ({"SSH_ORIGINAL_COMMAND": ""}, True),
        ({"INTERLOCK_RESTRICTED": "1"}, True),
        ({"INTERLOCK_RESTRICTED": "0"}, False),
    ],
)
def test_a_forced_command_is_known_by_its_environment(environ: dict[str, str], closed: bool) -> None:
    assert restricted.is_restricted(environ) is closed


def test_what_could_reach_a_file_a_module_or_a_program_is_forgotten() -> None:
    kept = {"PATH": "/bin", "TERM": "xterm", "LANG": "C", "SSH_CONNECTION": "x", "DIRECTORY_PASSWORD": "p"}
    environ = {**kept, **dict.fromkeys(BAD, "/tmp/evil")}
    restricted.forget_dangerous(environ)
    assert environ == kept


def test_a_configuration_can_restrict_the_console(tmp_path: Path) -> None:
    office = make_office(tmp_path / "office", 10, "\n[console]\nrestricted = true\n")
    office("run")
    log = tmp_path / "smuggled.log"
    env = {**office.env, "TEXTUAL_LOG": str(log), "TEXTUAL_DRIVER": "os:_exit"}
    terminal = Terminal(INTERLOCK, size=(100, 30), env=env, cwd=office.folder)
    terminal.wait_for("8 Systems")
    terminal.send("3")
    terminal.wait_for("cso-1")
    terminal.send("e")
    terminal.wait_for("this console writes no files")
    terminal.send("q")
    assert terminal.ended() == 0
    assert not log.exists()


def test_roles_are_refused_on_the_command_line_with_two(office: Workspace) -> None:
    office = Inside(office.folder, (office.folder / "interlock.toml").read_text(), {"INTERLOCK_OPERATOR": "vera"})
    before = Path(office.folder / "interlock.db").stat().st_mtime
    for command in (
        ["run"],
        ["step", "sync"],
        ["stop"],
        ["review", "approve", "rev-1", "--reason", "as agreed"],
        ["review", "keep", "rev-1", "--reason", "as agreed"],
        ["review", "defer", "rev-1", "--reason", "as agreed"],
        ["review", "withdraw", "rev-1", "--reason", "as agreed"],
        ["review", "release", "run-2", "--count", "1", "--reason", "as agreed"],
        ["exports", "hold", "exp-1"],
        ["exports", "retry", "exp-1"],
        ["exports", "discard", "exp-1"],
        ["join", "cso-1", "mvo-1", "--reason", "as agreed"],
        ["disconnect", "cso-1", "--reason", "as agreed"],
        ["exclude", "cso-1", "--reason", "as agreed"],
        ["include", "cso-1", "--reason", "as agreed"],
        ["notify", "run-1"],
        ["store", "backup", "copy.db"],
        ["store", "vacuum"],
    ):
        assert "vera is a viewer here, and only an" in office(*command, status=2), command
    assert not os.path.exists(office.folder / "copy.db")
    assert Path(office.folder / "interlock.db").stat().st_mtime == before
    assert office.json("status")["role"] == "viewer"
    assert "operator vera: viewer" in office("status")
