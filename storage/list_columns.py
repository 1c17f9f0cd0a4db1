"""What each list is made of: its columns, how a value is told apart in each, and the texts a search looks into."""

from enum import Enum, auto
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select

from storage.dialects import expressions
from storage.exports import IS_RENAME
from storage.labels import LABEL
from storage.records import ChangeType, CsoStatus, ExportStatus, ReviewKind, ReviewState, StepResult
from storage.references import NAMED, OWNER
from storage.tables import (
    audit,
    item_errors,
    metaverse,
    objects,
    owed,
    owed_passwords,
    pending_exports,
    review_items,
    runs,
    steps,
    tombstones,
    transitions,
)

Element = ColumnElement[Any]


class ColumnKind(Enum):
    """How a text is compared with what a column holds."""

    WORD = auto()
    """Equal, or with a `*` at its end beginning with it."""
    TEXT = auto()
    """Contained."""
    LABEL = auto()
    """Contained; as a whole, it is the name or the id."""
    NUMBER = auto()
    """Equal, with or without the letters that ids are shown with."""
    FLAG = auto()
    """`yes` or `no`."""


class ListColumn(NamedTuple):
    """A column of a list, by which it can be filtered and, where `sortable`, sorted."""

    kind: ColumnKind
    value: Element
    searched: tuple[Element, ...] = ()
    """Where a text is looked for, if not only in the value."""
    words: tuple[str, ...] = ()
    """All that the column can hold, where that is known."""
    prefix: str = ""
    of_step: bool = False
    """The column stands in the steps of a run."""
    nullable: bool = False
    also: tuple[tuple[str, Element], ...] = ()
    """Words that tell some of the rows more closely, each with the condition of being one of them."""

    @property
    def sortable(self) -> bool:
        """Tell whether every row has one value here."""
        return not self.of_step


class ListPlan(NamedTuple):
    """A kind of list: its ids, its columns by name, the texts and JSON documents searched, and its own order."""

    key: Element
    columns: dict[str, ListColumn]
    texts: tuple[Element, ...] = ()
    documents: tuple[Element, ...] = ()
    attributes: Element | None = None
    newest_first: bool = False


def _word(value: Element, words: Any = (), *, nullable: bool = False) -> ListColumn:
    return ListColumn(ColumnKind.WORD, value, words=tuple(str(word) for word in words), nullable=nullable)


def _text(value: Element, *more: Element, nullable: bool = False) -> ListColumn:
    return ListColumn(ColumnKind.TEXT, value, (value, *more), nullable=nullable)


def _label(value: Element) -> ListColumn:
    return ListColumn(ColumnKind.LABEL, value)


def _number(value: Element, prefix: str = "", *, nullable: bool = False) -> ListColumn:
    return ListColumn(ColumnKind.NUMBER, value, prefix=prefix, nullable=nullable)


def _flag(value: Element) -> ListColumn:
    return ListColumn(ColumnKind.FLAG, expressions.as_number(value))


_OF_EXPORT = select(LABEL).where(objects.c.id == pending_exports.c.cso_id).scalar_subquery()
_DECIDED_BY = select(review_items.c.decided_by).where(review_items.c.id == tombstones.c.review_id).scalar_subquery()
_PHASE = select(steps.c.phase).where(steps.c.id == item_errors.c.step_id).scalar_subquery()
_RUN = select(steps.c.run_id).where(steps.c.id == item_errors.c.step_id).scalar_subquery()

