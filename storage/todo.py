"""What waits for a person, counted in groups; and what somebody has acknowledged of it."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select

from storage import clock, writing
from storage.dialects import expressions
from storage.exports import SENDABLE
from storage.labels import LABEL
from storage.records import ExportStatus, StepRecord, StepResult
from storage.reviews import waiting
from storage.runs import step_of
from storage.store import Transaction
from storage.tables import acknowledgements, imports, item_errors, objects, pending_exports, review_items, steps


class AskedItems(NamedTuple):
    """Review items of one kind that wait."""

    kind: str
    system: str
    type: str
    cause: str
    """Why a delete would be; of anything else empty, and of what is there again: each has an approval of its own."""
    is_there_again: bool
    number: int
    since: str
    example: str


class StuckExports(NamedTuple):
    """Exports that failed in the same way, or that somebody holds."""

    system: str
    change: str
    status: ExportStatus
    code: str
    is_held: bool
    number: int
    since: str
    differ: bool
    """Whether they failed by different messages."""
    message: str
    """Of one of them."""
    example: str
    """The name of that one's object."""


class ToldErrors(NamedTuple):
    """Item errors of one step with one code, or those of them that say the same."""

    step_id: int
    code: str
    message: str
    advice: str
    system: str
    type: str
    is_warning: bool
    number: int
    example: str


class Acknowledgement(NamedTuple):
    """That somebody knows of a group."""

    key: str
    covers: int
    """How many there were then."""
    operator: str
    at: str
    until: str
    reason: str


async def asked_items(tx: Transaction) -> list[AskedItems]:
    """Count the review items that wait for a decision."""
    again = expressions.member(review_items.c.evidence, "there_again").is_not(None)
    cause = case((again, ""), else_=func.coalesce(expressions.member(review_items.c.evidence, "cause"), ""))
    group = (review_items.c.kind, review_items.c.system, review_items.c.type, cause, again)
    counted = (func.count(), func.min(review_items.c.opened_at), func.min(review_items.c.label))
    rows = await tx.execute(select(*group, *counted).where(waiting()).group_by(*group).order_by(*group))
    return [
        AskedItems(kind, system, object_type, why, bool(is_again), number, since, example)
        for kind, system, object_type, why, is_again, number, since, example in rows
    ]


async def stuck_exports(tx: Transaction) -> list[StuckExports]:
    """Count the exports that were given up, that failed and will be tried again, and that are held."""
    table = pending_exports.c
    code = func.coalesce(table.error_code, "")
    group = (table.system, table.change_type, table.status, code, table.held)
    sendable = table.status.in_([status.value for status in SENDABLE])
    failed = or_(table.held, table.error_code.is_not(None))
    stuck = or_(table.status == ExportStatus.FAILED.value, and_(sendable, failed))
    messages = func.count(func.coalesce(table.error_message, "").distinct())
    query = select(*group, func.count(), func.min(table.changed_at), messages, func.min(table.id))
    rows = list(await tx.execute(query.where(stuck).group_by(*group).order_by(*group)))
    examples = await _first_exports(tx, [row[-1] for row in rows])
    return [
        StuckExports(system, change, ExportStatus(status), error, bool(held), number, since, told > 1, *examples[first])
        for system, change, status, error, held, number, since, told, first in rows
    ]


