"""Phase 1, import: ids that may be another person's by now: everything that tells a person apart has changed."""

from typing import Any, NamedTuple

from engine.approvals.audit import verified_approvals
from engine.approvals.consequences import Consequences, consequences_of_absence
from engine.approvals.review_items import move_items, open_items
from engine.errors import ObjectError
from engine.labels import label_of
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.matching import Match
from engine.rules.joins import normalised
from engine.step import Step
from storage import clock, objects, reviews
from storage.records import Attributes, Cso, CsoStatus, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

ASKED = (*reviews.LIVE, ReviewState.KEPT)
LEFT = "left"
"""What the evidence of a question holds where it is asked about somebody who has left: their metaverse object."""
_ALIKE = frozenset({"case", "spaces"})
"""What makes no difference to who somebody is."""


class ChangedHands(NamedTuple):
    """What is decided of ids that changed hands: errors of those that wait, and CSOs whose id is somebody new's."""

    errors: dict[int, ObjectError]
    new: set[int]


async def changed_hands(
    tx: Transaction, step: Step, arrivals: list[Arrival], matches: list[Match], whole: dict[int, Cso]
) -> ChangedHands:
    """Find the known ids under which everything has changed at once that the configuration calls the same person.

    Nothing flows until somebody has decided: the same person all the same, or the old one gone and this one new.
    """
    found = ChangedHands({}, set())
    pairs = [
        (one, whole[match.cso.id])
        for one, match in zip(arrivals, matches, strict=True)
        if match.cso is not None and match.certain and match.cso.id in whole and one.error is None
    ]
    asked = await reviews.of_objects(tx, [cso.id for _, cso in pairs], ReviewKind.IDENTITY, ASKED)
    approved = await verified_approvals(tx, [one for one in asked.values() if one.state == ReviewState.APPROVED])
    settled: list[ReviewItem] = []
    new: list[tuple[Arrival, Cso]] = []
    for one, cso in pairs:
        groups = step.settings.objects[one.type].same_person
        item = asked.get(cso.id)
        attributes = one.attributes()
        if not groups or not is_somebody_else(groups, cso.attributes, attributes):
            settled += [item] if item is not None and _is_over(item) else []
        elif item is not None and item.evidence["after"] == shown(groups, attributes):
            if item.id in approved:
                found.new.add(cso.id)
            elif item.state != ReviewState.KEPT:
                found.errors[cso.id] = changed_error(one.external_id, groups, cso.attributes, attributes)
        else:
            settled += [item] if item is not None and item.state != ReviewState.KEPT else []
            found.errors[cso.id] = changed_error(one.external_id, groups, cso.attributes, attributes)
            new.append((one, cso))
    await _withdraw(tx, step, settled)
    await _ask(tx, step, new)
    await _part(tx, step, [cso for _, cso in pairs if cso.id in found.new])
    return found


def is_somebody_else(groups: list[list[str]], before: Attributes, after: Attributes) -> bool:
    """Tell whether every group of attributes has changed, case and spaces aside."""
    return all(_read(group, before) != _read(group, after) for group in groups)


def _is_over(item: ReviewItem) -> bool:
    """Tell whether a question answers itself where an object is what it was."""
    return item.state != ReviewState.KEPT and LEFT not in item.evidence


def _read(group: list[str], attributes: Attributes) -> list[list[str]]:
    return [sorted(normalised(value, _ALIKE) for value in attributes.get(name, [])) for name in group]


def shown(groups: list[list[str]], attributes: Attributes) -> dict[str, list[Any]]:
    """Give what tells somebody apart, as a question shows it."""
    return {name: attributes.get(name, []) for group in groups for name in group}


def changed_error(
    external_id: str | None, groups: list[list[str]], before: Attributes, after: Attributes
) -> ObjectError:
    """Say that an id may be another person's by now."""
    changed = ", ".join(
        f"{name} {_text(before.get(name))} → {_text(after.get(name))}" for group in groups for name in group
    )
    return ObjectError(
        "identity-changed",
        f"under '{external_id}' stands somebody else, or everything was corrected at once: {changed}",
        "decide it in the review: keep, if it is the same person; approve, if the old one is gone and this one is new",
    )


def _text(values: list[Any] | None) -> str:
    return ", ".join(str(value) for value in values[:3]) if values else "nothing"


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
        items.append(question(step, cso, evidence, follows[cso.id]))
    await open_items(tx, step, items)


def question(step: Step, cso: Cso, evidence: dict[str, Any], consequences: Consequences) -> ReviewItem:
    """Give the review item that asks who an object is."""
    return ReviewItem(
        id=0,
        kind=ReviewKind.IDENTITY,
        object_id=cso.id,
        system=cso.system,
        type=cso.type,
        label=label_of(cso),
        state=ReviewState.OPEN,
        run_id=step.control.run_id,
        opened_at=clock.now(),
        evidence=evidence,
        consequences=consequences,
    )


async def _part(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Take their ids from those who are gone by decision; the next sync disconnects them."""
    await objects.release_id(tx, [cso.id for cso in csos])
    why = "its id is another person's by decision"
    for cso in csos:
        step.moved(Move("cso", cso.id, cso.system, label_of(cso), cso.status, CsoStatus.OBSOLETE, why))
