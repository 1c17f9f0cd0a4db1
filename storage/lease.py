"""One run at a time for each store: a lease with a heartbeat, taken over when its owner is dead."""

import os
import socket
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import bindparam, delete, select, update

from storage import clock, writing
from storage.dialects import expressions
from storage.errors import AlreadyRunning, LeaseLost, WrongClock
from storage.store import Transaction
from storage.tables import lease, offers, runs, workers

HEARTBEAT_SECONDS = 5.0
"""How often a living owner renews its lease."""
STALE_SECONDS = 60.0
"""After this long without a heartbeat an owner whose process cannot be looked at from here counts as dead."""

SURE_SECONDS = 30.0
"""How long an owner may go on after it was last sure of its lease: others wait longer before they take it for dead."""
CLOCK_SECONDS = 20.0
"""How far the clocks of a machine and of the store's server may be apart: by them, others see who lives."""

_UNKNOWN = "elsewhere"
"""The place of a process that nobody can look at by its number."""


_STOPPER = select(runs.c.stop_requested_by).where(runs.c.id == lease.c.run_id).scalar_subquery()
_RENEW = update(lease).where(lease.c.owner == bindparam("by")).values(heartbeat_at=bindparam("at")).returning(_STOPPER)


class Lease(NamedTuple):
    """Who runs on the store."""

    id: int
    owner: str
    run_id: int
    host: str
    pid: int
    process: str
    heartbeat_at: str


async def current(tx: Transaction) -> Lease | None:
    """Give the lease as it stands, whether or not its owner lives."""
    row = (await tx.execute(select(lease))).first()
    return Lease(*row) if row else None


async def living_run(tx: Transaction) -> int | None:
    """Give the run whose process holds the lease and lives."""
    held = await current(tx)
    return held.run_id if held and is_alive(held) else None


async def wrong_clock(tx: Transaction) -> str:
    """Say how far this machine's clock is from that of the store's server; nothing where it is near.

    A living run of another machine would look dead from here, or this one from there.
    """
    server = float((await tx.execute(select(expressions.present_moment()))).scalar_one())
    ahead = clock.of_this_machine().timestamp() - server
    if abs(ahead) <= CLOCK_SECONDS:
        return ""
    way = "ahead of" if ahead > 0 else "behind"
    return (
        f"this machine's clock is {abs(ahead):,.0f} s {way} that of the store's server, and machines that share a "
        "store tell by their clocks who still lives: set both by a time server, then try again"
    )


async def ensure_free(tx: Transaction) -> None:
    """Raise `AlreadyRunning` if a living process holds the lease, or carries out a step for whoever held it.

    Raises `WrongClock` where that cannot be told.
    """
    if wrong := await wrong_clock(tx):
        raise WrongClock(wrong)
    held = await current(tx)
    if held and is_alive(held):
        raise AlreadyRunning(
            f"run {held.run_id} is going on (process {held.pid} on {held.host}, last heard of {held.heartbeat_at}); "
            "watch it with 'interlock status', or stop it with 'interlock stop'"
        )
    if held and (worker := await _still_at_work(tx, held)):
        raise AlreadyRunning(
            f"the process of run {held.run_id} has died, and worker '{worker}' still carries out a step of it: wait "
            "for that, or let it end at its next page with 'interlock stop'"
        )


async def _still_at_work(tx: Transaction, held: Lease) -> str | None:
    """Give the worker that is heard of and carries out a step for whoever held the lease."""
    at_work = select(workers).join(offers, offers.c.worker == workers.c.name).where(offers.c.owner == held.owner)
    found = await tx.execute(at_work)
    return next((str(one.name) for one in found if is_heard_of(one)), None)


async def take(tx: Transaction, *, owner: str, run_id: int) -> None:
    """Take the lease for a run; call `ensure_free` before, in the same transaction."""
    values: dict[str, Any] = {"id": 1, "owner": owner, "run_id": run_id, **this_process(), "heartbeat_at": clock.now()}
    await writing.upsert(tx, lease, ["id"], [values])


async def renew(tx: Transaction, owner: str) -> str | None:
    """Show that the owner lives, and that it still is the owner; give who has asked its run to stop, if anybody has.

    Raises `LeaseLost` if another process took over; the transaction it is raised in is not kept.
    """
    held = (await tx.execute(_RENEW, {"by": owner, "at": clock.now()})).first()
    if held is None:
        raise LeaseLost("another process took this run's lease over; nothing more was written by this one")
    asked: str | None = held[0]
    return asked


async def is_held(tx: Transaction, owner: str) -> bool:
    """Tell whether an owner still holds the lease."""
    return (await tx.execute(select(lease.c.id).where(lease.c.owner == owner))).first() is not None


async def release(tx: Transaction, owner: str) -> None:
    """Give the lease back."""
    await tx.execute(delete(lease).where(lease.c.owner == owner))


async def clear(tx: Transaction) -> None:
    """Forget the lease, in a copy of a store that nobody runs on."""
    await tx.execute(delete(lease))


class Process(Protocol):
    """A process that shows that it lives, as it wrote itself down."""

    @property
    def host(self) -> str:
        """Its machine."""
        ...

    @property
    def pid(self) -> int:
        """Its number there."""
        ...

    @property
    def process(self) -> str:
        """What tells it from a later one of that number."""
        ...

    @property
    def heartbeat_at(self) -> str:
        """When it was last heard of."""
        ...


def this_process() -> dict[str, Any]:
    """Give what this process is known by, on this machine and elsewhere."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "process": f"{_process_start(pid)} {_place()}".rstrip()}


def is_alive(held: Process) -> bool:
    """Look at a process where it can be seen from here; elsewhere trust its heartbeat."""
    return lives(held.host, held.pid, held.process, held.heartbeat_at)


def is_heard_of(held: Process) -> bool:
    """Tell whether a process lives and was heard of lately: a worker that hangs is no better than one that died.

    It writes nothing when it goes on after its step was given up, so nobody has to wait for it.
    """
    return is_alive(held) and clock.seconds_between(held.heartbeat_at, clock.now()) < STALE_SECONDS


def lives(host: str, pid: int, process: str, heartbeat_at: str) -> bool:
    """Look at a process likewise, by what is kept of it."""
    start, _, place = process.partition(" ")
    if host == socket.gethostname() and place in ("", _place()) and place != _UNKNOWN:
        return _process_start(pid) == start
    return clock.seconds_between(heartbeat_at, clock.now()) < STALE_SECONDS


def _place() -> str:
    """Tell where process ids mean what they mean here: the boot of the machine, and the PID namespace.

    Containers often share a host name, and each counts its processes from 1. Nothing where there is no /proc at all.
    """
    try:
        me = os.readlink("/proc/self")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return _UNKNOWN if os.path.lexists("/proc/self") else ""
    return f"{boot} {namespace}" if me == str(os.getpid()) else _UNKNOWN  # /proc may be that of another namespace


def _process_start(pid: int) -> str:
    """Tell one process from a later one with the same number: its start time, empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return "" if not _exists(pid) else "unknown"
    return "" if fields[0] in "ZX" else fields[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
