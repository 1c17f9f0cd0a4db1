"""Look after a store in a database: back it up, compare it with what Interlock makes, make it smaller."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from storage.dialects.postgresql import schema
from storage.errors import BackupRefused, StoreError
from storage.tables import metadata

_PLACES = Path("/usr/lib/postgresql")
"""Where Debian has the programs of each version."""
DEFINITIONS = "definitions.sql"
_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class "
    "WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'r'"
)


def back_up(name: str, settings: Mapping[str, Any], schema_name: str, server: int, copy: Path) -> None:
    """Copy a schema to a new file, mode 0600, with the program of the server's version or a newer one.

    Raises `BackupRefused` or `StoreError`; then there is no copy.
    """
    program = _program(server)
    if program is None:
        raise BackupRefused(
            f"{name}: no pg_dump of version {server} or newer is on this machine; install PostgreSQL's client "
            "programs, or back the database up where the server is"
        )
    try:
        handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise BackupRefused(f"{copy}: exists already; name a new file") from error
    except OSError as error:
        raise BackupRefused(f"{copy}: cannot be written: {error.strerror}") from error
    known = {key: value for key, value in settings.items() if key != "password"}
    secret = {"PGPASSWORD": settings["password"]} if "password" in settings else {}
    only = f'--schema="{schema_name}"'
    command = [str(program), "--format=custom", only, "--no-password", f"--dbname={make_conninfo(**known)}"]
    try:
        with os.fdopen(handle, "wb") as file:
            surroundings = {**os.environ, **secret}
            done = subprocess.run(command, env=surroundings, stdout=file, stderr=subprocess.PIPE, check=False)  # noqa: S603
            os.fsync(file.fileno())
        if done.returncode:
            raise StoreError(f"{name}: pg_dump has failed: {_reason_in(done.stderr.decode(errors='replace'))}")
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _reason_in(told: str) -> str:
    """Give the line that says why: those behind it are details."""
    lines = told.strip().splitlines() or ["it does not say why"]
    reason = next((line for line in lines if "error:" in line), lines[-1]).removeprefix("pg_dump: error: ")
    return f"{reason}; let the owner of the store make it" if "permission denied" in reason else reason


def _program(server: int) -> Path | None:
    """Find a pg_dump that reads servers of a version."""
    return next((one for one in _programs() if _version(one) >= server), None)


def _programs() -> Iterator[Path]:
    if found := shutil.which("pg_dump"):
        yield Path(found)
    yield from sorted(_PLACES.glob("*/bin/pg_dump"))


def _version(program: Path) -> int:
    told = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"(\d+)", told)
    return int(found[1]) if found else 0


def make_smaller(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """Write the tables of a connection's schema anew, and give their bytes before and after.

    Raises `psycopg.Error`, and `StoreError` where the role may not: the server only warns of that.
    """
    skipped: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            skipped.append(notice.message_primary or "")

    connection.add_notice_handler(hear)
    before = _size(connection)
    for table in metadata.sorted_tables:
        connection.execute(f"VACUUM (FULL, ANALYZE) {table.name}".encode())
        if skipped:
            raise StoreError(f"the server says: {skipped[0]}; let the owner of the store make it smaller")
    return before, _size(connection)


def _size(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(_SIZE.encode()).fetchone()
    return int(row[0]) if row else 0


def damage(connection: psycopg.Connection[Any]) -> list[str]:
    """Compare the connection's schema with one that is made for it; the transaction is to be rolled back."""
    there = _definitions(connection, "SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema()")
    connection.execute("SET LOCAL search_path = pg_temp")
    schema.create(connection, "pg_temp")
    wanted = _definitions(connection, "SELECT oid, nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
    missing = [f"the {name} is missing" for name in wanted if name not in there]
    changed = [
        f"the {name} is not as Interlock made it" for name in wanted if name in there and there[name] != wanted[name]
    ]
    strange = [f"the {name} is none of Interlock's" for name in there if name not in wanted]
    return missing + changed + strange


def _definitions(connection: psycopg.Connection[Any], which: str) -> dict[str, str]:
    """Give how every table, index, constraint, trigger and function of the schema is defined that a query names."""
    oid, name = connection.execute(which.encode()).fetchone() or (0, "")
    query = files(__package__).joinpath(DEFINITIONS).read_bytes()
    rows = connection.execute(query, {"schema": oid})
    return {f"{kind} {part}": _anywhere(str(told), name) for kind, part, told in rows}


def _anywhere(definition: str, name: str) -> str:
    """Give a definition without the name of its schema."""
    plain = definition.replace('"', "")
    for one in (name, "pg_temp"):
        plain = re.sub(rf"\b{re.escape(one)}(?:\.|, pg_temp\b)", "", plain)
    return plain
