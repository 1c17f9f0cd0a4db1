"""People are told when something waits for them: by a command and by e-mail, and never in the way of a run."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.configuration.notify import MailConfig
from engine.notifying import hook, notice
from engine.notifying.mail import send_mail
from tests.console.office import let_leave, make_office
from tests.inside import Inside
from tests.smtp import MailServer, make_certificate
from tests.workspace import Workspace

KEEP = """
import json, os, sys, pathlib
told = json.load(sys.stdin)
seen = {"told": told, "arguments": sys.argv[1:], "environment": dict(os.environ)}
place = pathlib.Path("told.json.part")
place.write_text(json.dumps(seen))
place.rename("told.json")
"""


@pytest.fixture
def office(tmp_path: Path) -> Inside:
    made = make_office(tmp_path / "office")
    (made.folder / "keep.py").write_text(KEEP)
    return Inside(made.folder, (made.folder / "interlock.toml").read_text(), {"MAIL_PASSWORD": "hunter2!"})


def _notify(office: Workspace, settings: str) -> None:
    office.configure((office.folder / "interlock.toml").read_text() + f"\n[notify]\n{settings}\n")


def _hook(*more: str) -> str:
    return f"command = {json.dumps([sys.executable, 'keep.py', *more])}\nreview_hint = 'ssh -t sync@example.org'"


def _attempts(office: Workspace, count: int = 1) -> list[tuple[Any, ...]]:
    """Wait until so many attempts are written down, and give them."""
    end = time.monotonic() + 60
    while len(found := office.query("SELECT run_id, channel, subject, failure FROM notifications ORDER BY id")) < count:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def _told(office: Workspace) -> dict[str, Any]:
    return json.loads((office.folder / "told.json").read_text())


def test_a_command_is_told_what_began_to_wait(office: Inside) -> None:
    _notify(office, _hook("--all"))
    office("run")
    let_leave(office, 2)
    office("run")
    assert _attempts(office) == [(2, "command", "Interlock: 2 deletions wait for a decision", "")]
    seen = _told(office)
    assert seen["arguments"] == ["--all"]
    assert seen["told"]["events"] == ["waiting"]
    assert (seen["told"]["run"], seen["told"]["new_items"], seen["told"]["waiting"]) == ("run-2", 2, 2)
    assert seen["environment"]["INTERLOCK_REVIEW_HINT"] == "ssh -t sync@example.org"
    assert "MAIL_PASSWORD" not in seen["environment"]
    office("run")
    let_leave(office, 3)
    office("run")
    assert [run for run, *_ in _attempts(office, 2)] == [2, 4], "run-3 left nothing that was not there before"
    assert _told(office)["told"]["new_items"] == 1


def test_a_run_that_a_gate_stops_is_told_with_its_arithmetic(office: Inside) -> None:
    _notify(office, _hook() + "\non = ['gate']")
    office("run")
    let_leave(office, 40)
    office("run", status=3)
    ((run, _, subject, failure),) = _attempts(office)
    assert (run, subject, failure) == (2, "Interlock: a gate stopped run-2, 1 batch is held", "")
    held = _told(office)["told"]["held"]
    assert held[0]["missing"] == 40
    assert "40 of 60" in held[0]["arithmetic"]


def test_a_command_that_hangs_is_not_waited_for(office: Inside) -> None:
    (office.folder / "hang.py").write_text("import signal, pathlib\npathlib.Path('hangs').touch()\nsignal.pause()\n")
    _notify(office, f"command = {json.dumps([sys.executable, 'hang.py'])}")
    office("run")
    let_leave(office, 2)
    office("run")
    assert office.query("SELECT result FROM runs") == [("success",), ("success",)]
    assert office.query("SELECT count(*) FROM lease, notifications") == [(0,)]
    end = time.monotonic() + 30
    while not (office.folder / "hangs").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_command_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    script = tmp_path / "hang.sh"
    script.write_text("#!/bin/sh\nsleep 1000 &\necho $! > child\nwait\n")
    script.chmod(0o755)
    with pytest.raises(hook.HookFailed, match="was killed"):
        hook.run_hook([str(script)], {"run": "run-1"}, tmp_path, 0.5)
    child = int((tmp_path / "child").read_text())
    end = time.monotonic() + 10
    while (found := Path(f"/proc/{child}/stat")).exists() and found.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        (["/nowhere/hook"], "/nowhere/hook cannot be started: No such file or directory"),
        ([sys.executable, "-c", "raise SystemExit(3)"], f"{sys.executable} ended with status 3"),
    ],
)
def test_a_command_that_fails_is_told_by_the_status(office: Inside, command: list[str], failure: str) -> None:
    _notify(office, f"command = {json.dumps(command)}")
    office("run")
    let_leave(office, 2)
    office("run")
    assert _attempts(office)[0][3] == failure
    assert office.json("status")["failed_notifications"][0]["failure"] == failure
    assert f"nobody was told of run-2 by command: {failure}" in office("status")


def _mail(server: MailServer, more: str) -> str:
    return (
        f"mail = {{ host = '127.0.0.1', port = {server.port}, from = 'interlock@example.org', "
        f"to = ['ann@example.org', 'bob@example.org'], {more} }}"
    )


LOGIN = "user = 'interlock', password = { env = 'MAIL_PASSWORD' }"


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
def test_mail_reaches_a_real_server(office: Inside, tmp_path: Path, tls: str) -> None:
    certificate = make_certificate(tmp_path) if tls != "none" else None
    server = MailServer(certificate, at_once=tls == "tls")
    more = f", ca_file = '{certificate}.crt', {LOGIN}" if certificate else ""
    _notify(office, _mail(server, f"tls = '{tls}'{more}"))
    office("run")
    let_leave(office, 2)
    office("run")
    assert _attempts(office) == [(2, "mail", "Interlock: 2 deletions wait for a decision", "")]
    ((sender, recipients, text),) = server.messages
    assert "interlock@example.org" in sender
    assert len(recipients) == 2
    assert "Subject: Interlock: 2 deletions wait for a decision" in text
    assert "interlock review" in text
    assert server.logins == ([("interlock", "hunter2!", True)] if certificate else [])
    assert "hunter2" not in office.content()
    assert not any(b"hunter2" in one.read_bytes() for one in office.folder.glob("interlock.db*"))
    assert not office.json("status")["failed_notifications"]
    server.close()


def test_a_server_that_nobody_vouches_for_gets_no_password(office: Inside, tmp_path: Path) -> None:
    server = MailServer(make_certificate(tmp_path))
    _notify(office, _mail(server, LOGIN))
    office("run")
    let_leave(office, 2)
    office("run")
    assert "certificate verify failed" in _attempts(office)[0][3]
    assert (server.logins, server.messages) == ([], [])
    server.close()


@pytest.mark.parametrize(("refuses", "told"), [("login", "answered 535"), ("bob", "refuses bob@example.org")])
def test_what_a_server_refuses_is_told_without_the_password(
    office: Inside, tmp_path: Path, refuses: str, told: str
) -> None:
    certificate = make_certificate(tmp_path)
    server = MailServer(certificate, refuses=refuses)
    _notify(office, _mail(server, f"ca_file = '{certificate}.crt', {LOGIN}"))
    office("run")
    let_leave(office, 2)
    office("run")
    failure = _attempts(office)[0][3]
    assert told in failure
    assert "hunter2" not in failure
    server.close()


def test_a_server_that_says_nothing_ends_in_time() -> None:
    server = MailServer(silent=True)
    settings = MailConfig.model_validate(
        {"host": "127.0.0.1", "port": server.port, "from": "a@example.org", "to": ["b@example.org"], "tls": "none"}
    )
    failure = notice.in_time(lambda: send_mail(settings, "s", "t", Path(), 0.3), 0.3)
    assert "timed out" in failure
    server.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("mail = { host = 'h', from = 'a', to = [] }", "notify.mail.to"),
        ("mail = { host = 'h', from = 'a', to = ['b'], user = 'u' }", "go together"),
        (f"mail = {{ host = 'h', from = 'a', to = ['b'], tls = 'none', {LOGIN} }}", "encrypted connection only"),
        ("on = ['always']", "notify.on"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(office: Inside, settings: str, told: str) -> None:
    _notify(office, settings)
    assert told in office("status", status=2)
