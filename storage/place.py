"""Which database holds a store: chosen here, once, by where it is."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from storage.dialects.base import Place
from storage.errors import StoreUnreadable


class ServerAddress(NamedTuple):
    """A database of a server: its address without a password, where that is, and the folder of its configuration."""

    url: str
    folder: Path
    password: Callable[[], str] | None = None


def place_at(where: Path | ServerAddress) -> Place:
    """Give the place of a store. Raises `StoreUnreadable` where what it needs is not installed."""
    if isinstance(where, Path):
        from storage.dialects.sqlite.place import FilePlace  # noqa: PLC0415 - the other database is not loaded

        return FilePlace(where)
    try:
        from storage.dialects.postgresql.place import ServerPlace  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise StoreUnreadable(
            "a store on PostgreSQL needs the driver 'psycopg', which is not installed; "
            "pip install 'interlock[postgresql]'"
        ) from error
    return ServerPlace(where.url, where.folder, where.password)
