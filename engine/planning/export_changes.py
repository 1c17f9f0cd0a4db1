"""Work out what a step did with exports: staged, withdrawn, sent, refused."""

from collections.abc import Iterable

from engine.labels import label_of
from engine.pending_exports.changes import after_changes, expected_state
from engine.planning.records import AttributeDiff, PlannedChange, readable
from engine.values.typed import same
from engine.workspace import Workspace
from storage import exports, metaverse, objects, plans
from storage.labels import name_of
from storage.plans import Sent, Told, Touched
from storage.records import (
    AttributeChange,
    Attributes,
    ChangeStatus,
    ChangeType,
    Cso,
    ExportStatus,
    Mvo,
    PendingExport,
)
from storage.store import Transaction

PAGE = 1000
_NOT_NEEDED = {
    ChangeType.CREATE: "adopted",
    ChangeType.UPDATE: "already moved",
    ChangeType.DELETE: "already gone",
}
"""What it was in truth that an operation met with an error, where its export is written all the same."""


class ExportTeller:
    """Tells the exports that one step touched: what was sent in the order of sending, then all others."""

    def __init__(self, tx: Transaction, workspace: Workspace, step_id: int, phase: str) -> None:
        self._tx = tx
        self._workspace = workspace
        self._step_id = step_id
        self._phase = phase
        self._csos: dict[int, Cso] = {}
        self._mvos: dict[int, Mvo] = {}

    async def tell_sent(self) -> None:
        """Tell every operation that the step sent, page by page."""
        after = 0
        while page := await plans.sent_after(self._tx, self._step_id, after, PAGE):
            after = page[-1].number
            ids = {one.export_id for one in page}
            now = {export.id: export for export in await exports.get(self._tx, ids)}
            before = await plans.exports_before(self._tx, self._step_id, ids)
            await self._load([*before.values(), *now.values()])
            history: dict[int, list[Sent]] = {}
            for one in await plans.sent_for(self._tx, self._step_id, ids):
                history.setdefault(one.export_id, []).append(one)
            told = []
            for one in page:
                was, became = before[one.export_id], now.get(one.export_id)
                if (change := self._sent(one, history[one.export_id], was, became)) is not None:
                    told.append(_told(change))
            await plans.tell(self._tx, self._step_id, told)

    def _sent(
        self, one: Sent, history: list[Sent], before: PendingExport, now: PendingExport | None
    ) -> PlannedChange | None:
        """Tell one operation; where another followed an error, that other one is told."""
        later = [other for other in history if other.number > one.number]
        error = one.document["error"]
        if error and later:
            return None
        kind = ChangeType(one.document["change_type"])
        outcome = "sent"
        if error:
            outcome = "refused" if now is None or now.error_code else _NOT_NEEDED[kind]
        cso = self._csos[before.cso_id]
        state: Attributes = expected_state(cso, before)
        for other in history:
            if other.number < one.number and not other.document["error"]:
                created = other.document["change_type"] == ChangeType.CREATE
                state = other.document["attributes"] if created else after_changes(state, _changes(other))
        new = {
            ChangeType.CREATE: one.document["attributes"],
            ChangeType.UPDATE: after_changes(state, _changes(one)),
            ChangeType.DELETE: {},
        }[kind]
        old = {} if kind == ChangeType.CREATE else state
        return self._change(before, cso, kind, outcome, error, one.document, old, new)

    def _change(
        self,
        export: PendingExport,
        cso: Cso,
        kind: ChangeType,
        outcome: str,
        error: str | None,
        document: dict[str, str | None],
        old: Attributes,
        new: Attributes,
    ) -> PlannedChange:
        new_dn = document["new_dn"]
        attributes = [AttributeDiff("dn", [document["dn"]], [new_dn])] if new_dn is not None else []
        attributes += difference(old, new)
        kinds = self._workspace.declared(export.system, export.type)
        return PlannedChange(
            self._phase,
            export.system,
            export.type,
            f"exp-{export.id}",
            self._name(cso),
            document["dn"] or "",
            "Rename" if new_dn is not None else kind.value,
            outcome,
            error or "" if outcome == "refused" else "",
            [] if outcome == "withdrawn" else [readable(kinds, one) for one in attributes],
            f"cso-{export.cso_id}",
        )

    async def tell_others(self) -> None:
        """Tell every other export that was touched, page by page."""
        after = (-1_000_000, 0)
        while page := await plans.touched_exports(self._tx, self._step_id, after, PAGE):
            after = page[-1][0]
            ids = [one.id for _, one in page]
            now = {export.id: export for export in await exports.get(self._tx, ids)}
            sent = {one.export_id for one in await plans.sent_for(self._tx, self._step_id, ids)}
            touched = [one for _, one in page if one.id not in sent]
            await self._load([now.get(one.id) or one.before for one in touched])
            told = (self._other(one, now.get(one.id)) for one in touched)
            await plans.tell(self._tx, self._step_id, [_told(one) for one in told if one is not None])

    def _other(self, touched: Touched[PendingExport], now: PendingExport | None) -> PlannedChange | None:
        export = now or touched.before
        if export is None or (outcome := _outcome(touched.before, now)) is None:
            return None
        cso = self._csos[export.cso_id]
        kind = export.change_type
        state = expected_state(cso, export)
        everything = export._replace(changes=[one._replace(status=ChangeStatus.EXPORTED) for one in export.changes])
        new = {
            ChangeType.CREATE: cso.attributes,
            ChangeType.UPDATE: expected_state(cso, everything),
            ChangeType.DELETE: {},
        }[kind]
        old = {} if kind == ChangeType.CREATE else state
        document = {"dn": cso.secondary_id, "new_dn": export.new_secondary_id}
        return self._change(export, cso, kind, outcome, export.error_code, document, old, new)

    async def _load(self, found: Iterable[PendingExport | None]) -> None:
        """Read the CSOs of exports, those that the step removed as they were before, and their MVOs."""
        ids = {export.cso_id for export in found if export is not None}
        now = {cso.id: cso for cso in await objects.get(self._tx, ids)}
        self._csos = await plans.csos_before(self._tx, self._step_id, ids - now.keys()) | now
        mvos = {cso.mvo_id for cso in self._csos.values() if cso.mvo_id is not None}
        self._mvos = {mvo.id: mvo for mvo in await metaverse.get(self._tx, mvos)}

    def _name(self, cso: Cso) -> str:
        mvo = self._mvos.get(cso.mvo_id or 0)
        return name_of(cso.attributes) or (name_of(mvo.attributes) if mvo else "") or label_of(cso)


