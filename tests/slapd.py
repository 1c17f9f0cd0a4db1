"""A real slapd for tests: a temporary directory, mdb, a loopback port; asserted with OpenLDAP's own tools."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote

SUFFIX = "dc=example,dc=org"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "for tests only"

Entries = dict[str, dict[str, list[str]]]

_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {home}/slapd.pid
argsfile {home}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb.la
sizelimit {sizelimit}
{extra}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {home}/data
maxsize 1073741824
{sync}
index objectClass,entryUUID,uid,employeeNumber eq
{overlays}
"""
BASE = f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n"


class Slapd:
    """One server; start, stop, kill it, and look into it with ldapsearch."""

    def __init__(
        self,
        home: Path,
        *,
        sizelimit: str = "unlimited",
        extra: str = "",
        overlays: str = "",
        durable: bool = False,
        secure: bool = False,
        env: dict[str, str] | None = None,
    ) -> None:
        self.home = home
        (home / "data").mkdir(parents=True)
        text = _CONF.format(
            home=home,
            suffix=SUFFIX,
            admin=ADMIN,
            password=PASSWORD,
            sizelimit=sizelimit,
            extra=extra,
            overlays=overlays,
            sync="" if durable else "dbnosync",
        )
        (home / "slapd.conf").write_text(text)
        self.port = free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.ldaps_port = free_port() if secure else None
        self.socket_url = f"ldapi://{quote(str(home / 'ldapi'), safe='')}"
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def load(self, ldif: Path) -> None:
        """Fill the database while the server does not run."""
        program = shutil.which("slapadd") or "/usr/sbin/slapadd"
        subprocess.run([program, "-q", "-f", str(self.home / "slapd.conf"), "-l", str(ldif)], check=True)

    def start(self) -> "Slapd":
        program = shutil.which("slapd") or "/usr/sbin/slapd"
        log = (self.home / "slapd.log").open("ab")
        urls = [self.url, self.socket_url]
        if self.ldaps_port is not None:
            urls.append(f"ldaps://127.0.0.1:{self.ldaps_port}")
        command = [program, "-d", "0", "-f", str(self.home / "slapd.conf"), "-h", " ".join(urls)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._env)
        log.close()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self._process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"slapd did not start: {(self.home / 'slapd.log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def tool(self, name: str, *arguments: str, text: str = "") -> str:
        """Run one of OpenLDAP's tools as the directory's administrator."""
        command = [name, "-x", "-H", self.url, "-D", ADMIN, "-w", PASSWORD, *arguments]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr.decode()} {done.stdout.decode()[-500:]}"
        return done.stdout.decode()

    def measure(self, name: str, *arguments: str) -> None:
        """Run one of OpenLDAP's tools, and throw away what it writes."""
        command = [name, "-x", "-H", self.url, "-D", ADMIN, "-w", PASSWORD, *arguments]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    def add(self, ldif: str) -> None:
        self.tool("ldapadd", text=ldif)

    def modify(self, ldif: str) -> None:
        self.tool("ldapmodify", text=ldif)

    def search(self, query: str = "(objectClass=*)", *attributes: str) -> Entries:
        """Give what ldapsearch finds: DN → attributes, decoded."""
        wanted = attributes or ("*", "entryUUID")
        found = self.tool(
            "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", "-b", SUFFIX, query, *wanted
        )
        entries: Entries = {}
        for block in found.split("\n\n"):
            lines = [decode_line(line) for line in block.splitlines() if line and not line.startswith("#")]
            if not lines or lines[0][0] != "dn":
                continue
            entry = entries.setdefault(lines[0][1], {})
            for name, value in lines[1:]:
                entry.setdefault(name, []).append(value)
        return entries

    def people(self) -> Entries:
        return self.search("(objectClass=inetOrgPerson)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def decode_line(line: str) -> tuple[str, str]:
    """Read a line of LDIF: an attribute and its value."""
    name, _, rest = line.partition(":")
    if rest.startswith(":"):
        return name, base64.b64decode(rest[1:].strip()).decode(errors="surrogateescape")
    return name, rest.strip()
