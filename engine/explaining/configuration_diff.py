"""What has changed in the configuration since the last run, in words; of scopes, how many leave and enter them."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NamedTuple

from engine.configuration.kept import plain
from engine.contributions.everybody import METAVERSE, pages_of
from engine.errors import ObjectFailed
from engine.explaining.settings import NOTHING, below, default, in_words
from engine.expressions.expression import Expression, InvalidExpression, compile_condition
from engine.rules.flows import context_of
from engine.workspace import Workspace
from storage.records import CsoStatus, Mvo
from storage.store import Transaction

Document = dict[str, Any]
PAGE = 5_000
_BY_NAME = ("rules", "groups")
"""Lists of tables that are known by their names."""
_FLOWS = ("flow", "initial", "disable")


class Change(NamedTuple):
    """One thing that is otherwise."""

    where: str
    """The rule, or the table."""
    says: str
    leave: int = 0
    """How many objects leave a scope by it."""
    enter: int = 0


async def changes_since(tx: Transaction | None, workspace: Workspace, before: Document) -> list[Change]:
    """Give all that is otherwise in the configuration than it was; without a transaction no scope is counted."""
    now = plain(workspace.config)
    found = list(_of_tables("", before, now, workspace.config))
    for key, one in zip(_BY_NAME, ("rule", "group"), strict=True):
        old = {table["name"]: table for table in before.get(key, [])}
        new = {table["name"]: table for table in now.get(key, [])}
        found += _come_and_gone(one, old, new)
        tables = {table.name: table for table in getattr(workspace.config, key)}
        for name, table in new.items():
            if name in old:
                found += await _of_named(tx, workspace, f"{one} '{name}'", old[name], table, tables[name])
        orders = [[name for name in side if name in old and name in new] for side in (old, new)]
        if orders[0] != orders[1]:
            found.append(Change(key, f"their order: {', '.join(orders[0])} → {', '.join(orders[1])}"))
    return found


def _come_and_gone(kind: str, old: Mapping[str, Document], new: Mapping[str, Document]) -> Iterator[Change]:
    for name, table in old.items():
        if name not in new:
            yield Change(f"{kind} '{name}'", f"is gone{_ends(table)}")
    for name, table in new.items():
        if name not in old:
            yield Change(f"{kind} '{name}'", f"is new{_ends(table)}")


def _ends(table: Document) -> str:
    return f": {table['from']} → {table['to']}" if "from" in table else ""


async def _of_named(
    tx: Transaction | None, workspace: Workspace, where: str, old: Document, new: Document, table: Any
) -> list[Change]:
    """Give what is otherwise in a rule or a group; `table` is what the configuration has of it now."""
    found: list[Change] = []
    if old.get("scope") != new.get("scope"):
        found.append(await _of_scope(tx, workspace, where, old, new))
    for flows in _FLOWS:
        found += [Change(where, says) for says in _of_flows(flows, old.get(flows, {}), new.get(flows, {}))]
    for key in sorted((old.keys() | new.keys()) - {"scope", *_FLOWS}):
        if old.get(key) != new.get(key):
            found.append(Change(where, f"{key}: {_side(table, key, old.get(key))} → {_side(table, key, new.get(key))}"))
    return found


def _of_flows(table: str, old: Document, new: Document) -> Iterator[str]:
    for attribute in old.keys() | new.keys():
        before, after = old.get(attribute), new.get(attribute)
        if before is None:
            yield f"{table} to {attribute} is new: {in_words(after)}"
        elif after is None:
            yield f"{table} to {attribute} is gone: {in_words(before)}"
        elif before != after:
            yield f"{table} to {attribute}: {in_words(before)} → {in_words(after)}"


async def _of_scope(tx: Transaction | None, workspace: Workspace, where: str, old: Document, new: Document) -> Change:
    """Say what a changed scope does, by the objects that there are."""
    written = f"{in_words(old.get('scope'), 'everybody')} → {in_words(new.get('scope'), 'everybody')}"
    if tx is None:
        return Change(where, f"scope: {written}")
    try:
        scopes = [compile_condition(one["scope"]) if one.get("scope") else None for one in (old, new)]
    except InvalidExpression:
        return Change(where, f"scope: {written}")
    leave = enter = 0
    async for context in _contexts(tx, workspace, str(new["from"])):
        was, will_be = (_holds(scope, context) for scope in scopes)
        leave += was and not will_be
        enter += will_be and not was
    match leave, enter:
        case 0, 0:
            what, who = "is written otherwise", "nobody leaves or enters it"
        case _, 0:
            what, who = "narrows", f"{leave:,} leave it"
        case 0, _:
            what, who = "widens", f"{enter:,} enter it"
        case _:
            what, who = "changes", f"{leave:,} leave it, {enter:,} enter it"
    return Change(where, f"scope {what}: {written}: {who}", leave, enter)


def _holds(scope: Expression | None, context: Document) -> bool:
    try:
        return scope is None or bool(scope(context))
    except ObjectFailed:
        return False


async def _contexts(tx: Transaction, workspace: Workspace, source: str) -> AsyncIterator[Document]:
    """Give every object that a rule reads, as its expressions see it."""
    place, kind = source.split(".", 1)
    declared = workspace.declared_mvo(kind) if place == METAVERSE else workspace.declared(place, kind)
    around = workspace.around("" if place == METAVERSE else place)
    async for page in pages_of(tx, place, kind, PAGE):
        for one in page:
            if not (one.deleted if isinstance(one, Mvo) else one.status != CsoStatus.NORMAL):
                yield context_of(one.attributes, declared, around)


def _of_tables(where: str, old: Document, new: Document, table: Any) -> Iterator[Change]:
    """Give what is otherwise in tables, and in those within them; `table` is what the configuration has there now."""
    for key in sorted(old.keys() | new.keys()):
        if not where and key in _BY_NAME:
            continue
        path, before, after = f"{where}.{key}" if where else key, old.get(key), new.get(key)
        if before == after:
            continue
        is_named = isinstance(table, dict)  # as systems and profiles are: one that was not there is new as a whole
        if not is_named:
            before, after = _filled(before, after), _filled(after, before)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _of_tables(path, before, after, below(table, key))
        elif is_named and before is None:
            yield Change(path, f"is new: {in_words(after)}")
        elif is_named and after is None:
            yield Change(path, f"is gone: {in_words(before)}")
        else:
            yield Change(path, f"{_side(table, key, before)} → {_side(table, key, after)}")


def _filled(side: Any, other: Any) -> Any:
    """Give an empty table in place of one that is not there, where there is one to compare it with."""
    return {} if side is None and isinstance(other, dict) else side


def _side(table: Any, key: str, value: Any) -> str:
    """Say what a setting is, or what it is where no file mentions it."""
    if value is not None:
        return in_words(value)
    usual = default(table, key)
    return NOTHING if usual is None else f"{in_words(usual)} (the default)"