def difference(old: Attributes, new: Attributes) -> list[AttributeDiff]:
    """Give the attributes that differ, by name."""
    names = sorted(old.keys() | new.keys())
    pairs = ((name, old.get(name, []), new.get(name, [])) for name in names)
    return [AttributeDiff(*pair) for pair in pairs if not same(pair[1], pair[2])]


def _changes(one: Sent) -> list[AttributeChange]:
    return [AttributeChange._make(change) for change in one.document["changes"]]


def _outcome(before: PendingExport | None, now: PendingExport | None) -> str | None:
    """Give what became of an export that was not sent, or None where nothing did that is worth telling."""
    if now is None:
        return "withdrawn" if before is not None else None
    if before is not None and now.attempts > before.attempts and now.error_code:
        return "refused"
    if before is not None and (_same_work(before, now) or now.status == ExportStatus.EXPORTED):
        return None
    return "awaiting approval" if now.status == ExportStatus.AWAITING_APPROVAL else "staged"


def _same_work(before: PendingExport, now: PendingExport) -> bool:
    same_kind = before.change_type == now.change_type and before.new_secondary_id == now.new_secondary_id
    waiting = ExportStatus.AWAITING_APPROVAL
    return same_kind and before.changes == now.changes and (before.status == waiting) == (now.status == waiting)


def _told(change: PlannedChange) -> Told:
    staged = change.outcome in ("staged", "awaiting approval", "withdrawn")
    return Told(change.document(), int(change.id.removeprefix("exp-")), settled=not staged)
