"""Find the CSO that an imported object is: by its primary external id first, then by its secondary."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.connectors.base import ImportedObject
from engine.workspace import Workspace
from storage import exports, objects
from storage.records import CsoStatus, KnownCso
from storage.store import Transaction


@dataclass(slots=True)
class Known:
    """The CSOs that the objects of one page may be."""

    by_external_id: dict[str, KnownCso] = field(default_factory=dict)
    by_secondary: dict[str, list[KnownCso]] = field(default_factory=dict)


class Match(NamedTuple):
    """What `find_matching_cso` found; `certain` is false where only the secondary id speaks for it."""

    cso: KnownCso | None
    certain: bool = True


NOTHING = Match(None)


async def load_known(
    tx: Transaction, workspace: Workspace, system: str, object_type: str, imported: Iterable[ImportedObject]
) -> Known:
    """Read the CSOs that some imported objects of one type may be, in two queries."""
    ids = {one.external_id for one in imported if one.external_id is not None}
    known = Known()
    for cso in await objects.known_by_external_id(tx, system, object_type, ids):
        known.by_external_id[cso.external_id or ""] = cso
    key_of = workspace.key_reader(system, object_type)
    keys = {
        key_of(one.secondary_id)
        for one in imported
        if one.secondary_id is not None and one.external_id not in known.by_external_id
    }
    if keys:
        found = await objects.known_by_secondary(tx, system, object_type, [key for key in keys if key])
        planned = [cso.id for cso in found if cso.status == CsoStatus.PENDING_PROVISIONING]
        sent = await exports.sent_among(tx, planned)
        for cso in found:
            # What was planned and never sent cannot be what stands there: that is somebody else's.
            if cso.status != CsoStatus.PENDING_PROVISIONING or cso.id in sent:
                known.by_secondary.setdefault(cso.secondary_key or "", []).append(cso)
    return known


def find_matching_cso(known: Known, external_id: str | None, secondary_key: str | None) -> Match:
    """Find the CSO that an object is.

    A match by primary external id is certain, and so is one by secondary with a CSO that has no primary yet:
    what we created and now see for the first time. A CSO with another primary id is certain only when the
    whole import has passed without that id: until then two entries may have swapped their names.
    """
    if external_id is not None and (cso := known.by_external_id.get(external_id)):
        return Match(cso)
    candidates = known.by_secondary.get(secondary_key, []) if secondary_key is not None else []
    for cso in candidates:
        if cso.external_id is None:
            return Match(cso)
    return Match(candidates[0], certain=False) if candidates else NOTHING
