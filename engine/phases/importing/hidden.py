"""Phase 1, import: whether somebody who was not seen stands in what was read all the same, where nobody should stand.

A torn file can have every sign of a whole one: a stray pair of quotes makes one row of many, a part of another export
has its columns in another order. So it is asked of each id that is missing whether it stands in what may have swallowed
rows, or as a value of something that was never seen before. Where it does, the import is incomplete.
"""

from collections.abc import AsyncIterator, Callable, Iterator

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import Connector
from engine.gates.limits import is_over
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.matching import load_known
from engine.phases.importing.state import ImportState
from engine.values.typed import InvalidValue
from storage import census, objects
from storage.records import Attributes
from storage.store import Transaction

_QUOTE = '"'
"""What a damaged row may have around an id, or behind it."""
AT_ONCE = 50_000
"""How many missing ids are looked for at once: they are in memory."""


async def look_for_hidden(task: ImportState, connector: Connector) -> None:
    """Make an import that says that it is complete incomplete where somebody who was not seen stands in it."""
    if not task.complete or not task.end.full:
        return
    async with task.step.workspace.store.reading() as tx:
        async for kind, ids in _unseen(tx, task):
            found = await connector.find_hidden(kind, ids) or await _among_new(tx, task, kind, ids)
            if found:
                task.unreadable += [_say(one, where, connector.hiding) for one, where in sorted(found.items())]
                return


def _say(external_id: str, where: str, hiding: str) -> str:
    return f"{where}: '{external_id}' has not come, and {hiding}"


async def _unseen(tx: Transaction, task: ImportState) -> AsyncIterator[tuple[str, frozenset[str]]]:
    """Give the ids of a type with which nothing came, some at a time."""
    system, claimed = task.step.system, task.claims.named()
    for kind, partition in await census.parts(tx, system):
        if kind not in task.is_known:
            continue
        unseen: list[int] = []
        normal = 0
        async for page in objects.normal_ids(tx, system, kind, partition):
            normal += len(page)
            unseen += [one for one in task.sightings.unseen(page) if one not in claimed]
        if is_over(task.step.workspace.config.limits_of(system, kind), len(unseen), normal):
            continue  # gate 5 stops the whole run, which an import that is only incomplete does not
        for start in range(0, len(unseen), AT_ONCE):
            ids = frozenset(await objects.external_ids(tx, unseen[start : start + AT_ONCE]))
            if left := ids - _refused(task, kind, ids):
                yield kind, left


def _refused(task: ImportState, kind: str, ids: frozenset[str]) -> set[str]:
    """Give those of some ids that came with an error: they have been seen all the same."""
    return {one.external_id for one in _arrivals(task, kind) if one.external_id in ids and one.external_id is not None}


def _arrivals(task: ImportState, kind: str) -> Iterator[Arrival]:
    return (one for page in task.arrivals.pages() for one, _ in page if one.type == kind)


async def _among_new(tx: Transaction, task: ImportState, kind: str, ids: frozenset[str]) -> dict[str, str]:
    """Look for ids among the values of what nothing is known of, references apart: id → where."""
    settings = task.step.settings.objects[kind]
    for page in task.arrivals.pages():
        own = [one for one, _ in page if one.type == kind]
        known = (await load_known(tx, task.step.system, kind, own)).by_external_id if own else {}
        for one in own:
            if one.external_id in known:
                continue
            if found := among_values(settings, one.attributes(), ids):
                return dict.fromkeys(sorted(found), one.position)
    return {}


def among_values(settings: ObjectTypeConfig, attributes: Attributes, ids: frozenset[str]) -> set[str]:
    """Give those of some ids that stand among an object's values, other than as a reference."""
    read = external_ids.reader(settings)
    plain = (values for name, values in attributes.items() if settings.type_of(name).kind != "reference")
    parts = (part for values in plain for value in values for part in str(value).split(_QUOTE))
    return {text for part in parts if (text := _id_of(part, read)) in ids}


def _id_of(part: str, read: Callable[[str], str]) -> str:
    try:
        return read(part.strip())
    except InvalidValue:
        return ""