PLANS: dict[str, ListPlan] = {
    "objects": ListPlan(
        objects.c.id,
        {
            "id": _number(objects.c.id, "cso-"),
            "system": _word(objects.c.system),
            "type": _word(objects.c.type),
            "status": _word(objects.c.status, CsoStatus),
            "object": _label(LABEL),
            "external_id": _text(objects.c.external_id, nullable=True),
            "secondary_id": _text(objects.c.secondary_id, nullable=True),
            "mvo": _number(objects.c.mvo_id, "mvo-", nullable=True),
            "changed_at": _text(objects.c.changed_at),
            "password_owed": _flag(objects.c.id.in_(select(owed_passwords.c.cso_id))),
        },
        texts=(objects.c.external_id, objects.c.secondary_id),
        documents=(objects.c.attributes,),
        attributes=objects.c.attributes,
    ),
    "metaverse": ListPlan(
        metaverse.c.id,
        {
            "id": _number(metaverse.c.id, "mvo-"),
            "type": _word(metaverse.c.type),
            "deleted": _flag(metaverse.c.deleted),
            "delete_after": _text(metaverse.c.delete_after, nullable=True),
            "changed_at": _text(metaverse.c.changed_at),
        },
        documents=(metaverse.c.attributes,),
        attributes=metaverse.c.attributes,
    ),
    "exports": ListPlan(
        pending_exports.c.id,
        {
            "id": _number(pending_exports.c.id, "exp-"),
            "system": _word(pending_exports.c.system),
            "type": _word(pending_exports.c.type),
            "change": _word(pending_exports.c.change_type, ChangeType)._replace(also=(("Rename", IS_RENAME),)),
            "status": _word(pending_exports.c.status, ExportStatus),
            "object": _label(_OF_EXPORT),
            "attempts": _number(pending_exports.c.attempts),
            "next_retry_at": _text(pending_exports.c.next_retry_at, nullable=True),
            "error": _text(pending_exports.c.error_code, pending_exports.c.error_message, nullable=True),
            "held": _flag(pending_exports.c.held),
            "changed_at": _text(pending_exports.c.changed_at),
        },
        texts=(_OF_EXPORT, pending_exports.c.error_code, pending_exports.c.status),
        documents=(pending_exports.c.changes,),
    ),
    "review": ListPlan(
        review_items.c.id,
        {
            "id": _number(review_items.c.id, "rev-"),
            "kind": _word(review_items.c.kind, ReviewKind),
            "system": _word(review_items.c.system),
            "type": _word(review_items.c.type),
            "object": _label(review_items.c.label),
            "state": _word(review_items.c.state, ReviewState),
            "opened_at": _text(review_items.c.opened_at),
            "cause": _text(expressions.member(review_items.c.evidence, "cause"), nullable=True),
            "again": _flag(expressions.member(review_items.c.evidence, "there_again").is_not(None)),
            "decided_by": _word(review_items.c.decided_by, nullable=True),
            "decided_at": _text(review_items.c.decided_at, nullable=True),
        },
        texts=(review_items.c.label,),
    ),
    "runs": ListPlan(
        runs.c.id,
        {
            "id": _number(runs.c.id, "run-"),
            "profile": _text(runs.c.profile),
            "operator": _word(runs.c.operator),
            "started_at": _text(runs.c.started_at),
            "ended_at": _text(runs.c.ended_at, nullable=True),
            "result": _word(runs.c.result, StepResult, nullable=True),
            "system": ListColumn(ColumnKind.WORD, steps.c.system, of_step=True),
        },
        texts=(runs.c.profile, runs.c.operator, runs.c.result),
        newest_first=True,
    ),
    "transitions": ListPlan(
        transitions.c.id,
        {
            "id": _number(transitions.c.id),
            "at": _text(transitions.c.at),
            "entity": _word(transitions.c.entity),
            "system": _word(transitions.c.system),
            "object": _label(transitions.c.label),
            "from": _word(transitions.c.from_status, nullable=True),
            "to": _word(transitions.c.to_status, nullable=True),
            "operator": _word(transitions.c.operator, nullable=True),
            "reason": _text(transitions.c.reason),
        },
        texts=(
            transitions.c.label,
            transitions.c.reason,
            transitions.c.from_status,
            transitions.c.to_status,
            transitions.c.operator,
        ),
        newest_first=True,
    ),
    "audit": ListPlan(
        audit.c.id,
        {
            "id": _number(audit.c.id, "audit-"),
            "at": _text(audit.c.at),
            "operator": _word(audit.c.operator),
            "action": _word(audit.c.action),
            "subject": _text(audit.c.subject),
        },
        texts=(audit.c.subject, audit.c.operator, audit.c.action, audit.c.details),
        newest_first=True,
    ),
    "deleted": ListPlan(
        tombstones.c.id,
        {
            "id": _number(tombstones.c.object_id, "cso-"),
            "at": _text(tombstones.c.at),
            "system": _word(tombstones.c.system),
            "type": _word(tombstones.c.type),
            "external_id": _text(tombstones.c.external_id, nullable=True),
            "secondary_id": _text(tombstones.c.secondary_id, nullable=True),
            "review": _number(tombstones.c.review_id, "rev-", nullable=True),
            "by": _word(_DECIDED_BY, nullable=True),
            "approved": _flag(tombstones.c.deleted),
            "restored": _flag(tombstones.c.restored_as.is_not(None)),
        },
        texts=(tombstones.c.external_id, tombstones.c.secondary_id),
        documents=(tombstones.c.attributes,),
        attributes=tombstones.c.attributes,
        newest_first=True,
    ),
    "owed": ListPlan(
        owed.c.id,
        {
            "id": _number(owed.c.id),
            "object": _label(OWNER),
            "attribute": _word(owed.c.attribute),
            "system": _word(owed.c.system),
            "named": _text(NAMED),
            "since": _text(owed.c.since),
        },
        texts=(OWNER, NAMED, owed.c.attribute, owed.c.system),
    ),
    "errors": ListPlan(
        item_errors.c.id,
        {
            "id": _number(item_errors.c.id),
            "run": _number(_RUN, "run-"),
            "phase": _word(_PHASE),
            "system": _word(item_errors.c.system),
            "type": _word(item_errors.c.type),
            "code": _word(item_errors.c.code),
            "object": _label(item_errors.c.label),
            "message": _text(item_errors.c.message),
        },
        texts=(item_errors.c.label, item_errors.c.message, item_errors.c.code),
    ),
}
"""The kinds of lists there are."""
