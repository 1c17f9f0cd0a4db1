"""SQLAlchemy's connections for asyncio, without its ORM: nobody here uses that, and it takes 0.1 s and 8 MB to import.

`sqlalchemy.ext.asyncio` imports the ORM for its sessions. So the package is put in its place unexecuted while its
engine is imported, and taken away again: whoever imports it later gets all of it, with the same engine.
"""

import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
else:
    _PACKAGE = "sqlalchemy.ext.asyncio"
    _is_new = _PACKAGE not in sys.modules
    if _is_new:
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(importlib.util.find_spec(_PACKAGE))
    from sqlalchemy.ext.asyncio.engine import AsyncConnection, AsyncEngine, create_async_engine

    if _is_new:
        del sys.modules[_PACKAGE]

__all__ = ["AsyncConnection", "AsyncEngine", "create_async_engine"]
