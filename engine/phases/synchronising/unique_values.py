"""Phase 1, unique values: given once, to whoever has none, and checked against everybody else's."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from engine.contributions.contexts import Contexts
from engine.errors import ObjectError, ObjectFailed
from engine.expressions.expression import COUNTER
from engine.labels import label_of_mvo
from engine.phases.synchronising.former_values import (
    Remembered,
    Without,
    is_outdated,
    read_past,
    remember,
    reserved,
    with_aliases,
)
from engine.rules.compiled import ObjectType, UniqueValue
from engine.rules.flows import context_of
from engine.rules.generated import unique_key, unique_owners, value_key
from engine.rules.joins import can_be_found, source_key, target_key
from engine.step import Step
from engine.values.typed import canonical
from engine.workspace import Workspace
from storage import join_keys, key_owners, metaverse, objects
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


class _Holders(NamedTuple):
    """Who holds some values: by key, the MVOs that have them or whose objects do, and the objects of nobody."""

    mvos: dict[str, set[int]]
    unjoined: dict[str, list[Cso]]


class Given(NamedTuple):
    """MVOs with their unique values, and those for whom no candidate is free."""

    mvos: list[Mvo]
    nothing_free: list[tuple[Mvo, UniqueValue]]
    remembered: list[Remembered]
    """What is to be written down of the values that they have and had."""


async def keep_or_give_values(
    tx: Transaction,
    step: Step,
    contexts: Contexts,
    lost: Collection[tuple[int, str]],
    before: list[Mvo],
    after: list[Mvo],
) -> Given:
    """Keep the unique values that MVOs have, and give one to those that have none and no rule gives them one.

    Those in `lost` get another: somebody took theirs before their account was created. So do those whose value is to
    follow what it was made of, where that has changed; if nothing else is free, they keep what they have.
    """
    given = Given(list(after), [], [])
    for mvo_type, generated in step.workspace.rules.unique.items():
        for unique in generated:
            past = await read_past(tx, unique, mvo_type, given.mvos)
            wishes: list[_Wish] = []
            for index, (old, mvo) in enumerate(zip(before, given.mvos, strict=True)):
                if not _is_to_have(step.workspace, unique, mvo):
                    continue
                had = old.attributes.get(unique.attribute, []) if (mvo.id, unique.attribute) not in lost else []
                candidates = _candidates(step, contexts, unique, mvo)
                if not (had and _is_generated(old, unique)):  # what a rule gave until now stays, if nobody else has it
                    wishes.append(_Wish(index, mvo, chain(map(str, had[:1]), candidates)))
                    continue
                given.mvos[index] = _with(mvo, unique, had[0])
                if is_outdated(unique, past, mvo, str(had[0])):
                    wishes.append(_Wish(index, given.mvos[index], candidates))
            without = Without(
                {one for one, name in lost if name == unique.attribute},
                await _give(tx, step.workspace, given, unique, wishes),
            )
            remembered = remember(unique, mvo_type, past, given.mvos, without)
            given.mvos[:] = [with_aliases(unique, mvo, remembered.aliases.get(mvo.id)) for mvo in given.mvos]
            given.remembered.append(remembered)
    return given


async def _give(
    tx: Transaction, workspace: Workspace, given: Given, unique: UniqueValue, wishes: list[_Wish]
) -> set[int]:
    """Give the MVOs that need a value one that is free; note those for whom none is, and give their ids."""
    chosen = await _choose(tx, workspace, unique, wishes)
    without = [wish for wish in wishes if wish.place not in chosen]
    for place, value in chosen.items():
        given.mvos[place] = _with(given.mvos[place], unique, value)
    given.nothing_free.extend((wish.mvo, unique) for wish in without)
    return {wish.mvo.id for wish in without}


def _is_to_have(workspace: Workspace, unique: UniqueValue, mvo: Mvo) -> bool:
    """Tell whether an MVO is to have a unique value, and no rule that flows into it, and goes before, gives it one."""
    if unique not in workspace.rules.unique.get(mvo.type, ()) or mvo.deleted or mvo.in_grace:
        return False
    return unique.attribute not in mvo.attributes or _is_generated(mvo, unique)


def _is_generated(mvo: Mvo, unique: UniqueValue) -> bool:
    by = mvo.contributors.get(unique.attribute)
    return by is None or by[0] is None


def _with(mvo: Mvo, unique: UniqueValue, value: str) -> Mvo:
    return mvo._replace(
        attributes={**mvo.attributes, unique.attribute: [value]},
        contributors={**mvo.contributors, unique.attribute: [None, GENERATED]},
    )


def _candidates(step: Step, contexts: Contexts, unique: UniqueValue, mvo: Mvo) -> Iterator[str]:
    """Give an MVO's candidates in their order, as long as anybody asks; those that cannot be computed are left out."""
    declared = step.workspace.config.metaverse[mvo.type].attributes
    context = context_of(mvo.attributes, declared, contexts.around(""))
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


