"""Phase 1, joins: ids that somebody had who has left, and that may be another person's now."""

from collections.abc import Iterable, Iterator

from engine.approvals.audit import verified_approvals
from engine.approvals.identity_questions import ASKED, LEFT, changed_error, identity_question, is_somebody_else, shown
from engine.approvals.review_items import move_items, open_items
from engine.contributions.joined import mvos_of
from engine.errors import ObjectError
from engine.phases.join_index import forget_former_keys
from engine.rules.lifecycle import another_person, has_another_person
from engine.step import Step
from storage import metaverse, objects, reviews, tombstones
from storage.records import Attributes, Cso, Mvo, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.tombstones import Tombstone


async def ask_about_reused(tx: Transaction, step: Step, csos: list[Cso]) -> dict[int, ObjectError]:
    """Give the errors of new objects whose id somebody else had, whose metaverse object they would join.

    Nothing flows until somebody has decided: the same person all the same, or somebody new.
    """
    found = [(cso, gone) for cso, gone in await _before(tx, step, csos) if _differs(step, cso, gone)]
    asked = await reviews.of_objects(tx, [cso.id for cso, _ in found], ReviewKind.IDENTITY, ASKED)
    approved = await verified_approvals(tx, [one for one in asked.values() if one.state == ReviewState.APPROVED])
    errors: dict[int, ObjectError] = {}
    new: list[ReviewItem] = []
    for cso, gone in found:
        item = asked.get(cso.id)
        if item is not None and (item.id in approved or item.state == ReviewState.KEPT):
            continue
        groups = step.workspace.object_type(cso.system, cso.type).same_person
        errors[cso.id] = changed_error(cso.external_id, groups, gone.attributes, cso.attributes)
        if item is None:
            new.append(_question(step, groups, cso, gone))
    await open_items(tx, step, new)
    by_decision = {item.object_id: item for item in asked.values() if item.id in approved}
    await _part(tx, step, [pair for pair in found if pair[0].id in by_decision], by_decision.values())
    return errors


async def without_other_rows(tx: Transaction, step: Step, csos: list[Cso]) -> list[Cso]:
    """Leave out those who leave a person that other rows of their type keep: the id was the row's, not the person's."""
    several = [cso for cso in csos if (cso.system, cso.type) in step.workspace.rules.several]
    ids = {cso.id for cso in several}
    others = await objects.joined_to(tx, mvos_of(several)) if several else []
    kept = {(cso.mvo_id, cso.system, cso.type) for cso in others if cso.id not in ids}
    return [cso for cso in csos if (cso.mvo_id, cso.system, cso.type) not in kept]


def _question(step: Step, groups: list[list[str]], cso: Cso, gone: Tombstone) -> ReviewItem:
    before, after = shown(groups, gone.attributes), shown(groups, cso.attributes)
    cause = "somebody else had its id who has left"
    return identity_question(step, cso, {"cause": cause, "before": before, "after": after, LEFT: gone.mvo_id}, {})


async def _before(tx: Transaction, step: Step, csos: list[Cso]) -> list[tuple[Cso, Tombstone]]:
    """Give objects with who had their ids before them, where that one's metaverse object is there still."""
    pairs: list[tuple[Cso, Tombstone]] = []
    for kind, own in _compared(step, csos):
        ids = [cso.external_id for cso in own if cso.external_id is not None]
        gone = {one.external_id: one for one in await tombstones.with_ids(tx, *kind, ids)}  # the last one counts
        pairs += [(cso, gone[cso.external_id]) for cso in own if cso.external_id in gone]
    people = await _still_there(tx, [gone for _, gone in pairs])
    return [(cso, gone) for cso, gone in pairs if gone.mvo_id in people]


async def _still_there(tx: Transaction, gone: list[Tombstone]) -> set[int]:
    """Give the metaverse objects of those who are gone, but for those who are parted from their number by decision."""
    found = await metaverse.get(tx, {one.mvo_id for one in gone if one.mvo_id is not None})
    return {mvo.id for mvo in found if not has_another_person(mvo)}


def _compared(step: Step, csos: list[Cso]) -> Iterator[tuple[tuple[str, str], list[Cso]]]:
    for kind in {(cso.system, cso.type) for cso in csos}:
        if step.workspace.object_type(*kind).same_person:
            yield kind, [cso for cso in csos if (cso.system, cso.type) == kind]


def _differs(step: Step, cso: Cso, gone: Tombstone) -> bool:
    groups = step.workspace.object_type(cso.system, cso.type).same_person
    return is_somebody_else(groups, gone.attributes, cso.attributes)


def _parted(step: Step, mvo: Mvo, cso: Cso, was: dict[int, Attributes]) -> Mvo:
    groups = step.workspace.object_type(cso.system, cso.type).same_person
    return another_person(mvo, f"{cso.system}.{cso.type}", shown(groups, was[cso.id]))


async def _part(tx: Transaction, step: Step, found: list[tuple[Cso, Tombstone]], settled: Iterable[ReviewItem]) -> None:
    """Let nobody find by the id those who had it, where it is somebody new's by decision."""
    left = [cso._replace(mvo_id=gone.mvo_id) for cso, gone in found]
    parted = {cso.mvo_id: cso for cso in await without_other_rows(tx, step, left) if cso.mvo_id is not None}
    was = {cso.id: gone.attributes for cso, gone in found}
    people = await metaverse.get(tx, parted)
    await metaverse.change(tx, [_parted(step, mvo, parted[mvo.id], was) for mvo in people])
    await forget_former_keys(tx, list(parted))
    await move_items(tx, step, settled, ReviewState.CARRIED_OUT, "its id is another person's by decision")
