"""Processes that die as they end one of their transactions: before it is committed, or right after."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.store import Store, Transaction
from tests.inside import Inside


def die_at(number: int, *, after: bool) -> None:
    """Let this process be killed by its own nth transaction: before it is committed, or right after."""
    real, seen = Store.transaction, 0

    @asynccontextmanager
    async def transaction(self: Store) -> AsyncIterator[Transaction]:
        nonlocal seen
        seen += 1
        is_last = seen == number
        async with real(self) as tx:
            yield tx
            if is_last and not after:
                os.kill(os.getpid(), signal.SIGKILL)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)

    Store.transaction = transaction  # type: ignore[method-assign]  # for as long as this process lives


def killed(office: Inside, *arguments: str, at: int, after: bool) -> bool:
    """Run a command in a process that dies at its nth transaction; tell whether it got that far."""
    child = os.fork()
    if child == 0:
        die_at(at, after=after)
        try:
            office.main(*arguments)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
