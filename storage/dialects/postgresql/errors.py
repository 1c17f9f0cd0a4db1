"""The errors of PostgreSQL, by their SQLSTATE."""

import psycopg

from storage.dialects.postgresql.engines import LOCK_SECONDS
from storage.errors import StoreError, StoreFull, StoreLocked, StoreLost, StoreReadOnly, StoreUnreadable

_NO_CHANGE = "nothing half-written was kept"
_BY_STATE: dict[str, tuple[type[StoreError], str]] = {
    "53100": (StoreFull, f"the server's disk is full; free some room there, then run again: {_NO_CHANGE}"),
    "53200": (StoreFull, f"the server has no memory left; look at its log, then run again: {_NO_CHANGE}"),
    "53300": (StoreLocked, "the server takes no more connections; end some, or raise its max_connections"),
    "55P03": (
        StoreLocked,
        f"another program kept the store locked for {LOCK_SECONDS} s; end it or wait, then try again",
    ),
    "40P01": (StoreLocked, "another program locked the store at the same time; try again"),
    "40001": (StoreLocked, "another program changed the store at the same time; try again"),
    "22021": (
        StoreError,
        "a text holds the character NUL, which no text of PostgreSQL can; correct it at its source",
    ),
    "2201B": (
        StoreError,
        "the server does not know everything of a regular expression that a file as the store does; say it otherwise",
    ),
    "25006": (
        StoreReadOnly,
        "the server takes no writes now: it is a standby, or set to read only; name the one that is written to",
    ),
    "42501": (
        StoreReadOnly,
        "this user may not do that in the store; the database's owner can allow it: interlock store grant",
    ),
    "28P01": (StoreUnreadable, "the password is wrong, or the user is unknown; correct [store] password or url"),
    "28000": (StoreUnreadable, "the server does not let this user in from here; look at its pg_hba.conf"),
    "3D000": (StoreUnreadable, "there is no such database; create it: see docs/postgresql.md"),
    "3F000": (StoreUnreadable, "there is no such schema; create it: see docs/postgresql.md"),
    "42P01": (StoreUnreadable, "a table of the store is missing; 'interlock store check' tells what else is"),
}
"""SQLSTATE (appendix A of PostgreSQL's manual) → what it is, and what to do."""
_NO_CONNECTION = ("connection failed", "connection to server", "connection timeout", "resolve host")
"""What libpq says where there never was a connection."""
_LOST = "the connection to the server was lost; once it answers again, run again: what was committed is kept"


def state_of(error: BaseException) -> str:
    """Give the SQLSTATE of an error, or an empty text where the server did not send one."""
    found = _driver_error(error)
    if isinstance(found, psycopg.DataError) and found.sqlstate is None and "NUL" in str(found):
        return "22021"  # the driver says it before the server can
    return (found.sqlstate or "") if found is not None else ""


def explain(error: Exception, name: str) -> StoreError:
    """Give an error of the database as what it means for the store, and what to do about it."""
    state = state_of(error)
    cause = _driver_error(error)
    if (known := _BY_STATE.get(state)) is not None:
        kind, advice = known
        return kind(f"{name}: {advice}{_detail(cause) if state in ('42501', '28000', '42P01', '2201B') else ''}")
    if state.startswith("23"):
        return StoreError(f"{name}: refused by a rule of the store itself: {_first(cause)}")
    if state.startswith(("08", "57P")):
        return StoreLost(f"{name}: {_LOST}")
    if state.startswith("58") or state == "XX001":
        return StoreFull(f"{name}: the server's disk refused to read or write; look at its log: {_first(cause)}")
    if not state and isinstance(cause, psycopg.OperationalError):
        return _unreachable(cause, name)
    return StoreUnreadable(f"{name}: cannot be used as a store: {_first(cause or error)}")


def _unreachable(cause: psycopg.Error, name: str) -> StoreError:
    """Tell why there is no connection, or no longer one: for that, libpq has words alone."""
    told = _first(cause)
    words = str(cause).lower()
    if "password authentication failed" in words or "no password supplied" in words:
        return StoreUnreadable(f"{name}: {_BY_STATE['28P01'][1]}")
    if "does not exist" in words and "database" in words:
        return StoreUnreadable(f"{name}: {_BY_STATE['3D000'][1]}")
    if "certificate" in words or "ssl" in words:
        return StoreUnreadable(
            f"{name}: the server does not prove who it is: {told}; give it a certificate that this machine trusts, or "
            "name who vouches for it by sslrootcert in [store] url"
        )
    if any(said in words for said in _NO_CONNECTION):
        return StoreLost(f"{name}: the server cannot be reached: {told}; look whether it runs, and at [store] url")
    return StoreLost(f"{name}: {_LOST}")


def _driver_error(error: BaseException) -> psycopg.Error | None:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = getattr(cause, "orig", None) or cause.__cause__
    return cause


def _detail(cause: BaseException | None) -> str:
    return f" ({_first(cause)})" if cause is not None else ""


def _first(cause: BaseException | None) -> str:
    """Give the line of an error that says what it is."""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else "for no reason that was told"
