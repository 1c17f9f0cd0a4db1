"""The office that every scenario happens in: HR's file, a directory server, and an operator at the command line."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.values.durations import duration
from tests.inside import Inside, document
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Entries, Slapd

Row = dict[str, str]
UNITS = "".join(
    f"\ndn: ou={name},{SUFFIX}\nobjectClass: organizationalUnit\nou: {name}\n"
    for name in ("people", "groups", "leavers")
)
COLUMNS = ("first_name", "last_name", "department", "title", "status", "mail", "phone", "manager", "start", "end")


class Source(dict[str, Row]):
    """A CSV file by id: `file["ada"]["title"] = "Lead"` edits a row, `del` and assignment what you think."""

    def __init__(self, path: Path, key: str, columns: tuple[str, ...]) -> None:
        super().__init__()
        self.path, self.key, self.columns = path, key, (key, *columns)
        self.seen: dict[str, Row] = {}

    def add(self, name: str, /, **row: str) -> None:
        """Write a row; what is left out is blank."""
        self[name] = row

    def save(self, office: Inside) -> None:
        """Write the file, if anything in it was edited; else it stays as it is."""
        now = {name: dict.fromkeys(self.columns, "") | row | {self.key: name} for name, row in self.items()}
        if now != self.seen or not self.path.exists():
            office.csv(self.path.name, now.values(), self.columns)
            self.seen = now

    def load(self) -> None:
        """Read the file, where somebody else has written it."""
        import csv

        with self.path.open(encoding="utf-8", newline="") as file:
            self.clear()
            self.update({row[self.key]: row for row in csv.DictReader(file)})


class Office(Inside):
    """HR's four people and their directory; a scenario edits the files and the rules, and runs."""

    def __init__(self, folder: Path, slapd: Slapd) -> None:
        self.slapd = slapd
        self.systems: dict[str, Any] = {
            "hr": {
                "connector": "csv",
                "objects": {
                    "person": {
                        "path": "hr.csv",
                        "external_id": "id",
                        "attributes": {"start": "date", "end": "date"},
                    }
                },
                "deletions": {"max_percent": 100},
            },
            "directory": {
                "connector": "ldap",
                "url": slapd.url,
                "base": SUFFIX,
                "bind_dn": ADMIN,
                "password": {"env": "DIRECTORY_PASSWORD"},
                "objects": {"person": _entry("inetOrgPerson")},
                "deletions": {"max_percent": 100},
                "exports": {"retry_delay": "0s"},
            },
        }
        self.metaverse: dict[str, Any] = {
            "person": {
                "attributes": {"start": "date", "end": "date"},
                "deletion": {"when": "last_connector_gone"},
            }
        }
        self.profiles: dict[str, Any] = {}
        self.rules: list[dict[str, Any]] = [
            {
                "name": "people from hr",
                "from": "hr.person",
                "to": "metaverse.person",
                "join": [["employee_id"]],
                "project": True,
                "flow": {
                    "employee_id": "id",
                    "account_name": "{{ first_name | lower }}",
                    "display_name": "{{ first_name }} {{ last_name }}",
                    **{name: name for name in COLUMNS if name != "manager"},
                },
            },
            {
                "name": "people to the directory",
                "from": "metaverse.person",
                "to": "directory.person",
                "join": [["employeeNumber"]],
                "provision": True,
                "deprovision": "delete",
                "dn": f"uid={{{{ account_name | rdn }}}},ou=people,{SUFFIX}",
                "flow": {
                    "uid": "account_name",
                    "cn": "display_name",
                    "sn": "last_name",
                    "employeeNumber": "employee_id",
                    "departmentNumber": "department",
                    "title": "title",
                    "mail": "mail",
                    "telephoneNumber": "phone",
                    "employeeType": "status",
                },
            },
        ]
        self.told: dict[str, Any] = {}
        """The last run, as it told of itself."""
        self.groups: list[dict[str, Any]] = []
        self.include: list[str] = []
        self.lookups: dict[str, Any] = {}
        self.store: dict[str, Any] = {}
        self.pages: dict[str, Any] = {}
        self.review: dict[str, Any] = {}
        self.roles: dict[str, Any] = {}
        self.sources: list[Source] = []
        super().__init__(folder, "", {"DIRECTORY_PASSWORD": PASSWORD})
        self.hr = self.source("hr.csv", "id", COLUMNS)
        for number, name, department in (
            ("1", "Ada Lovelace", "IT"),
            ("2", "Bob Noyce", "Sales"),
            ("3", "Cleo Stone", "IT"),
            ("4", "Dan Dare", "Sales"),
        ):
            self.hires(number, name, department=department)

    # -------------------------------------------------------------- what happens outside

    def source(self, file: str, key: str, columns: tuple[str, ...]) -> Source:
        """Open another CSV file; `run` writes what was edited in it."""
        made = Source(self.folder / file, key, columns)
        self.sources.append(made)
        return made

    def hires(self, number: str, name: str, /, **more: str) -> None:
        """Let HR write a row."""
        first, last = name.split()
        told = {
            "first_name": first,
            "last_name": last,
            "title": "Clerk",
            "status": "active",
            "phone": f"+49 30 {number}",
        }
        self.hr.add(number, **told | {"mail": f"{first}@example.org".lower()} | more)

    def day(self, ahead: str = "0d") -> str:
        """Give the day that comes after a duration from the real today, as HR writes it."""
        return (datetime.now(UTC) + duration(ahead)).date().isoformat()

    # -------------------------------------------------------------- the rules

    def rule(self, name: str) -> dict[str, Any]:
        """Give a rule to edit; the next command finds it so."""
        return next(rule for rule in self.rules if rule["name"] == name)

    def has_telephony(self) -> Source:
        """Let there be a telephone system, whose rule goes before HR's; give its file."""
        self.systems["telephony"] = {
            "connector": "csv",
            "objects": {"line": {"path": "lines.csv", "external_id": "line"}},
            "deletions": {"max_percent": 100},
        }
        self.rules.insert(
            0,
            {
                "name": "numbers from telephony",
                "from": "telephony.line",
                "to": "metaverse.person",
                "join": [[{"source": "employee", "target": "employee_id"}]],
                "flow": {"phone": "number"},
            },
        )
        return self.source("lines.csv", "line", ("employee", "number"))

    def has_managers(self) -> None:
        """Let people have managers: references in HR's file, in the metaverse and in the directory."""
        self.systems["hr"]["objects"]["person"]["attributes"]["manager"] = "reference"
        self.metaverse["person"]["attributes"]["manager"] = "reference"
        self.systems["directory"]["objects"]["person"]["attributes"] = {"manager": "reference"}
        self.rule("people from hr")["flow"]["manager"] = "manager"
        self.rule("people to the directory")["flow"]["manager"] = "manager"

    def has_groups(self) -> Source:
        """Let there be groups: HR's file of them, and their way to the directory; give the file."""
        self.systems["hr"]["objects"]["group"] = {
            "path": "groups.csv",
            "external_id": "code",
            "attributes": {"members": "reference[]"},
        }
        self.groups_in_the_directory()
        self.rules.append(
            {
                "name": "groups from hr",
                "from": "hr.group",
                "to": "metaverse.group",
                "join": [["code"]],
                "project": True,
                "flow": {"code": "code", "account_name": "code", "display_name": "name", "members": "members"},
            }
        )
        return self.source("groups.csv", "code", ("name", "members"))

    def groups_in_the_directory(self) -> None:
        """Let metaverse groups be written as groupOfNames."""
        group = _entry("groupOfNames") | {"attributes": {"member": "reference[]"}}
        self.systems["directory"]["objects"]["group"] = group
        self.metaverse["group"] = {
            "attributes": {"members": "reference[]"},
            "deletion": {"when": "last_connector_gone"},
        }
        self.rules.append(
            {
                "name": "groups to the directory",
                "from": "metaverse.group",
                "to": "directory.group",
                "join": [["cn"]],
                "provision": True,
                "deprovision": "delete",
                "dn": f"cn={{{{ account_name | rdn }}}},ou=groups,{SUFFIX}",
                "flow": {"cn": "account_name", "description": "display_name", "member": "members"},
            }
        )

    # -------------------------------------------------------------- what the operator does

    def main(self, *arguments: str) -> tuple[int, str, str]:
        tables = {"systems": self.systems, "metaverse": self.metaverse, "profiles": self.profiles}
        tables |= {name: told for name, told in self._tables() if told}
        include = f"include = {json.dumps(self.include)}\n" if self.include else ""
        self.configure(include + document(tables, rules=self.rules, groups=self.groups))
        for source in self.sources:
            source.save(self)
        over_ssh = "SSH_CONNECTION" in self.env  # where the environment may name no configuration
        named = ["--config", str(self.folder / "interlock.toml")] if over_ssh else []
        return super().main(*arguments, *named)

    def _tables(self) -> Iterable[tuple[str, dict[str, Any]]]:
        yield from (
            ("review", self.review),
            ("roles", self.roles),
            ("lookups", self.lookups),
            ("store", self.store),
            ("run", self.pages),
        )

    def sits_down(self, name: str, seat: str | None = None) -> None:
        """Let somebody decide from now on, over an SSH connection with a key of their own, or somebody else's."""
        self.review["people"] = "key"
        port = 40_000 + sum((seat or name).encode())
        self.env |= {"INTERLOCK_OPERATOR": name, "SSH_CONNECTION": f"192.0.2.7 {port} 192.0.2.1 22"}

    def run(self, status: int | None = 0) -> None:
        """Run the whole cycle, and keep what it told."""
        code, out, err = self.main("run", "--json")
        assert status is None or code == status, f"the run ended with {code}:\n{out}{err}"
        assert out, err
        self.told = json.loads(out)

    def runs_in(self, shift: str) -> None:
        """Let the clock go ahead of the real one by this much from now on, and run the whole cycle."""
        self.shift = shift
        self.run()

    def steps(self) -> dict[str, dict[str, Any]]:
        return {f"{one['phase']} {one['system']}".strip(): one for one in self.told["steps"]}

    def errors(self) -> list[dict[str, Any]]:
        return self.told["errors"]

    def in_a_process_of_its_own(self, shift: str, *arguments: str) -> str:
        """Run a command as a process of its own, with its clock ahead; the story goes on from there."""
        self.shift = shift
        command = [sys.executable, "-m", "tests.later", shift, *arguments]
        surroundings = self.env | {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, cwd=self.folder, env=surroundings, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        return done.stdout.decode()

    def approve_all(self, reason: str = "as agreed") -> list[str]:
        """Approve whatever waits in the review, which must be something; give what it was about."""
        items = self.json("review")
        assert items, "nothing waits in the review"
        ids = [item["id"] for item in items]
        self("review", "approve", *ids, "--reason", reason, "--count", str(len(ids)))
        return [item["label"] for item in items]

    def settled(self) -> None:
        """See that nothing is left to do: no exports, and a further run stages, sends and changes nothing."""
        before = self.slapd.search("(objectClass=*)", "*", "+")
        self.run()
        for name, step in self.steps().items():
            quiet = {key: count for key, count in step["statistics"].items() if key not in _STANDING}
            assert not any(quiet.values()), f"{name} did {quiet}"
        assert self.json("exports") == []
        assert self.slapd.search("(objectClass=*)", "*", "+") == before

    # -------------------------------------------------------------- what is there

    def entry(self, query: str) -> dict[str, list[str]]:
        """Give the one directory entry that a filter finds, with its DN as `dn`."""
        found = self.slapd.search(query, "*", "entryUUID", "entryCSN")
        assert len(found) == 1, f"{query} finds {found}"
        return next({**entry, "dn": [dn]} for dn, entry in found.items())

    def person(self, uid: str) -> dict[str, list[str]]:
        """Give somebody's entry in the directory."""
        return self.entry(f"(&(objectClass=inetOrgPerson)(uid={uid}))")

    def people(self) -> set[str]:
        """Give everybody's uid in the directory."""
        return {entry["uid"][0] for entry in self.slapd.people().values()}

    def members(self, cn: str) -> set[str]:
        """Give the uids of a group's members in the directory."""
        found = self.entry(f"(&(objectClass=groupOfNames)(cn={cn}))")
        return {member.split(",")[0].removeprefix("uid=") for member in found["member"]}

    def codes(self) -> list[str]:
        """Give the codes of what the last run told of single objects."""
        return sorted(error["code"] for error in self.errors())

    def cso(self, system: str, label: str) -> str:
        """Give the id of an object by its external id."""
        found = self.query(f"SELECT id FROM objects WHERE system = '{system}' AND external_id = '{label}'")
        return f"cso-{found[0][0]}"

    def mvo(self, number: str) -> str:
        """Give the id of the metaverse object that an object of HR is joined to."""
        found = self.query(f"SELECT mvo_id FROM objects WHERE system = 'hr' AND external_id = '{number}'")
        return f"mvo-{found[0][0]}"


_STANDING = frozenset({"unchanged", "connectors without flow updates", "filtered disconnectors"})
"""Statistics that only tell what is there."""


def _entry(object_class: str) -> dict[str, Any]:
    return {"object_class": [object_class], "external_id": "entryUUID", "secondary_external_id": "dn"}


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "slapd").start() as server:
        server.add(BASE + UNITS)
        yield server


@pytest.fixture
def office(tmp_path: Path, slapd: Slapd) -> Office:
    return Office(tmp_path / "workspace", slapd)


__all__ = ["Entries", "Office", "Slapd", "Source"]
