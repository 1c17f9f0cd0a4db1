"""Replicas are read where they prove that they are not behind; what was written is looked for on the primary."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directory import UNITS, accounts
from tests.inside import Inside
from tests.proxy import Proxy
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.waiting import until

DN = "uid={{ id | rdn }},ou=people," + SUFFIX
PROVIDER = "overlay syncprov\nsyncprov-checkpoint 1 1\nsyncprov-sessionlog 100"
MODULES = "moduleload syncprov.la\nserverID 1"
CONSUMER = """
syncrepl rid=001 provider={url} type=refreshAndPersist retry="1 +" searchbase="{suffix}" bindmethod=simple
  binddn="{admin}" credentials="{password}" {part}
updateref {url}
"""

OTHER = """
database mdb
suffix "dc=other"
rootdn "{admin}"
directory {folder}
"""
"""A second database, which does not tell how far it is."""


class Pair:
    """A primary and its replica; what passes between them can be held back."""

    def __init__(self, home: Path, part: str = "") -> None:
        self.primary = Slapd(home / "primary", extra=MODULES, overlays=PROVIDER).start()
        self.primary.add("\n".join([BASE, UNITS]))
        self.line = Proxy(self.primary.port, lambda data, _: data).__enter__()
        self._overlays = CONSUMER.format(url=self.line.url, suffix=SUFFIX, admin=ADMIN, password=PASSWORD, part=part)
        self.replica = Slapd(home / "replica", overlays=self._overlays).start()
        self.level()

    def level(self) -> None:
        """Wait until the replica holds what the primary holds."""
        until(lambda: self.replica_csn() == self._csn(self.primary))

    def replica_csn(self) -> list[str]:
        return self._csn(self.replica)

    def _csn(self, server: Slapd) -> list[str]:
        options = ["-x", "-H", server.url, "-D", ADMIN, "-w", PASSWORD, "-LLL", "-s", "base", "-b", SUFFIX]
        done = subprocess.run(["ldapsearch", *options, "contextCSN"], capture_output=True, text=True, check=False)
        return [line for line in done.stdout.splitlines() if line.startswith("contextCSN:")]

    def part(self) -> None:
        """Cut the line between the two, for good: the replica stays behind."""
        self.line.__exit__(None, None, None)

    def stop(self) -> None:
        self.replica.stop()
        self.part()
        self.primary.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.stop()


def office(pair: Pair, folder: Path, people: int = 3, counted: Proxy | None = None) -> Inside:
    url = counted.url if counted else pair.replica.url
    config = accounts(pair.primary, dn=DN, flow={"description": "note"}, system=f'read_urls = ["{url}"]')
    site = Inside(folder, config, {"DIRECTORY_PASSWORD": PASSWORD})
    site.csv("hr.csv", [{"id": f"p{one}", "note": "first"} for one in range(people)])
    return site


def said(site: Inside) -> str:
    return str(site.json("show", site.json("runs")[0]["id"])["steps"])


def test_a_replica_that_is_level_is_read_and_the_primary_written(pair: Pair, tmp_path: Path) -> None:
    with Proxy(pair.replica.port, lambda data, _: data) as counted:
        site = office(pair, tmp_path / "ws", counted=counted)
        assert f"{counted.url}: has all that the primary has" in site("check")
        before = counted.connections
        site("run")
        assert counted.connections == before + 1, "the import reads it, the confirming one does not"
        assert len(pair.primary.people()) == 3
        assert site.statuses("directory") == {"Normal": 3}
        pair.level()
        site.csv("hr.csv", [{"id": f"p{one}", "note": "second"} for one in range(3)])
        site("run")
        assert counted.connections == before + 2
        assert {one["description"][0] for one in pair.primary.people().values()} == {"second"}
        assert site.json("exports") == []
        assert site.json("review") == []


def test_a_replica_that_is_behind_is_not_read_and_nobody_is_missing_by_it(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.connectors.ldap.replicas.WAIT_SECONDS", 0.3)
    site = office(pair, tmp_path / "ws")
    pair.part()
    site("run")
    assert pair.replica.people() == {}
    for _ in range(2):
        site("run")
        assert "it is behind" in said(site)
        assert site.statuses("directory") == {"Normal": 3}
        assert site.json("review") == []
        assert site.json("exports") == []
    assert "FAIL  directory: replica: " in site("check", status=4)


def test_a_replica_that_comes_up_in_a_moment_is_waited_for(pair: Pair, tmp_path: Path) -> None:
    site = office(pair, tmp_path / "ws", people=400)
    site("run")
    site("step", "import", "directory")
    assert "it is behind" not in said(site)
    assert site.statuses("directory") == {"Normal": 400}


def test_a_replica_that_does_not_answer_is_no_reason_to_stop(pair: Pair, tmp_path: Path) -> None:
    site = office(pair, tmp_path / "ws")
    pair.replica.stop()
    site("run")
    assert "was read, and not" in said(site)
    assert site.statuses("directory") == {"Normal": 3}


def test_a_primary_that_does_not_tell_how_far_it_is_is_read_itself(pair: Pair, tmp_path: Path) -> None:
    alone = Slapd(tmp_path / "alone").start()
    try:
        alone.add("\n".join([BASE, UNITS]))
        site = office(pair, tmp_path / "ws")
        path = site.folder / "interlock.toml"
        site.configure(path.read_text().replace(pair.primary.url, alone.url))
        site("run")
        assert "it tells no contextCSN" in said(site)
        assert len(alone.people()) == 3
    finally:
        alone.stop()


def test_a_context_that_proves_nothing_is_not_read_from_a_replica(tmp_path: Path) -> None:
    servers = []
    for name in ("primary", "replica"):
        (tmp_path / name / "units").mkdir(parents=True)
        second = OTHER.format(folder=tmp_path / name / "units", admin=ADMIN)
        server = Slapd(tmp_path / name, extra=MODULES, overlays=f"{PROVIDER}\n{second}").start()
        servers.append(server)
        server.add(BASE)
        server.add("dn: dc=other\nobjectClass: dcObject\nobjectClass: organization\no: Other\ndc: other\n")
    primary, replica = servers
    try:
        primary.add("dn: ou=sales,dc=other\nobjectClass: organizationalUnit\nou: sales\n")
        replica.add(UNITS)  # of the first context, it has come further
        config = accounts(primary, dn=DN, flow={}, system=f'read_urls = ["{replica.url}"]')
        unit = config.partition("[systems.directory.objects.person]")[2].partition("[metaverse")[0]
        unit = unit.replace("inetOrgPerson", "organizationalUnit")
        other = f'[systems.directory.objects.unit]\nbase = "dc=other"\n{unit}[metaverse.person]'
        site = Inside(tmp_path / "ws", config.replace("[metaverse.person]", other), {"DIRECTORY_PASSWORD": PASSWORD})
        site.csv("hr.csv", [{"id": "p1"}])
        site("step", "import", "directory")
        assert "it tells no contextCSN of dc=other" in said(site)
        assert site.statuses("directory") == {"Normal": 1}
        assert "the primary tells no contextCSN of dc=other" in site("check", status=4)
    finally:
        for server in servers:
            server.stop()


def test_a_replica_that_holds_a_part_lets_nobody_be_missing(tmp_path: Path) -> None:
    pair = Pair(tmp_path, part='filter="(!(uid=p1))"')
    try:
        site = office(pair, tmp_path / "ws")
        site("run")
        pair.level()
        site("run", status=1)
        assert "not on the replica that was read" in said(site)
        assert site.statuses("directory") == {"Normal": 3}
        assert site.json("review") == []
    finally:
        pair.stop()


def test_who_is_gone_from_both_is_missing(pair: Pair, tmp_path: Path) -> None:
    site = office(pair, tmp_path / "ws")
    config = (site.folder / "interlock.toml").read_text()
    site.configure(f"{config}\n[systems.directory.deletions]\nmax_percent = 100\n")
    site("run")
    pair.primary.modify(f"dn: uid=p1,ou=people,{SUFFIX}\nchangetype: delete\n")
    pair.level()
    site("step", "import", "directory")
    site("step", "detect", "directory")
    assert site.statuses("directory") == {"Normal": 2, "Obsolete": 1}


def test_a_delta_goes_by_the_primary_whatever_was_read(pair: Pair, tmp_path: Path) -> None:
    site = office(pair, tmp_path / "ws")
    site("run")
    pair.level()
    site("step", "import", "directory")
    pair.part()
    pair.primary.modify(f"dn: uid=p1,ou=people,{SUFFIX}\nchangetype: modify\nreplace: description\ndescription: x\n")
    site("step", "delta", "directory")
    (step,) = site.json("show", site.json("runs")[0]["id"])["steps"]
    assert step["statistics"]["updates"] == 1
    assert "everything was read" not in str(step)
