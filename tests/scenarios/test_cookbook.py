"""Every page of the cookbook runs as it stands: its files, what is typed, and what is there afterwards."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from engine.values import dn
from tests.inside import Inside
from tests.samba import ADMIN as DOMAIN_ADMIN
from tests.samba import PASSWORD as DOMAIN_PASSWORD
from tests.samba import SUFFIX as DOMAIN_SUFFIX
from tests.samba import encrypted, needs_root
from tests.scim import TOKEN, ScimServer
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd, decode_line

FOLDER = Path(__file__).parents[2] / "docs" / "cookbook"
ON_SERVERS = {"hr-to-openldap", "hr-to-active-directory", "accounts-in-an-app"}
PAGES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "index")
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LATER = re.compile(r"# (\d+) days later$")
Entries = dict[str, dict[str, list[str]]]
"""Entries by the keys of their DNs."""


class Story:
    """Walks through a page, in a folder that was empty."""

    def __init__(self, work: Inside, page: str, names: Mapping[str, str], search: Callable[[str], str]) -> None:
        self.work = work
        self.text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
        for example, own in names.items():
            assert example in self.text
            self.text = self.text.replace(example, own)
        self._search = search

    def walk(self) -> None:
        checked = 0
        for kind, what, text in _BLOCK.findall(self.text):
            where = what.partition(" ")[2]
            if kind == "console":
                self._type(text)
            elif what.startswith("after"):
                self._compare(kind, where, text)
                checked += 1
            elif what == "gone":
                assert not entries(text).keys() & entries(self._search("directory.ldif")).keys()
            elif what == "change":
                self._change(text)
            elif kind == "sql":
                self._carry_out(self.work.folder / what, text)
            else:
                (self.work.folder / what).write_text(text, encoding="utf-8")
        assert checked, "a page says what comes of it"

    def _type(self, text: str) -> None:
        """Give the commands, and look for what the page shows of their output."""
        told = ""
        for line in text.splitlines():
            if line.startswith("$ interlock "):
                if later := _LATER.search(line):
                    self.work.shift = f"{later[1]}d"
                told = self.work(*_words(line.partition("  #")[0].removeprefix("$ interlock ")))
            else:
                assert " ".join(line.split()) in " ".join(told.split()), f"{line!r} is not in\n{told}"

    def _compare(self, kind: str, where: str, text: str) -> None:
        held = self._search(where or "directory.ldif")
        if kind != "ldif":
            assert held.strip() == text.strip()
            return
        found = entries(held)
        for name, attributes in entries(text).items():
            assert name in found, f"{name} is not among {', '.join(found)}"
            for attribute, values in attributes.items():
                assert sorted(found[name].get(attribute, [])) == sorted(values), (name, attribute)

    def _carry_out(self, database: Path, text: str) -> None:
        """Carry out SQL in a file that is made where it is not there."""
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(text)

    def _change(self, text: str) -> None:
        """Put lines in the place of those of the configuration with the same key."""
        config = (self.work.folder / "interlock.toml").read_text(encoding="utf-8")
        for line in text.splitlines():
            key, literal = line.partition(" = ")[0], line.replace("\\", r"\\")
            config, count = re.subn(rf"^{re.escape(key)} = .*$", literal, config, flags=re.MULTILINE)
            assert count == 1
        self.work.configure(config)


def entries(ldif: str) -> Entries:
    """Read entries as a test needs them."""
    found: Entries = {}
    for block in ldif.replace("\n ", "").split("\n\n"):
        lines = [decode_line(line) for line in block.splitlines() if line and line[0] != "#"]
        if lines and lines[0][0] == "dn":
            entry = found.setdefault(dn.key(lines[0][1]), {})
            for name, value in lines[1:]:
                entry.setdefault(name, []).append(value)
    return found


def _words(command: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', command)]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ON_SERVERS])
def test_a_page_runs_as_it_stands(tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    work = Inside(tmp_path, "")
    Story(work, page, {}, lambda name: (tmp_path / name).read_text(encoding="utf-8")).walk()


def test_openldap(tmp_path: Path) -> None:
    server = Slapd(tmp_path / "slapd").start()
    try:
        server.add(BASE)
        names = {
            "ldap://ldap.example.org": server.url,
            '"cn=interlock,dc=example,dc=org"': f'"{ADMIN}"',
        }
        work = Inside(tmp_path / "work", "", {"DIRECTORY_PASSWORD": PASSWORD})
        Story(work, "hr-to-openldap", names, lambda _: server.tool("ldapsearch", "-LLL", "-b", SUFFIX)).walk()
    finally:
        server.stop()


@needs_root
def test_active_directory(tmp_path: Path, shared_folder: Path) -> None:
    with encrypted(shared_folder, tmp_path) as (samba, port, authority):
        samba.tool("ldapadd", text=f"dn: OU=Staff,{DOMAIN_SUFFIX}\nobjectClass: organizationalUnit\n")
        names = {
            "ldaps://dc1.example.com": f"ldaps://localhost:{port}",
            '"ca.pem"': f'"{authority.file}"',
            "CN=interlock,CN=Users,DC=example,DC=com": DOMAIN_ADMIN,
            "DC=example,DC=com": DOMAIN_SUFFIX,
        }
        work = Inside(tmp_path / "work", "", {"DIRECTORY_PASSWORD": DOMAIN_PASSWORD})
        staff = ("-LLL", "-b", f"OU=Staff,{DOMAIN_SUFFIX}")
        Story(work, "hr-to-active-directory", names, lambda _: samba.tool("ldapsearch", *staff)).walk()


def test_scim_service(tmp_path: Path) -> None:
    with ScimServer(tmp_path / "service") as service:
        names = {"https://app.example.org/v2": service.url, "ca.pem": str(service.authority.file)}
        work = Inside(tmp_path / "work", "", {"APP_TOKEN": TOKEN})
        Story(work, "accounts-in-an-app", names, lambda what: _in_words(service, what)).walk()


def _in_words(service: ScimServer, what: str) -> str:
    """Write down what a service holds, a line for each resource."""
    users = service.users()
    if what == "groups":
        logins = {one["id"]: login for login, one in users.items()}
        groups = service.groups().items()
        members = {name: sorted(logins[one["value"]] for one in held.get("members", [])) for name, held in groups}
        return "\n".join(f"{name}: {', '.join(found)}" for name, found in sorted(members.items()))
    return "\n".join(
        f"{login}: {one['name']['givenName']} {one['name']['familyName']}, {one['emails'][0]['value']}, "
        f"{'active' if one['active'] else 'inactive'}"
        for login, one in sorted(users.items())
    )


def test_the_index_names_every_page() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\((\S+)\.md\) \|", index)) == PAGES
    assert len(PAGES) >= 15
