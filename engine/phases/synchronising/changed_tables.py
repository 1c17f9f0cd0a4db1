"""Phase 1, lookup tables: whoever's rules read a row that has changed is due, and nobody else."""

from collections.abc import Iterable
from typing import Any

from engine.contributions.everybody import METAVERSE, pages_of
from engine.errors import StepFailed
from engine.expressions.expression import Expression
from engine.expressions.tables import CannotRead, Table
from engine.rules import marks
from engine.rules.flows import context_of
from engine.rules.lookups import expressions_by_scope
from engine.step import Step
from storage import metaverse, objects, runs
from storage.documents import decode, encode
from storage.records import StepResult
from storage.store import Transaction

Rows = dict[str, dict[str, int]]
"""Table → key → the mark of its row."""


def read_tables(step: Step) -> None:
    """Read the lookup tables as they are now. Raises `StepFailed`: without them nobody knows what anybody gets."""
    try:
        step.workspace.rules.tables.refresh()
    except CannotRead as error:
        raise StepFailed(
            f"a lookup cannot be read, and nothing was changed: {error}", StepResult.NO_START_CONNECTION
        ) from error


async def notice_tables(tx: Transaction, step: Step, direction: str) -> None:
    """Make the objects due whose rules in a direction look up rows that are not what they were."""
    rules = step.workspace.rules
    found = expressions_by_scope(rules) if rules.looking_up else {}
    for scope, names in rules.looking_up.items():
        if not scope.startswith(direction):
            continue
        tables = rules.tables.current()
        now: Rows = {name: table.marks() for name in sorted(names) if isinstance(table := tables[name], Table)}
        before: Rows | None = decode(await runs.rule_mark(tx, marks.lookups(scope)) or "null")
        if before == now:
            continue
        if before is not None:  # else the rules are new, and everybody is due
            reading = [one for one in found[scope] if one.reads.tables]
            await _make_due(tx, step, scope, reading, _changed(before, now))
        await runs.set_rule_mark(tx, marks.lookups(scope), encode(now))


def _changed(before: Rows, now: Rows) -> set[tuple[str, str]]:
    """Give the rows that are new, gone or otherwise: table and key."""
    changed = set()
    for table in before.keys() | now.keys():
        old, new = before.get(table, {}), now.get(table, {})
        changed |= {(table, key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return changed


async def _make_due(
    tx: Transaction, step: Step, scope: str, reading: list[Expression], changed: set[tuple[str, str]]
) -> None:
    """Make the objects of a scope due that look up a row that has changed."""
    place, kind = marks.read_by(scope)
    workspace, is_mvo = step.workspace, place == METAVERSE
    around = workspace.around("" if is_mvo else place)
    declared = workspace.declared_mvo(kind) if is_mvo else workspace.declared(place, kind)
    async for page in pages_of(tx, place, kind, step.page_size):
        seen = ((one.id, context_of(one.attributes, declared, around)) for one in page)
        due = [one for one, context in seen if _reads_any(reading, context, changed)]
        await (metaverse.set_due if is_mvo else objects.set_due)(tx, due, due=True)


def _reads_any(reading: Iterable[Expression], context: dict[str, Any], changed: set[tuple[str, str]]) -> bool:
    """Tell whether an object looks up one of some rows; what would take long to be found out counts as if it did."""
    rows = (expression.looked_up(context) for expression in reading)
    return any(found is None or not changed.isdisjoint(found) for found in rows)
