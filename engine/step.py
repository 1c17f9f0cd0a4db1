"""A step while it is carried out: its pages, its statistics, what went wrong with which object."""

import asyncio
import gc
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, TypeVar

from engine.configuration.models import SystemConfig
from engine.configuration.steps import StepPlan
from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.errors import ObjectError, StepFailed
from engine.events import Progress
from engine.expressions.watched import WATCHED, Request, collecting
from engine.statistics import Statistic
from engine.workspace import Workspace
from storage import lease, runs, transitions
from storage.errors import StoreError
from storage.records import ItemError, StepResult
from storage.store import Transaction
from storage.transitions import Move

LOOK_SECONDS = 0.5
"""How often a step that waits for a system looks whether somebody wants the run to stop."""
GRACE_SECONDS = 0.5
"""How long it goes on waiting then: usually the page, or the answers, that it waits for come at once."""


STOP_SECONDS = 0.25
"""How often a step that evaluates something looks whether somebody wants the run to stop."""
MUCH = 300_000
"""How many objects of Python's a page may leave behind before garbage is collected."""
TRIES = 20
"""How often a page is begun anew for what takes long in it, before that is evaluated in the page itself."""
_SHARED = ("workspace", "control")
"""What of a step is not its own."""
Given = TypeVar("Given")


class _NotYet(Exception):
    """A page's work has met expressions that are to be evaluated first."""

    def __init__(self, missing: dict[bytes, Request]) -> None:
        super().__init__(f"{len(missing)} expressions are to be evaluated first")
        self.missing = missing


def _evaluate(missing: list[Request], enough: threading.Event) -> None:
    for request in missing:
        if not enough.is_set():
            WATCHED.evaluate_ahead(request)


@dataclass(slots=True)
class Control:
    """What a run shares with its steps: who owns the lease, and whether somebody wants it to stop."""

    run_id: int = 0
    operator: str = ""
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    stop_requested_by: str | None = None
    sure_at: float = -math.inf
    """When the store last said that the lease is the owner's, by a clock that goes on while the machine sleeps."""

    def is_sure(self) -> bool:
        """Tell whether nobody can have taken the owner for dead since the store was asked."""
        return awake_at() - self.sure_at < lease.SURE_SECONDS


