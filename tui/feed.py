"""All that the screens and the command line read from the store and ask of the engine: the one door between them."""

from collections.abc import AsyncIterator
from typing import Any

from engine import queue, review
from engine.config import StepPlan
from engine.connectors.base import CheckLine
from engine.errors import ConfigurationError, StepFailed
from engine.events import Event, Progress, RunFinished, RunStarted, StepFinished, StepStarted
from engine.labels import label_of, label_of_mvo
from engine.operator import current_operator
from engine.review import DecisionRefused
from engine.runs import execute_run, exit_status, tune_interpreter
from engine.steps import Control
from engine.workspace import Workspace, open_workspace, whole_cycle, with_detection
from storage import exports, metaverse, objects, reviews, runs, transitions
from storage.errors import AlreadyRunning, StoreError
from storage.records import CsoStatus, ExportStatus, PendingExport, ReviewState, StepResult
from storage.store import Transaction

__all__ = [
    "STATUSES",
    "AlreadyRunning",
    "CheckLine",
    "ConfigurationError",
    "Control",
    "DecisionRefused",
    "Document",
    "Event",
    "Progress",
    "RunFinished",
    "RunStarted",
    "StepFailed",
    "StepFinished",
    "StepPlan",
    "StepStarted",
    "StoreError",
    "UnknownId",
    "Workspace",
    "check",
    "current_operator",
    "errors_of_step",
    "execute_run",
    "exit_status",
    "listing",
    "open_workspace",
    "plans_of",
    "queue",
    "request_stop",
    "review",
    "show",
    "status",
    "tune_interpreter",
]

Document = dict[str, Any]
"""A row or a whole thing, ready for JSON."""
PAGE = 500
STATUSES: dict[str, tuple[str, ...]] = {
    "objects": tuple(CsoStatus),
    "exports": tuple(ExportStatus),
    "review": (*ReviewState, "all"),
    "runs": tuple(StepResult),
    "transitions": (*CsoStatus, *ExportStatus, *ReviewState),
}
"""What `--status` may name in each listing."""


class UnknownId(LookupError):
    """There is no such object, export, review item or run."""


def plans_of(workspace: Workspace, profile: str | None) -> list[StepPlan]:
    """Give the steps of a profile, or of the whole cycle. Raises `UnknownId` for a profile that is not configured."""
    config = workspace.config
    if profile is None:
        return with_detection(whole_cycle(config, workspace.rules))
    if profile not in config.profiles:
        there_are = ", ".join(sorted(config.profiles)) or "none"
        raise UnknownId(f"no profile '{profile}' is configured; there are: {there_are}")
    found = config.profiles[profile]
    return with_detection(list(found.steps)) if found.detect else list(found.steps)


async def request_stop(workspace: Workspace) -> list[int]:
    """Ask the open run to stop at its next page boundary; give the ids of the runs that were asked."""
    async with workspace.store.transaction() as tx:
        return await runs.request_stop(tx, current_operator())


async def status(workspace: Workspace) -> Document:
    """Give the state of everything: systems with counts by status, exports, open runs, what waits for a person."""
    async with workspace.store.reading() as tx:
        held = [batch._asdict() for batch in await reviews.held(tx)]
        return {
            "store": str(workspace.store.path),
            "operator": current_operator(),
            "systems": [
                {"system": system, "type": kind, "status": state.value, "objects": count}
                for system, kind, state, count in await objects.counts(tx)
            ],
            "metaverse": [{"type": kind, "objects": count} for kind, count in await metaverse.counts(tx)],
            "exports": [
                {"system": system, "change": change.value, "status": state.value, "held": is_held, "exports": count}
                for system, change, state, is_held, count in await exports.counts(tx)
            ],
            "open_runs": [run._asdict() for run in await runs.open_runs(tx)],
            "waiting": {"review_items": await reviews.count_waiting(tx), "held_batches": held},
        }


async def listing(
    workspace: Workspace,
    kind: str,
    *,
    system: str | None = None,
    status: str | None = None,
    search: str | None = None,
    limit: int = 0,
) -> AsyncIterator[Document]:
    """List objects, metaverse, exports, review, runs or transitions as rows, page by page; 0 means all of them."""
    after: int | None = None
    given = 0
    async with workspace.store.reading() as tx:
        while True:
            size = min(PAGE, limit - given) if limit else PAGE
            rows = await _page(tx, kind, after, size, system, status, search) if size else []
            for row in rows:
                yield row
            given += len(rows)
            if len(rows) < size or not rows:
                return
            after = rows[-1]["key"]


async def _page(
    tx: Transaction,
    kind: str,
    after: int | None,
    limit: int,
    system: str | None,
    status: str | None,
    search: str | None,
) -> list[Document]:
    match kind:
        case "objects":
            csos = await objects.page(tx, after=after or 0, limit=limit, system=system, status=status, search=search)
            return [_row(one.id, "cso", one._asdict()) for one in csos]
        case "metaverse":
            mvos = await metaverse.page(tx, after=after or 0, limit=limit, object_type=system, search=search)
            return [{**_row(one.id, "mvo", one._asdict()), "label": label_of_mvo(one)} for one in mvos]
        case "exports":
            found = await exports.page(tx, after=after or 0, limit=limit, system=system, status=status, search=search)
            return [{**_row(one.id, "exp", _export(one)), "label": label} for one, label in found]
        case "review":
            items = await reviews.page(tx, after=after or 0, limit=limit, system=system, status=status, search=search)
            return [_row(one.id, "rev", one._asdict()) for one in items]
        case "runs":
            listed = await runs.page(tx, after=after, limit=limit, system=system, status=status, search=search)
            return [_row(one.id, "run", one._asdict()) for one in listed]
        case _:
            moves = await transitions.page(tx, after=after, limit=limit, system=system, status=status, search=search)
            return [{"key": one.id, **one._asdict()} for one in moves]


