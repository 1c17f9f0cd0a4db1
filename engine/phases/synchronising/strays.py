"""Rows that name another person by now: a person may have several of a type, and each follows its own key.

A key that is corrected in all rows of a person at once, to one that nobody has, is the same person's all the same.
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


async def find_strays(tx: Transaction, page: SyncPage) -> list[Cso]:
    """Give the rows of a page that leave their person, for they name another: the rest of the sync joins them anew.

    All rows of a person that are due have to be in the page.
    """
    doubts = await in_doubt(tx, page)
    if not doubts:
        return []
    joined = by_mvo(await objects.joined_to(tx, {one.mvo.id for one in doubts}))
    others = await _others_named(tx, doubts)
    references = await read_references(tx, page.step.workspace, [cso for csos in joined.values() for cso in csos])
    return [one.cso for one in doubts if _strays(page, references, one, joined[one.mvo.id], others)]


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


async def _others_named(tx: Transaction, doubts: list[Doubt]) -> set[tuple[str, str, str]]:
    """Give which of the keys that rows name somebody else has: (MVO type, name of the join, key)."""
    sought: dict[tuple[str, str], set[str]] = {}
    for one in doubts:
        sought.setdefault((one.mvo.type, one.join.name), set()).add(one.key)
    found = set()
    for (mvo_type, name), keys in sought.items():
        there = await join_keys.find(tx, key_owners.of_metaverse(mvo_type), name, keys)
        found |= {(mvo_type, name, key) for key, ids in there.items() if ids}
    return found


def _strays(
    page: SyncPage, references: References, one: Doubt, joined: list[Cso], others: set[tuple[str, str, str]]
) -> bool:
    """Tell whether a row has gone over to somebody else, and its person's own key is not merely corrected."""
    if (one.mvo.type, one.join.name, one.key) in others:
        return True
    kind = one.cso.system, one.cso.type
    siblings = [cso for cso in joined if (cso.system, cso.type) == kind and _is_joined_by_rules(cso)]
    keys = {_named_by(page, cso, one.rule, one.join) for cso in siblings} - {None, one.key}
    return bool(keys) or _others_contradict(
        page, references, one, [cso for cso in joined if (cso.system, cso.type) != kind]
    )


def _others_contradict(page: SyncPage, references: References, one: Doubt, others: list[Cso]) -> bool:
    """Tell whether objects of other types give the person a key now that is not the one that the row names."""
    try:
        got = contribute(page.step.workspace, page.contexts, references, one.mvo, others)
    except ContributorFailed:
        return False  # the person stays as it is, until that is mended
    key = None if got is None else _key_of(page, one.mvo._replace(attributes=got.attributes), one.join)
    return key not in (None, one.key)
