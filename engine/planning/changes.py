"""Work out what a step changed in the copy of the store, object by object, a page at a time.

What exports explain is told once, with the export: that a confirming import then finds it is no news.
"""

from collections.abc import Iterable, Sequence

from engine.configuration.steps import StepPlan
from engine.labels import label_of
from engine.pending_exports.changes import expected_state
from engine.planning.departures import tell_departures
from engine.planning.export_changes import ExportTeller, difference
from engine.planning.records import METAVERSE, AttributeDiff, PlannedChange, readable
from engine.workspace import Workspace
from storage import exports, metaverse, objects, plans
from storage.labels import name_of
from storage.plans import Told, Touched
from storage.records import ChangeType, Cso, CsoStatus, ExportStatus, Mvo, PendingExport
from storage.store import Transaction

PAGE = 1000
_IMPORTING = ("import", "delta", "confirm", "detect")


async def tell_changes(tx: Transaction, workspace: Workspace, step_id: int, plan: StepPlan) -> None:
    """Keep everything that a step changed, in an order a person can follow."""
    teller = _Teller(tx, workspace, step_id, plan.phase)
    await teller.tell_csos()
    if plan.phase not in _IMPORTING:
        await teller.tell_mvos()
        exported = ExportTeller(tx, workspace, step_id, plan.phase)
        await exported.tell_sent()
        await exported.tell_others()
    if plan.phase == "evaluate":
        await tell_departures(tx, workspace, step_id, plan.phase)


class _Teller:
    """Tells what one step did to CSOs and MVOs."""

    def __init__(self, tx: Transaction, workspace: Workspace, step_id: int, phase: str) -> None:
        self._tx = tx
        self._workspace = workspace
        self._step_id = step_id
        self._phase = phase

    async def tell_csos(self) -> None:
        """Tell every CSO that was touched, page by page."""
        after = 0
        while touched := await plans.touched_csos(self._tx, self._step_id, after, PAGE):
            after = touched[-1].id
            now = {cso.id: cso for cso in await objects.get(self._tx, [one.id for one in touched])}
            sent = await self._exports_before(touched)
            named = await self._mvos_of([*now.values(), *(one.before for one in touched if one.before)])
            told = (self._cso(one.before, now.get(one.id), sent.get(one.id), named) for one in touched)
            await plans.tell(self._tx, self._step_id, [Told(one.document()) for one in told if one is not None])

    async def _exports_before(self, touched: Sequence[Touched[Cso]]) -> dict[int, PendingExport]:
        """Give the exports of CSOs as they were before an import reconciled them: CSO id → export."""
        if self._phase not in _IMPORTING:
            return {}
        ids = [one.id for one in touched]
        left = await exports.of_objects(self._tx, ids)
        return left | await plans.exports_of_before(self._tx, self._step_id, ids)

    async def _mvos_of(self, csos: Iterable[Cso]) -> dict[int, Mvo]:
        ids = {cso.mvo_id for cso in csos if cso.mvo_id is not None}
        return {mvo.id: mvo for mvo in await metaverse.get(self._tx, ids)}

    def _cso(
        self, before: Cso | None, now: Cso | None, export: PendingExport | None, mvos: dict[int, Mvo]
    ) -> PlannedChange | None:
        known = now or before
        if known is None:
            return None
        if self._phase in _IMPORTING:
            found = self._imported(before, now, export)
        else:
            found = _joined(before, now)
        if found is None:
            return None
        mvo = mvos.get(known.mvo_id or (before.mvo_id if before else None) or 0)
        name = name_of(known.attributes) or (name_of(mvo.attributes) if mvo else "") or label_of(known)
        dn = (before or known).secondary_id or ""
        operation, attributes = found
        return PlannedChange(
            self._phase, known.system, known.type, f"cso-{known.id}", name, dn, operation, "", "", attributes
        )

    def _imported(
        self, before: Cso | None, now: Cso | None, export: PendingExport | None
    ) -> tuple[str, list[AttributeDiff]] | None:
        """Tell what an import, or the detection after it, made of a CSO, apart from what an export explains."""
        if now is None:
            return self._gone(before, export)
        if before is None:
            return "add", difference({}, now.attributes)
        return self._found_again(before, now, export)

    def _gone(self, before: Cso | None, export: PendingExport | None) -> tuple[str, list[AttributeDiff]] | None:
        """Tell that a CSO is there no more, unless it was deleted in its system for us."""
        if before is None or (export is not None and export.change_type == ChangeType.DELETE):
            return None
        return "forget" if self._phase == "detect" else "gone", difference(before.attributes, {})

    def _found_again(
        self, before: Cso, now: Cso, export: PendingExport | None
    ) -> tuple[str, list[AttributeDiff]] | None:
        """Tell what an import found changed."""
        sent = export is not None and export.status == ExportStatus.EXPORTED
        expected = expected_state(before, export)
        renamed_to = export.new_secondary_id if sent and export is not None else None
        was = renamed_to or before.secondary_id
        key = self._workspace.secondary_key
        renamed = key(now.system, now.type, was) != key(now.system, now.type, now.secondary_id)
        changes = [AttributeDiff("dn", [was], [now.secondary_id])] if renamed else []
        given = self._given(now) if before.external_id is None else ""
        changes += [one for one in difference(expected, now.attributes) if one.name != given]
        if before.status not in (now.status, CsoStatus.PENDING_PROVISIONING):
            return ("obsolete" if now.status == CsoStatus.OBSOLETE else "return"), changes
        return ("rename" if renamed else "update", changes) if changes else None

    def _given(self, cso: Cso) -> str:
        """Name the attribute that a system gives to what was created, and calls it by: that it came is no news."""
        types = self._workspace.config.systems[cso.system].objects
        return types[cso.type].external_id if cso.type in types else ""

    async def tell_mvos(self) -> None:
        """Tell every MVO that was touched, page by page."""
        after = 0
        while touched := await plans.touched_mvos(self._tx, self._step_id, after, PAGE):
            after = touched[-1].id
            now = {mvo.id: mvo for mvo in await metaverse.get(self._tx, [one.id for one in touched])}
            told = (self._mvo(one.before, now.get(one.id)) for one in touched)
            await plans.tell(self._tx, self._step_id, [Told(one.document()) for one in told if one is not None])

    def _mvo(self, before: Mvo | None, now: Mvo | None) -> PlannedChange | None:
        known = now or before
        if known is None or (found := _changed_mvo(before, now)) is None:
            return None
        operation, changes = found
        name = name_of(known.attributes) or f"mvo-{known.id}"
        types = self._workspace.config.metaverse
        kinds = types[known.type].attributes if known.type in types else {}
        changes = [readable(kinds, change) for change in changes]
        return PlannedChange(
            self._phase, METAVERSE, known.type, f"mvo-{known.id}", name, "", operation, "", "", changes
        )


