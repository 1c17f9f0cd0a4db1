"""Phase 1, import: ids that may be another person's by now: everything that tells a person apart has changed."""

from enum import Enum, auto
from typing import NamedTuple

from engine.approvals.audit import verified_approvals
from engine.approvals.consequences import consequences_of_absence
from engine.approvals.identity_questions import ASKED, LEFT, changed_error, identity_question, is_somebody_else, shown
from engine.approvals.review_items import move_items, open_items
from engine.errors import ObjectError
from engine.labels import label_of
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.matching import Match
from engine.step import Step
from storage import objects, reviews
from storage.records import Cso, CsoStatus, Entity, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move


class ChangedHands(NamedTuple):
    """What is decided of ids that changed hands: errors of those that wait, and CSOs whose id is somebody new's."""

    errors: dict[int, ObjectError]
    new: set[int]


class _Verdict(Enum):
    """What is to be said of who stands under a known id."""

    SAME = auto()
    """The same person, as far as the configuration can tell."""
    KEPT = auto()
    """The same person all the same, by decision."""
    NEW = auto()
    """Somebody new, by decision."""
    WAITS = auto()
    """Nobody has decided yet."""
    UNASKED = auto()
    """Somebody else, and nobody was asked about this one."""


async def changed_hands(
    tx: Transaction, step: Step, arrivals: list[Arrival], matches: list[Match], whole: dict[int, Cso]
) -> ChangedHands:
    """Ask about known ids under which everything has changed at once that the configuration calls the same person.

    Nothing flows until somebody has decided: the same person all the same, or the old one gone and this one new.
    """
    found = ChangedHands({}, set())
    pairs = _found_for_certain(arrivals, matches, whole)
    asked = await reviews.of_objects(tx, [cso.id for _, cso in pairs], ReviewKind.IDENTITY, ASKED)
    approved = await verified_approvals(tx, [one for one in asked.values() if one.state == ReviewState.APPROVED])
    settled: list[ReviewItem] = []
    new: list[tuple[Arrival, Cso]] = []
    for one, cso in pairs:
        item = asked.get(cso.id)
        verdict = _verdict_of(_same_person(step, one), one, cso, item, approved)
        if verdict is _Verdict.NEW:
            found.new.add(cso.id)
        if verdict in (_Verdict.WAITS, _Verdict.UNASKED):
            groups = _same_person(step, one)
            found.errors[cso.id] = changed_error(one.external_id, groups, cso.attributes, one.attributes())
        if verdict is _Verdict.UNASKED:
            new.append((one, cso))
        if item is not None and _is_over(item, verdict):
            settled.append(item)
    await _withdraw(tx, step, settled)
    await _ask(tx, step, new)
    await _part(tx, step, [cso for _, cso in pairs if cso.id in found.new])
    return found


def _found_for_certain(
    arrivals: list[Arrival], matches: list[Match], whole: dict[int, Cso]
) -> list[tuple[Arrival, Cso]]:
    """Give the objects that were found for certain, and whose CSO was read whole, each with that."""
    return [
        (one, whole[match.cso_id])
        for one, match in zip(arrivals, matches, strict=True)
        if match.certain and match.cso_id in whole and one.error is None
    ]


def _same_person(step: Step, one: Arrival) -> list[list[str]]:
    return step.settings.objects[one.type].same_person


def _verdict_of(
    groups: list[list[str]], one: Arrival, cso: Cso, item: ReviewItem | None, approved: set[int]
) -> _Verdict:
    """Tell who stands under a known id; `item` is what was asked about it."""
    attributes = one.attributes()
    if not groups or not is_somebody_else(groups, cso.attributes, attributes):
        return _Verdict.SAME
    if item is None or item.evidence["after"] != shown(groups, attributes):
        return _Verdict.UNASKED
    if item.id in approved:
        return _Verdict.NEW
    return _Verdict.KEPT if item.state == ReviewState.KEPT else _Verdict.WAITS


def _is_over(item: ReviewItem, verdict: _Verdict) -> bool:
    """Tell whether a question answers itself: an object is what it was, or somebody else once more."""
    if item.state == ReviewState.KEPT:
        return False
    return verdict is _Verdict.UNASKED or (verdict is _Verdict.SAME and LEFT not in item.evidence)


async def _withdraw(tx: Transaction, step: Step, items: list[ReviewItem]) -> None:
    """Close the items of those who are what they were, or somebody else again."""
    await move_items(tx, step, items, ReviewState.WITHDRAWN, "its values have changed again")


async def _ask(tx: Transaction, step: Step, new: list[tuple[Arrival, Cso]]) -> None:
    follows = await consequences_of_absence(tx, step.workspace, [cso for _, cso in new])
    cause = "everything that tells its person apart has changed under its id"
    items = []
    for one, cso in new:
        groups = step.settings.objects[one.type].same_person
        evidence = {"cause": cause, "before": shown(groups, cso.attributes), "after": shown(groups, one.attributes())}
        items.append(identity_question(step, cso, evidence, follows[cso.id]))
    await open_items(tx, step, items)


async def _part(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Take their ids from those who are gone by decision; the next sync disconnects them."""
    await objects.release_id(tx, [cso.id for cso in csos])
    why = "its id is another person's by decision"
    for cso in csos:
        step.moved(Move(Entity.CSO, cso.id, cso.system, label_of(cso), cso.status, CsoStatus.OBSOLETE, why))
