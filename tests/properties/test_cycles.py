"""Whatever happens in the sources, in the target, to the rules and to the run itself: after the approvals and two
cycles the target is what the rules say, a further cycle stages nothing, and nothing was deleted unasked.

The steps are drawn by Hypothesis, the same ones every time. Other ones every time, and many more of them:
`HYPOTHESIS_PROFILE=soak EXAMPLES=100 pytest tests/properties/test_cycles.py` (about five seconds for each); with
`SHRINK=1` a failing example is made small, which takes minutes.
"""

import json
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dying import killed
from tests.inside import Inside
from tests.properties.oracle import OWNED, expected, given_way, owned, people, shared_members
from tests.properties.world import (
    BASE,
    HEAD,
    RESERVED,
    STAGES,
    WHICH_CONTRACT,
    WHO_GETS_AN_ACCOUNT,
    WHO_IS_STAFF,
    Entries,
    Entry,
    World,
    stranger,
)

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
CYCLES = settings(
    max_examples=int(os.environ.get("EXAMPLES", "400")) if SOAK else 8,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SENTINEL = "0"
"""Who never leaves, so that no source is ever empty."""

SWITCHES = (
    *("numbered", "crew", "crew_first", "blank_counts", "rooms", "grace"),
    *("keeps", "fills", "merged", "shared", "bosses", "coded", "contracts", "by_end"),
)

Step = tuple[Any, ...]

numbers = st.sampled_from("123456")
names = st.sampled_from(["Ann", "Bo", "Cy"])
depts = st.sampled_from(["IT", "HR", "Ops", ""])
phones = st.sampled_from(["100", "200", ""])
hr_rows = st.fixed_dictionaries(
    {
        "name": names,
        "dept": depts,
        "phone": phones,
        "manager": st.sampled_from(["", *"01236"]),
        "status": st.sampled_from(["active", "active", "active", "left"]),
        "end": st.sampled_from(["", "", "3", "10"]),
    }
)
crew_rows = st.fixed_dictionaries({"phone": phones, "title": st.sampled_from(["Lead", "Clerk", ""])})
edits = st.sampled_from(
    [("title", "Boss"), ("telephoneNumber", "999"), ("description", "by hand"), ("description", ""), ("cn", "Nobody")]
)
contract_rows = st.fixed_dictionaries(
    {"person": numbers, "desk": st.sampled_from(["A", "B", ""]), "start": st.sampled_from(["", "0", "3", "10"])}
)
contracts = st.sampled_from(["k1", "k2", "k3", "k4"])
some = st.integers(0, 9)
source_steps = [
    st.tuples(st.just("hr"), numbers, hr_rows),
    st.tuples(st.just("hr gone"), numbers),
    st.tuples(st.just("hr twice"), numbers),
    st.tuples(st.just("crew"), numbers, crew_rows),
    st.tuples(st.just("crew gone"), numbers),
    st.tuples(st.just("contract"), contracts, contract_rows),
    st.tuples(st.just("contract"), contracts, contract_rows),
    st.tuples(st.just("contract gone"), contracts),
    st.tuples(st.just("group"), st.sampled_from(["g0", "g1", "g2"]), st.sets(st.sampled_from("0123456"))),
    st.tuples(st.just("group gone"), st.sampled_from(["g1", "g2"])),
    st.tuples(st.just("code"), st.sampled_from(["IT", "HR", "Ops"]), st.sampled_from(["1", "2", ""])),
    st.tuples(st.just("days"), st.integers(1, 9)),
]
target_steps = [
    st.tuples(st.just("edit"), some, edits),
    st.tuples(st.just("delete"), some),
    st.tuples(st.just("rename"), some),
    st.tuples(st.just("stranger"), st.integers(1, 3)),
    st.tuples(st.just("account"), numbers),
]
rule_steps = [
    st.tuples(st.just("rule"), st.just("accounts"), st.sampled_from(WHO_GETS_AN_ACCOUNT)),
    st.tuples(st.just("rule"), st.just("staff"), st.sampled_from(WHO_IS_STAFF)),
    st.tuples(st.just("rule"), st.just("prefers"), st.sampled_from(WHICH_CONTRACT)),
    st.tuples(st.just("rule"), st.just("stages"), st.sampled_from(STAGES)),
    st.tuples(
        st.just("rule"),
        st.sampled_from([one for one in SWITCHES if one != "grace"]),
        st.booleans(),
    ),
]
acts = st.one_of(
    st.just(("run",)),
    st.just(("run",)),
    st.just(("approve",)),
    st.tuples(st.just("kill"), st.integers(1, 120), st.booleans()),
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.one_of(source_steps), st.one_of(source_steps), st.one_of(target_steps), st.one_of(rule_steps)
)
days = st.lists(st.tuples(st.lists(steps, min_size=1, max_size=4), acts), min_size=1, max_size=3)
"""What happens before a run, and the run; a few times over."""


Office = TypeVar("Office", bound="Cycles")


class Cycles(Inside):
    """The program over a world: takes steps, and sees after each run that nothing went unasked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "")
        self.world = World(folder, database=self.database)
        self.plans = False
        """Whether every run is planned first, and must do what the plan said."""
        self.had: dict[str, dict[int, int]] = {}
        """Address → whoever of the metaverse was seen with it → the last day on which they were."""
        self.strangers: dict[str, tuple[str, Entry]] = {}
        """The entries that were made by hand, as they were left: entryUUID → DN and attributes."""

    def take(self, step: Step) -> None:
        """Let one thing happen."""
        world = self.world
        match step:
            case "hr", number, row:
                world.hr[number] = {"id": number, **row}
            case "hr gone", number:
                world.hr.pop(number, None)
                world.twice.discard(number)
            case "hr twice", number:
                world.twice ^= {number} & world.hr.keys()
            case "crew", number, row:
                world.crew[number] = {"id": number, **row}
            case "crew gone", number:
                world.crew.pop(number, None)
            case "contract", code, row:
                world.contracts[code] = {"id": code, **row}
            case "contract gone", code:
                world.contracts.pop(code, None)
            case "group", code, members:
                world.groups[code] = set(members)
            case "group gone", code:
                world.groups.pop(code, None)
            case "code", dept, code:
                world.codes[dept] = code
            case "days", count:
                world.days += count
                self.shift = f"{world.days}d"
            case "rule", name, value:
                setattr(world.rules, name, value)
            case ("run",):
                self.run()
            case ("approve",):
                self.approve()
            case "kill", at, after:
                self.kill(at, after=after)
            case _:
                self.edit_target(step)

    def run(self) -> None:
        """Run the cycle; single objects may fail, but nothing else."""
        self.world.write()
        planned = self.planned() if self.plans else None
        with self.nothing_unasked():
            code, out, err = self.main("run")
            assert code in (0, 1), out + err
        self.see_addresses()
        assert planned in (None, _plain(self.world.accounts()))

    def see_addresses(self) -> None:
        """See that nobody has an address that is somebody else's, or was until a few days ago."""
        now: dict[str, int] = {}
        mails: dict[str, int] = {}
        for mvo_id, document in self.query("SELECT id, attributes FROM metaverse WHERE type = 'person'"):
            attributes = json.loads(document)
            own = [*attributes.get("mail", []), *attributes.get("aliases", [])]
            assert len(set(own)) == len(own)
            for one in own:
                assert now.setdefault(one, mvo_id) == mvo_id, f"{one} is two people's"
            for one in attributes.get("mail", []):
                mails[one] = mvo_id
                others = [day for other, day in self.had.get(one, {}).items() if other != mvo_id]
                assert all(self.world.days - day >= RESERVED for day in others), f"{one} was somebody else's"
        for one, mvo_id in mails.items():
            self.had.setdefault(one, {})[mvo_id] = self.world.days

    def names_are_followed(self) -> None:
        """See that everybody's address is made of their name as it is now."""
        everybody = people(self.world)
        for entry in self.world.accounts().values():
            one = everybody.get(entry.get("employeeNumber", [""])[0])
            if one is not None and "mail" in entry:
                name, _, counted = entry["mail"][0].partition("@")[0].partition((one.name or "x").lower())
                assert not name, entry
                assert counted == "" or counted.isdigit(), entry

    def planned(self) -> Entries:
        """Give the accounts as the plan says the next run will leave them."""
        before = (self.folder / "directory.ldif").read_bytes()
        code, out, err = self.main("plan", "--json")
        assert code in (0, 1), err
        assert (self.folder / "directory.ldif").read_bytes() == before
        entries = self.world.accounts()
        for change in json.loads(out)["changes"]:
            if change["phase"] == "export" and change["outcome"] == "sent":
                _carry_out(entries, change)
        return _plain(entries)

    def approve(self) -> bool:
        """Approve all that waits; tell whether anything did."""
        self.world.write()
        ids = [item["id"] for item in self.json("review", "--limit", "0")]
        if ids:
            self("review", "approve", *ids, "--reason", "as agreed", "--count", str(len(ids)))
        return bool(ids)

    def kill(self, at: int, *, after: bool) -> None:
        """Start a run and kill it as it ends its nth transaction, or right after that."""
        self.world.write()
        with self.nothing_unasked():
            killed(self, "run", at=at, after=after)

    @contextmanager
    def nothing_unasked(self) -> Iterator[None]:
        """See that whatever goes from the target was approved, and what no rule owns stays as it is."""
        before = _by_uuid(self.world.accounts())
        yield
        after = _by_uuid(self.world.accounts())
        approved: set[str] = set()
        if gone := before.keys() - after.keys():
            states = "('approved', 'carried-out')"
            for (shown,) in self.query(
                f"SELECT consequences FROM review_items WHERE state IN {states} AND decided_by = 'tester'"
            ):
                approved.update(one[3] for one in json.loads(shown).get("deletes", []))
        assert gone <= approved, f"deleted without an approval: {[before[one] for one in gone - approved]}"
        for one in before.keys() & after.keys():
            assert _unowned(before[one][1]) == _unowned(after[one][1])
            assert shared_members(self.world, before[one][1]) <= set(after[one][1].get("member", []))
            for name, values in given_way(self.world, before[one][1]).items():
                assert after[one][1].get(name, []) == values

    def settle(self) -> None:
        """Mend the sources, approve what waits and run, until nothing waits; then see what came of it."""
        self.world.twice.clear()
        quiet = 0
        for _ in range(9):
            self.take(("days", 6))  # so that a period of grace is over
            self.run()
            quiet = 0 if self.approve() or self.is_waiting() else quiet + 1
            if quiet == 2:  # what refers to who was deleted is put right by the run after that
                break
        assert self.found() == expected(self.world)
        self.names_are_followed()
        before = (self.folder / "directory.ldif").read_bytes()
        self("run")
        done = {name: step["statistics"] for name, step in self.steps().items() if _did(step["statistics"])}
        assert not done
        assert (self.folder / "directory.ldif").read_bytes() == before

    def is_waiting(self) -> bool:
        """Tell whether exports are on their way, or somebody's grace or leaving is."""
        if self.query("SELECT 1 FROM leaving WHERE since IS NOT NULL"):
            return True
        return bool(self.json("exports")) or any(one["delete_after"] for one in self.json("metaverse", "--limit", "0"))

    def found(self) -> Entries:
        """Give what the rules own of the target's people and groups; see that strangers are as they were left."""
        accounts, wanted = self.world.accounts(), expected(self.world)
        there = _by_uuid(accounts)
        for one, (dn, entry) in self.strangers.items():
            if one not in there or there[one][0] in wanted:
                assert "employeeNumber" in entry, f"{dn} is nobody's account"
                continue
            assert there[one] == (dn, entry)
            del accounts[dn]
        return {dn: owned(self.world, entry) for dn, entry in accounts.items()}

    def edit_target(self, step: Step) -> None:
        """Edit the target by hand."""
        entries, accounts = self.world.target(), self.world.accounts()
        before = _by_uuid(accounts)
        match step:
            case "stranger", number:
                _add(entries, *stranger(f"guest{number}"))
            case "account", number:
                if not any(entry.get("employeeNumber") == [number] for entry in entries.values()):
                    _add(entries, *stranger(f"old{number}", employeeNumber=number))
            case what, number, *more:
                if accounts:
                    _edit(entries, sorted(accounts)[number % len(accounts)], what, number, *more)
        self.world.change_target(entries)
        there = _by_uuid(self.world.accounts())
        self.strangers = {one: there[one] for one in there if one in self.strangers or one not in before}


def _carry_out(entries: Entries, change: dict[str, Any]) -> None:
    """Do to the entries what a plan says of one of them."""
    values = {one["name"]: one["new"] for one in change["attributes"]}
    for one in change["attributes"]:
        now = [change["dn"]] if one["name"] == "dn" else entries.get(change["dn"], {}).get(one["name"], [])
        assert sorted(one["old"]) == sorted(now)
    if change["operation"] == "Delete":
        del entries[change["dn"]]
        return
    assert (change["operation"] == "Create") == (change["dn"] not in entries)
    (dn,) = values.pop("dn", [change["dn"]])
    entries[dn] = entries.pop(change["dn"], {}) | values


def _plain(entries: Entries) -> Entries:
    """Leave out what no plan can know, or tells otherwise."""
    unknown = ("entryUUID", "objectClass")
    return {
        dn: {name: sorted(values) for name, values in entry.items() if values and name not in unknown}
        for dn, entry in entries.items()
    }


def _by_uuid(entries: Entries) -> dict[str, tuple[str, Entry]]:
    return {entry["entryUUID"][0]: (dn, entry) for dn, entry in entries.items()}


def _unowned(entry: Entry) -> Entry:
    """Leave of an entry what no rule ever owns."""
    return {
        name: values
        for name, values in entry.items()
        if name not in (*OWNED, "member", "roomNumber", "employeeType", "mail", "labeledURI")
    }


def _add(entries: Entries, dn: str, entry: Entry) -> None:
    entries.setdefault(dn, entry)


def _edit(entries: Entries, dn: str, what: str, number: int, *change: tuple[str, str]) -> None:
    entry = entries[dn]
    is_group = "member" in entry or dn.startswith("cn=")
    match what, *change:
        case ("delete",):
            if dn != f"cn=g0,ou=groups,{BASE}" and entry.get("employeeNumber") != [SENTINEL]:
                del entries[dn]
        case ("rename",):
            rdn, _, parent = dn.partition(",")
            name = rdn.partition("=")[0]
            moved = f"{name}=renamed{number},{parent}"
            if moved not in entries:
                entries[moved] = entries.pop(dn) | {name: [f"renamed{number}"]}
        case "edit", (name, value) if is_group and name != "description":
            entry["member"] = [*entry.get("member", [])[1:], f"uid={value.lower()},ou=people,{BASE}"]
        case "edit", (name, value):
            entry.pop(name, None)
            entry |= {name: [value]} if value else {}


def _did(statistics: dict[str, int]) -> bool:
    standing = ("unchanged", "connectors without flow updates", "filtered disconnectors")
    return any(count for name, count in statistics.items() if name not in standing)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a world in which everybody is provisioned, for most examples to begin with."""
    office = begin(Cycles(tmp_path_factory.mktemp("settled")))
    for number, name, dept in (("0", "Ann", "IT"), ("1", "Ann", "IT"), ("2", "Bo", "HR"), ("3", "Cy", "Ops")):
        row = {"name": name, "dept": dept, "phone": "100", "manager": "0", "status": "active", "end": ""}
        office.take(("hr", number, row))
    office.take(("crew", "2", {"phone": "200", "title": "Lead"}))
    office.take(("group", "g1", {"0", "1", "2"}))
    office.take(("contract", "k1", {"person": "2", "desk": "A", "start": "0"}))
    office.take(("contract", "k2", {"person": "2", "desk": "B", "start": "3"}))
    office.run()
    with (office.folder / "world").open("wb") as file:
        pickle.dump(office.world, file)
    return office.folder


def begin(office: Office) -> Office:
    """Let a world have a beginning in which no source is empty."""
    (office.folder / "directory.ldif").write_text("version: 1\n\n" + HEAD)
    row = {"name": "Zed", "dept": "IT", "phone": "", "manager": "", "status": "active", "end": ""}
    office.take(("hr", SENTINEL, row))
    office.take(("crew", SENTINEL, {"phone": "", "title": ""}))
    office.take(("contract", "k0", {"person": SENTINEL, "desk": "", "start": ""}))
    office.take(("group", "g0", {SENTINEL}))
    return office


@CYCLES
@given(fresh=st.booleans(), plans=st.booleans(), taken=days)
def test_whatever_happens_the_target_is_what_the_rules_say(
    settled: Path,
    tmp_path_factory: pytest.TempPathFactory,
    fresh: bool,
    plans: bool,
    taken: list[tuple[list[Step], Step]],
) -> None:
    folder = tmp_path_factory.mktemp("cycles")
    if fresh:
        office = begin(Cycles(folder))
    else:
        shutil.copytree(settled, folder, dirs_exist_ok=True)
        office = Cycles(folder)
        known = pickle.loads((folder / "world").read_bytes())
        office.world = replace(known, folder=folder, database=office.database)
    office.plans = plans
    for happening, act in taken:
        for step in (*happening, act):
            office.take(step)
    office.settle()
    shutil.rmtree(folder)
