"""Two sources with overlapping people, a target that gives an attribute back, grace, returns in any order, names and
numbers that are used again, kills: no entry ever holds anybody else's values, none is stripped in grace, and none
vanishes without a live approval that named it.

The oracle knows real people, each by a number that is never used again; every value carries whose it is. More of it:
`HYPOTHESIS_PROFILE=soak EXAMPLES=100 pytest tests/properties/test_whose_account.py` (some seconds for each).
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.dying import killed
from tests.inside import Inside, document
from tests.properties.world import BASE, HEAD, Entry, World, read_ldif

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SETTINGS = settings(
    max_examples=int(os.environ.get("EXAMPLES", "100")) if SOAK else 6,
    stateful_step_count=30 if SOAK else 20,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
PEOPLE = range(1, 7)
NUMBERS = ("101", "102", "103")
NAMES = ("ann", "bo", "cy")
TRIGGERS = ("last", "any", "all")
people = st.sampled_from(PEOPLE)
numbers = st.sampled_from(NUMBERS)
names = st.sampled_from(NAMES)


class Machine(RuleBasedStateMachine):
    """HR and the crew office hire and lose people; somebody runs, decides, waits, and pulls the plug."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="whose-account-"))
        self.office = Inside(self.folder, "")
        self.hr: dict[str, dict[str, str]] = {}
        """HR's number, which may be used again → row."""
        self.crew: dict[int, dict[str, str]] = {}
        self.edits = 0
        self.days = 0
        self.trigger = "last"
        self.reads_back = True
        self.owner: dict[str, int] = {}
        """entryUUID → whose account it was when it was first seen."""
        self.frozen: dict[str, Entry] = {}
        """entryUUID → the entry as it was when its person was first seen in grace."""
        self.there: dict[str, Entry] = {}
        self.named: set[str] = set()
        """Primary ids of the entries that approvals have named so far."""

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(trigger=st.sampled_from(TRIGGERS), reads_back=st.booleans())
    def begin(self, trigger: str, reads_back: bool) -> None:
        self.trigger, self.reads_back = trigger, reads_back
        (self.folder / "directory.ldif").write_text("version: 1\n\n" + HEAD)
        self._hire("100", 9, "zed")
        self.crew[9] = self._crew_row(9, "zed")

    # -------------------------------------------------------------- what happens outside

    def _hire(self, number: str, person: int, name: str) -> None:
        self.edits += 1
        row = {"id": number, "ssn": f"S{person}", "name": name, "phone": f"hr-{person}-{self.edits}"}
        self.hr[number] = row

    def _crew_row(self, person: int, name: str) -> dict[str, str]:
        self.edits += 1
        return {"badge": f"B{person}", "ssn": f"S{person}", "name": name, "title": f"crew-{person}-{self.edits}"}

    @rule(number=numbers, person=people, name=names)
    def hires(self, number: str, person: int, name: str) -> None:
        """A number may pass from one person to another between two runs; nobody has two."""
        for other in [one for one, row in self.hr.items() if row["ssn"] == f"S{person}"]:
            del self.hr[other]
        self._hire(number, person, name)

    @rule(number=numbers)
    def loses(self, number: str) -> None:
        self.hr.pop(number, None)

    @rule(person=people, name=names)
    def takes_on(self, person: int, name: str) -> None:
        self.crew[person] = self._crew_row(person, name)

    @rule(person=people)
    def lets_go(self, person: int) -> None:
        self.crew.pop(person, None)

    @precondition(lambda self: self.owner)
    @rule(data=st.data())
    def directory_gives_a_mailbox(self, data: st.DataObject) -> None:
        entries = self._entries()
        one = data.draw(st.sampled_from(sorted(self.owner)))
        dn = next((dn for dn, entry in entries.items() if entry["entryUUID"] == [one]), None)
        if dn is not None:
            self.edits += 1
            entries[dn]["mail"] = [f"dir-{self.owner[one]}-{self.edits}@example.org"]
            World(self.folder).change_target(entries)
            if one in self.frozen:
                self.frozen[one] = self.frozen[one] | {"mail": entries[dn]["mail"]}

    @rule(count=st.integers(1, 9))
    def days_pass(self, count: int) -> None:
        self.days += count
        self.office.shift = f"{self.days}d"

    # -------------------------------------------------------------- what the operator does

    @rule()
    def runs(self) -> None:
        self._write()
        code, out, err = self.office.main("run")
        assert code in (0, 1), out + err
        self._look()

    @rule(at=st.integers(1, 60), after=st.booleans())
    def is_killed(self, at: int, after: bool) -> None:
        self._write()
        killed(self.office, "run", at=at, after=after)
        self._look()

    @rule(keep=st.sets(st.integers(0, 20), max_size=3))
    def decides(self, keep: set[int]) -> None:
        """Approve most of what waits, keep some, with what it names written down; who has a known number is new."""
        self._write()
        if not (self.folder / "interlock.db").exists():
            return
        for place, item in enumerate(self.office.json("review", "--limit", "0")):
            verb = "keep" if place in keep and item["kind"] != "identity" else "approve"
            code, _, _ = self.office.main("review", verb, item["id"], "--reason", "as agreed")
            shown = self.office.json("show", item["id"])
            if verb == "approve" and code == 0 and shown["state"] == "approved":
                self.named |= {external_id for _, _, _, external_id in shown["consequences"].get("deletes", [])}

    @rule(person=people)
    def leaves_for_good(self, person: int) -> None:
        """Nobody has the person any more, it is approved, and grace goes by."""
        for number in [one for one, row in self.hr.items() if row["ssn"] == f"S{person}"]:
            del self.hr[number]
        self.crew.pop(person, None)
        for _ in range(2):
            self.runs()
            self.decides(set())
            self.days_pass(6)

    # -------------------------------------------------------------- what must hold

    def _entries(self) -> dict[str, Entry]:
        path = self.folder / "directory.ldif"
        return read_ldif(path.read_text()) if path.exists() else {}

    def _accounts(self) -> dict[str, tuple[str, Entry]]:
        return {
            entry["entryUUID"][0]: (dn, entry)
            for dn, entry in self._entries().items()
            if entry["objectClass"] == ["inetOrgPerson"]
        }

    def _look(self) -> None:
        """Learn whose the new entries are, and who is in grace; see that whoever vanished was named."""
        accounts = self._accounts()
        for one, (_, entry) in accounts.items():
            self.owner.setdefault(one, int(entry["carLicense"][0].removeprefix("S")))
        for one in self.there.keys() - accounts.keys():
            assert one in self.named, f"{self.there[one]} vanished, and no approval had named it"
        self.there = {one: {**entry, "dn": [dn]} for one, (dn, entry) in accounts.items()}
        in_grace = self._in_grace()
        self.frozen = {
            one: self.frozen.get(one, entry) for one, entry in self.there.items() if self.owner[one] in in_grace
        }

    def _in_grace(self) -> set[int]:
        found = [person for person in self.office.json("metaverse", "--limit", "0") if person["delete_after"]]
        whole = [self.office.json("show", person["id"]) for person in found]
        return {int(one["attributes"]["ssn"][0].removeprefix("S")) for one in whole if not one["deleted"]}

    @invariant()
    def everybodys_account_holds_their_own_values(self) -> None:
        for one, (dn, entry) in self._accounts().items():
            if one not in self.owner:
                continue
            mine = str(self.owner[one])
            for name, mark in (("telephoneNumber", "hr"), ("title", "crew"), ("mail", "dir"), ("description", "dir")):
                for value in entry.get(name, []):
                    assert value.split("-")[:2] == [mark, mine], f"{dn} is the account of {mine}: {name} is {value}"
            assert entry["carLicense"] == [f"S{mine}"], f"{dn} was the account of {mine}"

    @invariant()
    def nobody_in_grace_is_stripped(self) -> None:
        now = {one: {**entry, "dn": [dn]} for one, (dn, entry) in self._accounts().items()}
        for one, before in self.frozen.items():
            if one in now:
                assert _without(now[one]) == _without(before)

    @invariant()
    def nobody_has_two_accounts(self) -> None:
        owners = [entry["carLicense"][0] for _, entry in self._accounts().values()]
        assert len(owners) == len(set(owners))

    # -------------------------------------------------------------- the files

    def _write(self) -> None:
        world = World(self.folder)
        world._csv("hr.csv", ("id", "ssn", "name", "phone"), list(self.hr.values()))
        world._csv("crew.csv", ("badge", "ssn", "name", "title"), list(self.crew.values()))
        self.office.configure(_configuration(self.trigger, reads_back=self.reads_back))


