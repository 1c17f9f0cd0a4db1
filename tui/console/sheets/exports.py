"""One pending export: for each attribute what is there now, what is to be written, what was, what came back."""

from collections.abc import Sequence
from typing import Any

from tui.console.sheets.layout import MOST_LINES, NAME, Document, broken, fact, named, prose, section, stated
from tui.console.widgets.sheet import SheetLine
from tui.presentation import tones
from tui.presentation.display import display, fit
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line, Piece

SENT = frozenset({"ExportedPendingConfirmation", "ExportedNotConfirmed"})
SIDE_BY_SIDE = 96
"""From this width on the four states of an attribute stand beside each other."""


def export(found: Document, width: int) -> list[SheetLine]:
    """Show a pending export."""
    if found.get("gone"):
        return [SheetLine([(f" {found['id']} is settled: nothing is pending any more", "good")])]
    lines = [
        *fact("object", found["label"], width, tone="strong", link=f"cso-{found['cso_id']}"),
        *fact("id", f"{found['id']} in {found['system']}", width),
        *stated("change", tones.change(found), width),
        *stated("status", tones.status(found["status"]), width),
    ]
    if found["held"]:
        lines += fact("held", "an operator holds it: u lets go of it", width, tone="warn")
    if found["approval_id"]:
        lines += fact("approval", f"rev-{found['approval_id']}", width, link=f"rev-{found['approval_id']}")
    lines += fact("attempts", found["attempts"], width)
    if found["next_retry_at"]:
        lines += fact("next retry", local_time(found["next_retry_at"]), width)
    if found["error_code"]:
        lines += fact("last error", found["error_code"], width, tone="danger")
        lines += prose("", found["error_message"], width)
    lines += prose("why", found["cause"], width)
    if found["new_secondary_id"]:
        lines += section("Rename")
        lines += fact("now", found["label"], width)
        lines += fact("to be", found["new_secondary_id"], width, tone="accent")
    if found["changes"]:
        lines += section("Attributes", note=f"{len(found['changes'])}")
        lines += _table(found["changes"], width) if width >= SIDE_BY_SIDE else _stacked(found["changes"], width)
    return lines


def _stacked(changes: list[Document], width: int) -> list[SheetLine]:
    lines = []
    for change in changes:
        symbol, tone = tones.status(change["status"])
        lines.append(SheetLine([(" " + display(change["name"], max(width // 2, 8)), "strong"), ("  " + symbol, tone)]))
        for name, value, shade in _states(change):
            lines += named(f"  {name}", value, width, NAME, tone=shade)
    return lines


def _states(change: Document) -> list[tuple[str, str, str]]:
    shown = [("now", joined(change.get("now", [])), ""), ("to write", to_be_written(change), "accent")]
    if change["status"] in SENT:
        shown.append(("exported", to_be_written(change), ""))
    if change["imported"] is not None:
        shown.append(("re-imported", joined(change["imported"]), "danger"))
    return shown


def to_be_written(change: Document) -> str:
    """Say what a change does: the values that stand afterwards, or what is added and removed."""
    if change["replace"]:
        return joined(change["add"]) if change["add"] else "(no value)"
    return "  ".join([f"+ {value}" for value in change["add"]] + [f"- {value}" for value in change["remove"]])


def joined(values: list[Any]) -> str:
    """Give values in one line."""
    return " | ".join(str(value) for value in values) if values else "(no value)"


def _table(changes: list[Document], width: int) -> list[SheetLine]:
    name = 20
    each = (width - name - 4) // 4
    titles = ("now", "to be written", "exported", "re-imported")
    head: Line = [(" " + fit("attribute", name), "head"), *((" " + fit(title, each - 1), "head") for title in titles)]
    lines = [SheetLine(head)]
    for change in changes:
        sent = change["status"] in SENT
        values = (
            (joined(change.get("now", [])), ""),
            (to_be_written(change), "accent"),
            (to_be_written(change) if sent else "", ""),
            (joined(change["imported"]) if change["imported"] is not None else "", "danger"),
        )
        whole = "\n".join(f"{title}: {value}" for title, (value, _) in zip(titles, values, strict=True) if value)
        lines += [
            SheetLine(row, whole=f"{change['name']}\n{whole}") for row in _row(change["name"], values, name, each)
        ]
    return lines


def _row(name: str, values: Sequence[Piece], indent: int, each: int) -> list[Line]:
    """Give the values of an attribute beside each other, over as many lines as the longest takes; a few at most."""
    room = each - 2
    parts = [broken(display(value, room * MOST_LINES), room) for value, _ in values]
    rows: list[Line] = []
    for at in range(max(map(len, parts))):
        row: Line = [(" " + fit("" if at else display(name), indent), "strong")]
        for (_, tone), lines in zip(values, parts, strict=True):
            row.append((" " + fit(lines[at] if at < len(lines) else "", each - 1), tone))
        rows.append(row)
    return rows
