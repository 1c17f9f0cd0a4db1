"""Phase 1, unique values: given once, to whoever has none, and checked against everybody else's."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from engine.errors import ObjectError, ObjectFailed
from engine.expressions import COUNTER
from engine.labels import label_of_mvo
from engine.phases.sync_page import SyncPage
from engine.rules.compiled import UniqueValue
from engine.rules.flows import context_of
from engine.rules.generating import unique_key, unique_owners
from engine.rules.joins import normalised
from engine.values import canonical
from storage import join_keys, objects
from storage.records import Cso, CsoStatus, Mvo
from storage.store import Transaction

GENERATED = "unique value"
"""What stands as the contributor of a value that was generated."""
HIGHEST = 999
"""How far a candidate counts."""
AT_ONCE = 8
"""How many candidates of one object are looked up together."""


class _Wish(NamedTuple):
    """An MVO that needs a value, and what it could be."""

    place: int
    mvo: Mvo
    candidates: Iterator[str]


async def keep_or_give_names(tx: Transaction, page: SyncPage, before: list[Mvo], after: list[Mvo]) -> list[Mvo]:
    """Keep the unique values that MVOs have, and give one to those that have none and no rule gives them one."""
    after = list(after)
    for unique in (one for generated in page.step.workspace.rules.unique.values() for one in generated):
        wishes = []
        for index, (old, mvo) in enumerate(zip(before, after, strict=True)):
            if unique not in page.step.workspace.rules.unique.get(mvo.type, ()) or mvo.deleted:
                continue
            if unique.attribute in mvo.attributes and not _is_generated(mvo, unique):
                continue  # a rule flows into it, and goes before
            had = old.attributes.get(unique.attribute, []) if mvo.id not in page.names_lost else []
            if had and _is_generated(old, unique):
                after[index] = _with(mvo, unique, had[0])
            else:  # what a rule gave until now stays, if nobody else has it
                wishes.append(_Wish(index, mvo, chain(map(str, had[:1]), _candidates(page, unique, mvo))))
        for index, value in (await _choose(tx, page, unique, wishes)).items():
            after[index] = _with(after[index], unique, value)
    return after


def _is_generated(mvo: Mvo, unique: UniqueValue) -> bool:
    by = mvo.contributors.get(unique.attribute)
    return by is None or by[0] is None


def _with(mvo: Mvo, unique: UniqueValue, value: str) -> Mvo:
    return mvo._replace(
        attributes={**mvo.attributes, unique.attribute: [value]},
        contributors={**mvo.contributors, unique.attribute: [None, GENERATED]},
    )


def _candidates(page: SyncPage, unique: UniqueValue, mvo: Mvo) -> Iterator[str]:
    """Give an MVO's candidates in their order, as long as anybody asks; those that cannot be computed are left out."""
    declared = page.step.workspace.config.metaverse[mvo.type].attributes
    context = context_of(mvo.attributes, declared, page.around)
    for expression in unique.candidates:
        for number in range(2, HIGHEST + 1) if COUNTER in expression.reads.words else (0,):
            try:
                result = expression({**context, COUNTER: number})
            except ObjectFailed:
                break
            text = "" if result is None else str(canonical("text", result)).strip()
            if not text:
                break
            yield text


async def _choose(tx: Transaction, page: SyncPage, unique: UniqueValue, wishes: list[_Wish]) -> dict[int, str]:
    """Give each wish its first free candidate; whoever comes first in the page is served first."""
    chosen: dict[int, str] = {}
    given: dict[str, int] = {}
    while wishes:
        rounds = [(wish, list(islice(wish.candidates, AT_ONCE))) for wish in wishes]
        taken = await _holders(tx, unique, wishes[0].mvo.type, {_key(one) for _, found in rounds for one in found})
        wishes = []
        for wish, found in rounds:
            for value in found:
                key = _key(value)
                if not taken.get(key, set()) - {wish.mvo.id} and given.setdefault(key, wish.mvo.id) == wish.mvo.id:
                    chosen[wish.place] = value
                    break
            else:
                if found:
                    wishes.append(wish)
                else:
                    _tell_nothing_is_free(page, unique, wish.mvo)
    return chosen


def _key(value: str) -> str:
    return normalised(value, frozenset({"case", "spaces"}))


async def _holders(tx: Transaction, unique: UniqueValue, mvo_type: str, keys: set[str]) -> dict[str, set[int]]:
    """Give who holds some values: key → MVO ids, 0 for an object that is joined to none."""
    holders: dict[str, set[int]] = {}
    for owner, attribute in unique_owners(mvo_type, unique):
        found = await join_keys.find(tx, owner, unique_key(attribute).name, keys)
        if not owner.startswith("metaverse."):
            csos = {cso.id: cso for cso in await objects.get(tx, {one for ids in found.values() for one in ids})}
            found = {key: [csos[one].mvo_id or 0 for one in ids if one in csos] for key, ids in found.items()}
        for key, ids in found.items():
            holders.setdefault(key, set()).update(ids)
    return holders


def _tell_nothing_is_free(page: SyncPage, unique: UniqueValue, mvo: Mvo) -> None:
    error = ObjectError(
        "no-unique-value",
        f"no candidate for '{unique.attribute}' can be computed and is free",
        "give the object the values that the candidates read, or add a candidate with {{ n }}",
    )
    page.step.failed(error, object_type=mvo.type, label=label_of_mvo(mvo), system="metaverse")
    page.failed.update(cso.id for cso in page.csos.values() if cso.mvo_id == mvo.id)


async def notice_lost_names(tx: Transaction, page: SyncPage, csos: list[Cso]) -> None:
    """Find the MVOs whose generated name somebody took in a target before their own account was created there."""
    for mvo_type, generated in page.step.workspace.rules.unique.items():
        for unique in generated:
            for target, attribute in unique.check:
                own = [cso for cso in csos if (cso.system, cso.type) == target and cso.status == CsoStatus.NORMAL]
                taken = {_key(str(value)): cso for cso in own for value in cso.attributes.get(attribute, ())}
                if not taken:
                    continue
                key = unique_key(unique.attribute).name
                found = await join_keys.find(tx, f"metaverse.{mvo_type}", key, taken)
                pairs = {mvo_id: taken[one].mvo_id for one, ids in found.items() for mvo_id in ids}
                losing = {mvo_id for mvo_id, holder in pairs.items() if holder != mvo_id}
                for cso in await objects.joined_to(tx, losing):
                    if (cso.system, cso.type) == target and cso.status != CsoStatus.PENDING_PROVISIONING:
                        losing.discard(cso.mvo_id or 0)  # once the account exists, its name stays
                page.names_lost |= losing
                page.touched |= losing
