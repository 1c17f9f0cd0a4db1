"""The address of a database: what libpq makes of it, how the server proves who it is, and what a person calls it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from storage.errors import StoreUnreadable

_LOCAL = ("", "localhost", "127.0.0.1", "::1")
_CONNECT_SECONDS = "10"


def name_of(url: str) -> str:
    """Give the address as it may be shown: without a password, and without what follows a `?`."""
    found = urlsplit(url)
    user = f"{found.username}@" if found.username else ""
    return f"{found.scheme}://{user}{found.netloc.rpartition('@')[2]}{found.path}"


def settings_of(url: str, password: Callable[[], str] | None) -> dict[str, Any]:
    """Give what libpq is told to connect. Raises `StoreUnreadable` for an address that it cannot read."""
    try:
        settings: dict[str, Any] = {
            key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None
        }
    except psycopg.ProgrammingError as error:
        raise StoreUnreadable(f"{name_of(url)}: is no address that PostgreSQL's library can read: {error}") from error
    if "service" not in settings and not is_local(settings):
        settings.setdefault("sslmode", "verify-full")
    if settings.get("sslmode") == "verify-full" and "service" not in settings:
        settings.setdefault("sslrootcert", "system")
    settings.setdefault("connect_timeout", _CONNECT_SECONDS)
    settings.setdefault("application_name", "interlock")
    if password is not None:
        settings["password"] = password()
    return settings


def is_local(settings: Mapping[str, str]) -> bool:
    """Tell whether every server that is named is on this machine."""
    hosts = settings.get("hostaddr") or settings.get("host", "")
    return all(host in _LOCAL or host.startswith(("/", "@")) for host in hosts.split(","))
