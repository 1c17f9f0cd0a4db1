"""Rows that name another person by now: a person may have several of a type, and each follows its own key.

A key that is corrected in all rows of a person at once, to one that nobody keeps, is the same person's all the same: so
numbers that are moved on, or change places, take nobody's account to somebody else.
"""

from typing import NamedTuple

from engine.contributions.flowing import contribute
from engine.contributions.joined import by_mvo, mvos_of
from engine.contributions.references import References, read_references
from engine.contributions.rows import ContributorFailed
from engine.errors import ObjectFailed
from engine.phases.synchronising.page import Scoped, SyncPage
from engine.rules.compiled import InboundRule, Join
from engine.rules.joins import source_key, target_key
from storage import join_keys, key_owners, metaverse, objects
from storage.records import Cso, CsoStatus, JoinedBy, Mvo
from storage.store import Transaction

_BY_RULES = (JoinedBy.JOIN, JoinedBy.PROJECTION)


class Doubt(NamedTuple):
    """A row that names by a join another person than it belongs to."""

    cso: Cso
    mvo: Mvo
    rule: InboundRule
    join: Join
    key: str
    """Whom it names."""
    held: str
    """Who its person is."""


async def in_doubt(tx: Transaction, page: SyncPage) -> list[Doubt]:
    """Give the rows of a page that name another person than they belong to."""
    several = page.step.workspace.rules.several
    if not several:
        return []
    rows = [one for one in page.scoped if (one[0].system, one[0].type) in several and _is_joined_by_rules(one[0])]
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, mvos_of(cso for cso, _ in rows))}
    return [one for row in rows if (one := _doubt_about(page, row, mvos)) is not None]


async def find_strays(tx: Transaction, page: SyncPage, doubts: list[Doubt]) -> list[Cso]:
    """Give the rows of a page that leave their person, for they name another: the rest of the sync joins them anew.

    All rows of a person that are due have to be in the page.
    """
    if not doubts:
        return []
    holders = await _holders_of(tx, doubts)
    people = {mvo.id: mvo for mvo in await metaverse.get(tx, {one for ids in holders.values() for one in ids})}
    joined = by_mvo(await objects.joined_to(tx, people.keys() | {one.mvo.id for one in doubts}))
    references = await read_references(tx, page.step.workspace, [cso for csos in joined.values() for cso in csos])
    found = []
    for one in doubts:
        others = [people[mvo_id] for mvo_id in holders.get(_place(one), ()) if mvo_id in people]
        is_kept = any(_keeps(page, references, one, mvo, joined.get(mvo.id, [])) for mvo in others if mvo != one.mvo)
        if is_kept or _is_shared(page, references, one, joined[one.mvo.id]):
            found.append(one.cso)
    return found


def _is_joined_by_rules(cso: Cso) -> bool:
    return cso.mvo_id is not None and cso.joined_by in _BY_RULES and cso.status == CsoStatus.NORMAL


def _doubt_about(page: SyncPage, row: Scoped, mvos: dict[int, Mvo]) -> Doubt | None:
    """Give whom a row names instead of its person, by the first join that can tell; None where it names that."""
    cso, rules = row
    mvo = mvos.get(cso.mvo_id or 0)
    for rule in rules:
        if mvo is None or rule.mvo_type != mvo.type:
            continue
        for join in rule.joins:
            key, held = _named_by(page, cso, rule, join), _key_of(page, mvo, join)
            if key is not None and held is not None:
                return None if key == held else Doubt(cso, mvo, rule, join, key, held)
    return None


def _named_by(page: SyncPage, cso: Cso, rule: InboundRule, join: Join) -> str | None:
    try:
        return source_key(join, rule.flows, cso.attributes, lambda: page.contexts(cso))
    except ObjectFailed:
        return None


def _key_of(page: SyncPage, mvo: Mvo, join: Join) -> str | None:
    try:
        return target_key(join, mvo.attributes, page.step.workspace.seen_mvo(mvo.type, mvo.attributes))
    except ObjectFailed:
        return None


def _place(one: Doubt) -> tuple[str, str, str]:
    """Give where the key that a row names is looked up: MVO type, name of the join, key."""
    return one.mvo.type, one.join.name, one.key


async def _holders_of(tx: Transaction, doubts: list[Doubt]) -> dict[tuple[str, str, str], list[int]]:
    """Give who has the keys that rows name."""
    sought: dict[tuple[str, str], set[str]] = {}
    for one in doubts:
        sought.setdefault((one.mvo.type, one.join.name), set()).add(one.key)
    found: dict[tuple[str, str, str], list[int]] = {}
    for (mvo_type, name), keys in sought.items():
        there = await join_keys.find(tx, key_owners.of_metaverse(mvo_type), name, keys)
        found |= {(mvo_type, name, key): ids for key, ids in there.items()}
    return found


def _keeps(page: SyncPage, references: References, one: Doubt, mvo: Mvo, joined: list[Cso]) -> bool:
    """Tell whether somebody else has the key that a row names, and does not give it up by now as well."""
    several = page.step.workspace.rules.several
    rows = [cso for cso in joined if (cso.system, cso.type) in several]
    # a row that is missing says nothing: what its person had is given up, until it is seen again
    if any(cso.status == CsoStatus.NORMAL and _names(page, cso, one) == one.key for cso in rows):
        return True
    return _given(page, references, one, mvo, [cso for cso in joined if cso not in rows]) == one.key


def _names(page: SyncPage, cso: Cso, one: Doubt) -> str | None:
    """Give the key that an object names by the join of a doubt, whichever rule of its own has it."""
    rules = page.step.workspace.rules.inbound.get((cso.system, cso.type), [])
    keys = (
        _named_by(page, cso, rule, join)
        for rule in rules
        if rule.mvo_type == one.mvo.type
        for join in rule.joins
        if join.name == one.join.name
    )
    return next((key for key in keys if key is not None), None)


def _is_shared(page: SyncPage, references: References, one: Doubt, joined: list[Cso]) -> bool:
    """Tell whether a row's person has more than that row says by now, so that its own key is not merely corrected."""
    kind = one.cso.system, one.cso.type
    siblings = [cso for cso in joined if (cso.system, cso.type) == kind and _is_joined_by_rules(cso)]
    if any(_names(page, cso, one) not in (None, one.key) for cso in siblings):
        return True
    others = [cso for cso in joined if (cso.system, cso.type) != kind]
    return _given(page, references, one, one.mvo, others) not in (None, one.key)


def _given(page: SyncPage, references: References, one: Doubt, mvo: Mvo, others: list[Cso]) -> str | None:
    """Give the key that some objects alone give a person now; None where they give none, or that cannot be told."""
    try:
        got = contribute(page.step.workspace, page.contexts, references, mvo, others)
    except ContributorFailed:
        return None  # the person stays as it is, until that is mended
    return None if got is None else _key_of(page, mvo._replace(attributes=got.attributes), one.join)
