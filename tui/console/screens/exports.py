"""Exports: the queue, and for each what is there now, what is to be written, what was, and what came back."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.beside import beside
from tui.console.screens.base import ConsoleScreen, guarded
from tui.console.screens.confirm import Asked
from tui.console.screens.explaining import ExplainedScreen
from tui.console.screens.marking import MarkingScreen
from tui.console.screens.outcome import told
from tui.console.screens.touched import NAMED, counted, more, named
from tui.console.widgets.columns import Column, Order
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line


def _changes(row: dict[str, Any]) -> str:
    names = [change["name"] for change in row["changes"]]
    return ", ".join(dict.fromkeys((["dn"] if row["new_secondary_id"] else []) + names))


def _status(row: dict[str, Any]) -> tuple[str, str]:
    """Show a status; what is held, and what has failed and will be tried again, looks so."""
    return tones.sending(row["status"], held=row["held"], attempts=row["attempts"] if row["error_code"] else 0)


class ExportKeys(ConsoleScreen):
    """What can be done about exports: those that are chosen in the list, or the one that is open."""

    WRITES = frozenset({"retry", "hold", "let_go", "discard"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "retry", "retry", id="exports.retry"),
        Binding("h", "hold", "hold", id="exports.hold"),
        Binding("u", "let_go", "let go", id="exports.let-go"),
        Binding("D", "discard", "discard", id="exports.discard"),
    ]

    def chosen_keys(self) -> list[int]:
        """Give the numbers of the exports that are meant."""
        raise NotImplementedError

    def acted(self) -> None:
        """Something was done to them."""

    def why_not(self, action: str) -> str:
        """Refuse what cannot be done without an export."""
        if action in self.WRITES and not self.chosen_keys():
            return "there is no export here"
        return super().why_not(action)

    @guarded
    def action_retry(self) -> None:
        """Send again with the next export step."""
        ids = self.chosen_keys()
        work = feed.queue.retry(self.session.workspace, ids, operator=self.session.operator)
        self.act("retry", told(work, "sent with the next export", "exp", self.acted))

    @guarded
    def action_hold(self) -> None:
        """Do not send until it is let go."""
        ids = self.chosen_keys()
        work = feed.queue.hold(self.session.workspace, ids, operator=self.session.operator)
        self.act("hold", told(work, "held: u lets go of it", "exp", self.acted))

    @guarded
    def action_let_go(self) -> None:
        """Send what is held when its turn comes."""
        ids = self.chosen_keys()
        work = feed.queue.let_go(self.session.workspace, ids, operator=self.session.operator)
        self.act("let go", told(work, "let go", "exp", self.acted))

    @guarded
    def action_discard(self) -> None:
        """Drop what was not sent, after the number was typed."""
        beside(self, self.discarding(), "ask")

    def discarding(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Give what asks whether to drop what is chosen."""
        return partial(self.ask_discard, self.chosen_keys(), [])

    async def told_exports(self, ids: list[int]) -> list[Line] | None:
        """Tell which exports they are, and of whom; None, with the reason said, where they cannot be read."""
        try:
            found = await feed.affected.of_exports(self.session.workspace, ids, NAMED)
        except feed.StoreError as error:
            self.say(str(error), "danger")
            return None
        lines = counted(one["type"] for one in found) if len(ids) <= NAMED else []
        for one in found:
            lines += named(f"{tones.kind_of_change(one)} {one['label']} in {one['system']}, {one['id']}")
        return lines + more(len(ids) - len(found))

    async def ask_discard(self, ids: list[int], lines: list[Line]) -> None:
        """Ask for the number; `lines` tell how they were chosen."""
        if (names := await self.told_exports(ids)) is None:
            return
        lines = [
            *lines,
            [("What was staged and not sent is dropped; it is staged again only when", "")],
            [("something about the object changes. Nothing in the target changes.", "")],
            *names,
        ]
        asked = Asked(f"Discard {len(ids):,} pending export{'s' * (len(ids) != 1)}", lines, "discard", len(ids), False)
        self.ask(asked, "nothing was discarded", lambda _answer: self._discard(ids))

    def _discard(self, ids: list[int]) -> None:
        work = feed.queue.discard(self.session.workspace, ids, operator=self.session.operator)
        self.act("discard", told(work, "discarded", "exp", self.acted))


class ExportsScreen(ExportKeys, MarkingScreen):
    """The queue of pending exports."""

    TITLE = "Exports"
    KIND = "exports"
    ERRORS = "!error:"
    EMPTY = "nothing is pending: every change has been exported and confirmed"
    COLUMNS = (
        Column("id", "id", 9, lambda row: row["id"], priority=2, order=Order.NUMBERS),
        Column("system", "system", 10, lambda row: row["system"], priority=5),
        Column("change", "change", 8, tones.change),
        Column("status", "status", 20, _status, priority=1),
        Column("object", "object", 34, lambda row: row["label"], flex=3, is_label=True),
        Column("attributes", "attributes", 12, _changes, flex=2, priority=6, sortable=False),
        Column("attempts", "tries", 5, lambda row: row["attempts"] or "", right=True, priority=7, order=Order.NUMBERS),
        Column(
            "next_retry_at", "retry", 9, lambda row: local_time(row["next_retry_at"]), priority=8, order=Order.TIMES
        ),
        Column("error", "error", 20, lambda row: (row["error_code"] or "", "danger"), flex=1, priority=4),
    )

    WRITES = ExportKeys.WRITES | {"retry_all"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "retry_all", "retry all in the filter", id="exports.retry-all", show=False),
    ]

    @guarded
    def action_retry_all(self) -> None:
        """Send all in the filter again with the next export step, after the number was typed."""
        beside(self, self._ask_retry, "ask")

    def discarding(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Drop what is marked, else all in the filter, else what the cursor is on."""
        if self._filter and not self.table.marks.count:
            return self._ask_discard
        return super().discarding()

    async def _ask_discard(self) -> None:
        if (ids := await self._in_filter()) is not None:
            await self.ask_discard(
                ids, [*self._told_filter(), [("space marks single ones, to discard only these", "dim")]]
            )

    async def _in_filter(self) -> list[int] | None:
        """Give the exports in the filter; None, with the reason said, where they cannot be read."""
        try:
            return await feed.lists.keys(self.session.workspace, self.table.query_shown)
        except (feed.StoreError, feed.UnknownColumn, feed.InvalidPattern) as error:
            self.say(str(error), "danger")
            return None

    def _told_filter(self) -> list[Line]:
        said = display(self._filter, 60) or "none, so it is all that are pending"
        return [[(f"filter: {said}", "strong")]]

    async def _ask_retry(self) -> None:
        if (ids := await self._in_filter()) is None:
            return
        if (names := await self.told_exports(ids)) is None:
            return
        lines = [*self._told_filter(), *names]
        asked = Asked(f"Retry {len(ids):,} pending export{'s' * (len(ids) != 1)}", lines, "retry", len(ids), False)
        work = partial(feed.queue.retry, self.session.workspace, ids, operator=self.session.operator)
        done = "sent with the next export"
        self.ask(asked, "nothing was retried", lambda _: self.act("retry", told(work(), done, "exp", self.acted)))

    def chosen_keys(self) -> list[int]:
        """Give the marked ones, or the one under the cursor."""
        return self.table.chosen_keys()

    def acted(self) -> None:
        """Take the marks away."""
        self.unmark()


class ExportScreen(ExportKeys, ExplainedScreen):
    """One export whole."""

    def chosen_keys(self) -> list[int]:
        """Give this one."""
        return [int(self.thing.partition("-")[2])]
