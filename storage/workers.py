"""Workers: processes that carry out the steps of systems which only they can reach; and the steps offered to them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from storage import clock
from storage.documents import decode, encode
from storage.lease import this_process
from storage.store import Transaction
from storage.tables import offers, workers


class Worker(NamedTuple):
    """A worker as it wrote itself down."""

    name: str
    host: str
    pid: int
    process: str
    version: str
    settings: str
    """What stands for its configuration."""
    started_at: str
    heartbeat_at: str


class Offer(NamedTuple):
    """A step that one of some workers is to carry out."""

    step_id: int
    run_id: int
    owner: str
    """Who holds the run's lease."""
    operator: str
    phase: str
    system: str
    names: Sequence[str]
    """The workers that may take it."""
    version: str
    settings: str
    worker: str | None = None
    """Who has taken it."""
    refusal: str | None = None
    """Why the last one that looked did not."""


async def every(tx: Transaction) -> list[Worker]:
    """List the workers that have not left, be they alive or not."""
    return [Worker(*row) for row in await tx.execute(select(workers).order_by(workers.c.name))]


async def register(tx: Transaction, name: str, version: str, settings: str, why: str) -> None:
    """Write this process down as a worker, in place of whoever had its name.

    What that one had taken nobody goes on with, and why is written down.
    """
    await tx.execute(delete(workers).where(workers.c.name == name))
    await tx.execute(update(offers).where(offers.c.worker == name).values(worker=None, refusal=why))
    now = clock.now()
    values = {
        "name": name,
        **this_process(),
        "version": version,
        "settings": settings,
        "started_at": now,
        "heartbeat_at": now,
    }
    await tx.execute(insert(workers).values(values))


async def beat(tx: Transaction, name: str) -> bool:
    """Show that this worker lives; tell whether it still has its name."""
    done = update(workers).where(_is_this(name)).values(heartbeat_at=clock.now()).returning(workers.c.name)
    return (await tx.execute(done)).first() is not None


async def leave(tx: Transaction, name: str) -> None:
    """Forget this worker, unless somebody else has its name by now."""
    await tx.execute(delete(workers).where(_is_this(name)))


async def forget(tx: Transaction, names: Sequence[str]) -> None:
    """Forget workers of which nobody is there any more."""
    await tx.execute(delete(workers).where(workers.c.name.in_(names)))


async def offer(tx: Transaction, step: Offer) -> None:
    """Offer a step."""
    await tx.execute(insert(offers).values({**step._asdict(), "names": encode(list(step.names))}))


async def withdraw(tx: Transaction, step_id: int) -> None:
    """Offer a step no longer."""
    await tx.execute(delete(offers).where(offers.c.step_id == step_id))


async def withdraw_all_but(tx: Transaction, owner: str) -> None:
    """Offer nothing of runs whose lease somebody else holds by now."""
    await tx.execute(delete(offers).where(offers.c.owner != owner))


async def offered(tx: Transaction, step_id: int) -> Offer | None:
    """Give the offer of a step as it stands."""
    row = (await tx.execute(select(offers).where(offers.c.step_id == step_id))).first()
    return _offer(row) if row else None


async def open_offers(tx: Transaction) -> list[Offer]:
    """List the steps that nobody has taken."""
    return [_offer(row) for row in await tx.execute(select(offers).where(offers.c.worker.is_(None)))]


async def at_work(tx: Transaction) -> set[str]:
    """Give the workers that have taken a step."""
    return set((await tx.execute(select(offers.c.worker).where(offers.c.worker.is_not(None)))).scalars())


async def take(tx: Transaction, step_id: int, name: str) -> bool:
    """Take a step; tell whether nobody was faster."""
    free = offers.c.step_id == step_id, offers.c.worker.is_(None)
    done = await tx.execute(update(offers).where(*free).values(worker=name).returning(offers.c.step_id))
    return done.first() is not None


async def refuse(tx: Transaction, step_id: int, why: str) -> None:
    """Say why a step is not taken, or not gone on with."""
    await tx.execute(update(offers).where(offers.c.step_id == step_id).values(worker=None, refusal=why))


def _is_this(name: str) -> ColumnElement[bool]:
    """Tell of a row whether it is this process, under a name."""
    me = this_process()
    return and_(workers.c.name == name, workers.c.pid == me["pid"], workers.c.process == me["process"])


def _offer(row: Row[Any]) -> Offer:
    found = Offer._make(row)
    return found._replace(names=decode(str(found.names)))
