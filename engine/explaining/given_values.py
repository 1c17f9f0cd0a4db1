"""Explain unique values: since when somebody has one, what it was made of, and whose the former ones are."""

from datetime import timedelta
from typing import Any

from engine.rules.compiled import UniqueValue
from engine.workspace import Workspace
from storage import clock, given_values
from storage.given_values import GivenValue
from storage.records import Mvo
from storage.store import Transaction

Document = dict[str, Any]


async def values_of(tx: Transaction, workspace: Workspace, mvo: Mvo) -> dict[str, list[Document]]:
    """Tell which unique values an MVO has and had, the latest first: attribute → values."""
    found = {}
    for unique in workspace.rules.unique.get(mvo.type, []):
        values = (await given_values.of(tx, mvo.type, unique.attribute, [mvo.id])).get(mvo.id, [])
        ordered = sorted(values, key=lambda one: (one.until is None, one.until or "", one.since), reverse=True)
        found[unique.attribute] = [_told(unique, one) for one in ordered]
    return found


def _told(unique: UniqueValue, given: GivenValue) -> Document:
    return {
        "value": given.value,
        "since": given.since,
        "until": given.until,
        "made_of": given.made_of,
        "alias_until": _after(given, unique.keep_old) if given.is_alias else None,
        "reserved_until": _after(given, max(unique.reserve, unique.keep_old)),
    }


def _after(given: GivenValue, kept: timedelta) -> str | None:
    """Give the moment until which a former value is kept, if it still is."""
    if given.until is None or not kept:
        return None
    ends = clock.later(given.until, kept.total_seconds())
    return ends if ends > clock.now() else None
