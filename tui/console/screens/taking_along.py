"""Take rows of a list along: copied, or written to a file."""

from functools import partial
from typing import Any, cast

from textual import on

from tui import feed
from tui.console.beside import beside
from tui.console.list_files import write_rows
from tui.console.screens.asking import AskLine
from tui.console.screens.base import guarded
from tui.console.screens.filtering import Filtering
from tui.console.widgets.source import Source
from tui.presentation.display import display


class TakingAlong(Filtering):
    """A list of which rows can be taken along."""

    @on(AskLine.Answered)
    def _answered(self, event: AskLine.Answered) -> None:
        self.table.focus()
        if event.purpose == "filter":
            self.set_filter(event.text or "")
        elif event.text:
            beside(self, partial(self._write, event.text), "write")

    def action_copy_name(self) -> None:
        """Copy what the object's own system calls it, to be looked for there."""
        if document := self.table.current:
            self._copy(self.name_of(document))

    def name_of(self, document: dict[str, Any]) -> str:
        """Give what a row's object is called in its system, else by a person."""
        names = (document.get(key) for key in ("known_as", "secondary_id", "external_id", "label", "id"))
        return str(next(filter(None, names)))

    def action_copy_row(self) -> None:
        """Copy the row."""
        if document := self.table.current:
            found = (column.get(document) for column in self.table.columns)
            values = (one[0] if isinstance(one, tuple) else one for one in found)
            self._copy(*("" if value is None else str(value) for value in values))

    def _copy(self, *parts: str) -> None:
        """Copy some texts; what could act on a terminal they are pasted into is made visible first."""
        text, safe = "\t".join(parts), "\t".join(display(part) for part in parts)
        self.app.copy_to_clipboard(safe)
        self.say(
            f"copied: {display(safe, 60)}" + ("" if safe == text else "  (control characters made visible)"), "good"
        )

    @guarded
    def action_write(self) -> None:
        """Ask where to write the rows in the filter."""
        self.query_one(AskLine).ask("write", "write the filtered rows to (.csv or .json):", f"{self.KIND}.csv")

    async def _write(self, name: str) -> None:
        folder = self.session.workspace.config.folder
        try:
            source = cast("Source", self.table.source)  # nothing is asked before there is one
            count, path = await write_rows(source, self.table.query_shown, self.table.columns, folder, name)
        except (OSError, ValueError, feed.StoreError, feed.UnknownColumn) as error:
            self.say(str(error), "danger")
        else:
            self.say(f"{count:,} rows are in {path}", "good")
