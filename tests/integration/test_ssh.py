"""A key that opens the console and nothing else: a real sshd, the set-up of docs/ssh.md, and every way past it."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.console.office import let_leave, make_office
from tests.sshd import Sshd
from tests.terminal import Terminal

ROLES = '\n[roles]\nviewer = ["vera"]\nadministrator = ["ann", "bob", "tester"]\n'


class Site:
    """A workspace behind an sshd: ann's key as documented, bob's in the variant without `environment`, vera's too."""

    def __init__(self, folder: Path) -> None:
        self.office = make_office(folder / "office", 60, ROLES)
        self.office("run")
        let_leave(self.office, 2)
        self.office("run")
        self.sshd = Sshd(folder / "sshd", "PermitUserEnvironment INTERLOCK_OPERATOR\nAcceptEnv *")
        config = self.office.folder / "interlock.toml"
        program = f"{sys.executable} -I -m tui -c {config}"
        for name in ("ann", "vera"):
            options = f'restrict,pty,environment="INTERLOCK_OPERATOR={name}",command="{program}"'
            self.sshd.authorize(name, options)
        self.sshd.authorize("bob", f'restrict,pty,command="/usr/bin/env INTERLOCK_OPERATOR=bob {program}"')
        self.sshd.start()

    def console(self, key: str, *arguments: str, size: tuple[int, int] = (120, 40)) -> Terminal:
        command = self.sshd.command(key, "-tt", *arguments)
        return Terminal(command, size=size, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})

    def last(self) -> dict[str, object]:
        """Give the newest entry of the audit log."""
        return self.office.json("audit", "show", "--limit", "1")[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("ssh"))
    yield found
    found.sshd.stop()


