"""One directory kept like another, beside a script of OpenLDAP's own tools that does the same: `scripts/bench compare`.

The script is the floor: it searches both directories, compares the entries as texts, and writes what differs. It
keeps no store, asks nobody, confirms nothing, and would write the same thing again.
"""

import argparse
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.ldap import ATTRIBUTES, PEOPLE, directory, write_ldif
from tests.slapd import BASE, PASSWORD, SUFFIX, Slapd
from tests.workspace import INTERLOCK, Workspace

RULES = """
[metaverse.person]
attributes = {{ telephoneNumber = "text[]" }}
[[rules]]
name = "people"
from = "source.person"
to = "metaverse.person"
project = true
[rules.flow]
{flow}
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "target.person"
join = [["uid"]]
provision = true
dn = "uid={{{{ uid | rdn }}}},ou=people,{suffix}"
[rules.flow]
{flow}
[profiles.nightly]
steps = ["import source", "detect source", "sync", "evaluate", "export target", "confirm target"]
"""
QUERY = ("-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", "-b", SUFFIX, "(objectClass=inetOrgPerson)")
CHANGED = "1 % changed"
WIDTH = 50
"""How many characters the longest bar has."""
Blocks = dict[str, list[str]]
"""Lines of entries by their first line, which names them."""


class Spent(NamedTuple):
    """What some work took: seconds by the wall clock, and of the processor, its servers' not counted."""

    wall: float
    processor: float
    peak: float
    """MB, of the largest process."""


def spent(work: Callable[[], object]) -> Spent:
    """Measure work that this process and its children do."""
    before, own, wall = _children(), time.process_time(), time.perf_counter()
    work()
    after = _children()
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + time.process_time() - own
    return Spent(time.perf_counter() - wall, processor, after.ru_maxrss / 1024)


def _children() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_CHILDREN)


def find(server: Slapd) -> Blocks:
    """Search a directory by `ldapsearch`, and give the lines of its people's entries."""
    found = server.tool("ldapsearch", *QUERY, *ATTRIBUTES)
    entries: Blocks = {}
    for block in found.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if lines:
            entries[lines[0]] = sorted(lines[1:])
    return entries


def by_script(source: Slapd, target: Slapd, folder: Path) -> None:
    """Make one directory like another."""
    wanted, held = find(source), find(target)
    path = folder / "changes.ldif"
    with path.open("w") as file:
        for name, lines in wanted.items():
            if held.get(name) == lines:
                continue
            file.write(f"{name}\n")
            if name in held:
                file.writelines(_modification(held[name], lines))
            else:
                file.write("changetype: add\nobjectClass: inetOrgPerson\n")
                file.writelines(f"{line}\n" for line in lines)
            file.write("\n")
    if path.stat().st_size:
        target.tool("ldapmodify", "-f", str(path))


def _modification(before: list[str], after: list[str]) -> Iterator[str]:
    yield "changetype: modify\n"
    for name in sorted({line.split(":", 1)[0] for line in set(before) ^ set(after)}):
        yield f"replace: {name}\n"
        yield from (f"{line}\n" for line in after if line.startswith(f"{name}:"))
        yield "-\n"


def change(server: Slapd, size: int, folder: Path, mark: str) -> None:
    """Give one person in a hundred another title."""
    path = folder / "source.ldif"
    with path.open("w") as file:
        for number in range(0, size, 100):
            file.write(f"dn: uid=user{number:07},ou=people,{SUFFIX}\nchangetype: modify\n")
            file.write(f"replace: title\ntitle: {mark}\n\n")
    server.tool("ldapmodify", "-f", str(path))


def run(site: Workspace) -> None:
    """Run the nightly profile in a process of its own."""
    command = [*INTERLOCK, "run", "nightly"]
    done = subprocess.run(command, cwd=site.folder, env=site.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def bars(site: Workspace, size: int) -> None:
    """Show where the last run's time went, a bar a step, with what a person took."""
    steps = site.query(
        "SELECT phase || ' ' || system, (julianday(ended_at) - julianday(started_at)) * 86400 FROM steps "
        "WHERE run_id = (SELECT max(id) FROM runs) ORDER BY id"
    )
    longest = max(seconds for _, seconds in steps)
    for name, seconds in steps:
        bar = "█" * round(WIDTH * seconds / longest)
        print(f"    {name:<16} {seconds * 1e6 / size:>6.0f} µs  {bar}", flush=True)


def tell(what: str, size: int, ours: Spent, floor: Spent) -> None:
    """Print one comparison."""
    print(
        f"{what:<16} interlock {ours.wall:7.2f} s, {ours.processor * 1e6 / size:5.0f} µs of processor a person, "
        f"{ours.peak:4.0f} MB; script {floor.wall:7.2f} s, {floor.processor * 1e6 / size:5.0f} µs; "
        f"{ours.wall / floor.wall:5.2f} × its time",
        flush=True,
    )


@contextmanager
def directories(folder: Path, size: int) -> Iterator[tuple[Slapd, Slapd, Slapd]]:
    """Give a directory of people, and two empty ones."""
    source = Slapd(folder / "source")
    source.load(write_ldif(folder / "all.ldif", range(size), head=BASE + "\n" + PEOPLE))
    targets = [Slapd(folder / name) for name in ("target", "floor")]
    servers = [source, *targets]
    for server in servers:
        server.start()
    try:
        for server in targets:
            server.add(BASE + "\n" + PEOPLE)
        yield source, targets[0], targets[1]
    finally:
        for server in servers:
            server.stop()


def site_of(folder: Path, source: Slapd, target: Slapd) -> Workspace:
    """Give a workspace that keeps one directory like the other."""
    flow = "\n".join(f'{name} = "{name}"' for name in ATTRIBUTES)
    told = directory("source", source) + directory("target", target)
    return Workspace(folder / "site", told + RULES.format(flow=flow, suffix=SUFFIX), {"DIRECTORY_PASSWORD": PASSWORD})


def measure(arguments: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench compare", description=__doc__)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="of nights, with one per cent changed and with nothing")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = options.size
    with tempfile.TemporaryDirectory() as name, directories(Path(name), size) as (source, target, floor):
        folder = Path(name)
        site = site_of(folder, source, target)
        for what, rounds in (("all created", 1), (CHANGED, options.rounds), ("nothing changed", options.rounds)):
            ours, theirs = list[Spent](), list[Spent]()
            for number in range(rounds):
                if what == CHANGED:
                    change(source, size, folder, f"Title {number}")
                ours.append(spent(partial(run, site)))
                theirs.append(spent(partial(by_script, source, floor, folder)))
            assert find(target) == find(floor), "both make the same directory"
            tell(what, size, _median(ours), _median(theirs))
            bars(site, size)


def _median(found: list[Spent]) -> Spent:
    return Spent(*(statistics.median(values) for values in zip(*found, strict=True)))
