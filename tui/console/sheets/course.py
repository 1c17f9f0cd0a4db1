"""What stands beside a thing where there is room: what is staged for its objects, and how these came to be so."""

from rich.cells import cell_len

from tui.console.sheets.exports import joined, to_be_written
from tui.console.sheets.layout import Document, named, room_for, section, timeline
from tui.console.widgets.painting import width_of
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs


def course(found: Document, width: int) -> list[SheetLine]:
    """Show what is staged, attribute by attribute, and below it the transitions, newest first."""
    lines: list[SheetLine] = []
    if not found["staged"]:
        nothing = "nothing else" if found["id"].startswith("exp-") else "nothing"
        lines += [*section("Staged"), *named("", nothing, width, 0, tone="dim")]
    for export in found["staged"]:
        lines += _staged(export, width)
    lines += section("Timeline")
    lines += timeline(found["transitions"], width, found["names"], about=found["id"]) or named(
        "", "nothing yet", width, 0, tone="dim"
    )
    return lines[1:]  # nothing stands above it


def _staged(export: Document, width: int) -> list[SheetLine]:
    names = [one["name"] for one in export["changes"]]
    indent = room_for(["rename to", *names] if export["new_secondary_id"] else names, width)
    change, tone = tones.change(export)
    state, state_tone = ("held", "warn") if export["held"] else tones.status(export["status"])
    lines = [
        *section("Staged"),
        *named("", export["label"], width, 0, link=export["id"]),
        SheetLine([(f"  {display(export['id'])} in {display(export['system'])}", "dim"), (f"  {change}", tone)]),
    ]
    if width_of(lines[-1].line) + 2 + cell_len(state) >= width:
        lines.append(SheetLine([]))
    lines[-1].line.append((f"  {state}", state_tone))
    if export["error_code"]:
        lines += named("", f"{export['error_code']}: {export['error_message']}", width, 0, tone="danger")
    if export["new_secondary_id"]:
        lines += named("rename to", export["new_secondary_id"], width, indent, tone="accent")
    for one in export["changes"]:
        says = to_be_written(one)
        if one["replace"] and export["change_type"] != "Create":
            says = f"{joined(one['now'])} {glyphs().arrow} {says}"
        lines += named(one["name"], says, width, indent, tone="" if one["add"] else "danger")
    return lines
