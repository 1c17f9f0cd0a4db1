"""What missing objects have in common: a department, a branch of the tree, the end of the file."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

from engine.gates.limits import PERCENT_FROM, Part
from engine.values import dn
from storage import objects
from storage.records import Cso, CsoStatus
from storage.store import Transaction

PAGE = 5_000
MOST = 0.8
"""The part of the missing that has to share a value for it to be said."""
RARER = 0.5
"""How much rarer it has to be among the others."""
DISTINCT = 2_000
"""An attribute with more values than this among the missing is told of none of them."""
SAID = 4
_DIGITS = re.compile(r"(\d+)")
Order = Callable[[Cso], Any]


async def in_common(tx: Transaction, part: Part, missing: Collection[int]) -> list[str]:
    """Say what sets some missing objects apart from the others of their kind: the most telling first.

    A file that was cut off shows as objects that all come last: in the file, by their id, in the alphabet.
    """
    if len(missing) < PERCENT_FROM:
        return []
    gone = set(missing)
    common, first, last = await _look_at_missing(tx, gone)
    shared: Counter[tuple[str, str]] = Counter()
    beyond: Counter[tuple[str, str]] = Counter()
    others = 0
    async for cso in _of_part(tx, part):
        if cso.id in gone:
            continue
        others += 1
        shared.update(pair for pair in _traits(cso) if pair in common)
        for name, order in ORDERS.items():
            if (place := order(cso)) is not None and name in last:
                beyond[name, "last"] += place > first[name]
                beyond[name, "first"] += place < last[name]
    if not others:
        return []
    count = len(gone)
    said = [
        f"they are the {which} {count:,} of {count + others:,} {name}: the file may have been cut off"
        for (name, which), crossed in ((key, beyond[key]) for key in _ENDS if key[0] in last)
        if not crossed
    ]
    telling = [
        (found / count, pair)
        for pair, found in common.items()
        if found >= MOST * count and shared[pair] / others <= RARER * found / count
    ]
    for _, pair in sorted(telling, key=lambda one: (-one[0], shared[one[1]], one[1])):
        name, value = pair
        left = f"{shared[pair]:,} others have it too" if shared[pair] else "nobody else has it"
        said.append(f"{common[pair]:,} of the {count:,} have {name} {value}; {left}")
    return said[:SAID]


async def _look_at_missing(
    tx: Transaction, gone: set[int]
) -> tuple[Counter[tuple[str, str]], dict[str, Any], dict[str, Any]]:
    """Count what the missing share, and give the first and the last of them in each order."""
    common: Counter[tuple[str, str]] = Counter()
    values: Counter[str] = Counter()
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    ids = sorted(gone)
    for start in range(0, len(ids), PAGE):
        for cso in await objects.get(tx, ids[start : start + PAGE]):
            for name, value in _traits(cso):
                if values[name] <= DISTINCT:
                    values[name] += (name, value) not in common
                    common[name, value] += 1
            for name, order in ORDERS.items():
                if (place := order(cso)) is not None:
                    first[name] = min(first.get(name, place), place)
                    last[name] = max(last.get(name, place), place)
    return Counter({pair: found for pair, found in common.items() if found >= MOST * len(gone)}), first, last


async def _of_part(tx: Transaction, part: Part) -> AsyncIterator[Cso]:
    after = 0
    while page := await objects.of_type(tx, part.system, part.type, after, PAGE):
        after = page[-1].id
        for cso in page:
            known = part.known_up_to is None or cso.id <= part.known_up_to
            if known and cso.partition == part.partition and cso.status == CsoStatus.NORMAL:
                yield cso


def _traits(cso: Cso) -> list[tuple[str, str]]:
    """Give what an object may share with others: its attributes, where it stands, how it begins."""
    found = [(name, str(values[0])) for name, values in cso.attributes.items() if len(values) == 1]
    if cso.secondary_id and "," in cso.secondary_id:
        found.append(("the parent", dn.parent(cso.secondary_id).lower()))
    if (name := _name(cso)) and name != cso.external_id:
        found.append(("the first letter", name[0].upper()))
    return found


def _name(cso: Cso) -> str:
    names = ("last_name", "sn", "surname", "name", "display_name", "displayName", "cn")
    return next((str(values[0]) for name in names if (values := cso.attributes.get(name)) and values[0]), "")


def _natural(cso: Cso) -> list[Any] | None:
    """Give an external id in the order of its numbers: E9 before E10."""
    parts = _DIGITS.split(cso.external_id or "")
    return [(int(part), "") if part.isdigit() else (0, part.casefold()) for part in parts] if cso.external_id else None


ORDERS: dict[str, Order] = {
    "in the order in which they first came": lambda cso: cso.id,
    "by their external id": _natural,
    "in the alphabet": lambda cso: _name(cso).casefold() or None,
}
"""The orders in which objects may be the last, or the first."""
_ENDS = [(name, which) for name in ORDERS for which in ("last", "first")]
