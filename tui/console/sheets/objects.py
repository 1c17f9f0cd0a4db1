"""One connected system object, and one metaverse object, whole."""

from collections import Counter

from tui import feed
from tui.console.sheets.layout import Document, attributes, fact, section, stated
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time


def cso(found: Document, width: int) -> list[SheetLine]:
    """Show a CSO: its ids, where it is joined, what is staged, and what it holds."""
    if found.get("removed"):
        return [SheetLine([(f" {found['id']} is no longer in the connector space", "warn")])]
    lines = [
        *fact("object", found["label"], width, tone="strong"),
        *fact("id", found["id"], width),
        *fact("system", f"{found['system']}, {found['type']}", width),
        *stated("status", tones.status(found["status"]), width),
        *fact("external id", found["external_id"] or "not known yet", width),
    ]
    if found["secondary_id"]:
        lines += fact("secondary id", found["secondary_id"], width)
    if found["mvo_id"]:
        person = f"mvo-{found['mvo_id']}"
        lines += fact("joined to", feed.with_names(person, found["names"]), width, link=person)
        lines += fact("joined by", found["joined_by"], width)
    else:
        lines += fact("joined to", "nothing: a disconnector", width, tone="dim")
    if found["kept"]:
        lines += fact("kept", "an operator keeps it though it is missing", width, tone="warn")
    for item in found.get("reviews", []):
        lines += fact("review", f"{item['id']} {item['state']}", width, link=item["id"], tone="warn")
    if staged := found["pending_export"]:
        what = f"{staged['id']} {tones.kind_of_change(staged)}, {staged['status']}"
        lines += fact("staged", what, width, link=staged["id"], tone="accent")
    lines += _owed(found["owed"], width)
    lines += fact("since", local_time(found["created_at"], precise=True), width)
    lines += fact("changed", local_time(found["changed_at"], precise=True), width)
    lines += section("Attributes", note=f"{len(found['attributes'])}")
    return lines + attributes(found["attributes"], width)


def mvo(found: Document, width: int) -> list[SheetLine]:
    """Show an MVO: what it is joined to, and its attributes with who contributed each."""
    lines = [
        *fact("object", found["label"], width, tone="strong"),
        *fact("id", found["id"], width),
        *fact("type", found["type"], width),
    ]
    if found["deleted"]:
        lines += fact("state", "deleted; its objects in targets are being removed", width, tone="warn")
    elif found["delete_after"]:
        lines += fact("state", f"deleted after {local_time(found['delete_after'])}", width, tone="warn")
    lines += fact("since", local_time(found["created_at"], precise=True), width)
    lines += fact("changed", local_time(found["changed_at"], precise=True), width)
    lines += _owed(found["owed"], width)
    names = {one["id"]: f"{one['system']} {one['label']}" for one in found["joined"]}
    alone = Counter(one["system"] for one in found["joined"])
    short = {
        one["id"]: one["system"] if alone[one["system"]] == 1 else f"{one['system']} {one['id']}"
        for one in found["joined"]
    }
    lines += section("Joined", note=f"{len(found['joined'])}")
    for one in found["joined"]:
        lines += fact(one["system"], one["label"], width, link=one["id"])
        lines += fact("", f"{one['id']}, {display(one['status'])}, by {display(one['by'])}", width, tone="dim")
    by = {}
    for name, (cso_id, rule, *merged) in found["contributors"].items():
        every = merged[0] if merged else [[cso_id, rule]]
        by[name] = (
            [
                "; ".join(f"from {called.get(f'cso-{one}', f'cso-{one}')}, rule '{by}'" for one, by, *_ in every)
                for called in (names, short)
            ]
            if cso_id is not None
            else [f"made by the metaverse: {rule}"]
        )
    lines += section("Attributes", note=f"{len(found['attributes'])}, and who contributed each")
    return lines + attributes(found["attributes"], width, by=by)


def _owed(rows: list[Document], width: int) -> list[SheetLine]:
    """Show the references that wait for what they name."""
    lines = []
    for row in rows:
        what = f"{row['attribute']} {glyphs().arrow} {row['names']}, not there in '{row['system']}' yet"
        lines += fact("owes", what, width, tone="warn")
    return lines