def _joined(before: Cso | None, now: Cso | None) -> tuple[str, list[AttributeDiff]] | None:
    """Tell what a CSO is joined to now; that it was projected, or provisioned, is told of what that made."""
    old = before.mvo_id if before else None
    new = now.mvo_id if now else None
    if now is None and before is not None and before.status != CsoStatus.PENDING_PROVISIONING:
        return "disconnect", [AttributeDiff("mvo", _mvo_id(old), [])]
    if before is None or now is None or old == new or (old is None and now.joined_by == "projection"):
        return None
    return ("disconnect" if new is None else "join"), [AttributeDiff("mvo", _mvo_id(old), _mvo_id(new))]


def _mvo_id(mvo_id: int | None) -> list[str]:
    return [] if mvo_id is None else [f"mvo-{mvo_id}"]


def _changed_mvo(before: Mvo | None, now: Mvo | None) -> tuple[str, list[AttributeDiff]] | None:
    if now is None:
        return None if before is None or before.deleted else ("delete", difference(before.attributes, {}))
    if before is None:
        return "project", difference({}, now.attributes)
    if now.deleted and not before.deleted:
        return "delete", difference(before.attributes, {})
    changes = difference(before.attributes, now.attributes)
    if now.delete_after != before.delete_after:
        due = AttributeDiff("deleted after", _present(before.delete_after), _present(now.delete_after))
        return ("delete later" if now.delete_after else "stay"), [due, *changes]
    return ("update", changes) if changes else None


def _present(value: str | None) -> list[str]:
    return [] if value is None else [value]
