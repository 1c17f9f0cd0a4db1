"""Find the CSO that an imported object is: by its primary external id first, then by its secondary."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.phases.importing.arrivals import Arrival
from storage import exports, objects
from storage.records import CsoStatus, ExportStatus, KnownCso
from storage.store import Transaction


@dataclass(slots=True)
class Known:
    """The CSOs that the objects of one page may be."""

    by_external_id: dict[str, KnownCso] = field(default_factory=dict)
    by_secondary: dict[str, list[KnownCso]] = field(default_factory=dict)
    unproved: set[int] = field(default_factory=set)
    """Planned CSOs of which nobody knows whether they were created: what has their name may be somebody else's."""


class Match(NamedTuple):
    """What `find_matching_cso` found; `certain` is false where only the secondary id speaks for it."""

    cso: KnownCso | None
    certain: bool = True


NOTHING = Match(None)


async def load_known(
    tx: Transaction, system: str, object_type: str, arrivals: Iterable[Arrival], *, every_name: bool = False
) -> Known:
    """Read the CSOs that some imported objects of one type may be, in two queries.

    With `every_name` also those that have the names of objects whose ids are known.
    """
    listed = list(arrivals)
    ids = {one.external_id for one in listed if one.external_id is not None}
    known = Known()
    for cso in await objects.known_by_external_id(tx, system, object_type, ids):
        known.by_external_id[cso.external_id or ""] = cso
    keys = {
        one.content.secondary_key
        for one in listed
        if one.content.secondary_key is not None and (every_name or one.external_id not in known.by_external_id)
    }
    if keys:
        found = await objects.known_by_secondary(tx, system, object_type, keys)
        planned = [cso.id for cso in found if cso.status == CsoStatus.PENDING_PROVISIONING]
        sent = await exports.sent_among(tx, planned)
        doubtful = (ExportStatus.EXECUTING, ExportStatus.NOT_CONFIRMED)
        known.unproved = {cso_id for cso_id, status in sent.items() if status in doubtful}
        for cso in found:
            # What was planned and never sent cannot be what stands there: that is somebody else's.
            if cso.status != CsoStatus.PENDING_PROVISIONING or cso.id in sent:
                known.by_secondary.setdefault(cso.secondary_key or "", []).append(cso)
    return known


def find_matching_cso(known: Known, external_id: str | None, secondary_key: str | None) -> Match:
    """Find the CSO that an object is.

    A match by primary external id is certain, and so is one by secondary with a CSO that has no primary yet:
    what we created and now see for the first time. A CSO with another primary id is another object, unless a join
    proves it the same when the whole import has passed without that id.
    """
    if external_id is not None and (cso := known.by_external_id.get(external_id)):
        return Match(cso)
    candidates = known.by_secondary.get(secondary_key, []) if secondary_key is not None else []
    for cso in candidates:
        if cso.external_id is None and cso.status != CsoStatus.OBSOLETE:
            return Match(cso, certain=cso.id not in known.unproved)
    others = [cso for cso in candidates if cso.external_id is not None]
    return Match(others[0], certain=False) if others else NOTHING
