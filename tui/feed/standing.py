"""Where everything stands, and what a run was: as documents, for scripts and for the screen."""

from engine.approvals.audit import said_of_older
from engine.configuration.steps import StepPlan
from engine.decisions.operator import current_operator
from engine.monitoring.paces import Paced, paces, sendable
from engine.roles import role_of
from engine.runs.stopping import stop_runs
from engine.runs.unsent import LeftOver, left_over
from engine.workspace import Workspace, whole_cycle, with_detection
from storage import census, exports, lease, metaverse, notifications, references, reviews, runs, workers
from storage.records import CsoStatus, ExportStatus, ItemError, ReviewState, StepResult
from storage.workers import Worker
from tui.feed.lists import Document
from tui.feed.things import UnknownId, show

STATUSES: dict[str, tuple[str, ...]] = {
    "objects": tuple(CsoStatus),
    "exports": tuple(ExportStatus),
    "review": (*ReviewState, "all"),
    "runs": tuple(StepResult),
    "transitions": (*CsoStatus, *ExportStatus, *ReviewState, "confirmed"),
}
"""What `--status` may name in each listing."""


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
    return await stop_runs(workspace, current_operator())


async def status(workspace: Workspace) -> Document:
    """Give the state of everything: systems with counts by status, exports, open runs, what waits for a person."""
    async with workspace.store.reading() as tx:
        held = [batch._asdict() for batch in await reviews.held(tx)]
        return {
            "store": workspace.store.name,
            "older_store": await said_of_older(tx, workspace),
            "operator": current_operator(),
            "role": str(role_of(workspace.config, current_operator())),
            "systems": [
                {"system": system, "type": kind, "status": state.value, "objects": count}
                for system, kind, state, count in await census.counts(tx)
            ],
            "metaverse": [{"type": kind, "objects": count} for kind, count in await metaverse.counts(tx)],
            "exports": [
                {"system": system, "change": change.value, "status": state.value, "held": is_held, "exports": count}
                for system, change, state, is_held, count in await exports.counts(tx)
            ],
            "paces": [_pace(one) for one in paces(workspace.config, await sendable(tx, workspace.config))],
            "there_again": await reviews.count_there_again(tx),
            "owed_references": await references.count_owed(tx),
            "workers": [_worker(one) for one in await workers.every(tx)],
            "open_runs": [run._asdict() for run in await runs.open_runs(tx)],
            "failed_notifications": [one._asdict() for one in await notifications.failing(tx)],
            "waiting": {
                "review_items": await reviews.count_waiting(tx),
                "held_batches": held,
                "exports": _left_over(await left_over(tx)),
            },
        }


def _pace(one: Paced) -> Document:
    return {**one._asdict(), "limits": one.limits, "kept_back": one.kept_back}


def _worker(one: Worker) -> Document:
    facts = {"name": one.name, "host": one.host, "since": one.started_at, "heard_of": one.heartbeat_at}
    answers = lease.is_heard_of(one)
    return {**facts, "alive": answers, "hangs": lease.is_alive(one) and not answers}


def _left_over(found: LeftOver) -> Document:
    return {**found._asdict(), "sentences": found.sentences}


async def run_document(workspace: Workspace, run_id: int) -> Document:
    """Give a run whole as it has just ended, with what it leaves in the queue."""
    found = await show(workspace, f"run-{run_id}")
    async with workspace.store.reading() as tx:
        return {**found, "left_over": _left_over(await left_over(tx))}


async def errors_after(workspace: Workspace, step_id: int, after: int, limit: int) -> list[Document]:
    """List the next things that went wrong with objects in one step, each with its number; `after` is that of one."""
    async with workspace.store.reading() as tx:
        found = await runs.errors_after(tx, step_id, after, limit)
    return [{"id": number, "object": _object_of(error), **error._asdict()} for number, error in found]


def _object_of(error: ItemError) -> str | None:
    if error.object_id is not None:
        return f"cso-{error.object_id}"
    return f"mvo-{error.mvo_id}" if error.mvo_id is not None else None


async def errors_of_step(workspace: Workspace, run_id: int, step_id: int, limit: int) -> list[Document]:
    """List what went wrong with objects in one step."""
    async with workspace.store.reading() as tx:
        found = await runs.errors_of(tx, run_id, step_id=step_id, limit=limit)
    return [error._asdict() for _, error in found]
