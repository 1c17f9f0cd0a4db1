"""The world around the program in the random cycles: two sources, groups, a directory in a file, the rules of the day.

Plain Python over plain files; nothing here knows how the engine works.
"""

import base64
import csv
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import stores
from tests.inside import document

Row = dict[str, str]
Entry = dict[str, list[str]]
Entries = dict[str, Entry]

BASE = "dc=example,dc=org"
HR = ("id", "name", "dept", "phone", "manager", "status", "end")
CREW = ("id", "phone", "title")
CONTRACTS = ("id", "person", "desk", "start")
HEAD = "".join(
    f"dn: {dn}\nobjectClass: {kind}\n{rdn.replace('=', ': ')}\nentryUUID: 00000000-0000-4000-8000-{number:012}\n\n"
    for number, (dn, kind, rdn) in enumerate(
        [
            (BASE, "domain", "dc=example"),
            *((f"ou={name},{BASE}", "organizationalUnit", f"ou={name}") for name in ("people", "it", "left", "groups")),
        ]
    )
)
RDN = "uid={{ (name or 'x') | lower }}{{ number }}"
KEPT, RESERVED = 3, 8
"""For how many days a former address is an alias, and nobody else's."""
ADDRESSES = {
    "candidates": ["{{ (name or 'x') | lower }}@example.org", "{{ (name or 'x') | lower }}{{ n }}@example.org"],
    "follows": ["name"],
    "keep_old": f"{KEPT}d",
    "aliases": "aliases",
    "reserve": f"{RESERVED}d",
}
WHO_GETS_AN_ACCOUNT = ("", "dept != 'HR'", "not end or end >= today")
WHICH_CONTRACT = ("", "start", "start desc", "start is defined and start <= today desc")
STAGES = ("", "when_due", "at_start")
"""Whether accounts leave in stages, and when their delete is asked about."""
WHO_IS_STAFF = (None, "dept == 'IT'", "dept == 'HR'", "phone is defined")


@dataclass
class Rules:
    """What the configuration says today."""

    accounts: str = ""
    numbered: bool = False
    """Whether `cn` carries the number."""
    crew: bool = True
    crew_first: bool = False
    blank_counts: bool = False
    rooms: bool = False
    grace: bool = False
    """Whether who is gone is kept for five days."""
    staff: str | None = "dept == 'IT'"
    keeps: bool = False
    """Whether a title stays whose source has none."""
    merged: bool = False
    """Whether the numbers of both sources stand side by side."""
    shared: bool = False
    """Whether the members of groups that others have put there stay."""
    bosses: bool = False
    """Whether accounts say what their manager is called."""
    coded: bool = False
    """Whether departments are looked up."""
    contracts: bool = True
    prefers: str = "start desc"
    """Which of a person's contracts goes first."""
    fills: bool = False
    """Whether a telephone number is written only where there is none."""
    stages: str = ""
    """Whether accounts leave in stages, and when their delete is asked about."""
    by_end: bool = False
    """Whether those stages begin after the end of a contract."""


