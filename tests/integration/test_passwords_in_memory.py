"""At the end of what made a password, the memory of the process holds none: all of it is searched."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.base import ExportOperation
from engine.connectors.ldap import writing_apart
from engine.connectors.ldap.options import LdapObjectOptions
from engine.errors import ConnectionLost
from engine.framing import LENGTH
from storage.records import ChangeType
from tests.children import children_of
from tests.directory import connector_to, write
from tests.inside import Inside
from tests.integration.test_initial_passwords import (
    MANAGED,
    SEALED,
    TOLD,
    key,
    letters,
    mailed,
    managed,
    office,
    opened,
    owed,
    post,
    told,
)
from tests.memory import at_its_end, found_in
from tests.proxy import Proxy, Silence
from tests.slapd import PASSWORD, SUFFIX, Slapd
from tests.smtp import MailServer
from tests.waiting import until

__all__ = ["key", "post"]
PEOPLE = 20
HERE = (
    "from engine.runs import profile; profile.share_heap = profile.give_memory_back = lambda: None; "
    "from engine.connectors.ldap import connector; "
    "connector.LdapConnector._gets_password = lambda *_: False; "
    "connector.WriterApart.reset_password = lambda apart, *meant: "
    "apart._begin.__self__._writing().reset_password(*meant)"
)
"""Let the process write by itself what gets a password: what these tests then find, where memory is not used again."""


@pytest.mark.parametrize("way", ["sealed", "told", "mailed"])
@pytest.mark.parametrize(("where", "what"), [("apart", "run"), ("apart", "step"), ("here", "step")])
def test_no_password_is_in_memory_at_the_end(
    server: Slapd, tmp_path: Path, key: Any, post: MailServer, way: str, where: str, what: str
) -> None:
    if way == "mailed":
        site = managed(server, tmp_path / "ws", mailed(tmp_path, post, 'to = ["hr@example.org"]'))
    else:
        site = office(server, tmp_path / "ws", SEALED % key.to_public() if way == "sealed" else TOLD, PEOPLE)
    arguments = ["run"]
    if what == "step":
        for step in ("import hr", "import directory", "sync", "evaluate"):
            site("step", *step.split())
        arguments = ["step", "export", "directory"]
    with at_its_end(site, *arguments, before=HERE if where == "here" else "pass") as pid:
        passwords = _delivered(site, key, post, way)
        assert len(passwords) == (len(MANAGED) if way == "mailed" else PEOPLE)
        found = found_in(pid, passwords)
        assert found_in(pid, [PASSWORD]), "what the process knows is found"
    assert bool(found) == (where == "here"), found


@pytest.mark.parametrize("where", ["apart", "here"])
def test_no_password_is_in_memory_when_one_was_reset(server: Slapd, tmp_path: Path, where: str) -> None:
    site = office(server, tmp_path / "ws", TOLD)
    site("run")
    accounts = [one["id"] for one in site.json("objects") if (one["secondary_id"] or "").startswith("uid=")]
    assert len(accounts) > 2, "one alone may have been written over by chance"
    found: set[str] = set()
    for number in accounts * (1 if where == "apart" else 4):  # what is freed may be written over by chance
        if found:
            break
        (site.folder / "told.json").unlink()
        reset = ("password", "reset", number, "--reason", "forgotten on holiday")
        with at_its_end(site, *reset, before=HERE if where == "here" else "pass") as pid:
            (delivered,) = told(site)
            found |= found_in(pid, [delivered["password"]])
            assert found_in(pid, [PASSWORD]), "what the process knows is found"
    assert bool(found) == (where == "here")


def _delivered(site: Inside, key: Any, post: MailServer, way: str) -> list[str]:
    if way == "mailed":
        return [password for accounts in letters(post).values() for password in accounts.values()]
    return [one["password"] for one in (opened(site, key) if way == "sealed" else told(site))]


def _writer_of(run: int) -> int | None:
    """Give the process that writes for another one, once there is one."""
    return next(iter(children_of(run, "writer_process")), None)


def _speaks_to(pid: int, port: int) -> bool:
    """Tell whether a process is connected to a port of this machine."""
    own = set()
    with suppress(OSError):
        own = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(line[2].endswith(f":{port:04X}") and line[3] == "01" and f"socket:[{line[9]}]" in own for line in lines)


def _no_word_of_what_was_created(data: bytes, _passed: int) -> bytes:
    """Pass everything on but the answer to a request to add an entry."""
    if b"\x69\x07\x0a\x01\x00" in data:
        raise Silence
    return data


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_who_writes_does_not_go_on_without_whoever_asked(server: Slapd, tmp_path: Path, how: signal.Signals) -> None:
    site = office(server, tmp_path / "ws", TOLD)
    for step in ("import hr", "import directory", "sync", "evaluate"):
        site("step", *step.split())
    config = (site.folder / "interlock.toml").read_text()
    with Proxy(int(server.url.rpartition(":")[2]), _no_word_of_what_was_created) as proxy:
        site.configure(config.replace(server.url, proxy.url))
        run = site.start("step", "export", "directory")
        try:
            until(server.people, 30)
            writer = until(lambda: _writer_of(run.pid), 1)
            assert _speaks_to(writer, proxy.address[1])
            run.send_signal(how)
            until(lambda: not _speaks_to(writer, proxy.address[1]), 20)
        finally:
            run.kill()
            run.communicate()
    until(lambda: not Path(f"/proc/{writer}/cmdline").exists(), 20)
    site.configure(config)
    site("run", status=None)
    assert len(server.people()) == 3
    assert owed(site) == set(server.people()), "nobody was told what became of them"


def test_who_writes_and_hears_nothing_is_ended_when_nobody_waits(
    server: Slapd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_apart, "STOPPING_SECONDS", 1.0)
    with Proxy(int(server.url.rpartition(":")[2]), _no_word_of_what_was_created) as proxy:
        connector = connector_to(proxy.url, tmp_path)
        random = LdapObjectOptions(object_class=["inetOrgPerson"], initial_password="random")
        person = connector.system.objects["person"].model_copy(update={"options": random})
        connector.system.objects["person"] = person
        created = ExportOperation(
            1, ChangeType.CREATE, "person", None, f"uid=ada,{SUFFIX}", attributes={"cn": ["Ada"], "sn": ["Nolan"]}
        )

        def stop() -> None:
            writer = until(lambda: _writer_of(os.getpid()), 20)
            until(lambda: _speaks_to(writer, proxy.address[1]), 20)
            os.kill(writer, signal.SIGSTOP)
            connector.abandon()

        other = threading.Thread(target=stop)
        other.start()
        with pytest.raises(ConnectionLost, match="ended with status -9"):
            write(connector, created)
        other.join()


ASKED = (
    "import threading; from engine.connectors.ldap.writer_process import Requests; "
    "requests = Requests(0, threading.Event()); "
    "[one.join() for one in threading.enumerate() if one.daemon]; "
    "print(requests.next())"
)
"""Take a request when it is known already that whoever asked has ended."""


def test_nothing_is_begun_for_one_who_has_died() -> None:
    request = pickle.dumps("write it")
    message = LENGTH.pack(len(request)) + request
    done = subprocess.run([sys.executable, "-c", ASKED], check=False, input=message, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_who_cannot_read_a_request_ends() -> None:
    command = [sys.executable, "-m", "engine.connectors.ldap.writer_process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(LENGTH.pack(4) + b"none")
            process.stdin.flush()
            assert process.wait(20) == 1, "while whoever asked is waiting"
        finally:
            process.kill()
