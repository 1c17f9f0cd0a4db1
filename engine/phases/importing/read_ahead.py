"""Read a page ahead: while one page is stored, the next is being read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

Item = TypeVar("Item")


async def read_ahead(source: AsyncIterator[Item]) -> AsyncGenerator[Item, None]:
    """Give the items of a source in their order, with one fetched before it is asked for."""
    iterator = aiter(source)
    pending = asyncio.ensure_future(_next(iterator))
    try:
        while (found := await pending) is not None:
            pending = asyncio.ensure_future(_next(iterator))
            yield found[0]
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
        if hasattr(iterator, "aclose"):
            await iterator.aclose()


async def _next(iterator: AsyncIterator[Item]) -> tuple[Item] | None:
    try:
        return (await anext(iterator),)
    except StopAsyncIteration:
        return None
