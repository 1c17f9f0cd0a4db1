"""Explain one object, found by its id or by a text that fits no other."""

from collections.abc import Awaitable, Callable, Sequence

from engine.explaining.explain import explain_cso, explain_mvo
from engine.explaining.trying import tried
from engine.labels import label_of
from engine.workspace import Workspace
from storage import census, exports, metaverse, objects, reviews
from storage.dialects.expressions import storable
from storage.labels import name_of
from storage.list_queries import Query, Term
from storage.records import Cso
from storage.store import Transaction
from tui.feed.lists import Document, page
from tui.feed.things import UnknownId

KINDS = ("metaverse", "objects")
SHOWN = 5
"""Candidates that are named where a text fits several."""


async def explain(workspace: Workspace, text: str) -> Document:
    """Explain `cso-1`, `mvo-1`, the object of `exp-1` or `rev-1`, or the one that a text finds. Raises `UnknownId`."""
    kind, number = await find(workspace, text)
    async with workspace.store.reading() as tx:
        if kind == "mvo":
            for mvo in await metaverse.get(tx, [number]):
                return await explain_mvo(tx, workspace, mvo)
        else:
            for cso in await objects.get(tx, [number]):
                return await explain_cso(tx, workspace, cso)
    raise UnknownId(f"there is no {kind}-{number}")


async def try_expression(workspace: Workspace, expression: str, text: str) -> Document:
    """Evaluate an expression over `cso-1`, `mvo-1`, or the one object that a text finds.

    Raises `UnknownId`; `InvalidExpression` where it cannot be read.
    """
    kind, number = await find(workspace, text)
    async with workspace.store.reading() as tx:
        found = await (metaverse if kind == "mvo" else objects).get(tx, [number])
        if not found:
            raise UnknownId(f"there is no {kind}-{number}")
        return await tried(tx, workspace, expression, found[0])


async def find(workspace: Workspace, text: str) -> tuple[str, int]:
    """Give the kind (`cso`, `mvo`) and number of an id, or of the one object that a text finds. Raises `UnknownId`."""
    kind, _, number = text.partition("-")
    if kind in _ABOUT and number.isascii() and number.isdigit() and len(number) < 19:
        return await _ABOUT[kind](workspace, int(number))
    if kind not in ("cso", "mvo") or not (number.isascii() and number.isdigit() and len(number) < 19):
        kind, _, number = (await _find(workspace, text)).partition("-")
    return kind, int(number)


async def _of_export(workspace: Workspace, export_id: int) -> tuple[str, int]:
    async with workspace.store.reading() as tx:
        found = await exports.get(tx, [export_id])
    if not found:
        raise UnknownId(f"exp-{export_id} is not in the queue (any more): explain its object")
    return "cso", found[0].cso_id


async def _of_review(workspace: Workspace, item_id: int) -> tuple[str, int]:
    async with workspace.store.reading() as tx:
        found = await reviews.get(tx, [item_id])
    if not found:
        raise UnknownId(f"there is no rev-{item_id}")
    return "cso", found[0].object_id


_ABOUT: dict[str, Callable[[Workspace, int], Awaitable[tuple[str, int]]]] = {"exp": _of_export, "rev": _of_review}
"""What is about an object, by how its ids begin."""


async def _find(workspace: Workspace, text: str) -> str:
    """Find an object by its id in a system, its DN, its name, a value, or a part of one: the first that finds any."""
    async with workspace.store.reading() as tx:
        csos = await _known_as(tx, workspace, text)
    people = {cso.mvo_id for cso in csos}
    if len(people) == 1 and None not in people:
        return f"mvo-{people.pop()}" if len(csos) > 1 or csos[0].external_id == text else f"cso-{csos[0].id}"
    if csos:
        return _only(text, [{"id": f"cso-{cso.id}", "label": label_of(cso)} for cso in csos])
    for whole in (True, False):
        for kind in KINDS:
            rows = await page(workspace, Query(kind, (Term(text, whole=whole),)), limit=SHOWN + 1)
            named = [row for row in rows if name_of(row["attributes"]).lower() == text.lower()]
            if rows:
                return _only(text, named or rows)
    raise UnknownId(f"'{text}' is no id, and no object holds it; 'interlock metaverse --search TEXT' looks for it")


async def _known_as(tx: Transaction, workspace: Workspace, text: str) -> list[Cso]:
    """Give the CSOs that have a text as their external id, else those that have it as their secondary id."""
    text = storable(text)
    kinds = [(system, kind) for system, found in (await census.kinds(tx)).items() for kind in found]
    known = [one.id for kind in kinds for one in await objects.known_by_external_id(tx, *kind, [text])]
    if not known:
        for system, kind in kinds:
            key = workspace.secondary_key(system, kind, text)
            known += [one.id for one in await objects.known_by_secondary(tx, system, kind, [key] if key else [])]
    return await objects.get(tx, known)


def _only(text: str, rows: Sequence[Document]) -> str:
    """Give the id of the one row. Raises `UnknownId`, with the candidates, where there are several."""
    if len(rows) == 1:
        return str(rows[0]["id"])
    several = ", ".join(_label(row) for row in rows[:SHOWN])
    more = "; and more" if len(rows) > SHOWN else ""
    raise UnknownId(f"'{text}' fits several objects: {several}{more}; name one by its id")


def _label(row: Document) -> str:
    label = str(row["label"])
    return label if row["id"] in label else f"{label} ({row['id']})"