async def _first_exports(tx: Transaction, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Give what some exports failed by, and what their objects are called: export id → both."""
    table = pending_exports.c
    joined = pending_exports.join(objects, objects.c.id == table.cso_id)
    query = select(table.id, func.coalesce(table.error_message, ""), LABEL).select_from(joined)
    found = await tx.execute(query.where(expressions.among(table.id, ids)))
    return {export_id: (message, label) for export_id, message, label in found}


async def last_steps(tx: Transaction, results: Collection[StepResult] | None = None) -> list[StepRecord]:
    """Give the last step of each phase and system that has ended, with one of some results where those are given."""
    ended = [steps.c.result.is_not(None)]
    if results is not None:
        ended.append(steps.c.result.in_([result.value for result in results]))
    last = select(func.max(steps.c.id)).where(*ended).group_by(steps.c.phase, steps.c.system)
    return [step_of(row) for row in await tx.execute(select(steps).where(steps.c.id.in_(last)).order_by(steps.c.id))]


async def read_by(tx: Transaction, step_ids: Iterable[int]) -> dict[int, int]:
    """Give, of imports that found nothing changed, the step that read what they did not read again."""
    chosen = expressions.among(imports.c.step_id, step_ids), imports.c.read_by.is_not(None)
    return {step: by for step, by in await tx.execute(select(imports.c.step_id, imports.c.read_by).where(*chosen))}  # noqa: C416 - rows are no pairs to a checker


async def told_errors(tx: Transaction, step_ids: Collection[int]) -> list[ToldErrors]:
    """Count the item errors of some steps by their codes, each with what the first of them says."""
    table = item_errors.c
    group = (table.step_id, table.code, table.system, table.type, table.is_warning)
    query = select(func.count(), func.min(table.id)).where(expressions.among(table.step_id, step_ids)).group_by(*group)
    counts = {first: number for number, first in await tx.execute(query)}
    columns = (table.step_id, table.code, table.message, table.advice, table.system, table.type, table.is_warning)
    rows = await tx.execute(select(table.id, *columns, table.label).where(expressions.among(table.id, counts)))
    found = [ToldErrors(*row[1:8], number=counts[row.id], example=row.label) for row in rows]
    return sorted(found, key=lambda one: (one.step_id, one.code, one.system, one.type))


async def told_alike(tx: Transaction, errors: ToldErrors, most: int) -> list[ToldErrors]:
    """Count those of some errors that say the same, the most frequent messages first; what is said once is left out."""
    table = item_errors.c
    number = func.count().label("objects")
    query = select(table.message, number, func.min(table.advice), func.min(table.label)).where(*_are(errors))
    query = query.group_by(table.message).having(number > 1).order_by(number.desc(), table.message).limit(most)
    return [
        errors._replace(message=message, number=count, advice=advice, example=example)
        for message, count, advice, example in await tx.execute(query)
    ]


async def told_otherwise(tx: Transaction, errors: ToldErrors, messages: Collection[str]) -> ToldErrors:
    """Give one of some errors that says something else than some messages."""
    table = item_errors.c
    query = select(table.message, table.advice, table.label).where(*_are(errors), table.message.not_in(messages))
    message, advice, label = (await tx.execute(query.order_by(table.id).limit(1))).one()
    return errors._replace(message=message, advice=advice, example=label, number=1)


def _are(errors: ToldErrors) -> tuple[ColumnElement[bool], ...]:
    """Give the condition of being one of some errors."""
    table = item_errors.c
    return (
        table.step_id == errors.step_id,
        table.code == errors.code,
        table.system == errors.system,
        table.type == errors.type,
        table.is_warning.is_(errors.is_warning),
    )


async def began(tx: Transaction, step: StepRecord, code: str, results: Collection[StepResult]) -> str:
    """Give since when a step's errors of a code come in every step of its kind, without one between that had none."""
    has_it = select(item_errors.c.id).where(item_errors.c.code == code, item_errors.c.step_id == steps.c.id).exists()
    went_on = steps.c.result.in_([result.value for result in results])
    same = (steps.c.phase == step.phase, steps.c.system == step.system, steps.c.id <= step.id, went_on)
    last = select(func.coalesce(func.max(steps.c.id), 0)).where(*same, ~has_it).scalar_subquery()
    first = (await tx.execute(select(func.min(steps.c.started_at)).where(*same, steps.c.id > last))).scalar()
    return first or step.started_at


async def failing_since(tx: Transaction, step: StepRecord, results: Collection[StepResult]) -> str:
    """Give since when every step of a kind has failed; `results` are those that mean it went on."""
    same = (steps.c.phase == step.phase, steps.c.system == step.system, steps.c.result.is_not(None))
    well = steps.c.result.in_([result.value for result in results])
    last = select(func.coalesce(func.max(steps.c.id), 0)).where(*same, well).scalar_subquery()
    first = (await tx.execute(select(func.min(steps.c.started_at)).where(*same, steps.c.id > last))).scalar()
    return first or step.started_at


async def objects_told_of(tx: Transaction, code: str) -> dict[int, str]:
    """Give the objects that were told of under a code, each with when it first was."""
    query = (
        select(item_errors.c.object_id, func.min(steps.c.started_at))
        .join(steps, steps.c.id == item_errors.c.step_id)
        .where(item_errors.c.code == code, item_errors.c.object_id.is_not(None))
        .group_by(item_errors.c.object_id)
    )
    return {object_id: at for object_id, at in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def acknowledged(tx: Transaction) -> dict[str, Acknowledgement]:
    """Give what is acknowledged for now: key of the group → by whom, until when and why."""
    rows = await tx.execute(select(acknowledgements).where(acknowledgements.c.until > clock.now()))
    return {row.key: Acknowledgement._make(row) for row in rows}


async def acknowledge(tx: Transaction, ones: Iterable[Acknowledgement]) -> None:
    """Keep what somebody acknowledges; what has run out is forgotten."""
    await tx.execute(delete(acknowledgements).where(acknowledgements.c.until <= clock.now()))
    if rows := [one._asdict() for one in ones]:
        await writing.upsert(tx, acknowledgements, ["key"], rows)


async def shrink(tx: Transaction, numbers: Mapping[str, int]) -> None:
    """Let acknowledgements cover no more than there is by now: key → how many; those of nothing are forgotten."""
    known = await acknowledged(tx)
    await take_back(tx, [key for key in known if key not in numbers])
    smaller = [
        one._replace(covers=numbers[key]) for key, one in known.items() if numbers.get(key, one.covers) < one.covers
    ]
    await acknowledge(tx, smaller)


async def take_back(tx: Transaction, keys: Iterable[str]) -> None:
    """Forget that some groups are acknowledged."""
    await tx.execute(delete(acknowledgements).where(expressions.among(acknowledgements.c.key, keys)))
