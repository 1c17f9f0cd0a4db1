"""Move the store to another place: a file into a database of a server, or back."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from engine.approvals.audit import record
from engine.configuration.secrets import Secret
from engine.configuration.store import StoreConfig
from engine.errors import DecisionRefused
from engine.roles import Role, require
from engine.store_address import store_address
from engine.workspace import Workspace
from storage import audit, mark, transfer
from storage.audit import AuditEntry
from storage.dialects.base import Place
from storage.errors import StoreError
from storage.place import place_at
from storage.store import Store


class MovedStore(NamedTuple):
    """Where a store is by now, and what was carried there."""

    name: str
    tables: list[transfer.Carried]
    is_left: bool
    """Whether the store that was moved knows that it is an older one."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(table.rows for table in self.tables)


async def move(workspace: Workspace, to: str, password_env: str | None, *, operator: str) -> MovedStore:
    """Carry the whole store to an empty place, prove that both hold the same, and write that down there.

    The store that was moved stays as it was, and is an older one from then on: it is read, and nothing is done with it,
    for what is decided in the other is not in it. Raises `NotAllowed`, `DecisionRefused`, `AlreadyRunning` or another
    `StoreError`; then nothing is at the other place.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "move the store")
    where = store_address(workspace.config.model_copy(update={"store": _settings(to, password_env)}))
    target = place_at(where)
    tables = await asyncio.to_thread(_carry, workspace.store.place, target)
    async with Store.open(where) as moved:
        details = {"from": workspace.store.name, "to": moved.name, "digests": {one.table: one.digest for one in tables}}
        async with moved.transaction() as tx:
            there = Workspace(workspace.config, workspace.rules, moved)
            await record(tx, there, operator=operator, action="move-store", subject="store", details=details)
            newest = await audit.newest(tx)
    return MovedStore(target.name, tables, newest is not None and _leave(workspace.store.place, newest))


def _leave(place: Place, newest: AuditEntry) -> bool:
    """Make a store an older one than that which holds an entry; tell whether that could be written down."""
    lacking = mark.Mark(newest.id, newest.hash, newest.at)
    mark.write(place.beside, lacking, place.shared_as)
    return mark.read(place.beside) == lacking


def _settings(to: str, password_env: str | None) -> StoreConfig:
    """Give the place that a person named as the configuration would have it. Raises `DecisionRefused`."""
    try:
        if "://" in to:
            return StoreConfig(url=to, password=Secret(env=password_env) if password_env else None)
        return StoreConfig(path=Path(to).absolute())
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise DecisionRefused(f"this is no place for a store: {why}") from None


def _carry(source: Place, target: Place) -> list[transfer.Carried]:
    """Carry everything. Raises `StoreError`."""
    try:
        if not target.empty():
            raise StoreError(f"{target.name}: there is a store already; name a place where there is none")
        return transfer.carry(source, target)
    except Exception as error:
        for place in (target, source):
            if isinstance(error, place.driver_errors):
                raise place.explain(error) from error
        raise


async def grants(workspace: Workspace, role: str, *, writes: bool) -> list[str]:
    """Give the statements by which the owner of the store's database lets a role in: to read, or to write as well.

    Raises `StoreError` for a store in a file.
    """
    return await asyncio.to_thread(workspace.store.place.grants, role, writes=writes)