def _leave(terminal: Terminal) -> None:
    terminal.send("q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_a_key_opens_the_console_and_what_is_decided_carries_its_name(site: Site, name: str) -> None:
    console = site.console(name)
    console.wait_for("8 Systems", f"{name} administrator", "read-only")
    console.send("6")
    console.wait_for("rev-")
    console.send("W")
    console.wait_for("ARMED")
    console.send("K")
    console.wait_for("why:")
    _say(console, f"{name} asked HR")
    _until(site, name)
    _leave(console)
    entry = site.last()
    assert (entry["operator"], entry["action"]) == (name, "keep")
    assert "ssh from 127.0.0.1 port " in str(entry["session"])


def _say(console: Terminal, reason: str) -> None:
    """Type into a box that drops what comes before it can be seen, until it has taken it."""
    end = monotonic() + 30
    while reason not in console.text:
        assert monotonic() < end
        console.send(reason)
        sleep(0.5)
    console.send("enter")


def _until(site: Site, name: str) -> None:
    """Wait until somebody's decision is in the audit log."""
    end = monotonic() + 30
    while site.last()["operator"] != name:
        assert monotonic() < end
        sleep(0.05)


def test_a_viewers_key_shows_and_does_nothing(site: Site) -> None:
    console = site.console("vera")
    console.wait_for("vera viewer", "read-only")
    console.send("W")
    console.wait_for("vera is a viewer here, and only an operator may change anything")
    _leave(console)


def test_the_console_of_a_key_writes_no_file_and_suspends_into_no_shell(site: Site) -> None:
    before = sorted(site.office.folder.iterdir())
    console = site.console("ann")
    console.wait_for("8 Systems")
    console.send("3")
    console.wait_for("cso-1")
    console.send("e")
    console.wait_for("this console writes no files")
    console.send("\x1a", "\x1c", "\x11")  # ctrl+z, ctrl+\, ctrl+q
    console.send(":", "screenshot", "enter")
    console.wait_for("nothing matches the filter")
    console.send("esc")
    console.wait(lambda text: "nothing matches the filter" not in text, "the filter to go")
    console.send("2")
    console.wait_for("Exports")
    _leave(console)
    assert sorted(site.office.folder.iterdir()) == before


OTHERS = ("id", "sh", "cat /etc/passwd", "interlock run", "-c /etc/passwd", "; id", "$(id)", "scp -f /etc/passwd")


@pytest.mark.parametrize("asked", OTHERS)
def test_another_command_is_not_carried_out(site: Site, asked: str) -> None:
    status, said = site.sshd.run([*site.sshd.command("ann"), "--", asked])
    assert status == 2
    assert said.strip() == "interlock: this key opens the console and nothing else; ask for a terminal: ssh -t"


def test_another_command_on_a_terminal_opens_the_console(site: Site) -> None:
    console = site.console("ann", "sh -i")
    console.wait_for("8 Systems", "ann administrator")
    _leave(console)


def test_without_a_terminal_there_is_nothing(site: Site) -> None:
    status, said = site.sshd.ssh("ann", "-T", text="id\nrev-1\n")
    assert (status, "uid=" in said) == (2, False)


def test_files_are_neither_read_nor_written(site: Site, tmp_path: Path) -> None:
    there = f"{site.sshd.user}@127.0.0.1"
    secret = site.office.folder / "hr.csv"
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for command in (
        ["scp", *site.sshd.options("ann"), "-P", str(site.sshd.port), f"{there}:{secret}", str(tmp_path / "got")],
        ["scp", "-O", *site.sshd.options("ann"), "-P", str(site.sshd.port), f"{there}:{secret}", str(tmp_path / "got")],
        ["scp", *site.sshd.options("ann"), "-P", str(site.sshd.port), str(mine), f"{there}:{site.office.folder}/mine"],
        ["scp", "-O", *site.sshd.options("ann"), "-P", str(site.sshd.port), str(mine), f"{there}:/tmp/mine"],
        ["sftp", *site.sshd.options("ann"), "-P", str(site.sshd.port), "-b", "-", there],
    ):
        status, _ = site.sshd.run(command, text="ls\n")
        assert status != 0, command
    assert not (tmp_path / "got").exists()
    assert not (site.office.folder / "mine").exists()


def test_nothing_is_forwarded(site: Site) -> None:
    """A listener that a forwarding would lead to hears nobody."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        target.settimeout(0.2)
        port = target.getsockname()[1]
        status, said = site.sshd.ssh("ann", f"-W127.0.0.1:{port}")
        assert status != 0
        assert "forwarding failed" in said
        status, _ = site.sshd.ssh("ann", "-N", "-oExitOnForwardFailure=yes", f"-R0:127.0.0.1:{port}")
        assert status != 0
        with pytest.raises(TimeoutError):
            target.accept()


def test_neither_agent_nor_display_is_handed_on(site: Site) -> None:
    env = {**os.environ, "DISPLAY": "localhost:10", "SSH_AUTH_SOCK": str(site.sshd.home / "agent")}
    command = site.sshd.command("ann", "-A", "-X", "-tt", "-oBatchMode=no")
    console = Terminal(command, size=(120, 40), env=env)
    console.wait_for("ann administrator")
    environ = _environment_of_console(site)
    assert not {"DISPLAY", "SSH_AUTH_SOCK"} & set(environ)
    _leave(console)


def _environment_of_console(site: Site) -> dict[str, str]:
    """Give what the console's process was started with."""
    config = str(site.office.folder / "interlock.toml").encode()
    for place in Path("/proc").iterdir():
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            if config in words and words[0].endswith(b"python"):
                pairs = (place / "environ").read_bytes().split(b"\0")
                return dict(pair.decode().split("=", 1) for pair in pairs if b"=" in pair)
        except OSError:
            continue
    raise AssertionError("no console is open")


SMUGGLED = (
    "TEXTUAL_DRIVER=os:_exit",
    "TEXTUAL_LOG={folder}/smuggled.log",
    "TEXTUAL_SCREENSHOT=0",
    "TEXTUAL_SCREENSHOT_LOCATION={folder}",
    "TEXTUAL_SCREENSHOT_FILENAME=smuggled.svg",
    "TEXTUAL_PRESS=W,n",
    "TEXTUAL_ALLOW_SIGNALS=1",
    "SSLKEYLOGFILE={folder}/smuggled.keys",
    "INTERLOCK_CONFIG=/etc/passwd",
    "INTERLOCK_RESTRICTED=0",
    "INTERLOCK_OPERATOR=mallory",
    "SUDO_USER=mallory",
    "EDITOR=/bin/sh",
    "PAGER=/bin/sh",
    "PYTHONPATH={folder}/modules",
    "PYTHONHOME={folder}",
    "PYTHONUSERBASE={folder}",
    "PYTHONSTARTUP={folder}/modules/sitecustomize.py",
    "PYTHONINSPECT=1",
    "PYTHONBREAKPOINT=os._exit",
    "PYTHONPYCACHEPREFIX={folder}/cache",
    "PYTHONPLATLIBDIR={folder}",
    "PYTHONWARNINGS=error",
    "PYTHONIOENCODING=ascii:strict",
)


def _modules(folder: Path) -> None:
    """Make modules that Python, or the program, would import first, and that leave a trace."""
    (folder / "modules").mkdir()
    for name in ("sitecustomize", "usercustomize", "tui", "engine", "orjson", "textual"):
        (folder / "modules" / f"{name}.py").write_text(f"open({str(folder / 'smuggled')!r}, 'w')\n")


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_what_a_client_puts_into_the_environment_reaches_nothing(site: Site, name: str, tmp_path: Path) -> None:
    _modules(tmp_path)
    smuggled = " ".join(one.format(folder=tmp_path) for one in SMUGGLED)
    runs = site.office.query("SELECT count(*) FROM runs")
    console = site.console(name, f"-oSetEnv={smuggled}")
    console.wait_for("8 Systems", f"{name} administrator", "read-only")
    console.send("3")
    console.wait_for("cso-1")
    console.send("e")
    console.wait_for("this console writes no files")
    console.send("\x1a")
    _leave(console)
    assert list(tmp_path.rglob("*")) == [tmp_path / "modules", *(tmp_path / "modules").iterdir()]
    assert site.office.query("SELECT count(*) FROM runs") == runs


def test_the_log_stays_whole(site: Site) -> None:
    verdict = json.loads(site.office("audit", "verify", "--json"))
    assert verdict["faults"] == []
