"""Whether those who should be told were told."""

from typing import NamedTuple

from sqlalchemy import and_, func, insert, or_, select

from storage import clock
from storage.records import BatchState, Entity, ExportStatus
from storage.store import Transaction
from storage.tables import held_batches, notifications, review_items, runs, steps, transitions


class Notification(NamedTuple):
    """One attempt to tell somebody over a channel (`command`, `mail`); an empty failure means it was told."""

    id: int
    at: str
    run_id: int
    channel: str
    subject: str
    failure: str


async def add(tx: Transaction, run_id: int, channel: str, subject: str, failure: str) -> None:
    """Write an attempt down."""
    row = {"at": clock.now(), "run_id": run_id, "channel": channel, "subject": subject, "failure": failure}
    await tx.execute(insert(notifications).values(row))


async def given_up(tx: Transaction, run_id: int) -> int:
    """Count how often a run has given an export up."""
    of_run = select(steps.c.id).where(steps.c.run_id == run_id)
    failed = and_(transitions.c.entity == Entity.EXPORT, transitions.c.to_status == ExportStatus.FAILED.value)
    query = select(func.count()).select_from(transitions).where(failed, transitions.c.step_id.in_(of_run))
    return int((await tx.execute(query)).scalar_one())


async def failing(tx: Transaction) -> list[Notification]:
    """Give the last attempt over each channel, where that failed."""
    last = select(func.max(notifications.c.id)).group_by(notifications.c.channel)
    query = select(notifications).where(notifications.c.id.in_(last), notifications.c.failure != "")
    return [Notification(*row) for row in await tx.execute(query.order_by(notifications.c.id))]


async def began_to_wait(tx: Transaction, run_id: int) -> tuple[int, int]:
    """Count what waits since a run: the review items, put off until then ones as well, and the batches it holds."""
    asked = and_(review_items.c.state == "open", review_items.c.run_id == run_id)
    ended = select(func.max(runs.c.ended_at)).where(runs.c.id < run_id).scalar_subquery()
    put_off = and_(
        review_items.c.state == "deferred",
        review_items.c.deferred_until > ended,
        review_items.c.deferred_until <= clock.now(),
    )
    items = (await tx.execute(select(func.count()).select_from(review_items).where(or_(asked, put_off)))).scalar_one()
    held = and_(held_batches.c.run_id == run_id, held_batches.c.state == BatchState.HELD.value)
    batches = (await tx.execute(select(func.count()).select_from(held_batches).where(held))).scalar_one()
    return int(items), int(batches)
