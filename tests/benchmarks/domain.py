"""A domain of Active Directory, as Samba speaks it, with many accounts and large groups: `scripts/bench domain`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from storage.clock import seconds_between
from tests.samba import ADMIN, PASSWORD, PEOPLE, SUFFIX, Samba, provisioned
from tests.workspace import INTERLOCK, Workspace

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.hr.objects.group]
path = "groups.csv"
external_id = "id"
attributes = { members = "reference[]" }
refers_to = { members = "person" }
[systems.ad]
connector = "ldap"
url = "URL"
base = "BASE"
bind_dn = "ADMIN"
password = { env = "DIRECTORY_PASSWORD" }
timeout = 600
[systems.ad.changes]
max_percent = 100
[systems.ad.objects.person]
object_class = ["user"]
filter = "(objectCategory=person)"
external_id = "objectGUID"
secondary_external_id = "dn"
[systems.ad.objects.group]
object_class = ["group"]
external_id = "objectGUID"
secondary_external_id = "dn"
attributes = { member = "reference[]" }
[metaverse.person]
[metaverse.group]
attributes = { members = "reference[]" }
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["id"]]
project = true
flow = { id = "id", first = "first", last = "last", title = "title" }
[[rules]]
name = "groups"
from = "hr.group"
to = "metaverse.group"
join = [["id"]]
project = true
flow = { id = "id", members = "members" }
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "ad.person"
provision = true
dn = "CN={{ first | rdn }} {{ last | rdn }} {{ id | rdn }},BASE"
[rules.flow]
cn = "{{ first }} {{ last }} {{ id }}"
sAMAccountName = "p{{ id }}"
displayName = "{{ first }} {{ last }}"
givenName = "first"
sn = "last"
employeeNumber = "id"
title = "title"
[[rules]]
name = "memberships"
from = "metaverse.group"
to = "ad.group"
provision = true
dn = "CN={{ id | rdn }},BASE"
flow = { cn = "id", sAMAccountName = "id", member = "members" }
"""
ADDED = 500
"""How many accounts ldapadd creates beside an export."""
CHANGED = 100
"""How many accounts change before a delta import."""


def measure(people: int, size: int) -> None:
    """Print what each step takes with so many accounts, in groups of a size; everybody is in one of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samba = Samba(provisioned(folder), folder / "dc").start()
        try:
            samba.tool("ldapadd", text=f"dn: {PEOPLE}\nobjectClass: organizationalUnit\n")
            _Domain(samba, folder / "ws", people, size).measure()
        finally:
            samba.stop()


class _Domain:
    def __init__(self, samba: Samba, folder: Path, people: int, size: int) -> None:
        config = CONFIG.replace("URL", samba.ldapi).replace("BASE", PEOPLE).replace("ADMIN", ADMIN)
        self._samba = samba
        self._site = Workspace(folder, config, {"DIRECTORY_PASSWORD": PASSWORD})
        self._people = people
        self._others = 0
        self._groups = {
            f"g{at // size}": [str(one) for one in range(at, min(at + size, people))] for at in range(0, people, size)
        }
        self._titles = dict.fromkeys(map(str, range(people)), "Clerk")

    def measure(self) -> None:
        everything = self._people + len(self._groups)
        self._write()
        for step in ("import hr", "import ad", "sync", "evaluate"):
            self._step(step, "", 0)
        self._add_raw()
        self._step("export ad", "export, accounts and groups", everything)
        self._add_raw()
        self._step("confirm ad", "confirm", everything)
        self._step("import ad", "import, unchanged", everything)
        self._read_raw(everything)
        self._step("delta ad", "delta, nothing changed", 0)
        lines = [
            f"dn: CN=First Last {one},{PEOPLE}\nchangetype: modify\nreplace: title\ntitle: Head\n"
            for one in range(CHANGED)
        ]
        self._samba.tool("ldapmodify", text="\n".join(lines))
        self._step("delta ad", f"delta, {CHANGED} accounts changed", CHANGED)
        for one in range(CHANGED):
            self._titles[str(one)] = "Head"
        first, *others = self._groups
        moved = self._groups[first].pop()
        self._groups[others[0] if others else first].append(moved)
        self._write()
        for step in ("import hr", "sync", "evaluate"):
            self._step(step, "", 0)
        self._step("export ad", "export, one moves between two groups", 2)
        self._step("delta ad", "delta that confirms it", 2)
        left = self._site.query("SELECT status, count(*) FROM pending_exports GROUP BY status")
        print(f"open exports at the end: {left or 'none'}")

    def _write(self) -> None:
        rows = [{"id": one, "first": "First", "last": "Last", "title": title} for one, title in self._titles.items()]
        self._site.csv("hr.csv", rows)
        groups = [{"id": name, "members": "|".join(members)} for name, members in self._groups.items()]
        self._site.csv("groups.csv", groups)

    def _add_raw(self) -> None:
        """Create some accounts with ldapadd, elsewhere."""
        self._others += 1
        elsewhere = f"OU=Others {self._others},{SUFFIX}"
        entries = [f"dn: {elsewhere}\nobjectClass: organizationalUnit\n"]
        for one in range(ADDED):
            lines = [f"dn: CN=Other {one},{elsewhere}", "objectClass: user", f"sAMAccountName: o{self._others}-{one}"]
            lines += ["givenName: First", "sn: Last", "displayName: First Last", f"employeeNumber: {one}"]
            entries.append("\n".join([*lines, "title: Clerk", ""]))
        began = time.monotonic()
        self._samba.tool("ldapadd", text="\n".join(entries))
        self._tell("ldapadd of others", ADDED, time.monotonic() - began, 0)

    def _read_raw(self, count: int) -> None:
        """Read the same with ldapsearch."""
        names = ["objectGUID", "sAMAccountName", "displayName", "givenName", "sn", "employeeNumber", "title", "member"]
        options = ["-LLL", "-E", "pr=1000/noprompt", "-b", PEOPLE, "(objectClass=*)", *names]
        began = time.monotonic()
        self._samba.tool("ldapsearch", *options)
        self._tell("ldapsearch of the same", count, time.monotonic() - began, 0)

    def _step(self, step: str, what: str, count: int) -> None:
        """Run one step as its own process; nothing is said of one that has no name."""
        process = subprocess.Popen(
            [*INTERLOCK, "step", *step.split()], cwd=self._site.folder, env=self._site.env, stdout=subprocess.PIPE
        )
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{step} failed:\n{output.decode()}")
        (times,) = self._site.query("SELECT started_at, ended_at FROM steps ORDER BY id DESC LIMIT 1")
        if what:
            self._tell(what, count, seconds_between(*times), usage.ru_maxrss / 1024)

    def _tell(self, what: str, count: int, seconds: float, peak: float) -> None:
        rate = f"{count / max(seconds, 1e-3):>8,.0f}/s" if count else " " * 10
        memory = f"{peak:6.0f} MB" if peak else ""
        print(f"{self._people:>8,}  {what:<38} {rate} {seconds:8.2f} s {memory}", flush=True)