def _without(entry: Entry) -> Entry:
    """Leave out what an administrator of the directory changes at any time."""
    return {name: values for name, values in entry.items() if name not in ("mail", "description")}


def _configuration(trigger: str, *, reads_back: bool) -> str:
    wide_open = {"deletions": {"max_count": 10000, "max_percent": 100}, "changes": {"max_percent": 100}}
    deletion: dict[str, Any] = {"when": "last_connector_gone"}
    if trigger != "last":
        deletion = {"when": "authoritative_source_gone", "sources": ["hr", "crew"], "trigger": trigger}
    systems = {
        "hr": {
            "connector": "csv",
            "objects": {"person": {"path": "hr.csv", "external_id": "id", "same_person": [["ssn"]]}},
            **wide_open,
        },
        "crew": {
            "connector": "csv",
            "objects": {"person": {"path": "crew.csv", "external_id": "badge"}},
            **wide_open,
        },
        "directory": {
            "connector": "ldif",
            "path": "directory.ldif",
            "objects": {
                "person": {
                    "object_class": ["inetOrgPerson"],
                    "external_id": "entryUUID",
                    "secondary_external_id": "dn",
                }
            },
            "exports": {"retry_delay": "0s", "batch_size": 2},
            **wide_open,
        },
    }
    unique = {"candidates": ["{{ name }}", "{{ name }}{{ n }}"], "check": ["directory.person.uid"]}
    metaverse = {"person": {"deletion": deletion | {"grace": "5d"}, "unique": {"login": unique}}}
    into: dict[str, Any] = {"to": "metaverse.person", "join": [["ssn"]], "project": True}
    rules: list[dict[str, Any]] = [
        {"name": "hr", "from": "hr.person", **into, "flow": {name: name for name in ("ssn", "name", "phone")}},
        {"name": "crew", "from": "crew.person", **into, "flow": {name: name for name in ("ssn", "name", "title")}},
        {
            "name": "accounts",
            "from": "metaverse.person",
            "to": "directory.person",
            "join": [["carLicense"]],
            "provision": True,
            "deprovision": "delete",
            "dn": f"uid={{{{ login | rdn }}}},ou=people,{BASE}",
            "flow": {
                "uid": "login",
                "cn": "name",
                "sn": "name",
                "carLicense": "ssn",
                "telephoneNumber": "phone",
                "title": "title",
            },
        },
    ]
    if reads_back:
        back = {"name": "back", "from": "directory.person", "to": "metaverse.person"}
        rules.append({**back, "join": [["ssn"]], "flow": {"ssn": "carLicense", "mail": "mail"}})
        rules[2]["flow"]["description"] = "mail"
    return document({"run": {"page_size": 2}, "systems": systems, "metaverse": metaverse}, rules=rules)


def test_whose_account_each_entry_is() -> None:
    run_state_machine_as_test(Machine, settings=SETTINGS)
