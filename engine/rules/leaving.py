"""Leaving in stages: who is wanted no more, since when, and which stages have come by now."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from jinja2 import Undefined

from engine.errors import ObjectFailed
from engine.rules.compiled import DELETE, DISABLE, MOVE, Leaving, OutboundRule, Stage
from engine.rules.scope import in_scope
from engine.values import zones
from storage import clock
from storage.leaving import Departure
from storage.records import Mvo

_DAY = timedelta(days=1)


class Going(NamedTuple):
    """How an object is leaving: since when, with which stages, and as seen at which moment."""

    leaving: Leaving
    since: str
    gone_at: str | None
    """When its MVO went or left the scope; None where it leaves by a date alone."""
    at: str
    """The moment of all that is said of it: a stage that comes while it is dealt with is the next one still."""

    @property
    def reached(self) -> list[Stage]:
        """Give the stages that have come by then; what the last of them says is what is wanted."""
        return [stage for stage in self.leaving.stages if due_at(self.since, stage) <= self.at]

    @property
    def next_at(self) -> str | None:
        """Give when its next stage comes; None where there is none any more."""
        come = len(self.reached)
        return due_at(self.since, self.leaving.stages[come]) if come < len(self.leaving.stages) else None

    @property
    def does(self) -> str | None:
        """Give what the stage does that it has reached; None before the first."""
        reached = self.reached
        return reached[-1].do if reached else None

    @property
    def disables(self) -> bool:
        """Tell whether the object is disabled by then."""
        return any(stage.do == DISABLE for stage in self.reached)

    @property
    def moves(self) -> Stage | None:
        """Give the stage that says where the object is by then."""
        return next((stage for stage in reversed(self.reached) if stage.do == MOVE), None)

    def departure(self, cso_id: int, mvo_id: int) -> Departure:
        """Give what is kept of it."""
        return Departure(cso_id, mvo_id, self.since, self.gone_at, self.next_at)


def last_delete(leaving: Leaving) -> Stage | None:
    """Give the stage that deletes, if any does."""
    return leaving.stages[-1] if leaving.stages[-1].do == DELETE else None


def due_at(since: str, stage: Stage) -> str:
    """Give when a stage comes for what leaves since a moment: after whole days at the store's midnight of that day."""
    begun = datetime.fromisoformat(since)
    if not stage.after or stage.after % _DAY:
        return clock.stamp(begun + stage.after)
    with zones.of_store():  # whatever system is written to meanwhile
        return clock.stamp(zones.midnight(zones.day_of(begun) + stage.after))


def ends_at(rule: OutboundRule, context: dict[str, Any]) -> str | None:
    """Give the moment at which a rule wants an object no more, though it is in scope: a date is its last day.

    Raises `ObjectFailed`.
    """
    if rule.leaving_from is None:
        return None
    value = rule.leaving_from(context)
    if value is None or value == "" or isinstance(value, Undefined):
        return None
    try:
        moment = value if isinstance(value, date) else _read(str(value))
        with zones.of(context):
            ends = zones.aware(moment) if isinstance(moment, datetime) else zones.midnight(moment + _DAY)
        return clock.stamp(ends)
    except (ValueError, OverflowError) as error:
        raise ObjectFailed(
            "expression-error",
            f"'leaving_from' of rule '{rule.name}' wants a date, and '{rule.leaving_from.source}' gives {value!r}",
            "declare the attribute as date where it is read, or correct it at its source",
        ) from error


def _read(text: str) -> date:
    """Read a date, in whatever form of ISO 8601, or a date with a time. Raises `ValueError`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def wanting(rules: Iterable[OutboundRule], context: dict[str, Any], now: str) -> list[OutboundRule]:
    """Give the rules that want an object: it is in their scope, and their date has not come. Raises `ObjectFailed`."""
    scoped = in_scope(rules, context)
    if all(rule.leaving_from is None for rule in scoped):
        return scoped
    return [rule for rule in scoped if (ends_at(rule, context) or "~") > now]


def next_end(rules: Iterable[OutboundRule], context: dict[str, Any], now: str) -> str | None:
    """Give the next moment at which one of some rules wants an object no more. Raises `ObjectFailed`."""
    ends = [moment for rule in rules if (moment := ends_at(rule, context)) is not None]
    return min((moment for moment in ends if moment > now), default=None)


def going(
    leaving: Leaving,
    mvo: Mvo,
    rules: Iterable[OutboundRule],
    context: dict[str, Any],
    known: Departure | None,
    now: str,
) -> Going:
    """Tell how the object leaves of an MVO that no rule wants it for at a moment; `known` is what was kept of it.

    A date counts as it is now; that its MVO went, or left the scope, counts from when that was first seen.
    """
    every = list(rules)
    gone = mvo.deleted or mvo.in_grace
    scoped = [] if gone else in_scope(every, context)
    ended = _ended(scoped or every, context, now)
    if scoped and ended is not None:
        return Going(leaving, ended, None, now)
    gone_at = min((known.gone_at if known else None) or _when_gone(mvo, now, gone=gone), now)
    return Going(leaving, min(gone_at, ended or gone_at), gone_at, now)


def _when_gone(mvo: Mvo, now: str, *, gone: bool) -> str:
    """Give when an MVO went; of one that has left the scope, or of which nothing was written down, now."""
    cause = mvo.deletion_cause if gone else None
    return str(cause["at"]) if cause and cause["at"] else now


def _ended(rules: Iterable[OutboundRule], context: dict[str, Any], now: str) -> str | None:
    """Give when the last of some rules whose date has come wanted an object no more; what fails says nothing."""
    found = []
    for rule in rules:
        with suppress(ObjectFailed):
            found.append(ends_at(rule, context))
    return max((moment for moment in found if moment is not None and moment <= now), default=None)
