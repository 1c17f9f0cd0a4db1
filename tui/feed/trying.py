"""Try an expression over one object."""

from engine.explaining import trying
from engine.labels import label_of, label_of_mvo
from engine.workspace import Workspace
from storage import metaverse, objects
from tui.feed.explaining import find
from tui.feed.lists import Document
from tui.feed.things import UnknownId


async def try_expression(workspace: Workspace, text: str, thing: str) -> Document:
    """Tell what an expression makes of `cso-1`, `mvo-1`, or the one object that a text finds. Raises `UnknownId`."""
    kind, number = await find(workspace, thing)
    async with workspace.store.reading() as tx:
        if kind == "mvo":
            for mvo in await metaverse.get(tx, [number]):
                seen = workspace.seen_mvo(mvo.type, mvo.attributes)()
                of = {"id": f"mvo-{mvo.id}", "label": label_of_mvo(mvo)}
                return of | trying.try_expression(text, mvo.attributes, seen)
        else:
            for cso in await objects.get(tx, [number]):
                seen = workspace.seen(cso.system, cso.type, cso.attributes)()
                of = {"id": f"cso-{cso.id}", "label": label_of(cso)}
                return of | trying.try_expression(text, cso.attributes, seen)
    raise UnknownId(f"there is no {kind}-{number}")
