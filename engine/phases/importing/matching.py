"""Find the CSO that an imported object is: by its primary external id first, then by its secondary."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.phases.importing.arrivals import Arrival
from storage import exports, objects
from storage.objects import Content
from storage.records import CsoStatus, ExportStatus, KnownCso
from storage.store import Transaction


@dataclass(slots=True)
class Known:
    """The CSOs that the objects of one page may be."""

    by_external_id: dict[str, KnownCso] = field(default_factory=dict)
    by_secondary: dict[str, list[KnownCso]] = field(default_factory=dict)
    claimed: dict[str, list[KnownCso]] = field(default_factory=dict)
    """By the external id that came: those whose ids it says were its own before."""
    unproved: set[int] = field(default_factory=set)
    """Planned CSOs of which nobody knows whether they were created: what has their name may be somebody else's."""

    def named(self, secondary_key: str | None) -> list[KnownCso]:
        """Give the CSOs that have a name."""
        return [] if secondary_key is None else self.by_secondary.get(secondary_key, [])


class Match(NamedTuple):
    """What `find_matching_cso` found; `certain` is false where only the secondary id speaks for it."""

    cso: KnownCso | None
    certain: bool = True

    @property
    def cso_id(self) -> int:
        """Its id; 0 where nothing was found."""
        return self.cso.id if self.cso else 0


NOTHING = Match(None)
_DOUBTFUL = (ExportStatus.EXECUTING, ExportStatus.NOT_CONFIRMED)


async def load_known(
    tx: Transaction, system: str, object_type: str, arrivals: Iterable[Arrival], *, every_name: bool = False
) -> Known:
    """Read the CSOs that some imported objects of one type may be: all ids at once, then the names of the rest.

    With `every_name` also those that have the names of objects whose ids are known.
    """
    listed = list(arrivals)
    ids = {one.external_id for one in listed if one.external_id is not None}
    known = Known()
    for cso in await objects.known_by_external_id(tx, system, object_type, ids):
        known.by_external_id[cso.external_id or ""] = cso
    unknown = listed if every_name else [one for one in listed if one.external_id not in known.by_external_id]
    names = {one.content.secondary_key for one in unknown if one.content.secondary_key is not None}
    if names:
        await _load_named(tx, known, await objects.known_by_secondary(tx, system, object_type, names))
    return known


async def _load_named(tx: Transaction, known: Known, named: list[KnownCso]) -> None:
    """Add CSOs that were found by their names.

    What was planned and never sent cannot be what stands there: that is somebody else's.
    """
    sent = await exports.sent_among(tx, [cso.id for cso in named if _is_planned(cso)])
    known.unproved = {cso_id for cso_id, status in sent.items() if status in _DOUBTFUL}
    for cso in named:
        if cso.id in sent or not _is_planned(cso):
            known.by_secondary.setdefault(cso.secondary_key or "", []).append(cso)


def _is_planned(cso: KnownCso) -> bool:
    return cso.status == CsoStatus.PENDING_PROVISIONING


def find_matching_cso(known: Known, external_id: str | None, secondary_key: str | None) -> Match:
    """Find the CSO that an object is.

    One that says which id it had before is who had that.
    A match by primary external id is certain, and so is one by secondary with a CSO that has no primary yet:
    what we created and now see for the first time. A CSO with another primary id is another object, unless a join
    proves it the same when the whole import has passed without that id.
    """
    if external_id is not None and (cso := known.by_external_id.get(external_id)):
        return Match(cso)
    if claimed := known.claimed.get(external_id or ""):
        return Match(claimed[0])
    named = known.named(secondary_key)
    for cso in named:
        if cso.external_id is None and cso.status != CsoStatus.OBSOLETE:
            return Match(cso, certain=cso.id not in known.unproved)
    for cso in named:
        if cso.external_id is not None:
            return Match(cso, certain=False)
    return NOTHING


def is_unchanged(cso: KnownCso, content: Content) -> bool:
    """Tell whether a CSO is `Normal`, and just what came of its object."""
    same_ids = cso.external_id == content.external_id and cso.partition == content.partition
    return same_ids and cso.status == CsoStatus.NORMAL and cso.hash == content.hash
