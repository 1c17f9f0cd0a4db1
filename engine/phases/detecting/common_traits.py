"""What missing objects have in common: a department, a branch of the tree, the end of the file."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field
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
Trait = tuple[str, str]
"""What an object has, by its name, and its value."""


@dataclass(slots=True, frozen=True)
class _Missing:
    """What the missing share, and where they stand in each order."""

    count: int
    common: Counter[Trait]
    """How many of them have what most of them have."""
    first: dict[str, Any]
    last: dict[str, Any]
    """Order → where the first of them stands, and the last."""


@dataclass(slots=True)
class _Others:
    """What the others of a part hold of that."""

    count: int = 0
    shared: Counter[Trait] = field(default_factory=Counter)
    beyond: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(Order, which end of it) → how many of them stand on the wrong side of the missing."""


async def in_common(tx: Transaction, part: Part, missing: Collection[int]) -> list[str]:
    """Say what sets some missing objects apart from the others of their kind: the most telling first.

    A file that was cut off shows as objects that all come last: in the file, by their id, in the alphabet.
    """
    if len(missing) < PERCENT_FROM:
        return []
    gone = set(missing)
    found = await _look_at_missing(tx, gone)
    others = await _look_at_others(tx, part, gone, found)
    if not others.count:
        return []
    return [*_say_ends(found, others), *_say_shared(found, others)][:SAID]


async def _look_at_missing(tx: Transaction, gone: set[int]) -> _Missing:
    """Count what the missing share, and find the first and the last of them in each order."""
    common: Counter[Trait] = Counter()
    values: Counter[str] = Counter()
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    ids = sorted(gone)
    for start in range(0, len(ids), PAGE):
        for cso in await objects.get(tx, ids[start : start + PAGE]):
            _count_traits(cso, common, values)
            _stretch(first, last, cso)
    shared = {trait: found for trait, found in common.items() if found >= MOST * len(gone)}
    return _Missing(len(gone), Counter(shared), first, last)


def _count_traits(cso: Cso, common: Counter[Trait], values: Counter[str]) -> None:
    """Count what one of the missing may share; `values` has how many values each attribute has among them."""
    for name, value in _traits(cso):
        if values[name] <= DISTINCT:
            values[name] += (name, value) not in common
            common[name, value] += 1


def _stretch(first: dict[str, Any], last: dict[str, Any], cso: Cso) -> None:
    """Let the stretch that the missing take up in each order reach as far as one of them."""
    for name, order in ORDERS.items():
        if (place := order(cso)) is not None:
            first[name] = min(first.get(name, place), place)
            last[name] = max(last.get(name, place), place)


async def _look_at_others(tx: Transaction, part: Part, gone: set[int], missing: _Missing) -> _Others:
    """Count how many of the others have what the missing share, and how many stand beyond them in each order."""
    others = _Others()
    async for cso in _of_part(tx, part):
        if cso.id not in gone:
            others.count += 1
            others.shared.update(trait for trait in _traits(cso) if trait in missing.common)
            _count_beyond(others.beyond, missing, cso)
    return others


def _count_beyond(beyond: Counter[tuple[str, str]], missing: _Missing, cso: Cso) -> None:
    for name, order in ORDERS.items():
        if (place := order(cso)) is not None and name in missing.last:
            beyond[name, "last"] += place > missing.first[name]
            beyond[name, "first"] += place < missing.last[name]


def _say_ends(missing: _Missing, others: _Others) -> Iterator[str]:
    """Say in which orders the missing are the last, or the first, of all."""
    whole = missing.count + others.count
    for name, which in _ENDS:
        if name in missing.last and not others.beyond[name, which]:
            yield f"they are the {which} {missing.count:,} of {whole:,} {name}: the file may have been cut off"


def _say_shared(missing: _Missing, others: _Others) -> Iterator[str]:
    """Say what most of the missing have and few of the others: what most have first, then what is rarest."""
    telling = [trait for trait in missing.common if _is_telling(trait, missing, others)]
    for name, value in sorted(telling, key=lambda one: (-missing.common[one], others.shared[one], one)):
        found, too = missing.common[name, value], others.shared[name, value]
        left = f"{too:,} others have it too" if too else "nobody else has it"
        yield f"{found:,} of the {missing.count:,} have {name} {value}; {left}"


def _is_telling(trait: Trait, missing: _Missing, others: _Others) -> bool:
    """Tell whether something that most of the missing share is rare enough among the others."""
    return others.shared[trait] / others.count <= RARER * missing.common[trait] / missing.count


async def _of_part(tx: Transaction, part: Part) -> AsyncIterator[Cso]:
    after = 0
    while page := await objects.of_type(tx, part.system, part.type, after, PAGE):
        after = page[-1].id
        for cso in page:
            if _belongs(cso, part):
                yield cso


def _belongs(cso: Cso, part: Part) -> bool:
    """Tell whether an object is one of those of a part that the import could have shown."""
    known = part.known_up_to is None or cso.id <= part.known_up_to
    return known and cso.partition == part.partition and cso.status == CsoStatus.NORMAL


def _traits(cso: Cso) -> list[Trait]:
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
