"""What a plan would do to single objects: the first of a group with what changes of each, and one of them whole."""

from collections.abc import Sequence

from tui.console.sheets.layout import Document, fact, named, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import values
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Piece

FIRST = 30
"""Objects that are shown beside a group of them."""
MOST_VALUES = 200
"""Values of one attribute that are shown, of each side."""
NEW = frozenset({"add", "project", "Create"})
"""Operations on what is not there yet."""
WHOLE = NEW | {"gone", "forget", "delete", "Delete"}
"""Operations on whole objects."""


def takes(operation: str) -> bool:
    """Tell whether an operation takes something away."""
    return operation.lower().startswith(("delete", "gone", "forget", "disconnect", "obsolete", "leave"))


def operation(told: str) -> Piece:
    """Give an operation with its symbol; its outcome is part of the words."""
    told = f"{told[:1].upper()}{told[1:]}"
    verb = told.split(" ", maxsplit=1)[0].lower()
    if "(refused" in told:
        return f"{glyphs().error} {told}", "danger"
    if takes(told):
        return f"{glyphs().delete} {told}", "danger"
    if verb in ("create", "add", "project", "return"):
        return f"{glyphs().create} {told}", "good"
    return f"{glyphs().update} {told}", ""


def where(system: str) -> str:
    """Say where a change happens."""
    return "the metaverse" if system == "metaverse" else f"'{system}'"


def first_objects(found: Sequence[Document], attribute: str | None, total: int | None, width: int) -> list[SheetLine]:
    """Show the first of some changes, with what changes of each."""
    lines: list[SheetLine] = []
    for one in found[:FIRST]:
        said, tone = ("", "") if attribute else operation(told(one))
        lines += [SheetLine([]), *named("", f"{said} {name_of(one)}".strip(), width, 1, tone=tone or "strong")]
        if one["dn"] and one["dn"] != one["name"]:
            lines += named("", one["dn"], width, 3, tone="dim")
        for diff in one["attributes"]:
            if attribute in (None, diff["name"]):
                lines += _short(diff, width, whole=one["operation"] in WHOLE, named_too=attribute is None)
    if len(found) > FIRST or (total or 0) > FIRST:
        lines += [SheetLine([]), *named("", f"{glyphs().ellipsis} enter shows all of them", width, 1, tone="accent")]
    return lines


def _short(diff: Document, width: int, *, whole: bool, named_too: bool) -> list[SheetLine]:
    """Show a change of an attribute in one line, or a few; of an object that comes or goes as a whole, its value."""
    old, new = values(diff["old"], 200), values(diff["new"], 200)
    says = new or old if whole else f"{old or 'nothing'} {glyphs().arrow} {new or 'nothing'}"
    tone = "danger" if not diff["new"] and not whole else ""
    return named(diff["name"] if named_too else "", says, width, 16 if named_too else 3, tone=tone)


def told(change: Document) -> str:
    """Give the operation of a change, with its outcome unless it is simply carried out."""
    outcome, error = change["outcome"], change["error"]
    if outcome in ("", "sent"):
        return str(change["operation"])
    return f"{change['operation']} ({outcome}{': ' if error else ''}{error})"


def name_of(change: Document) -> str:
    """Give what a person calls the object of a change."""
    return str(change["name"] or change["dn"] or change["id"])


def change(found: Document, step: str, width: int) -> list[SheetLine]:
    """Show what a step would do to one object: every value that goes, and every one that comes."""
    word, tone = operation(told(found))
    link = thing_of(found)
    lines = [
        *fact("name", name_of(found), width, tone="strong"),
        *(fact("dn", found["dn"], width) if found["dn"] and found["dn"] != found["name"] else []),
        *fact("would", word, width, tone=tone),
        *fact("in step", step, width),
        *fact("type", f"{found['type']} in {where(found['system'])}", width),
        *(fact("as it is now", link, width, link=link) if link else []),
    ]
    if not found["attributes"]:
        return [*lines, SheetLine([]), *named("", "none of its attributes changes", width, 1, tone="dim")]
    lines += section("Attributes", note="- goes, + comes")
    indent = min(max(len(one["name"]) for one in found["attributes"]) + 1, max(width // 3, 8))
    for diff in found["attributes"]:
        lines += _sides(diff, width, indent)
    return lines


def _sides(diff: Document, width: int, indent: int) -> list[SheetLine]:
    old, new = diff["old"], diff["new"]
    known_old, known_new = {str(one) for one in old}, {str(one) for one in new}
    goes = [one for one in old if str(one) not in known_new]
    comes = [one for one in new if str(one) not in known_old]
    lines: list[SheetLine] = []
    for sign, side, tone in ((glyphs().delete, goes, "danger"), (glyphs().create, comes, "good")):
        for value in side[:MOST_VALUES]:
            lines += named("" if lines else diff["name"], f"{sign} {value}", width, indent, tone=tone)
        if len(side) > MOST_VALUES:
            lines += named(
                "", f"{sign} {glyphs().ellipsis} and {len(side) - MOST_VALUES:,} more", width, indent, tone=tone
            )
    stay = len(old) - len(goes)
    if stay:
        lines += named("" if lines else diff["name"], f"{stay:,} stay{'s' * (stay == 1)}", width, indent, tone="dim")
    if old and not new:
        lines += named("", "becomes empty", width, indent, tone="danger")
    return lines


def thing_of(found: Document) -> str | None:
    """Give the id of the object as it is now; None for one that the plan would make."""
    if found["operation"] in NEW:
        return None
    thing = str(found.get("object") or found["id"])
    return thing if thing.startswith(("cso-", "mvo-")) else None