async def _choose(tx: Transaction, workspace: Workspace, unique: UniqueValue, wishes: list[_Wish]) -> dict[int, str]:
    """Give each wish its first free candidate, if it has one; whoever comes first in the page is served first."""
    chosen: dict[int, str] = {}
    given: dict[str, int] = {}
    while wishes:
        rounds = [(wish, list(islice(wish.candidates, AT_ONCE))) for wish in wishes]
        keys = {value_key(one) for _, found in rounds for one in found}
        holders = await _holders(tx, unique, wishes[0].mvo.type, keys)
        wishes = []
        for wish, found in rounds:
            value = _first_free(workspace, unique, wish.mvo, found, holders, given)
            if value is not None:
                given[value_key(value)] = wish.mvo.id
                chosen[wish.place] = value
            elif found:
                wishes.append(wish)
    return chosen


def _first_free(
    workspace: Workspace,
    unique: UniqueValue,
    mvo: Mvo,
    values: list[str],
    holders: _Holders,
    given: dict[str, int],
) -> str | None:
    """Give the first of some values that nobody else holds, or is given in the same page; None where there is none."""
    for value in values:
        key = value_key(value)
        if given.get(key, mvo.id) == mvo.id and _is_free(workspace, unique, mvo, key, holders):
            return value
    return None


async def _holders(tx: Transaction, unique: UniqueValue, mvo_type: str, keys: set[str]) -> _Holders:
    found = _Holders({}, {})
    for owner, attribute in unique_owners(mvo_type, unique):
        holding = await join_keys.find(tx, owner, unique_key(attribute).name, keys)
        if owner.startswith("metaverse."):
            for key, ids in holding.items():
                found.mvos.setdefault(key, set()).update(ids)
        else:
            await _add_objects(tx, found, holding)
    for key, ids in (await reserved(tx, unique, mvo_type, keys)).items():
        found.mvos.setdefault(key, set()).update(ids)
    return found


async def _add_objects(tx: Transaction, found: _Holders, holding: dict[str, list[int]]) -> None:
    """Add objects that hold some values: those whom they are joined to, or the objects where that is nobody."""
    csos = {cso.id: cso for cso in await objects.get(tx, {one for ids in holding.values() for one in ids})}
    for key, ids in holding.items():
        for cso in [csos[one] for one in ids if one in csos]:
            if cso.mvo_id is None:
                found.unjoined.setdefault(key, []).append(cso)
            else:
                found.mvos.setdefault(key, set()).add(cso.mvo_id)


def _is_free(workspace: Workspace, unique: UniqueValue, mvo: Mvo, key: str, holders: _Holders) -> bool:
    """Tell whether nobody else holds a value; an account that the MVO is about to adopt is its own already."""
    if holders.mvos.get(key, set()) - {mvo.id}:
        return False
    return all(_adopts(workspace, unique, mvo, cso) for cso in holders.unjoined.get(key, ()))


