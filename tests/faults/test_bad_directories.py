"""Directories that lie, drip, flood or say nothing: nothing waits for ever, and nobody is missing because of it."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from engine.connectors.ldap.survey import survey_directory
from engine.errors import StepFailed
from tests.inside import Inside
from tests.pace import slowness
from tests.scripted import AT_ANY_TIME, BIND, EXTENDED, SEARCH, TO_A_BIND, TO_A_SEARCH, Directory, Mode
from tests.slapd import SUFFIX

CONFIG = """
[systems.directory]
connector = "ldap"
url = "{url}"
base = "{suffix}"
timeout = 0.4
reconnects = 0
client = "{client}"
page_size = 5
{more}
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "people"
from = "directory.person"
to = "metaverse.person"
project = true
[rules.flow]
uid = "uid"
"""
BOUND = 10.0
"""Seconds within which a command has ended: a few of its waits of less than half a second, on a busy machine."""
HEARD = 2.0
"""Seconds within which a command that waits hears that it shall end."""
SEARCHED = AT_ANY_TIME | TO_A_SEARCH
BOUND_TO = AT_ANY_TIME | TO_A_BIND
WAITING = ("silence", "a drip", "a flood of foreign ids", "intermediate messages")
ODD = ("garbage", "garbage in a message", "an odd answer", "busy", "a farewell")
BY_LDAP3 = (*WAITING, *ODD, "references", "empty pages", "an endless page", "a message too large")


class Office:
    """A workspace that has three people from a directory which was good until now."""

    def __init__(self, folder: Path, directory: Directory, client: str = "auto", more: str = "") -> None:
        self.directory = directory
        self.client = client
        self.site = Inside(folder, "")
        self.configure(more)

    def configure(self, more: str = "", url: str = "", timeout: str = "0.4") -> None:
        told = CONFIG.format(url=url or self.directory.url, suffix=SUFFIX, client=self.client, more=more)
        self.site.configure(told.replace("timeout = 0.4", f"timeout = {timeout}"))

    def fill(self) -> "Office":
        self.directory.turn(None)
        self.site("run")
        assert self.site.statuses("directory") == {"Normal": 3}
        return self

    def tell(self, *arguments: str, mode: Mode | None, at: int = SEARCH, status: tuple[int, ...]) -> str:
        """Give what a command tells while the directory does something; it has ended in time, without a traceback."""
        self.directory.turn(mode, at)
        began = time.monotonic()
        end = Timer(BOUND, self.directory.cut)  # so that what hangs fails
        end.start()
        done, out, err = self.site.main(*arguments)
        end.cancel()
        end.join()
        told = out + err
        assert time.monotonic() - began < BOUND, told
        assert done in status, f"{arguments} ended with {done}:\n{told}"
        assert "Traceback" not in told
        assert self.directory.url.partition("//")[2] in told or "'directory'" in told, "it names the server"
        return told

    def nobody_is_missing(self) -> None:
        assert self.site.statuses("directory") == {"Normal": 3}
        assert self.site.query("SELECT count(*) FROM review_items") == [(0,)]


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with Directory() as server:
        yield server


@pytest.fixture(scope="module")
def by_ldap3(directory: Directory, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("by-ldap3"), directory, "ldap3").fill()


@pytest.fixture(scope="module")
def ours(directory: Directory, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("ours"), directory).fill()


@pytest.mark.parametrize("mode", SEARCHED)
def test_an_import_ends_incomplete_and_nobody_is_missing(ours: Office, mode: str) -> None:
    ours.tell("step", "import", "directory", mode=SEARCHED[mode], status=(1,))
    assert "gate 1" in ours.site("step", "detect", "directory", status=1)
    ours.nobody_is_missing()


@pytest.mark.parametrize("mode", BY_LDAP3)
def test_an_import_by_ldap3_ends_as_well(by_ldap3: Office, mode: str) -> None:
    by_ldap3.tell("step", "import", "directory", mode=SEARCHED[mode], status=(1,))
    by_ldap3.nobody_is_missing()


@pytest.mark.parametrize("mode", BOUND_TO)
def test_a_bind_ends(ours: Office, mode: str) -> None:
    ours.tell("step", "import", "directory", mode=BOUND_TO[mode], at=BIND, status=(4,))
    ours.nobody_is_missing()


@pytest.mark.parametrize("mode", BOUND_TO)
def test_starting_tls_ends_and_nothing_is_taken_for_encrypted(ours: Office, mode: str) -> None:
    ours.configure('tls = "starttls"')
    told = ours.tell("step", "import", "directory", mode=BOUND_TO[mode], at=EXTENDED, status=(4,))
    assert mode != "more than the answer" or "more than the answer came to StartTLS" in told
    ours.configure()
    ours.nobody_is_missing()


def test_a_server_that_never_says_anything_in_tls(ours: Office) -> None:
    ours.configure(url=ours.directory.url.replace("ldap:", "ldaps:"))
    assert "did not answer within" in ours.tell("check", mode=None, status=(4,))
    ours.configure()


@pytest.mark.parametrize("mode", [*WAITING, *ODD])
def test_a_check_ends_with_a_sentence(ours: Office, mode: str) -> None:
    ours.tell("check", mode=SEARCHED[mode], status=(0, 4))


@pytest.mark.parametrize("mode", ["silence", "a flood of foreign ids", "garbage", "a referral", "busy"])
def test_a_check_of_what_does_not_bind_ends_with_a_sentence(ours: Office, mode: str) -> None:
    assert "FAIL  directory: connection" in ours.tell("check", mode=BOUND_TO[mode], at=BIND, status=(4,))


@pytest.mark.parametrize("mode", ["silence", "empty pages", "an endless page", "garbage"])
def test_a_plan_ends(ours: Office, mode: str) -> None:
    ours.tell("plan", mode=SEARCHED[mode], status=(1, 4))


@pytest.mark.parametrize("at", [BIND, SEARCH])
@pytest.mark.parametrize("mode", [*WAITING[:3], *ODD])
def test_looking_at_a_directory_for_the_first_time_ends(
    directory: Directory, tmp_path: Path, mode: str, at: int
) -> None:
    directory.turn(SEARCHED[mode], at)
    end = Timer(BOUND, directory.cut)
    end.start()
    began = time.monotonic()
    with suppress(StepFailed):
        survey_directory(f"{directory.url}/{SUFFIX}", tmp_path, {"timeout": 0.4, "reconnects": 0})
    end.cancel()
    end.join()
    assert time.monotonic() - began < BOUND


def test_what_a_server_does_is_said(ours: Office) -> None:
    said = {
        "silence": "did not answer within 0.4 s",
        "foreign ids": "messages that nobody asked for, and no answer that leads on, within 0.4 s",
        "references": "references to other servers",
        "intermediate messages": "intermediate messages",
        "an entry in drops": "bytes, and no whole answer",
        "empty pages": "gave pages without entries",
        "one page again and again": "again",
        "an endless page": "sent more than 100 entries for one answer",
    }
    for mode, words in said.items():
        told = ours.tell("step", "import", "directory", mode=SEARCHED[mode], status=(1,))
        assert words in told
        assert "look into its log" in told or "look into the server's log" in told, "it says what to do"


def test_a_referral_of_a_bind_says_where_to(ours: Office) -> None:
    told = ours.tell("check", mode=TO_A_BIND["a referral"], at=BIND, status=(4,))
    assert "refers to ldap://elsewhere.example/" in told


# ------------------------------------------------------------------------------------------ somebody wants it to stop


def asked(office: Office, *arguments: str, mode: Mode, at: int = SEARCH) -> "subprocess.Popen[bytes]":
    """Start a command that will wait very long, and give it once it waits."""
    office.configure(timeout="1000")
    office.directory.turn(mode, at)
    process = office.site.start(*arguments)
    assert office.directory.reached.wait(30)
    return process


def ended(office: Office, process: "subprocess.Popen[bytes]", began: float) -> str:
    """Give what a command wrote, which has ended in time."""
    try:
        out, _ = process.communicate(timeout=20)
        seconds = time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        office.configure()
    told = out.decode()
    assert seconds < HEARD * slowness(), told
    assert "Traceback" not in told
    return told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("mode", ["silence", "a drip"])
def test_a_run_hears_a_signal_while_it_waits(ours: Office, number: signal.Signals, mode: str) -> None:
    process = asked(ours, "step", "import", "directory", mode=SEARCHED[mode])
    began = time.monotonic()
    process.send_signal(number)
    assert "stopped-by-operator" in ended(ours, process, began)
    assert process.returncode == 5
    ours.nobody_is_missing()


@pytest.mark.parametrize("at", [SEARCH, BIND])
def test_a_run_hears_stop_while_it_waits(ours: Office, at: int) -> None:
    process = asked(
        ours, "step", "import", "directory", mode=SEARCHED["foreign ids" if at == SEARCH else "silence"], at=at
    )
    began = time.monotonic()
    ours.site("stop")
    assert "stopped-by-operator" in ended(ours, process, began)
    assert process.returncode == 5


@pytest.mark.parametrize("mode", ["silence", "a drip", "a flood of foreign ids"])
@pytest.mark.parametrize("command", ["check", "plan"])
def test_what_only_looks_ends_at_once(ours: Office, command: str, mode: str) -> None:
    process = asked(ours, command, mode=SEARCHED[mode])
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    told = ended(ours, process, began)
    assert "stopped" in told
    assert process.returncode == 5


@pytest.mark.parametrize("mode", ["silence", "a drip"])
def test_a_first_configuration_ends_at_once(ours: Office, tmp_path: Path, mode: str) -> None:
    arguments = ("init", str(tmp_path / "new"), "--from", ours.directory.url)
    process = asked(ours, *arguments, mode=BOUND_TO[mode], at=BIND)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert "stopped" in ended(ours, process, began)
    assert process.returncode == 5
