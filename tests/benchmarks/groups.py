"""What one change costs in a group of fifty, and in one of fifty thousand: `scripts/bench groups`."""

import os
import subprocess
import tempfile
from pathlib import Path

from storage.clock import seconds_between
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
[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[systems.directory.objects.group]
object_class = ["groupOfNames"]
external_id = "entryUUID"
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
flow = { id = "id", name = "name" }
[[rules]]
name = "groups"
from = "hr.group"
to = "metaverse.group"
join = [["id"]]
project = true
flow = { id = "id", name = "name", members = "members" }
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "uid={{ name | rdn }},ou=people,dc=example,dc=org"
flow = { uid = "name", cn = "name", sn = "name" }
[[rules]]
name = "memberships"
from = "metaverse.group"
to = "directory.group"
provision = true
dn = "cn={{ name | rdn }},ou=groups,dc=example,dc=org"
flow = { cn = "name", member = "members" }
"""
TOP = "".join(
    f"dn: {dn}\nobjectClass: {kind}\n{rdn}\n\n"
    for dn, kind, rdn in (
        ("dc=example,dc=org", "domain", "dc: example"),
        ("ou=people,dc=example,dc=org", "organizationalUnit", "ou: people"),
        ("ou=groups,dc=example,dc=org", "organizationalUnit", "ou: groups"),
    )
)
STEPS = ("import hr", "sync", "evaluate", "export directory", "confirm directory")
SMALL, LARGE = 50, 50_000


def measure() -> None:
    """Print, step by step, the seconds that one change takes in each group, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        site = Workspace(Path(name), CONFIG)
        (site.folder / "directory.ldif").write_text(TOP)
        site.csv("hr.csv", [{"id": str(one), "name": f"p{one:06}"} for one in range(LARGE + 10)])
        sizes = {"small": SMALL, "large": LARGE}
        _write_groups(site, sizes)
        site("run")
        taken: dict[str, dict[str, float]] = {}
        peaks: dict[str, float] = {}
        for group in ("small", "large"):
            sizes[group] += 1
            _write_groups(site, sizes)
            taken[group], peaks[group] = {}, 0.0
            for step in STEPS:
                seconds, peak = _step(site, step)
                taken[group][step] = seconds
                peaks[group] = max(peaks[group], peak)
        print(f"one member more, of {SMALL:,} and of {LARGE:,} (among {LARGE + 10:,} people)")
        for step in (*STEPS, "all"):
            small, large = (sum(one.values()) if step == "all" else one[step] for one in taken.values())
            print(f"  {step:<20} {small:7.2f} s {large:7.2f} s  {large / max(small, 1e-3):6.2f} ×")
        print(f"  peak RSS             {peaks['small']:5.0f} MB {peaks['large']:6.0f} MB")


def _write_groups(site: Workspace, sizes: dict[str, int]) -> None:
    rows = [{"id": f"g-{name}", "name": name, "members": "|".join(map(str, range(n)))} for name, n in sizes.items()]
    site.csv("groups.csv", rows)


def _step(site: Workspace, step: str) -> tuple[float, float]:
    """Run one step as its own process: its seconds as the store recorded them, and its peak memory in MB."""
    process = subprocess.Popen(
        [*INTERLOCK, "step", *step.split()], cwd=site.folder, env=site.env, stdout=subprocess.PIPE
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, output.decode()
    (times,) = site.query("SELECT started_at, ended_at FROM steps ORDER BY id DESC LIMIT 1")
    return seconds_between(*times), usage.ru_maxrss / 1024
