"""Reading and writing a directory server beside OpenLDAP's own tools on the same server: `scripts/bench ldap`."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.workspace import INTERLOCK, Workspace

DIRECTORY = """
[systems.{name}]
connector = "ldap"
url = "{url}"
base = "{suffix}"
bind_dn = "{admin}"
password = {{ env = "DIRECTORY_PASSWORD" }}
client = "{client}"
[systems.{name}.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
attributes = {{ telephoneNumber = "text[]" }}
"""
CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "uid"
attributes = {{ telephoneNumber = "text[]" }}
[metaverse.person]
attributes = {{ telephoneNumber = "text[]" }}
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
join = [["uid"]]
project = true
[rules.flow]
{flow}
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "uid={{{{ uid | rdn }}}},ou=people,{suffix}"
[rules.flow]
{flow}
"""
ATTRIBUTES = (
    *("uid", "cn", "sn", "givenName", "displayName", "mail", "telephoneNumber", "title"),
    *("departmentNumber", "employeeNumber", "employeeType", "l", "description"),
)
PEOPLE = f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n"


class Timed(NamedTuple):
    """What a command took: seconds by the wall clock, seconds that its step took, peak memory in MB."""

    seconds: float
    peak: float


def person(number: int) -> dict[str, str]:
    """Make one person of fourteen values."""
    first, last = f"Ännika{number % 997}", f"Großmann{number % 4999}"
    return {
        "uid": f"user{number:07}",
        "cn": f"{first} {last}",
        "sn": last,
        "givenName": first,
        "displayName": f"{first} {last}",
        "mail": f"user{number}@example.org",
        "telephoneNumber": f"+49 30 {number:08}|+49 171 {number:08}",
        "title": "Engineer",
        "departmentNumber": f"D{number % 100}",
        "employeeNumber": f"{number}",
        "employeeType": "internal",
        "l": "Berlin",
        "description": f"Person number {number} of this directory",
    }


def write_ldif(path: Path, numbers: range, *, head: str = "") -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for number in numbers:
            row = person(number)
            file.write(f"dn: uid={row['uid']},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\n")
            file.writelines(f"{name}: {value}\n" for name, held in row.items() for value in held.split("|"))
            file.write("\n")
    return path


def timed(site: Workspace, *arguments: str) -> Timed:
    """Run a step in a process of its own; its seconds are what the store recorded of it."""
    process = subprocess.Popen([*INTERLOCK, *arguments], cwd=site.folder, env=site.env, stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, output.decode()
    took = site.query(
        "SELECT (julianday(ended_at) - julianday(started_at)) * 86400 FROM steps ORDER BY id DESC LIMIT 1"
    )
    return Timed(float(took[0][0]), usage.ru_maxrss / 1024)


def tell(what: str, objects: int, seconds: float, peak: float | None = None, beside: str = "") -> None:
    memory = f"{peak:6.0f} MB" if peak else " " * 9
    print(f"{what:<34} {objects / seconds:>10,.0f}/s {seconds:8.2f} s {memory}  {beside}", flush=True)


def tell_median(what: str, objects: int, found: list[Timed], beside: str = "") -> None:
    seconds = statistics.median(one.seconds for one in found)
    tell(what, objects, seconds, max(one.peak for one in found), beside)


def median(times: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(times))


def clock(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def directory(name: str, server: Slapd, client: str = "auto") -> str:
    """Give the table of a system that is a directory of people."""
    return DIRECTORY.format(name=name, url=server.url, suffix=SUFFIX, admin=ADMIN, client=client)


def site_of(folder: Path, server: Slapd, client: str) -> Workspace:
    flow = "\n".join(f'{name} = "{name}"' for name in ATTRIBUTES)
    config = CONFIG.format(suffix=SUFFIX, flow=flow)
    return Workspace(folder, directory("directory", server, client) + config, {"DIRECTORY_PASSWORD": PASSWORD})


def reading(folder: Path, size: int, client: str) -> None:
    """Measure a first and an unchanged import beside `ldapsearch` in pages of 1,000."""
    server = Slapd(folder / "reading")
    server.load(write_ldif(folder / "all.ldif", range(size), head=BASE + "\n" + PEOPLE))
    server.start()
    try:
        query = (
            "-LLL",
            "-E",
            "pr=1000/noprompt",
            "-b",
            SUFFIX,
            "(objectClass=inetOrgPerson)",
            *ATTRIBUTES,
            "entryUUID",
        )
        clock(lambda: server.measure("ldapsearch", *query))
        search = median(3, lambda: clock(lambda: server.measure("ldapsearch", *query)))
        tell("ldapsearch, paged", size, search)
        site = site_of(folder / "site", server, client)
        first = timed(site, "step", "import", "directory")
        tell("first import", size, first.seconds, first.peak, f"{first.seconds / search:.1f} × ldapsearch's time")
        again = [timed(site, "step", "import", "directory") for _ in range(3)]
        seconds = statistics.median(one.seconds for one in again)
        tell("unchanged import", size, seconds, again[0].peak, f"{seconds / search:.1f} × ldapsearch's time")
    finally:
        server.stop()


def writing(folder: Path, size: int, client: str, rounds: int) -> None:
    """Measure an export of creates beside `ldapadd`, in turn, each time to an empty server of the same making."""
    ldif = write_ldif(folder / "add.ldif", range(size))
    with empty_server(folder / "preparing") as server:
        ready = site_of(folder / "ready", server, client)
        ready.csv("hr.csv", (person(number) for number in range(size)))
        for step in ("import hr", "import directory", "sync", "evaluate"):
            ready("step", *step.split())
    adds: list[float] = []
    exports: list[Timed] = []
    confirms: list[Timed] = []
    for number in range(rounds):
        with empty_server(folder / f"base-{number}") as server:
            adds.append(clock(partial(server.measure, "ldapadd", "-f", str(ldif))))
        with empty_server(folder / f"writing-{number}") as server:
            shutil.copytree(ready.folder, folder / f"site-{number}")
            site = site_of(folder / f"site-{number}", server, client)
            exports.append(timed(site, "step", "export", "directory"))
            confirms.append(timed(site, "step", "confirm", "directory"))
    tell("ldapadd", size, statistics.median(adds))
    ratios = sorted(add / export.seconds for add, export in zip(adds, exports, strict=True))
    beside = f"{statistics.median(ratios):.2f} × ldapadd's rate ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    tell_median("export, all creates", size, exports, beside)
    tell_median("confirm, all new", size, confirms)


@contextmanager
def empty_server(home: Path) -> Iterator[Slapd]:
    """Give a server that holds the container of the people, and nobody in it."""
    server = Slapd(home).start()
    try:
        server.add(BASE + "\n" + PEOPLE)
        yield server
    finally:
        server.stop()


def measure(arguments: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench ldap", description=__doc__)
    parser.add_argument("--read", type=int, default=100_000)
    parser.add_argument("--write", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3, help="of writing")
    parser.add_argument("--client", default="auto", choices=["auto", "ldap3"])
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        if options.read:
            reading(Path(folder), options.read, options.client)
        if options.write:
            writing(Path(folder), options.write, options.client, options.rounds)
