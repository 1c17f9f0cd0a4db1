"""What the directory must hold, worked out naively from the files and the rules of the day; no engine in here."""

from dataclasses import dataclass

from tests.properties.world import BASE, Entries, Entry, Row, World

OWNED = (
    *("uid", "cn", "sn", "employeeNumber", "departmentNumber", "telephoneNumber", "title", "manager"),
    *("l", "physicalDeliveryOfficeName"),
)

STRANGERS = ("boss", "999", "nobody")
"""Whom edits put into groups."""


@dataclass
class Person:
    """Somebody as the metaverse should know them."""

    number: str
    name: str = ""
    dept: str = ""
    phone: str = ""
    others: str = ""
    """The other source's number, where both stand side by side."""
    title: str = ""
    manager: str = ""
    end: str = ""
    from_hr: bool = False
    desks: tuple[str, ...] = ()
    """Of the contracts, the preferred one's first."""

    @property
    def uid(self) -> str:
        """Give the account's name."""
        return f"{(self.name or 'x').lower()}{self.number}"

    @property
    def phones(self) -> list[str]:
        """Give all numbers."""
        return sorted({self.phone, self.others} - {""})

    @property
    def dn(self) -> str:
        """Give the account's place."""
        return f"uid={self.uid},ou={'it' if self.dept == 'IT' else 'people'},{BASE}"


def people(world: World) -> dict[str, Person]:
    """Give everybody whom a source in scope tells of."""
    found: dict[str, Person] = {}
    for number, row in world.hr.items():
        if row["status"] == "active":
            end = world.day(row["end"])
            found[number] = Person(
                number, row["name"], row["dept"], row["phone"], manager=row["manager"], end=end, from_hr=True
            )
    for number, row in world.crew.items() if world.rules.crew else ():
        person = found.setdefault(number, Person(number))
        person.title = row["title"]
        if world.rules.merged:
            person.others = row["phone"]
        elif world.rules.crew_first:
            person.phone = row["phone"] or ("" if world.rules.blank_counts else person.phone)
        elif not person.phone:
            person.phone = row["phone"]
    for number in {row["person"] for row in world.contracts.values()} if world.rules.contracts else ():
        desks = [row["desk"] for row in contracts_of(world, number)]
        found.setdefault(number, Person(number)).desks = tuple(dict.fromkeys(one for one in desks if one))
    return found


def contracts_of(world: World, number: str) -> list[Row]:
    """Give somebody's contracts, the preferred one first."""
    rows = [row for _, row in sorted(world.contracts.items()) if row["person"] == number]
    match world.rules.prefers:
        case "":
            return rows
        case "start" | "start desc":
            told = [row for row in rows if row["start"]]
            told.sort(key=lambda row: int(row["start"]), reverse=world.rules.prefers.endswith("desc"))
            return told + [row for row in rows if not row["start"]]
        case _:
            begun = [row for row in rows if row["start"] and int(row["start"]) <= world.days]
            return begun + [row for row in rows if row not in begun]


def with_account(world: World, everybody: dict[str, Person]) -> dict[str, Person]:
    """Give those who are in the scope of the accounts' rule, and whose day of leaving has not come."""
    if world.rules.stages and world.rules.by_end:
        everybody = {number: one for number, one in everybody.items() if not one.end or one.end >= str(world.today)}
    match world.rules.accounts:
        case "":
            return everybody
        case "dept != 'HR'":
            return {number: one for number, one in everybody.items() if one.dept != "HR"}
        case _:
            today = str(world.today)
            return {number: one for number, one in everybody.items() if not one.end or one.end >= today}


def _groups(world: World, accounts: dict[str, Person]) -> dict[str, set[str]]:
    """Give the DNs of each group's members."""
    by_hr = {number: one.dn for number, one in accounts.items() if one.from_hr}
    found = {code: {by_hr[one] for one in members if one in by_hr} for code, members in world.groups.items()}
    conditions = {
        "dept == 'IT'": lambda one: one.dept == "IT",
        "dept == 'HR'": lambda one: one.dept == "HR",
        "phone is defined": lambda one: one.phones,
    }
    if world.rules.staff is not None:
        is_staff = conditions[world.rules.staff]
        found["staff"] = {one.dn for one in accounts.values() if is_staff(one)}
    return found


def expected(world: World) -> Entries:
    """Give every entry that rules make, with the attributes that rules own."""
    everybody = people(world)
    accounts = with_account(world, everybody)
    entries: Entries = {}
    there = world.target()
    for one in accounts.values():
        held = there.get(one.dn, {})
        boss = accounts.get(one.manager)
        entry = {
            "uid": one.uid,
            "cn": f"{one.name or 'x'} {one.number}" if world.rules.numbered else one.name or "x",
            "sn": one.name or "x",
            "employeeNumber": one.number,
            "departmentNumber": (world.rules.coded and world.codes.get(one.dept)) or one.dept,
            "title": one.title or (_first(held, "title") if world.rules.keeps else ""),
            "manager": boss.dn if boss and boss.from_hr else "",
            "l": one.desks[0] if one.desks else "",
            "physicalDeliveryOfficeName": " ".join(one.desks),
        }
        named = everybody.get(one.manager)
        if world.rules.bosses and named and named.from_hr:
            entry["employeeType"] = named.name
        if world.rules.rooms and one.dept:
            entry["roomNumber"] = f"{one.dept}-{one.number}"
        entries[one.dn] = {name: [value] for name, value in entry.items() if value}
        if phones := (world.rules.fills and sorted(held.get("telephoneNumber", []))) or one.phones:
            entries[one.dn]["telephoneNumber"] = phones
    for code, members in _groups(world, accounts).items():
        dn = f"cn={code},ou=groups,{BASE}"
        every = sorted(members | shared_members(world, there.get(dn, {})))
        entries[dn] = {"cn": [code]} | ({"member": every} if every else {})
    return entries


def _first(entry: Entry, name: str) -> str:
    return entry.get(name, [""])[0]


def shared_members(world: World, entry: Entry) -> set[str]:
    """Give the members of a group whom somebody else has put there, where those stay."""
    theirs = {f"uid={name},ou=people,{BASE}" for name in STRANGERS}
    return theirs.intersection(entry.get("member", [])) if world.rules.shared else set()


def given_way(world: World, entry: Entry) -> Entry:
    """Leave of an entry what no run may change, for the flow gives way to what is there."""
    kept = {}
    number = _first(entry, "employeeNumber")
    if world.rules.fills and number and "telephoneNumber" in entry:
        kept["telephoneNumber"] = entry["telephoneNumber"]
    person = with_account(world, people(world)).get(number)
    if world.rules.keeps and person and not person.title:
        kept["title"] = entry.get("title", [])
    return kept


def owned(world: World, entry: Entry) -> Entry:
    """Leave of an entry what rules own."""
    names = {*OWNED, "member", *(["roomNumber"] if world.rules.rooms and "departmentNumber" in entry else [])}
    if world.rules.bosses:
        names.add("employeeType")
    return {name: sorted(values) for name, values in entry.items() if name in names}
