"""The question who an object is: everything that tells a person apart has changed under its id."""

from typing import Any

from engine.approvals.consequences import Consequences
from engine.approvals.questions import question
from engine.errors import ObjectError
from engine.step import Step
from engine.values.folding import normalised
from storage import reviews
from storage.records import Attributes, Cso, ReviewItem, ReviewKind, ReviewState

ASKED = (*reviews.LIVE, ReviewState.KEPT)
"""The states of a question that was asked and still stands, or was answered."""
LEFT = "left"
"""What the evidence of a question holds where it is asked about somebody who has left: their metaverse object."""
_ALIKE = frozenset({"case", "spaces"})
"""What makes no difference to who somebody is."""


def is_somebody_else(groups: list[list[str]], before: Attributes, after: Attributes) -> bool:
    """Tell whether every group of attributes has changed, case and spaces aside."""
    return all(_read(group, before) != _read(group, after) for group in groups)


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


def identity_question(step: Step, cso: Cso, evidence: dict[str, Any], consequences: Consequences) -> ReviewItem:
    """Give the review item that asks who an object is."""
    return question(ReviewKind.IDENTITY, cso, evidence, consequences, run_id=step.control.run_id)
