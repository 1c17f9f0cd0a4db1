"""Phase 1, references: the index of who refers to whom, and what is owed."""

from collections.abc import Iterable

from engine.step import Step
from storage import references
from storage.records import Mvo
from storage.references import IN, Edge, Owed
from storage.store import Transaction


async def owe(tx: Transaction, cso_ids: set[int], owed: Iterable[Owed]) -> None:
    """Write down what some CSOs owe, and drop what they do not any more."""
    if cso_ids:
        rows = {row[:5]: row for row in owed}
        await references.replace_owed(tx, IN, cso_ids, list(rows.values()))


async def keep_edges(tx: Transaction, step: Step, changes: list[tuple[Mvo, Mvo]]) -> None:
    """Keep the index of who refers to whom: of fifty thousand members, only those that come or go."""
    declared = step.workspace.config.metaverse
    gone: list[Edge] = []
    come: list[Edge] = []
    for old, new in changes:
        types = declared[new.type].attributes if new.type in declared else {}
        for name, kind in types.items():
            if kind.kind != "reference":
                continue
            before, after = set(old.attributes.get(name, ())), set(new.attributes.get(name, ()))
            gone += [Edge(new.id, name, target) for target in before - after]
            come += [Edge(new.id, name, target) for target in after - before]
    await references.change(tx, gone, come)
