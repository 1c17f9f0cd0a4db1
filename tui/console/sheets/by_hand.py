"""A decision by hand: an object and a person side by side, and what the decision would lead to."""

from typing import Any

from tui.console.sheets.layout import Document, broken, named, section
from tui.console.sheets.planned import first_objects, operation
from tui.console.sheets.planned import where as where_of
from tui.console.widgets.painting import cut
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display, values
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

NAME = 16
WIDEST = 56
"""Cells of a side: values that are compared stand near each other."""
SHOWN = 30


def compared(found: Document, width: int) -> list[SheetLine]:
    """Put an object beside a person: what differs first, then what is the same, then what one of them alone has."""
    name = min(NAME, max(width // 4, 6))
    side = min(max((width - name - 7) // 2, 8), WIDEST)
    lines = [_row("", found["object"], "  ", found["person"], name, side, tone="strong")]
    if found["deleted"]:
        lines.append(SheetLine([(" the person is deleted; its accounts are being removed", "danger")]))
    for row in found["rows"]:
        left, right = values(row.values), values(row.others)
        same, both = row.is_same, row.is_known_on_both
        mark = "= " if same else f"{glyphs().error} " if both else "  "
        tone = "good" if same else "danger" if both else "dim"
        lines.append(_row(row.name or row.other, left, mark, right, name, side, tone=tone))
    lines += section("Joined to the person already", note=f"{len(found['joined'])}")
    for one in found["joined"][:SHOWN]:
        lines += named(one["system"], one["label"], width, name, link=one["id"])
    return lines


def _row(name: str, left: str, mark: str, right: str, indent: int, side: int, *, tone: str) -> SheetLine:
    line: Line = [
        *cut([(f" {display(name)}", "dim")], indent + 1),
        (" ", ""),
        *cut([(display(left), tone if tone != "good" else "")], side),
        (" ", ""),
        (mark, tone),
        *cut([(display(right), tone if tone != "good" else "")], side),
    ]
    return SheetLine(line, None, f"{left}\n{right}")


def decision(title: str, beside: Document | None, found: Document | None, refused: str, width: int) -> list[SheetLine]:
    """Show what is to be decided, who is meant, and what would follow from it."""
    lines = [SheetLine([(f" {part}", "strong")]) for part in broken(display(title), max(width - 2, 12))]
    if refused:
        lines += [SheetLine([]), *named("", f"{glyphs().danger} {refused}", width, 1, tone="danger")]
    elif found is None:
        lines += [
            SheetLine([]),
            *named("", f"what follows is worked out, on a copy of the store {glyphs().ellipsis}", width, 1, tone="dim"),
        ]
    else:
        lines += _followed(found, width)
    if beside is not None:
        lines += [*section("Side by side"), *compared(beside, width)]
    return lines


def _followed(found: dict[str, Any], width: int) -> list[SheetLine]:
    lines = section("What follows", note="with the next sync and evaluation; a takes the decision")
    for said in found["says"]:
        lines += named("", said, width, 1)
    if not found["totals"]:
        lines += named("", "nothing else changes", width, 1, tone="dim")
    for total in found["totals"]:
        said, tone = operation(total["what"])
        lines += named(
            "", f"{total['objects']:,} {said}: {total['type']} in {where_of(total['system'])}", width, 1, tone=tone
        )
    for error in found["errors"]:
        lines += named("", f"{error['code']}: {error['label']}: {error['message']}", width, 1, tone="danger")
    return lines + first_objects(found["changes"], None, None, width)