def _adopts(workspace: Workspace, unique: UniqueValue, mvo: Mvo, cso: Cso) -> bool:
    """Tell whether an outbound join will give an MVO an account that nobody has; not by the value it wishes for."""
    if not can_be_found(cso):
        return False
    attributes = {name: values for name, values in mvo.attributes.items() if name != unique.attribute}
    for rule in workspace.rules.outbound.get(mvo.type, {}).get((cso.system, cso.type), []):
        for join in rule.joins:
            try:
                wanted = source_key(join, rule.flows, attributes, workspace.seen_mvo(mvo.type, attributes, cso.system))
                held = target_key(join, cso.attributes, workspace.seen(cso.system, cso.type, cso.attributes))
            except ObjectFailed:
                continue
            if wanted is not None and held is not None:
                return wanted == held  # the first join that can tell decides, as evaluation does
    return False


def tell_nothing_is_free(step: Step, found: list[tuple[Mvo, UniqueValue]]) -> None:
    """Record for whom no candidate is free."""
    for mvo, unique in found:
        error = ObjectError(
            "no-unique-value",
            f"no candidate for '{unique.attribute}' can be computed and is free{_kept(mvo, unique)}",
            "give the object the values that the candidates read, or add a candidate with {{ n }}",
        )
        step.failed(error, object_type=mvo.type, label=label_of_mvo(mvo), system="metaverse")


def _kept(mvo: Mvo, unique: UniqueValue) -> str:
    values = mvo.attributes.get(unique.attribute)
    return f"; it keeps '{values[0]}'" if values else ""


async def lost_values(tx: Transaction, workspace: Workspace, csos: Iterable[Cso]) -> set[tuple[int, str]]:
    """Find the MVOs whose generated value somebody took in a target before their own account was created there.

    Each comes with the attribute of that value.
    """
    normal = [cso for cso in csos if cso.status == CsoStatus.NORMAL]
    found: set[tuple[int, str]] = set()
    for mvo_type, generated in workspace.rules.unique.items():
        for unique in generated:
            for target, attribute in unique.check:
                if taken := _held_in(target, attribute, normal):
                    losing = await _losing(tx, workspace, mvo_type, unique, target, taken)
                    found |= {(mvo_id, unique.attribute) for mvo_id in losing}
    return found


def _held_in(target: ObjectType, attribute: str, csos: list[Cso]) -> dict[str, Cso]:
    """Give the values of an attribute that objects of a target hold, each with who holds it."""
    own = [cso for cso in csos if (cso.system, cso.type) == target]
    return {value_key(str(value)): cso for cso in own for value in cso.attributes.get(attribute, ())}


async def _losing(
    tx: Transaction,
    workspace: Workspace,
    mvo_type: str,
    unique: UniqueValue,
    target: ObjectType,
    taken: dict[str, Cso],
) -> set[int]:
    """Give the MVOs of a type that had some values which are taken in a target by now."""
    found = await join_keys.find(tx, key_owners.of_metaverse(mvo_type), unique_key(unique.attribute).name, taken)
    holding = {mvo_id: taken[one] for one, ids in found.items() for mvo_id in ids}
    mvos = await metaverse.get(tx, [one for one, cso in holding.items() if cso.mvo_id != one])
    losing = {mvo.id for mvo in mvos if not _keeps(workspace, unique, mvo, holding[mvo.id])}
    return losing - await _with_account(tx, losing, target)  # once the account exists, its name stays


async def _with_account(tx: Transaction, mvo_ids: set[int], target: ObjectType) -> set[int]:
    """Give those of some MVOs whose account in a target exists."""
    accounts = [cso for cso in await objects.joined_to(tx, mvo_ids) if (cso.system, cso.type) == target]
    return {cso.mvo_id or 0 for cso in accounts if cso.status != CsoStatus.PENDING_PROVISIONING}


def _keeps(workspace: Workspace, unique: UniqueValue, mvo: Mvo, holder: Cso) -> bool:
    return mvo.in_grace or (holder.mvo_id is None and _adopts(workspace, unique, mvo, holder))
