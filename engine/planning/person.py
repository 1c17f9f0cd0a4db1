"""One person of a plan: which of its changes are theirs, in every system and in the metaverse."""

from dataclasses import dataclass, field

from engine.labels import label_of, label_of_mvo
from engine.planning.records import METAVERSE, PlannedChange
from storage import metaverse, objects
from storage.labels import name_of
from storage.records import Cso
from storage.store import Transaction


@dataclass(slots=True)
class Person:
    """What belongs together: a metaverse object, and all that is joined to it."""

    label: str
    ids: set[str] = field(default_factory=set)
    """Such as `mvo-1` and `cso-3`."""
    names: set[tuple[str, str, str]] = field(default_factory=set)
    """System, type, and a DN or name there: an export that was sent is gone by then, and is known by these."""

    def has(self, change: PlannedChange) -> bool:
        """Tell whether a change is one of theirs."""
        if change.id in self.ids:
            return True
        told = {value for one in change.attributes if one.name in ("dn", "mvo") for value in (*one.old, *one.new)}
        if change.id.startswith("cso-") or change.system == METAVERSE:
            return not self.ids.isdisjoint(told)
        known = {change.dn or change.name, *told}
        return any((change.system, change.type, one) in self.names for one in known)


async def person_of(tx: Transaction, kind: str, number: int) -> Person | None:
    """Give all that belongs to a metaverse object or an object of a system, as the plan leaves it."""
    csos = await objects.get(tx, [number]) if kind == "cso" else []
    mvo_ids = [number] if kind == "mvo" else [cso.mvo_id for cso in csos if cso.mvo_id is not None]
    mvos = await metaverse.get(tx, mvo_ids)
    if not csos and not mvos:
        return None
    found = Person(label_of_mvo(mvos[0]) if mvos else label_of(csos[0]))
    found.ids |= {f"mvo-{mvo.id}" for mvo in mvos}
    for cso in [*csos, *await objects.joined_to(tx, mvo_ids)]:
        found.ids.add(f"cso-{cso.id}")
        found.names |= {(cso.system, cso.type, one) for one in _called(cso)}
    return found


def _called(cso: Cso) -> set[str]:
    """Give what an object is told by: its DN, or its name where it has none."""
    return {cso.secondary_id} if cso.secondary_id else {name_of(cso.attributes), cso.external_id or ""} - {""}
