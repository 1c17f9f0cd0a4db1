"""Rules: each with its scope, how many are in it, what goes wrong, what it feeds and where it stands."""

from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.at_hand import AtHandScreen
from tui.console.screens.runs import ErrorsScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import rules as sheet
from tui.console.sheets.layout import Document
from tui.console.widgets.columns import Column, Order
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line


def _count(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:,}" if row.get(name) is not None else glyphs().ellipsis


def _failing(row: dict[str, Any]) -> tuple[str, str]:
    return (f"{row['failing']:,}", "danger") if row["failing"] else ("", "")


class RulesScreen(AtHandScreen):
    """Every rule, in the order of the file."""

    KIND = "rules"
    NAMES = ("number", "name", "from", "to", "inside", "outside", "failing", "stands_at")
    ERRORS = "!failing:0"
    EMPTY = "no rule is configured"
    COLUMNS = (
        Column("number", "", 3, lambda row: row["number"], right=True, priority=4, order=Order.NUMBERS),
        Column("name", "rule", 24, lambda row: row["name"], flex=2),
        Column("from", "from", 18, lambda row: row["from"], flex=1, priority=2),
        Column("to", "to", 18, lambda row: row["to"], flex=1, priority=2),
        Column("inside", "in", 9, lambda row: _count(row, "inside"), right=True, order=Order.NUMBERS),
        Column("outside", "out", 9, lambda row: _count(row, "outside"), right=True, order=Order.NUMBERS),
        Column("failing", "errors", 7, _failing, right=True, order=Order.NUMBERS),
        Column("stands_at", "stands at", 20, lambda row: row["stands_at"], flex=1, priority=3),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("R", "count", "count again", id="rules.count", show=False)]

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._filter = f'name:"{name}"' if name else ""
        self._counts: dict[str, Document] = {}
        self._counting = False
        self._why_uncounted = ""

    def crumb(self) -> str:
        """What this lists."""
        return "rules"

    def first_query(self) -> feed.Query:
        """The one that is asked for, or all."""
        return feed.Query(self.KIND, self.terms(self._filter))

    def on_mount(self) -> None:
        """Begin to count in a process of its own."""
        super().on_mount()
        self.action_count()

    async def rows_now(self) -> list[Document]:
        """Read what goes wrong; who is in which scope is counted when that is asked for."""
        found = await feed.rules.rules(self.session.workspace, self.session.config)
        none = {"inside": None, "outside": None, "failed": None}
        return [{**none, **rule, **self._counts.get(rule["name"], {})} for rule in found]

    def told(self) -> Line:
        """Say that the counting goes on, or came to nothing."""
        if self._why_uncounted:
            return [(f"not counted: {display(self._why_uncounted, 60)}  ", "danger"), *super().told()]
        return [("counting  ", "accent"), *super().told()] if self._counting else super().told()

    def action_count(self) -> None:
        """Count who is in the scope of each rule."""
        if not self._counting:
            self._counting = True
            beside(self, self._count, "count")

    async def _count(self) -> None:
        try:
            found = await feed.rules_beside(self.session.config)
        except (OSError, RuntimeError) as error:
            self._why_uncounted = str(error)
        else:
            self._why_uncounted = ""
            names = ("inside", "outside", "failed")
            self._counts = {rule["name"]: {name: rule.get(name) for name in names} for rule in found}
        finally:
            self._counting = False
        await self.read_rows()
        self.show_frame()

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The rule whole."""
        return partial(sheet.rule, document)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open the rule."""
        self.app.push_screen(RuleScreen(document))

    def name_of(self, document: dict[str, Any]) -> str:
        """Give its name."""
        return str(document["name"])

    def thing_of(self, document: dict[str, Any]) -> str | None:  # noqa: ARG002 - of no rule whatsoever
        """A rule is no object."""
        return None


class RuleScreen(SheetScreen):
    """One rule whole; `!` lists what went wrong with the objects that it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "errors", "item errors", id="rule.errors"),
    ]

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def crumb(self) -> str:
        """Its name."""
        return str(self._document["name"])

    def on_mount(self) -> None:
        """Show it."""
        super().on_mount()
        self.sheet.show(partial(sheet.rule, self._document))

    def action_errors(self) -> None:
        """List what went wrong with the objects that it is about."""
        system, _, kind = str(self._document["objects_of"]).partition(".")
        self.app.push_screen(ErrorsScreen(None, f'system:"{system}" type:"{kind}"'))


class SchemaScreen(SheetScreen):
    """What a system says of its attributes, beside the rules."""

    def __init__(self, system: str) -> None:
        super().__init__()
        self._system = system

    def crumb(self) -> str:
        """Whose it is."""
        return f"schema of {self._system}"

    def on_mount(self) -> None:
        """Ask the system."""
        super().on_mount()
        self.sheet.show(partial(sheets.words, f"asking '{self._system}' for its schema {glyphs().ellipsis}"))
        beside(self, self._read, "schema")

    async def _read(self) -> None:
        try:
            found = await feed.rules.schema(self.session.workspace, self._system)
        except (feed.StepFailed, OSError) as error:
            self.sheet.show(partial(sheets.words, f"'{self._system}' cannot be asked: {error}"))
            return
        if self.ready and self.is_attached:
            self.sheet.show(partial(sheet.schema, self._system, found))