def awake_at() -> float:
    """Give seconds of a clock that nobody sets, and that goes on while the process or its machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _drop_what_is_left() -> None:
    """Collect garbage behind a page that has left much: within it, all that it works with would be looked through."""
    if gc.get_count()[0] > MUCH:
        gc.collect(0)


@dataclass(slots=True)
class Step:
    """One step of a run; phases do all their writing in its pages."""

    workspace: Workspace
    control: Control
    id: int
    plan: StepPlan
    statistics: Counter[Statistic] = field(default_factory=Counter)
    done: int = 0
    total: int | None = None
    result: StepResult | None = None
    """Set by a phase that ends in its own way; else the number of errors decides."""
    message: str = ""
    errors: int = 0
    warnings: int = 0
    """How many objects there is something to know of, though nothing has failed."""
    notes: int = 0
    """How many sentences the message says of how the step was carried out."""
    _pages: int = 0
    _deleted: set[int] = field(default_factory=set)
    _new_errors: list[ItemError] = field(default_factory=list)
    _moves: list[Move] = field(default_factory=list)

    @property
    def system(self) -> str:
        """The name of the system that the step works on."""
        return self.plan.system

    @property
    def settings(self) -> SystemConfig:
        """The configuration of that system."""
        return self.workspace.config.systems[self.plan.system]

    @property
    def page_size(self) -> int:
        """How many objects one page takes."""
        return self.workspace.config.run.page_size

    @asynccontextmanager
    async def page(self, *, may_stop: bool = True) -> AsyncIterator[Transaction]:
        """Give one transaction that keeps everything a page means, or nothing of it.

        Raises `StepFailed` after the page is committed if somebody wants the run to stop, or too many objects
        have failed.
        """
        began = awake_at()
        async with self.workspace.store.transaction() as tx:
            asked_by = await lease.renew(tx, self.control.owner)  # nobody else can write until the page is over
            yield tx
            await self._keep(tx)
        self.control.sure_at = began
        self._pages += 1
        if not self._pages & (self._pages - 1):  # the first, second, fourth, eighth and so on
            await self.workspace.store.know_sizes()
        _drop_what_is_left()
        stopper = self.control.stop_requested_by or asked_by
        limit = self.workspace.config.run.error_limit
        if self.errors >= limit:
            raise StepFailed(f"{self.errors:,} objects failed; the limit is {limit:,}", StepResult.STOPPED_ERROR_LIMIT)
        if stopper and may_stop:
            raise StepFailed(f"stopped by {stopper} at a page boundary", StepResult.STOPPED_BY_OPERATOR)

    async def in_page(self, work: Callable[[Transaction], Awaitable[Given]]) -> Given:
        """Carry out a page's work, which may evaluate rules; what takes long in it is evaluated between two tries.

        A try that meets such an expression writes nothing, and leaves nothing behind in the step. What the work does
        to anything else it may only do once it is over. Raises what `page` raises.
        """
        evaluated: set[bytes] = set()
        try:
            for _ in range(TRIES):
                try:
                    return await self._try(work)
                except _NotYet as met:
                    if met.missing.keys() <= evaluated:  # there was no room to keep what came of it
                        break
                    await self.beside(partial(_evaluate, list(met.missing.values())))
                    evaluated |= met.missing.keys()
            async with self.page() as tx:
                return await work(tx)
        finally:
            WATCHED.forget()

    async def _try(self, work: Callable[[Transaction], Awaitable[Given]]) -> Given:
        """Carry out a page's work, unless it meets what is to be evaluated first: then nothing has happened.

        Raises `_NotYet` in that case.
        """
        standing = self._standing()
        try:
            with collecting() as missing:
                async with self.page() as tx:
                    given = await work(tx)
                    if missing:
                        raise _NotYet(missing)
                return given
        except _NotYet:
            for name, value in standing.items():
                setattr(self, name, value)
            raise

    def _standing(self) -> dict[str, Any]:
        """Give how the step stands, as it may have to stand again."""
        return {one.name: copy(getattr(self, one.name)) for one in fields(self) if one.name not in _SHARED}

    async def beside(self, work: Callable[[threading.Event], None]) -> None:
        """Do in a thread what only waits, outside of any page; it is told to end where the run is to stop.

        Raises `StepFailed` as `heed_stop` does.
        """
        enough = threading.Event()
        working = asyncio.ensure_future(asyncio.to_thread(work, enough))
        try:
            while not (await asyncio.wait({working}, timeout=STOP_SECONDS))[0]:
                await self.heed_stop()
        finally:
            enough.set()
            await working

    async def heed_stop(self) -> None:
        """Raise `StepFailed` if somebody wants the run to stop: for where something takes long outside the pages."""
        stopper = self.control.stop_requested_by
        if stopper is None:
            async with self.workspace.store.reading() as tx:
                stopper = await runs.stop_requested_by(tx, self.control.run_id)
        if stopper:
            raise StepFailed(f"stopped by {stopper} before a page began", StepResult.STOPPED_BY_OPERATOR)

    async def _keep(self, tx: Transaction) -> None:
        await transitions.record(tx, self._moves, step_id=self.id)
        await runs.add_errors(tx, self.id, self._new_errors)
        self._moves, self._new_errors = [], []
        await runs.checkpoint(tx, self.id, done=self.done, total=self.total, statistics=self.counted())

    @asynccontextmanager
    async def connected(self, system: str = "") -> AsyncIterator[Connector]:
        """Enter the connector of a system, the step's own by default; a stop ends waiting for the system as well.

        Raises `StepFailed` as stopped by an operator, whatever then became of the connection.
        """
        connector = self.workspace.connector(system or self.system)
        watch = asyncio.create_task(self._abandon_when_stopped(connector))
        try:
            async with connector:
                yield connector
        except StepFailed as failure:
            if watch.done() and failure.result != StepResult.STOPPED_BY_OPERATOR:
                told = f"stopped by {watch.result()} while it waited for '{connector.name}'; what came before is kept"
                raise StepFailed(told, StepResult.STOPPED_BY_OPERATOR) from failure
            raise
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _abandon_when_stopped(self, connector: Connector) -> str:
        """Wait until somebody wants the run to stop, and a little for the next page; give who it was."""
        while (stopper := self.control.stop_requested_by or await self._asked_to_stop()) is None:  # noqa: ASYNC110 - by another process, perhaps
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(GRACE_SECONDS)
        connector.abandon()
        return stopper

    async def _asked_to_stop(self) -> str | None:
        try:
            async with self.workspace.store.reading() as tx:
                if self.control.run_id and not await lease.is_held(tx, self.control.owner):
                    return "whoever took its process for dead"
                return await runs.stop_requested_by(tx, self.control.run_id)
        except StoreError:
            return None  # the next page tells what is wrong with the store

    async def send_exports(self, connector: Connector, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations, unless the process has slept so long that another run may be at work on the same objects.

        Raises `LeaseLost` where that is so; nothing was sent then. Raises whatever `Connector.export` raises.
        """
        await self._ensure_awake()
        return await connector.export(operations)

    async def _ensure_awake(self) -> None:
        """Ask the store whether the lease is still its owner's, if nobody was sure of that for some time."""
        if self.control.is_sure():
            return
        began = awake_at()
        async with self.workspace.store.transaction() as tx:
            await lease.renew(tx, self.control.owner)
            await runs.ensure_open(tx, self.id)
        self.control.sure_at = began

    def moved(self, move: Move) -> None:
        """Record a status transition with the page."""
        if move.from_status != move.to_status:
            self._moves.append(move)

    def failed(
        self,
        error: ObjectError,
        *,
        object_type: str,
        label: str,
        position: str = "",
        object_id: int | None = None,
        system: str | None = None,
        mvo_id: int | None = None,
    ) -> None:
        """Record with the page what went wrong with one object."""
        self.errors += 1
        where = self.system if system is None else system
        self._new_errors.append(ItemError(*error, where, object_type, label, position, object_id, mvo_id=mvo_id))

    def warned(
        self, error: ObjectError, *, object_type: str, label: str, object_id: int | None = None, system: str
    ) -> None:
        """Record with the page what somebody should know of one object, though nothing has failed."""
        self.warnings += 1
        self._new_errors.append(ItemError(*error, system, object_type, label, "", object_id, is_warning=True))

    def count_deleted(self, mvo_ids: Iterable[int], *, brought_back: Iterable[int] = ()) -> None:
        """Count MVOs as deleted, and those no longer that somebody joins within the step who brings them back."""
        self._deleted = (self._deleted | set(mvo_ids)) - set(brought_back)
        self.statistics[Statistic.METAVERSE_OBJECT_DELETES] = len(self._deleted)

    def note(self, notes: Sequence[str]) -> None:
        """Tell with the step's result how it was carried out, as a warning."""
        self.notes += len(notes)
        self.message = "; ".join([*([self.message] if self.message else []), *notes])

    def progress(self) -> Progress:
        """Tell how far the step is."""
        return Progress(self.plan, self.done, self.total, self.counted())

    def counted(self) -> dict[str, int]:
        """Give the statistics, without what did not happen."""
        return {what.value: count for what, count in (+self.statistics).items()}
