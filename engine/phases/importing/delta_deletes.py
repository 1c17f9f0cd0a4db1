"""Phase 1, delta import: what a system explicitly says was deleted goes to the review, like what was missing."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from engine.connectors.base import Deleted
from engine.labels import label_of
from engine.phases.confirming.phase import confirm_deletes
from engine.phases.removal.forgetting import forget
from engine.phases.removal.obsolete import mark_missing
from engine.statistics import Statistic
from engine.step import Step
from storage import exports, imports, objects
from storage.imports import Sightings
from storage.records import ChangeType, CsoStatus, Entity, ExportStatus, KnownCso
from storage.store import Transaction
from storage.transitions import Move

_SENT = (ExportStatus.EXPORTED, ExportStatus.NOT_CONFIRMED)
_REASON = "the system says that it was deleted"


async def remove_deleted(tx: Transaction, step: Step, deleted: Sequence[Deleted], seen: Sightings) -> None:
    """Mark what a system says was deleted as `Obsolete`, with a review item each; our own deletes are thereby proved.

    What was seen in the same import is there, and what an operator keeps is no news.
    """
    record = await imports.latest(tx, step.system)
    for kind, group in groupby(sorted(deleted), key=attrgetter("type")):
        ids = {one.external_id for one in group}
        known = await objects.known_by_external_id(tx, step.system, kind, ids)
        news = await _settle(tx, step, [cso for cso in known if cso.id not in seen])
        if record is not None and news:
            reason = f"{_REASON}, in run {record.run_id}"
            await mark_missing(tx, step, record, news, together=len(news), reason=reason)


async def _settle(tx: Transaction, step: Step, gone: list[KnownCso]) -> list[int]:
    """Settle those that are gone as expected, or were never noticed; give the others."""
    ids = [cso.id for cso in gone]
    sent = await _confirm_ours(tx, step, ids)
    expected = sent | await objects.kept_among(tx, ids)
    news = [cso.id for cso in gone if cso.status == CsoStatus.NORMAL and cso.id not in expected]
    return await _without_unsynchronised(tx, step, news)


async def _confirm_ours(tx: Transaction, step: Step, gone: list[int]) -> set[int]:
    """Settle the deletes that were sent; give their CSOs."""
    found = await exports.of_objects(tx, gone)
    sent = [one for one in found.values() if one.change_type == ChangeType.DELETE and one.status in _SENT]
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in sent])}
    await confirm_deletes(tx, step, sent, csos, _REASON)
    return set(csos)


async def _without_unsynchronised(tx: Transaction, step: Step, gone: list[int]) -> list[int]:
    """Forget what no synchronisation has looked at yet: nobody has acted on it."""
    unnoticed = await objects.unsynchronised_among(tx, gone)
    await forget(tx, unnoticed, {})
    step.statistics[Statistic.FORGOTTEN] += len(unnoticed)
    for cso in unnoticed:
        step.moved(Move(Entity.CSO, cso.id, cso.system, label_of(cso), cso.status, None, _REASON))
    ids = {cso.id for cso in unnoticed}
    return [cso_id for cso_id in gone if cso_id not in ids]
