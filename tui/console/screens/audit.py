"""The audit log: who decided what, when, from where and why; proved whole on a key."""

from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.asking import AskLine
from tui.console.screens.listing import ListScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import audit as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time


def _subject(row: dict[str, Any]) -> str:
    return feed.with_names(row["subject"], row["names"])


class AuditScreen(ListScreen):
    """Every entry of the audit log, newest first."""

    TITLE = "Audit"
    KIND = "audit"
    THREE = False
    EMPTY = "nothing has been decided or run yet"
    COLUMNS = (
        Column("id", "entry", 10, lambda row: row["id"], priority=3, order=Order.NUMBERS),
        Column("at", "at", 16, lambda row: local_time(row["at"]), order=Order.TIMES),
        Column("operator", "operator", 12, lambda row: row["operator"], priority=1),
        Column("action", "action", 14, lambda row: row["action"]),
        Column("subject", "subject", 18, _subject, flex=1, is_label=True),
        Column("why", "why", 20, sheet.why, flex=2, sortable=False, priority=2),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "prove", "prove it whole", id="audit.prove"),
        Binding("T", "prove_by_seal", "prove by a seal", id="audit.prove-by-seal"),
        Binding("z", "seal", "seal", id="audit.seal"),
    ]

    def thing_of(self, document: dict[str, Any]) -> str | None:  # noqa: ARG002 - of no entry whatsoever
        """An entry is no object."""
        return None

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The entry whole."""
        return partial(sheet.entry, document)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open the entry."""
        self.app.push_screen(EntryScreen(document))

    def action_prove(self) -> None:
        """Prove the log whole: nothing edited, removed or moved."""
        self._begin(None)

    def action_prove_by_seal(self) -> None:
        """Ask for a seal that was kept elsewhere, and prove the log whole up to its end."""
        self.query_one(AskLine).ask("seal", "the hash that was kept elsewhere:")

    @on(AskLine.Answered)
    def _sealed(self, event: AskLine.Answered) -> None:
        if event.purpose == "seal":
            event.prevent_default()
            self.table.focus()
            if seal := (event.text or "").split():
                self._begin(seal[-1])  # whoever pastes all of what `seal` said gives the number too

    def action_seal(self) -> None:
        """Give the number and the hash of the newest entry, to be kept elsewhere, once the log is proved."""
        self._begin(None, sealing=True)

    def _begin(self, seal: str | None, *, sealing: bool = False) -> None:
        self.say(f"proving every entry {glyphs().ellipsis}", "accent")
        beside(self, partial(self._prove, seal, sealing), "prove")

    def _tell(self, proved: int) -> None:
        total = self.table.total
        of = f" of {total:,}" if total and not self.filter_line else ""
        self.say(f"proving every entry: {proved:,}{of} {glyphs().ellipsis}", "accent")

    async def _prove(self, seal: str | None, sealing: bool) -> None:
        verdict = await feed.auditing.proof(self.session.workspace, seal, self._tell)
        if verdict.faults:
            first = verdict.faults[0]
            told = f"NOT whole: {len(verdict.faults):,} faults, the first at audit-{first.entry_id}: {first.what}"
            self.say(told, "danger")
        elif sealing:
            self.app.copy_to_clipboard(f"{verdict.entries} {verdict.head}")
            self.say(f"seal, copied, to be kept elsewhere: {verdict.entries} {verdict.head}", "good")
        else:
            up_to = ", up to the seal and after it" if seal else ""
            self.say(f"{verdict.entries:,} entries, whole{up_to}: nothing was edited, removed or moved", "good")


class EntryScreen(SheetScreen):
    """One entry whole."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def crumb(self) -> str:
        """Its id."""
        return str(self._document["id"])

    def on_mount(self) -> None:
        """Show it."""
        super().on_mount()
        self.sheet.show(partial(sheet.entry, self._document))
