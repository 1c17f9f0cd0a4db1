"""Runs, their steps, and what went wrong with which object."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from storage import clock, writing
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.errors import LeaseLost
from storage.list_queries import ListedError
from storage.records import ItemError, Run, StepRecord, StepResult
from storage.store import Transaction
from storage.tables import item_errors, rule_marks, runs, steps

_CHECKPOINT = (
    update(steps)
    .where(steps.c.id == bindparam("step"), steps.c.result.is_(None))
    .values(done=bindparam("done"), total=bindparam("total"), statistics=bindparam("statistics"))
)
"""Made once, as it is written with every page."""
_ENDED = "this step was ended by somebody who took its process for dead; nothing more of it is kept"


async def start(tx: Transaction, *, profile: str, operator: str, host: str, pid: int) -> int:
    """Begin a run and give its id."""
    values = {"profile": profile, "operator": operator, "host": host, "pid": pid, "started_at": clock.now()}
    return int((await tx.execute(insert(runs).values(values).returning(runs.c.id))).scalar_one())


async def finish(tx: Transaction, run_id: int, result: StepResult, *, backlog: int, waiting: int) -> None:
    """End a run, with how many pending exports and undecided review items it leaves."""
    ended = {"ended_at": clock.now(), "result": result.value, "backlog": backlog, "waiting": waiting}
    await tx.execute(update(runs).where(runs.c.id == run_id).values(ended))


async def interrupt_dead(tx: Transaction, message: str) -> list[int]:
    """Mark every run that is still open, and its open step, as interrupted; give their ids.

    Only the holder of a lease just taken may call this: whatever is open then has no process any more.
    """
    ended = {"ended_at": clock.now(), "result": StepResult.INTERRUPTED.value}
    await tx.execute(update(steps).where(steps.c.result.is_(None)).values(**ended, message=message))
    dead = update(runs).where(runs.c.result.is_(None)).values(ended).returning(runs.c.id)
    return list((await tx.execute(dead)).scalars())


async def request_stop(tx: Transaction, operator: str) -> list[int]:
    """Ask the open run to stop at its next page boundary; give the ids of the runs that were asked."""
    asked = update(runs).where(runs.c.result.is_(None)).values(stop_requested_by=operator).returning(runs.c.id)
    return list((await tx.execute(asked)).scalars())


async def stop_requested_by(tx: Transaction, run_id: int) -> str | None:
    """Tell who asked a run to stop, if anyone did."""
    query = select(runs.c.stop_requested_by).where(runs.c.id == run_id)
    operator: str | None = (await tx.execute(query)).scalar_one()
    return operator


async def start_step(tx: Transaction, run_id: int, position: int, phase: str, system: str) -> int:
    """Begin a step and give its id."""
    values = {
        "run_id": run_id,
        "position": position,
        "phase": phase,
        "system": system,
        "started_at": clock.now(),
        "done": 0,
        "statistics": "{}",
        "message": "",
    }
    return int((await tx.execute(insert(steps).values(values).returning(steps.c.id))).scalar_one())


async def checkpoint(
    tx: Transaction, step_id: int, *, done: int, total: int | None, statistics: dict[str, int]
) -> None:
    """Write how far a step has come.

    Raises `LeaseLost` where it was ended by somebody who took its process for dead; the transaction is not kept then.
    """
    values = {"step": step_id, "done": done, "total": total, "statistics": encode(statistics)}
    if not (await tx.execute(_CHECKPOINT, values)).rowcount:
        raise LeaseLost(_ENDED)


async def ensure_open(tx: Transaction, step_id: int) -> None:
    """Raise `LeaseLost` where somebody has ended a step."""
    if await result_of(tx, step_id) is not None:
        raise LeaseLost(_ENDED)


async def finish_step(tx: Transaction, step_id: int, result: StepResult, message: str) -> None:
    """End a step, unless somebody else has ended it."""
    values = {"ended_at": clock.now(), "result": result.value, "message": message}
    await tx.execute(update(steps).where(steps.c.id == step_id, steps.c.result.is_(None)).values(values))


async def result_of(tx: Transaction, step_id: int) -> StepResult | None:
    """Give the result of a step; None while it runs, or where its history is gone."""
    result = (await tx.execute(select(steps.c.result).where(steps.c.id == step_id))).scalar()
    return StepResult(result) if result is not None else None


async def add_errors(tx: Transaction, step_id: int, errors: Sequence[ItemError]) -> None:
    """Write down what went wrong with single objects."""
    if errors:
        await tx.execute(insert(item_errors), [{"step_id": step_id, **error._asdict()} for error in errors])


async def errors_of(
    tx: Transaction, run_id: int, *, step_id: int | None = None, limit: int = 1000
) -> list[tuple[int, ItemError]]:
    """List the item errors of a run, or of one step in it, as (step id, error), in the order they happened."""
    query = (
        select(item_errors)
        .join(steps, steps.c.id == item_errors.c.step_id)
        .where(steps.c.run_id == run_id)
        .order_by(item_errors.c.id)
        .limit(limit)
    )
    if step_id is not None:
        query = query.where(item_errors.c.step_id == step_id)
    return [(row.step_id, ItemError(*row[2:])) for row in await tx.execute(query)]


async def step(tx: Transaction, step_id: int) -> StepRecord:
    """Read one step, which is there."""
    return step_of((await tx.execute(select(steps).where(steps.c.id == step_id))).one())


async def count_errors(tx: Transaction, step_id: int) -> tuple[int, int]:
    """Count the errors, and the warnings, of a step."""
    query = select(item_errors.c.is_warning, func.count()).where(item_errors.c.step_id == step_id)
    counts = {bool(warning): count for warning, count in await tx.execute(query.group_by(item_errors.c.is_warning))}
    return counts.get(False, 0), counts.get(True, 0)


async def errors_after(tx: Transaction, step_id: int, after: int, limit: int) -> list[tuple[int, ItemError]]:
    """List the next item errors of a step, as (their id, error), in the order they happened."""
    query = select(item_errors).where(item_errors.c.step_id == step_id, item_errors.c.id > after)
    rows = await tx.execute(query.order_by(item_errors.c.id).limit(limit))
    return [(row.id, ItemError(*row[2:])) for row in rows]


async def errors_of_last_steps(tx: Transaction) -> list[tuple[str, str, str, str, bool, int]]:
    """Count the item errors of the newest step of each phase in each system.

    As (phase, system of the object, type, code, whether it is only a warning, how many).
    """
    newest = select(func.max(steps.c.id)).where(steps.c.result.is_not(None)).group_by(steps.c.phase, steps.c.system)
    columns = (steps.c.phase, item_errors.c.system, item_errors.c.type, item_errors.c.code, item_errors.c.is_warning)
    query = select(*columns, func.count()).join(steps, steps.c.id == item_errors.c.step_id)
    return [tuple(row) for row in await tx.execute(query.where(steps.c.id.in_(newest)).group_by(*columns))]


async def get(tx: Transaction, run_id: int) -> Run | None:
    """Read one run."""
    row = (await tx.execute(select(runs).where(runs.c.id == run_id))).first()
    return _run(row) if row else None


async def among(tx: Transaction, ids: Iterable[int]) -> list[Run]:
    """Read runs."""
    return [_run(row) for row in await tx.execute(select(runs).where(expressions.among(runs.c.id, ids)))]


async def errors_among(tx: Transaction, ids: Iterable[int]) -> list[ListedError]:
    """Read item errors with their steps."""
    query = (
        select(item_errors.c.id, steps.c.run_id, item_errors.c.step_id, steps.c.phase, *list(item_errors.c)[2:])
        .join(steps, steps.c.id == item_errors.c.step_id)
        .where(expressions.among(item_errors.c.id, ids))
    )
    return [ListedError(*row) for row in await tx.execute(query)]


async def open_runs(tx: Transaction) -> list[Run]:
    """List the runs that have not ended."""
    return [_run(row) for row in await tx.execute(select(runs).where(runs.c.result.is_(None)))]


async def steps_of(tx: Transaction, run_id: int) -> list[StepRecord]:
    """List the steps of a run, in their order."""
    query = select(steps).where(steps.c.run_id == run_id).order_by(steps.c.position, steps.c.id)
    return [step_of(row) for row in await tx.execute(query)]


async def newest(tx: Transaction, limit: int) -> list[Run]:
    """List the newest runs, newest first."""
    return [_run(row) for row in await tx.execute(select(runs).order_by(runs.c.id.desc()).limit(limit))]


async def last_carried_through(tx: Transaction, results: Sequence[StepResult]) -> dict[str, str]:
    """Give when the last run of each profile, from its first step on, began that ended with one of some results."""
    ended = runs.c.result.in_([result.value for result in results])
    from_the_start = select(steps.c.id).where(steps.c.run_id == runs.c.id, steps.c.position == 0).exists()
    query = select(runs.c.profile, func.max(runs.c.started_at)).where(ended, from_the_start).group_by(runs.c.profile)
    return {profile: began for profile, began in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def last_of_profiles(tx: Transaction, profiles: Iterable[str]) -> dict[str, Run]:
    """Give the last run of each of some profiles that has one."""
    newest = select(func.max(runs.c.id)).where(runs.c.profile.in_(list(profiles))).group_by(runs.c.profile)
    return {row.profile: _run(row) for row in await tx.execute(select(runs).where(runs.c.id.in_(newest)))}


async def paces(tx: Transaction, run_ids: Sequence[int]) -> list[tuple[int, int, str, str]]:
    """List the ended steps of many runs, as (run id, objects done, began, ended)."""
    columns = (steps.c.run_id, steps.c.done, steps.c.started_at, steps.c.ended_at)
    query = select(*columns).where(expressions.among(steps.c.run_id, run_ids), steps.c.ended_at.is_not(None))
    return [(run, done, began, ended) for run, done, began, ended in await tx.execute(query)]


async def recent_steps(tx: Transaction, limit: int) -> list[StepRecord]:
    """List the newest steps of all runs, oldest first."""
    query = select(steps).order_by(steps.c.id.desc()).limit(limit)
    return [step_of(row) for row in await tx.execute(query)][::-1]


async def rule_mark(tx: Transaction, scope: str) -> str | None:
    """Give the fingerprint of the rules that a scope was last synchronised under."""
    query = select(rule_marks.c.fingerprint).where(rule_marks.c.scope == scope)
    return (await tx.execute(query)).scalar_one_or_none()


async def rule_marks_of(tx: Transaction, scopes: Iterable[str]) -> dict[str, str]:
    """Give the fingerprints of the rules that some scopes were last synchronised under: scope → fingerprint."""
    query = select(rule_marks.c.scope, rule_marks.c.fingerprint).where(expressions.among(rule_marks.c.scope, scopes))
    return {scope: fingerprint for scope, fingerprint in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def rule_scopes(tx: Transaction) -> list[str]:
    """List the scopes that were ever synchronised under some rules."""
    return list((await tx.execute(select(rule_marks.c.scope))).scalars())


async def set_rule_mark(tx: Transaction, scope: str, fingerprint: str) -> None:
    """Remember the rules that a scope is now synchronised under."""
    await writing.upsert(tx, rule_marks, ["scope"], [{"scope": scope, "fingerprint": fingerprint}])


def _run(row: Row[Any]) -> Run:
    result = StepResult(row.result) if row.result else None
    return Run(
        row.id,
        row.profile,
        row.operator,
        row.host,
        row.pid,
        row.started_at,
        row.ended_at,
        result,
        row.stop_requested_by,
        row.backlog,
        row.waiting,
    )


def step_of(row: Row[Any]) -> StepRecord:
    """Give a row of the steps as a record."""
    result = StepResult(row.result) if row.result else None
    return StepRecord(
        row.id,
        row.run_id,
        row.position,
        row.phase,
        row.system,
        row.started_at,
        row.ended_at,
        result,
        row.done,
        row.total,
        decode(row.statistics),
        row.message,
    )
