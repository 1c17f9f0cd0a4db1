"""What comes from outside is obeyed nowhere: servers, files and names by every way in, mails and hooks by those out."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_bad_directories import CONFIG
from tests.faults.test_bad_input import Small
from tests.faults.test_hostile_words import EVIL, OBEYED
from tests.inside import Inside
from tests.scripted import ADD, BIND, SEARCH, Directory, Mode, entry, result
from tests.slapd import SUFFIX
from tests.smtp import MailServer
from tests.workspace import Workspace

LINES = f"{EVIL}\nBcc: mallory@example.org\r\n.\r\nQUIT\u2028end"
COMMANDS = (("status",), ("objects",), ("show", "cso-1"), ("explain", "cso-1"), ("runs",), ("plan",), ("check",))
KEEP = """
import json, os, sys, pathlib
seen = {"stdin": sys.stdin.read(), "arguments": sys.argv[1:], "environment": dict(os.environ)}
pathlib.Path("told.json").write_text(json.dumps(seen))
"""


def _harmless(site: Workspace, *arguments: str) -> str:
    said = site(*arguments, status=None)
    assert "Traceback" not in said
    assert not OBEYED.search(said), ascii(said)
    return said


# ------------------------------------------------------------------------------------------------------- servers


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with Directory() as server:
        yield server


def _people(number: int) -> bytes:
    """Encode somebody whose every value is hostile, among those who are not."""
    held = {"objectClass": ["inetOrgPerson", EVIL], "uid": [LINES], "cn": [EVIL], "entryUUID": [EVIL], EVIL: ["x"]}
    return b"".join(entry(number, f"uid={name},{SUFFIX}", held) for name in ("x", EVIL)) + result(number, SEARCH)


ANSWERS: dict[str, tuple[int, Mode]] = {
    "invalid credentials": (BIND, lambda number: result(number, BIND, 49, LINES)),
    "a bind that is refused": (BIND, lambda number: result(number, BIND, 53, LINES)),
    "a search that is refused": (SEARCH, lambda number: result(number, SEARCH, 50, LINES)),
    "a code that is none": (SEARCH, lambda number: result(number, SEARCH, 4711, LINES)),
    "people": (SEARCH, _people),
}


@pytest.mark.parametrize("client", ["auto", "ldap3"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_a_server_says_is_shown(directory: Directory, tmp_path: Path, answer: str, client: str) -> None:
    more = f'bind_dn = "cn=admin,{SUFFIX}"\npassword = {{ env = "PASSWORD" }}' if ANSWERS[answer][0] == BIND else ""
    config = CONFIG.format(url=directory.url, suffix=SUFFIX, client=client, more=more)
    site = Inside(tmp_path / "site", config, {"PASSWORD": "secret"})
    directory.turn(ANSWERS[answer][1], ANSWERS[answer][0])
    said = _harmless(site, "run")
    if answer not in ("people", "a code that is none"):
        assert "a␛[2Jb⟨U+009B⟩31mc⟨U+202E⟩d" in said, said
    for command in (*COMMANDS, ("show", "run-1")):
        for as_json in ((), ("--json",)):
            _harmless(site, *command, *as_json)


WRITING = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[[rules]]
name = "in"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
uid = "id"
[[rules]]
name = "out"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "uid={{{{ uid | rdn }}}},ou=people,{suffix}"
[rules.flow]
uid = "uid"
cn = "uid"
"""


@pytest.mark.parametrize("code", [19, 50, 80])
def test_why_a_server_takes_no_write_is_shown(directory: Directory, tmp_path: Path, code: int) -> None:
    config = CONFIG.format(url=directory.url, suffix=SUFFIX, client="auto", more="").partition("[[rules]]")[0]
    site = Inside(tmp_path / "site", config + WRITING.format(suffix=SUFFIX))
    site.csv("hr.csv", [{"id": "new"}, {"id": "newer"}])
    directory.turn(lambda number: result(number, ADD, code, LINES), ADD)
    assert "Bcc" in _harmless(site, "run") + _harmless(site, "exports") + _harmless(site, "show", "run-1")
    for command in (("status",), ("exports",), ("exports", "--json"), ("show", "exp-1"), ("show", "run-1", "--json")):
        _harmless(site, *command)


# --------------------------------------------------------------------------------------------------------- files


