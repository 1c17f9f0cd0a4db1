"""Attributes read through references: `{{ manager.mail }}`, two steps deep; and whom a change of one concerns."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from engine.expressions.named import Named
from engine.labels import label_of_mvo
from engine.rules.compiled import Rules
from engine.rules.flows import context_of
from engine.workspace import Workspace
from storage import metaverse, references
from storage.records import Mvo
from storage.store import Transaction

Path = tuple[str, ...]


class Followed(NamedTuple):
    """What the references of some MVOs name, as far as rules read through them."""

    workspace: Workspace
    paths: Mapping[str, frozenset[Path]]
    """MVO type → what is read through references."""
    people: dict[int, Mvo]

    def into(self, context: dict[str, Any], mvo: Mvo) -> dict[str, Any]:
        """Give what expressions see of an MVO with what its references name in their place."""
        paths = self.paths.get(mvo.type)
        if not paths:
            return context
        return context | {root: self._named(mvo, root, _below(paths, root)) for root in {path[0] for path in paths}}

    def _named(self, mvo: Mvo, attribute: str, paths: set[Path]) -> Named:
        """Give what a reference names: nothing at all where there is nobody."""
        found = self.people.get(_target(mvo, attribute) or 0)
        if found is None or found.deleted:
            return Named("nobody", {})
        seen = context_of(found.attributes, self.workspace.declared_mvo(found.type), {})
        deeper = {path[0] for path in paths if len(path) > 1}
        values = {name: seen[name] for name in {path[0] for path in paths} - deeper if name in seen}
        return Named(label_of_mvo(found), values | {one: self._named(found, one, _below(paths, one)) for one in deeper})


def _below(paths: Iterable[Path], root: str) -> set[Path]:
    return {path[1:] for path in paths if path[0] == root and len(path) > 1}


def _target(mvo: Mvo, attribute: str) -> int | None:
    values = mvo.attributes.get(attribute)
    return int(values[0]) if values else None


async def read_followed(
    tx: Transaction, workspace: Workspace, mvos: Iterable[Mvo], paths: Mapping[str, frozenset[Path]] | None = None
) -> Followed:
    """Read what the references of some MVOs name, all of a step at once; by default along the paths of the rules."""
    found = Followed(workspace, workspace.rules.followed if paths is None else paths, {})
    steps = [(mvo, path) for mvo in mvos for path in found.paths.get(mvo.type, ())]
    while steps:
        ids = {target for mvo, path in steps if (target := _target(mvo, path[0])) is not None}
        found.people.update({mvo.id: mvo for mvo in await metaverse.get(tx, ids - found.people.keys())})
        ends = [(found.people.get(_target(mvo, path[0]) or 0), path[1:]) for mvo, path in steps]
        steps = [(mvo, path) for mvo, path in ends if mvo is not None and len(path) > 1]
    return found


async def make_followers_due(tx: Transaction, rules: Rules, changes: Iterable[tuple[Mvo, Mvo]]) -> None:
    """Make those due whose rules read, through references, an attribute that has changed; and nobody else."""
    changed = {
        new.id: {name for name in old.attributes.keys() | new.attributes.keys() if _differs(name, old, new)}
        for old, new in changes
    }
    for mvo_type, paths in rules.followed.items():
        due: set[int] = set()
        for path in paths:
            for depth in range(1, len(path)):
                at = {mvo_id for mvo_id, names in changed.items() if path[depth] in names}
                due |= await _climbed(tx, at, path[:depth])
        types = {mvo.id: mvo.type for mvo in await metaverse.get(tx, due)} if due else {}
        await metaverse.set_due(tx, [one for one in due if types.get(one) == mvo_type], due=True)


def _differs(name: str, old: Mvo, new: Mvo) -> bool:
    return old.attributes.get(name) != new.attributes.get(name)


async def _climbed(tx: Transaction, ids: set[int], path: Path) -> set[int]:
    """Give those from whom a path of references leads to some MVOs."""
    for attribute in reversed(path):
        edges = await references.edges_to(tx, ids) if ids else []
        ids = {edge.mvo_id for edge in edges if edge.attribute == attribute}
    return ids