def _export(export: PendingExport) -> Document:
    return {**export._asdict(), "changes": [change._asdict() for change in export.changes]}


def _row(number: int, kind: str, fields: Document) -> Document:
    """Give a row with the key that the next page starts after, and an id that says what it is."""
    return {"key": number, **fields, "id": f"{kind}-{number}"}


async def errors_of_step(workspace: Workspace, run_id: int, step_id: int, limit: int) -> list[Document]:
    """List what went wrong with objects in one step."""
    async with workspace.store.reading() as tx:
        found = await runs.errors_of(tx, run_id, step_id=step_id, limit=limit)
    return [error._asdict() for _, error in found]


async def show(workspace: Workspace, text: str) -> Document:
    """Give one thing whole by its id: `cso-1`, `mvo-1`, `exp-1`, `rev-1`, `run-1`. Raises `UnknownId`."""
    kind, _, number = text.partition("-")
    readers = {"cso": _show_cso, "mvo": _show_mvo, "exp": _show_export, "rev": _show_review, "run": _show_run}
    if kind not in readers or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise UnknownId(f"'{text}' is no id: cso-1, mvo-1, exp-1, rev-1 or run-1 are")
    async with workspace.store.reading() as tx:
        found = await readers[kind](tx, int(number))
    if found is None:
        raise UnknownId(f"there is no {text}")
    return found


async def _show_cso(tx: Transaction, cso_id: int) -> Document | None:
    csos = await objects.get(tx, [cso_id])
    history = [move._asdict() for move in await transitions.of(tx, "cso", cso_id)]
    if not csos:
        return {"id": f"cso-{cso_id}", "removed": True, "transitions": history} if history else None
    staged = (await exports.of_objects(tx, [cso_id])).get(cso_id)
    return {
        **csos[0]._asdict(),
        "id": f"cso-{cso_id}",
        "pending_export": {**_export(staged), "id": f"exp-{staged.id}"} if staged else None,
        "transitions": history,
    }


async def _show_mvo(tx: Transaction, mvo_id: int) -> Document | None:
    mvos = await metaverse.get(tx, [mvo_id])
    if not mvos:
        return None
    joined = await objects.joined_to(tx, [mvo_id])
    return {
        **mvos[0]._asdict(),
        "id": f"mvo-{mvo_id}",
        "joined": [
            {
                "id": f"cso-{one.id}",
                "system": one.system,
                "label": label_of(one),
                "by": one.joined_by,
            }
            for one in joined
        ],
    }


async def _show_export(tx: Transaction, export_id: int) -> Document | None:
    found = await exports.get(tx, [export_id])
    history = [move._asdict() for move in await transitions.of(tx, "export", export_id)]
    if not found:
        return {"id": f"exp-{export_id}", "gone": True, "transitions": history} if history else None
    export = found[0]
    cso = (await objects.get(tx, [export.cso_id]))[0]
    now = {change.name: cso.attributes.get(change.name, []) for change in export.changes}
    changes = [{**change._asdict(), "now": now[change.name]} for change in export.changes]
    label = cso.secondary_id or cso.external_id
    return {**export._asdict(), "id": f"exp-{export_id}", "label": label, "changes": changes, "transitions": history}


async def _show_review(tx: Transaction, item_id: int) -> Document | None:
    items = await reviews.get(tx, [item_id])
    if not items:
        return None
    history = [move._asdict() for move in await transitions.of(tx, "review", item_id)]
    csos = await objects.get(tx, [items[0].object_id])
    last = csos[0].attributes if csos else None
    return {**items[0]._asdict(), "id": f"rev-{item_id}", "attributes": last, "transitions": history}


async def _show_run(tx: Transaction, run_id: int) -> Document | None:
    run = await runs.get(tx, run_id)
    if run is None:
        return None
    return {
        **run._asdict(),
        "id": f"run-{run_id}",
        "steps": [step._asdict() for step in await runs.steps_of(tx, run_id)],
        "errors": [{"step": step, **error._asdict()} for step, error in await runs.errors_of(tx, run_id)],
        "held": [batch._asdict() for batch in await reviews.held(tx, run_id)],
    }


async def check(workspace: Workspace) -> AsyncIterator[tuple[str, CheckLine]]:
    """Test whether every system can be used as configured, and knows the attributes that the rules use."""
    for name, system in workspace.config.systems.items():
        connector = workspace.connector(name)
        lines = await connector.test()
        for line in lines:
            yield name, line
        if not all(line.ok for line in lines):
            continue
        try:
            schema = await connector.discover_schema()
        except StepFailed as error:
            yield name, CheckLine(False, "schema", str(error))
            continue
        for kind in system.objects:
            known = {attribute.lower() for attribute in schema.get(kind, [])} | {
                system.objects[kind].external_id.lower()
            }
            used = workspace.rules.used[name, kind]
            missing = sorted(attribute for attribute in used if attribute.lower() not in known)
            if schema.get(kind) and missing:
                message = f"the rules use what '{kind}' does not have: {', '.join(missing)}"
                yield name, CheckLine(False, "schema", message)