def test_what_an_ldif_file_holds_is_shown(tmp_path: Path) -> None:
    site = Small(tmp_path / "site")
    told = base64.b64encode(LINES.encode()).decode()
    base = "ou=people,dc=example,dc=org"
    records = [
        f"dn: uid=evil,{base}\nobjectClass: inetOrgPerson\nuid: evil\ncn:: {told}\nsn:: {told}\nentryUUID:: {told}\n",
        f"dn:: {base64.b64encode(f'uid={EVIL},{base}'.encode()).decode()}\nobjectClass: inetOrgPerson\ncn: x\n",
        f"dn: uid=two,{base}\nobjectClass: inetOrgPerson\n{EVIL}: x\n",
    ]
    with (site.folder / "directory.ldif").open("a") as file:
        file.write("\n" + "\n".join(records))
    _harmless(site, "run")
    for command in (*COMMANDS, ("show", "run-1"), ("objects", "--search", "evil")):
        _harmless(site, *command)
        _harmless(site, *command, "--json")


def test_what_a_plan_writes_is_obeyed_by_no_terminal(tmp_path: Path) -> None:
    site = Small(tmp_path / "site")
    site.rows[3] |= dict.fromkeys(("first_name", "last_name", "title", "location", "email"), EVIL)
    site.rows[4] |= dict.fromkeys(("title", "location"), "=cmd\x1b[2J")
    site.write(site.rows)
    for name in ("plan.csv", "plan.ldif"):
        _harmless(site, "plan", "--out", name)
        written = (site.folder / name).read_bytes().decode()
        assert not OBEYED.search(written.replace("\r\n", "\n")), name
    assert r"a\u001b[2Jb\u009b31mc\u202ed\u2066e\u0007f\u200bg" in (site.folder / "plan.csv").read_text()
    _harmless(site, "run")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", (site.folder / "directory.ldif").read_bytes())


@pytest.mark.parametrize("name", [EVIL, f"{EVIL}\n", "-rf", "a\tb\rc"])
def test_what_files_and_folders_are_called_is_shown(tmp_path: Path, name: str) -> None:
    site = Small(tmp_path / name / "site")
    (site.folder / "hr.csv").rename(site.folder / f"{name}.csv")
    text = (site.folder / "interlock.toml").read_text()
    site.configure(text.replace('path = "hr.csv"', f"path = {json.dumps(f'{name}.csv')}").replace("\x7f", "\\u007f"))
    for command in (
        ("check",),
        ("run",),
        ("status",),
        ("plan", "--out", f"{name}.csv"),
        ("plan", "--out", f"{name}.x"),
    ):
        _harmless(site, *command)
    _harmless(site, "store", "backup", f"{name}.db")
    _harmless(site, "audit", "export", f"{name}.json")
    _harmless(site, "audit", "export", f"{name}.json")
    (site.folder / f"{name}.csv").unlink()
    _harmless(site, "run")
    _harmless(site, "show", "run-2")


# ----------------------------------------------------------------------------------------------- mails and hooks


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """What a hook and a mail server are told of a run that a gate stops, everything around it being hostile."""
    site = Small(tmp_path / EVIL / "site")
    for row in site.rows[10:]:
        row["department"] = row["title"] = row["location"] = LINES
    site.write(site.rows)
    site.env["INTERLOCK_OPERATOR"] = LINES.replace("\r", "")
    site("run", status=None)
    server = MailServer()
    (site.folder / "keep.py").write_text(KEEP)
    site.configure(
        (site.folder / "interlock.toml").read_text() + f"\n[notify]\nreview_hint = {json.dumps(LINES)}\n"
        f"command = {json.dumps([sys.executable, 'keep.py', 'one'])}\n"
        f"mail = {{ host = '127.0.0.1', port = {server.port}, from = 'a@example.org', to = ['b@example.org'],"
        " tls = 'none' }\n"
    )
    site.write(site.rows[:10])
    site("run", status=3)
    site("notify", "2", status=None)
    yield json.loads((site.folder / "told.json").read_text()), server.messages[0][2]
    server.close()


@pytest.mark.usefixtures("store_file")  # whose path is strange
def test_a_hook_gets_what_it_can_print(told: tuple[Any, str]) -> None:
    seen, _ = told
    assert seen["arguments"] == ["one"], "values reach no argument"
    assert not OBEYED.search(seen["stdin"].rstrip("\n")), ascii(seen["stdin"])
    document = json.loads(seen["stdin"])
    assert EVIL in document["operator"], "the document is exact"
    assert EVIL in document["store"]
    ours = {name: value for name, value in seen["environment"].items() if name.startswith("INTERLOCK_")}
    assert r"/a\u001b[2Jb\u009b31mc\u202ed\u2066e\u0007f\u200bg/site" in ours["INTERLOCK_STORE"]
    for name, value in ours.items():
        assert not OBEYED.search(value), (name, ascii(value))
        assert "\n" not in value, name


def test_a_mail_is_a_text_that_nobody_obeys(told: tuple[Any, str]) -> None:
    _, message = told
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    assert "Bcc" not in head
    if "base64" in head:
        body = base64.b64decode(body.removesuffix(".\n")).decode()
    assert not OBEYED.search(body), ascii(body)
    assert "\nBcc" not in body
    assert "holds" in body
