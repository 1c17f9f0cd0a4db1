"""SQL that this process has compiled once: every store it opens after that finds it so.

A program compiles each of its statements once, as a store that is opened knows none. A test opens stores by the
dozen, for a command each, and compiling takes a quarter of the time of a small run.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from storage.dialects.postgresql import engines
from storage.dialects.sqlite import dialect

STATEMENTS = 5_000


class _Statements:
    """Compiled statements by what they say; an engine would also look at which engine they were compiled for."""

    def __init__(self) -> None:
        self._known: LRUCache[Any, Any] = LRUCache(STATEMENTS)

    def get(self, key: tuple[Any, ...]) -> Any:
        return self._known.get(key[1:])

    def __setitem__(self, key: tuple[Any, ...], statement: Any) -> None:
        self._known[key[1:]] = statement


def keep_what_is_compiled() -> None:
    """Let all stores of this process share what was compiled for any of them of their kind."""
    dialect._connected = _sharing(_Statements(), dialect._connected)
    engines._connected = _sharing(_Statements(), engines._connected)


def _sharing(statements: _Statements, make: Callable[..., AsyncEngine]) -> Callable[..., AsyncEngine]:
    cache: Any = statements  # it does of a mapping what an engine asks for

    def connected(*arguments: Any, **options: Any) -> AsyncEngine:
        engine = make(*arguments, **options)
        engine.sync_engine._compiled_cache = cache
        return engine

    return connected
