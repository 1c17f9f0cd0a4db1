"""Runs: the history with throughput and backlog; one run; the objects that went wrong in it."""

from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.plots import spark
from tui.console.screens import by_hand
from tui.console.screens.by_hand import BY_HAND
from tui.console.screens.listing import ListScreen
from tui.console.screens.thing import SheetScreen, ThingScreen
from tui.console.screens.trying import ObjectScreen
from tui.console.sheets import runs as sheet
from tui.console.widgets.columns import Column, Order
from tui.console.widgets.lines import Lines
from tui.console.widgets.painting import cut
from tui.presentation import tones
from tui.presentation.moments import lasting, local_time, seconds_between
from tui.presentation.pieces import Line


def _took(row: dict[str, Any]) -> str:
    return lasting(seconds_between(row["started_at"], row["ended_at"])) if row["ended_at"] else ""


class RunsScreen(ListScreen):
    """The history of runs, newest first."""

    TITLE = "Runs"
    KIND = "runs"
    THREE = False
    ERRORS = "!result:success !result:completed-no-objects"
    EMPTY = "nothing has run yet"
    COLUMNS = (
        Column("id", "id", 9, lambda row: row["id"], order=Order.NUMBERS),
        Column("started_at", "started", 16, lambda row: local_time(row["started_at"]), priority=1, order=Order.TIMES),
        Column("profile", "profile", 14, lambda row: row["profile"], flex=1, priority=2),
        Column("result", "result", 28, lambda row: tones.status(row["result"] or "running")),
        Column("took", "took", 7, _took, right=True, priority=3, sortable=False),
        Column("operator", "operator", 10, lambda row: row["operator"], priority=4),
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "trends", "trends", id="runs.trends"),
        Binding("o", "schedule", "schedule", id="runs.schedule"),
    ]

    def action_trends(self) -> None:
        """Show how things went day by day."""
        self.console_app.open_more("trends")

    def action_schedule(self) -> None:
        """Show when profiles ran, and are to run."""
        self.console_app.open_more("schedule")

    def body(self) -> ComposeResult:
        """The plots above the list."""
        yield Lines([[], [], [], []], id="facts")  # as many as the plots will have
        yield from super().body()

    def fresh(self) -> None:
        """Read the history again with the list."""
        changed = self._seen != self.session.data_version
        super().fresh()
        if changed and self.ready:
            beside(self, self._plot, "plot")

    async def _plot(self) -> None:
        past = await feed.history(self.session.workspace)
        if self.ready:
            self.query_one("#facts", Lines).show(plots(past, self.size.width))

    def name_of(self, document: dict[str, Any]) -> str:
        """Give the id."""
        return str(document["id"])

    def open_row(self, document: dict[str, Any]) -> None:
        """Open the run."""
        self.console_app.open_thing(document["id"])


def plots(past: list[feed.PastRun], width: int) -> list[Line]:
    """Draw throughput, backlog and what waited, run by run, newest at the right."""
    room = max(width - 44, 10)
    rates = [one.rate for one in past]
    backlog = [float(one.backlog or 0) for one in past]
    waiting = [float(one.waiting or 0) for one in past]
    return [
        _plot("objects a second", rates, room, width),
        _plot("exports left over", backlog, room, width),
        _plot("waiting in review", waiting, room, width),
        [],
    ]


def _plot(name: str, values: list[float], room: int, width: int) -> Line:
    last = f"{values[-1]:,.0f} now, {max(values):,.0f} at most" if values else ""
    return cut([(f" {name:<18}", "dim"), (spark(values, room), "accent"), (f" {last}", "")], width)


class RunScreen(ThingScreen):
    """One run: its steps; `!` lists the objects that went wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("exclamation_mark", "errors", "item errors", id="run.errors")]

    def action_errors(self) -> None:
        """List the objects that went wrong."""
        self.app.push_screen(ErrorsScreen(self.thing))


class ErrorsScreen(ListScreen):
    """What went wrong with which object, in one run or in all of them."""

    KIND = "errors"
    EMPTY = "nothing went wrong with any object"
    COLUMNS = (
        Column("id", "step", 14, lambda row: f"{row['phase']} {row['system']}", priority=3, order=Order.NUMBERS),
        Column("code", "error", 24, lambda row: (row["code"], "danger")),
        Column("type", "type", 10, lambda row: row["type"], priority=4),
        Column("object", "object", 20, lambda row: row["label"], flex=2, is_label=True),
        Column(
            "message",
            "what is wrong",
            24,
            lambda row: feed.with_names(row["message"], row["names"]),
            flex=3,
            priority=2,
        ),
    )

    BINDINGS: ClassVar[list[BindingType]] = BY_HAND

    def action_decide(self, verb: str) -> None:
        """Begin a decision by hand about the object that the error is about."""
        if (document := self.table.current) is not None:
            by_hand.decide(self, verb, sheet.object_of(document), document["message"])

    def __init__(self, run: str | None, line: str = "") -> None:
        super().__init__()
        self._run = run
        self._filter = line

    def crumb(self) -> str:
        """What this lists."""
        return "item errors"

    def first_query(self) -> feed.Query:
        """Only those of the run, and what the filter lets through."""
        within = int(self._run.removeprefix("run-")) if self._run else None
        return feed.Query(self.KIND, self.terms(self._filter), within=within)

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The error whole."""
        return partial(sheet.error, document)

    def thing_of(self, document: dict[str, Any]) -> str | None:
        """Give the id of the object that it is about."""
        return sheet.object_of(document)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open the object with the error above it, or the error where that is all there is."""
        if (thing := sheet.object_of(document)) is not None:
            self.app.push_screen(ObjectScreen(thing, document))
        else:
            self.app.push_screen(ErrorScreen(document))


class ErrorScreen(SheetScreen):
    """An item error whole, of what is no object in the store."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def crumb(self) -> str:
        """Its code."""
        return str(self._document["code"])

    def on_mount(self) -> None:
        """Show it; it never changes."""
        super().on_mount()
        self.sheet.show(partial(sheet.error, self._document))