@dataclass
class World:
    """The files as they should be written, and the folder they are in."""

    folder: Path
    hr: dict[str, Row] = field(default_factory=dict)
    crew: dict[str, Row] = field(default_factory=dict)
    contracts: dict[str, Row] = field(default_factory=dict)
    """By their ids; a person may have several."""
    groups: dict[str, set[str]] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    """Ids that stand twice in HR's file."""
    codes: dict[str, str] = field(default_factory=dict)
    """What the lookup table has for a department."""
    rules: Rules = field(default_factory=Rules)
    days: int = 0
    """How far the clock is ahead."""
    database: stores.Database | None = None
    """Where its store is, if that is in no file."""

    @property
    def today(self) -> date:
        """Give the day that the program believes it is."""
        return datetime.now(UTC).date() + timedelta(days=self.days)

    def write(self) -> None:
        """Write the sources and the configuration."""
        people = [row for number, row in self.hr.items() for _ in range(1 + (number in self.twice))]
        self._csv("hr.csv", HR, [{**row, "end": self.day(row["end"])} for row in people])
        self._csv("crew.csv", CREW, list(self.crew.values()))
        rows = [{**row, "start": self.day(row["start"])} for row in self.contracts.values()]
        self._csv("contracts.csv", CONTRACTS, rows)
        rows = [{"code": code, "members": "|".join(sorted(members))} for code, members in self.groups.items()]
        self._csv("groups.csv", ("code", "members"), rows)
        self._csv("codes.csv", ("dept", "code"), [{"dept": one, "code": code} for one, code in self.codes.items()])
        config = configuration(self.rules)
        (self.folder / "interlock.toml").write_text(stores.placed(config, self.database) if self.database else config)

    def day(self, ahead: str) -> str:
        """Write a number of days from the real today on as a date; blank stays blank."""
        return str(datetime.now(UTC).date() + timedelta(days=int(ahead))) if ahead else ""

    def _csv(self, name: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    # -------------------------------------------------------------- the directory

    def target(self) -> Entries:
        """Read the directory: DN → attributes."""
        return read_ldif((self.folder / "directory.ldif").read_text())

    def accounts(self) -> Entries:
        """Give the people and groups of the directory, in the order of their DNs."""
        found = self.target()
        return {
            dn: found[dn] for dn in sorted(found) if found[dn]["objectClass"][0] in ("inetOrgPerson", "groupOfNames")
        }

    def change_target(self, entries: Entries) -> None:
        """Write the directory as somebody else would."""
        blocks = ("\n".join([f"dn: {dn}", *_lines(entry)]) for dn, entry in entries.items())
        (self.folder / "directory.ldif").write_text("version: 1\n\n" + "\n\n".join(blocks) + "\n\n")


def _lines(entry: Entry) -> list[str]:
    return [f"{name}: {value}" for name, values in entry.items() for value in values]


def read_ldif(text: str) -> Entries:
    """Read LDIF, naively."""
    entries: Entries = {}
    for block in text.replace("\n ", "").split("\n\n"):
        lines = [_line(line) for line in block.splitlines() if line and not line.startswith("version:")]
        if not lines:
            continue
        entry = entries.setdefault(lines[0][1], {})
        for name, value in lines[1:]:
            entry.setdefault(name, []).append(value)
    return entries


def _line(line: str) -> tuple[str, str]:
    name, _, rest = line.partition(":")
    if rest.startswith(":"):
        return name, base64.b64decode(rest[1:].strip()).decode()
    return name, rest.removeprefix(" ")


def stranger(uid: str, **more: str) -> tuple[str, Entry]:
    """Make an entry that no rule made."""
    entry = {"objectClass": "inetOrgPerson", "uid": uid, "cn": uid, "sn": uid, "entryUUID": str(uuid.uuid4()), **more}
    return f"uid={uid},ou=people,{BASE}", {name: [value] for name, value in entry.items()}


def configuration(rules: Rules) -> str:
    """Write the configuration that says what the rules say."""
    typed = {"attributes": {"manager": "reference", "end": "date"}}
    known = dict.fromkeys(("title", "desk", "desks"), "text") | {"phone": "text[]" if rules.merged else "text"}
    known |= {"aliases": "text[]"}
    contract = {"path": "contracts.csv", "external_id": "id", "attributes": {"start": "date"}, "joins": "many"}
    entry = {"external_id": "entryUUID", "secondary_external_id": "dn"}
    wide_open = {"max_count": 10000, "max_percent": 100}
    unlimited = {"max_percent": 100}
    person: dict[str, Any] = {"attributes": typed["attributes"] | known, "deletion": {"when": "last_connector_gone"}}
    person["unique"] = {"mail": ADDRESSES}
    if rules.grace:
        person["deletion"]["grace"] = "5d"
    if rules.crew and rules.crew_first:
        person["priority"] = {"phone": ["crew", "hr"]}
    member = {"attributes": {"member": "reference[]"}}
    systems = {
        "hr": {
            "connector": "csv",
            "objects": {
                "person": {"path": "hr.csv", "external_id": "id", **typed},
                "group": {"path": "groups.csv", "external_id": "code", "attributes": {"members": "reference[]"}},
            },
            "deletions": wide_open,
            "changes": unlimited,
        },
        "crew": {
            "connector": "csv",
            "objects": {"person": {"path": "crew.csv", "external_id": "id"}},
            "deletions": wide_open,
            "changes": unlimited,
        },
        "contracts": {
            "connector": "csv",
            "objects": {"contract": contract},
            "deletions": wide_open,
            "changes": unlimited,
        },
        "directory": {
            "connector": "ldif",
            "path": "directory.ldif",
            "objects": {
                "person": {"object_class": ["inetOrgPerson"], **entry, "attributes": {"manager": "reference"}},
                "group": {"object_class": ["groupOfNames"], **entry, **member},
            },
            "deletions": wide_open,
            "changes": unlimited,
            "exports": {"retry_delay": "0s", "batch_size": 3},
        },
    }
    metaverse = {
        "person": person,
        "group": {"attributes": {"members": "reference[]"}, "deletion": {"when": "last_connector_gone"}},
    }
    staff = {"name": "staff", "members": rules.staff, "attributes": {"code": "{{ 'staff' }}"}}
    tables = {"run": {"page_size": 3}, "systems": systems, "metaverse": metaverse}
    tables["lookups"] = {"codes": {"file": "codes.csv", "key": "dept"}}
    return document(tables, rules=_rules(rules), groups=[staff] if rules.staff else [])


def _rules(rules: Rules) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {
            "name": "hr",
            "from": "hr.person",
            "to": "metaverse.person",
            "scope": "status == 'active'",
            "join": [["number"]],
            "project": True,
            "flow": {"number": "id", **{name: name for name in ("name", "dept", "phone", "manager", "end")}},
        },
        {
            "name": "crew",
            "from": "crew.person",
            "to": "metaverse.person",
            "join": [["number"]],
            "project": True,
            "flow": {"number": "id", "phone": "phone", "title": "title"},
        },
        {
            "name": "groups",
            "from": "hr.group",
            "to": "metaverse.group",
            "join": [["code"]],
            "project": True,
            "flow": {"code": "code", "members": "members"},
        },
        {
            "name": "accounts",
            "from": "metaverse.person",
            "to": "directory.person",
            "join": [["employeeNumber"]],
            "provision": True,
            "deprovision": "delete",
            "dn": f"{RDN},ou={{{{ 'it' if dept == 'IT' else 'people' }}}},{BASE}",
            "flow": {
                "uid": "{{ (name or 'x') | lower }}{{ number }}",
                "cn": "{{ name or 'x' }} {{ number }}" if rules.numbered else "{{ name or 'x' }}",
                "sn": "{{ name or 'x' }}",
                "employeeNumber": "number",
                "departmentNumber": "dept",
                "telephoneNumber": "phone",
                "title": "title",
                "manager": "manager",
                "l": "desk",
                "physicalDeliveryOfficeName": "desks",
                "mail": "mail",
                "labeledURI": "aliases",
            },
        },
        {
            "name": "groups to the directory",
            "from": "metaverse.group",
            "to": "directory.group",
            "join": [["cn"]],
            "provision": True,
            "deprovision": "delete",
            "dn": f"cn={{{{ code }}}},ou=groups,{BASE}",
            "flow": {"cn": "code", "member": "members"},
        },
    ]
    if rules.merged:
        for rule in made[:2]:
            rule["flow"]["phone"] = {"source": "phone", "merge": True}
    if rules.shared:
        made[4]["flow"]["member"] = {"source": "members", "own": "ours"}
    if rules.bosses:
        made[3]["flow"]["employeeType"] = "{{ manager.name }}"
    if rules.coded:
        made[3]["flow"]["departmentNumber"] = "{{ dept | lookup('codes', 'code') | default(dept) }}"
    if rules.keeps:
        made[3]["flow"]["title"] = {"source": "title", "clear": False}
    if rules.fills:
        made[3]["flow"]["telephoneNumber"] = {"source": "phone", "when_absent": True}
    if rules.stages:
        made[3] |= _leaving(rules)
        del made[3]["deprovision"]
    if rules.accounts:
        made[3]["scope"] = rules.accounts
    if rules.blank_counts and not rules.merged:
        made[1]["asserts_empty"] = ["phone"]
    if rules.rooms:
        flow = {"roomNumber": "{{ dept }}-{{ number }}"}
        ends = {"from": "metaverse.person", "to": "directory.person"}
        made.append({"name": "rooms", **ends, "scope": "dept is defined", "flow": flow})
    if rules.contracts:
        made.append(_of_contracts(rules))
    return [rule for rule in made if rules.crew or rule["name"] != "crew"]


def _of_contracts(rules: Rules) -> dict[str, Any]:
    """Write the rule that reads contracts: the preferred one's desk, and all of them."""
    made: dict[str, Any] = {
        "name": "contracts",
        "from": "contracts.contract",
        "to": "metaverse.person",
        "join": [[{"source": "person", "target": "number"}]],
        "project": True,
        "flow": {
            "number": "person",
            "desk": "desk",
            "desks": "{{ rows | map(attribute='desk') | select | unique | join(' ') }}",
        },
    }
    return made | ({"prefer": rules.prefers} if rules.prefers else {})


def _leaving(rules: Rules) -> dict[str, Any]:
    """Give what a rule says of leaving in stages."""
    stages = [
        {"after": "0d", "do": "disable"},
        {"after": "2d", "do": "move", "dn": f"{RDN},ou=left,{BASE}"},
        {"after": "4d", "do": "delete", "approve": rules.stages},
    ]
    begins = {"leaving_from": "end"} if rules.by_end else {}
    return {"leaving": stages, "disable": {"title": {"constant": "Former"}}, **begins}
