"""Explain one object, found by its id or by a text that fits no other."""

from engine.explain import explain_cso, explain_mvo
from engine.workspace import Workspace
from storage import metaverse, objects
from tui.feed.lists import Document, listing
from tui.feed.things import UnknownId

KINDS = ("metaverse", "objects")


async def explain(workspace: Workspace, text: str) -> Document:
    """Explain `cso-1`, `mvo-1`, or the one object that a text finds. Raises `UnknownId`."""
    kind, _, number = text.partition("-")
    if kind not in ("cso", "mvo") or not (number.isascii() and number.isdigit() and len(number) < 19):
        kind, _, number = (await _find(workspace, text)).partition("-")
    async with workspace.store.reading() as tx:
        if kind == "mvo":
            for mvo in await metaverse.get(tx, [int(number)]):
                return await explain_mvo(tx, workspace, mvo)
        else:
            for cso in await objects.get(tx, [int(number)]):
                return await explain_cso(tx, workspace, cso)
    raise UnknownId(f"there is no {kind}-{number}")


async def _find(workspace: Workspace, text: str) -> str:
    for kind in KINDS:
        found = [row async for row in listing(workspace, kind, search=text, limit=6)]
        if len(found) == 1:
            return str(found[0]["id"])
        if found:
            several = ", ".join(f"{row['id']} ({_label(row)})" for row in found[:5])
            raise UnknownId(f"'{text}' fits several objects: {several}{' and more' if len(found) > 5 else ''}")
    raise UnknownId(f"'{text}' is no id, and no object holds it; 'interlock metaverse --search TEXT' looks for it")


def _label(row: Document) -> str:
    return str(row.get("label") or row.get("secondary_id") or row.get("external_id") or "")
