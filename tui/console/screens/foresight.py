"""All that an approval would lead to: totals, then a tree for each item; worked out on a copy, in another process."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from tui import feed
from tui.console.beside import beside
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import words
from tui.console.sheets.layout import named, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.foresight import NAMES, total_line
from tui.presentation.glyphs import glyphs

TREES = 100
INDENT = 3


class ForesightScreen(SheetScreen):
    """What approving some review items would lead to, across all systems."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__()
        self._ids = ids

    def crumb(self) -> str:
        """What it is about."""
        return f"all that follows from {f'{len(self._ids):,} items' if len(self._ids) != 1 else f'rev-{self._ids[0]}'}"

    def on_mount(self) -> None:
        """Begin to work it out."""
        super().on_mount()
        self.sheet.show(partial(words, f"carried out on a copy of the store {glyphs().ellipsis}"))
        beside(self, self._read, "foresight")

    async def _read(self) -> None:
        try:
            found = await feed.foresee_beside(self.session.config, self._ids, TREES)
        except (OSError, RuntimeError) as error:
            self.sheet.show(partial(words, f"cannot be worked out: {error}"))
            return
        if self.ready:
            self.sheet.show(partial(foresight_sheet, found))


def foresight_sheet(found: dict[str, Any], width: int) -> list[SheetLine]:
    """Show a foresight: totals, worst first; then the trees."""
    count = found["items"]
    lines = section(f"Approving {count:,} item{'s' * (count != 1)}, across all systems")
    for total in found["totals"]:
        tone = "danger" if total["what"].lower().startswith("delete") else ""
        lines += named("", total_line(total).strip(), width, 1, tone=tone)
    if not found["totals"]:
        lines += named("", "nothing else: nothing is joined to them", width, 1)
    for tree in found["trees"]:
        lines += [SheetLine([]), *_branch(tree, width, 0)]
    if count > len(found["trees"]):
        lines += [
            SheetLine([]),
            *named("", f"{glyphs().ellipsis} and {count - len(found['trees']):,} items more", width, 1, tone="dim"),
        ]
    if found["others"]:
        lines += section("Whoever refers to them")
        lines += [line for tree in found["others"] for line in _branch(tree, width, 0)]
    return lines


def _branch(branch: dict[str, Any], width: int, depth: int) -> list[SheetLine]:
    names = branch["attributes"]
    changed = f": {', '.join(names[:NAMES])}" if names else ""
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    later = " (when grace has ended)" if branch["later"] else ""
    what = f"{branch['what']} {branch['name']} in {branch['where']}{changed}{more}{later}"
    deletes = branch["what"].lower().startswith("delete")
    kind = branch["id"].partition("-")[0]
    link = branch["id"] if kind in ("rev", "mvo", "cso") else None  # an export of the copy is in no store
    tone = "danger" if deletes else "strong" if not depth else ""
    lines = named("", what, width, 1 + INDENT * depth, tone=tone, link=link)
    return lines + [line for inner in branch["follows"] for line in _branch(inner, width, depth + 1)]
