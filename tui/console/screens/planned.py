"""The changes of a plan: all of a step, of one kind, or of one attribute; and one of them whole."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.screens import explaining
from tui.console.screens.listing import ListScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import planned as sheet
from tui.console.widgets.columns import Column
from tui.console.widgets.source import Row
from tui.console.widgets.table import VirtualTable
from tui.feed.kept_plans import KeptPlan, Wanted
from tui.presentation.display import display, values

NOT_YET = "it is not there yet: the plan would make it"


class PlanSource:
    """The rows of a plan, in their order."""

    def __init__(self, plan: KeptPlan, wanted: Wanted) -> None:
        self._plan = plan
        self._wanted = wanted

    def refuse(self, query: feed.Query) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
        self._plan.refuse(self._wanted._replace(terms=query.terms))

    async def page(self, query: feed.Query, after: Any, skip: int, limit: int) -> list[Row]:
        """Give the rows after a place, leaving some out."""
        return await self._plan.page(self._wanted._replace(terms=query.terms), after=after or 0, skip=skip, limit=limit)

    async def count(self, query: feed.Query) -> int:
        """Count the rows of a query."""
        return await self._plan.count(self._wanted._replace(terms=query.terms))

    async def rank(self, query: feed.Query, place: Any) -> int:
        """Count the rows before a place."""
        return await self._plan.rank(self._wanted._replace(terms=query.terms), place)

    async def suggest(self, query: feed.Query, column: str | None, begin: str) -> list[str]:  # noqa: ARG002
        """Give columns that begin so, or values of one of them."""
        return await self._plan.suggest(self._wanted, column, begin)

    async def keys(self, query: feed.Query) -> list[int]:
        """List the keys of all rows of a query, in order."""
        return await self._plan.keys(self._wanted._replace(terms=query.terms))


def _touched(row: dict[str, Any]) -> str:
    return ", ".join(one["name"] for one in row["attributes"])


_OBJECT = Column("name", "object", 24, sheet.name_of, flex=2, sortable=False)
_DN = Column("dn", "dn", 24, lambda row: row["dn"], flex=3, priority=3, sortable=False)
_OPERATION = Column("operation", "would", 14, lambda row: sheet.operation(sheet.told(row)), sortable=False)
_TOUCHED = Column("attributes", "attributes", 20, _touched, flex=2, priority=2, sortable=False)


def _columns(wanted: Wanted) -> Sequence[Column]:
    """Give the columns of a list: of an attribute what it is and what it becomes, else which attributes change."""
    if wanted.attribute is None:
        return (_OPERATION, _OBJECT, _TOUCHED, _DN)

    def side(row: dict[str, Any], name: str) -> tuple[str, str]:
        found = next((one for one in row["attributes"] if one["name"] == wanted.attribute), None)
        shown = values(found[name], 400) if found and found[name] else "nothing"
        return shown, ("danger" if name == "new" and shown == "nothing" else "dim" if shown == "nothing" else "")

    before = Column("old", "is", 18, lambda row: side(row, "old"), flex=2, sortable=False)
    after = Column("new", "becomes", 18, lambda row: side(row, "new"), flex=2, sortable=False)
    return (_OBJECT, before, after, _DN)


class PlannedScreen(ListScreen):
    """Objects that a plan would change."""

    KIND = "planned"
    EMPTY = "nothing"
    NO_THING = NOT_YET
    COLUMNS = (_OBJECT,)

    def __init__(self, plan: KeptPlan, wanted: Wanted, title: str) -> None:
        super().__init__()
        self._plan = plan
        self._wanted = wanted
        self._title = title

    def crumb(self) -> str:
        """What they have in common."""
        return self._title

    def table_of(self) -> VirtualTable:
        """Make the table, with the columns of what is listed."""
        return VirtualTable(_columns(self._wanted), self.first_query(), id="table")

    def connect(self) -> None:
        """Read from the plan."""
        self.table.connect(PlanSource(self._plan, self._wanted))

    def read_again(self) -> None:
        """A plan that is made stays as it is, whatever happens in the store."""

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """One change whole."""
        return partial(sheet.change, document, self._step(document))

    def _step(self, document: dict[str, Any]) -> str:
        steps = (self._plan.about or {}).get("steps", [])
        return str(steps[document["step"]]) if document["step"] < len(steps) else ""

    def open_row(self, document: dict[str, Any]) -> None:
        """Open the change whole."""
        self.app.push_screen(ChangeScreen(document, self._step(document)))

    def name_of(self, document: dict[str, Any]) -> str:
        """Give the DN, else the name."""
        return str(document["dn"] or sheet.name_of(document))

    def thing_of(self, document: dict[str, Any]) -> str | None:
        """Give the object as it is now."""
        return sheet.thing_of(document)

    def action_explain(self) -> None:
        """Tell why the object is as it is now."""
        _about_now(self, self.table.current, explaining.explain)

    def action_raw(self) -> None:
        """Show the object as it is stored now."""
        _about_now(self, self.table.current, explaining.show_raw)

    def action_sort(self) -> None:
        """There is one order."""
        self.say("they stand in the order in which they would be done")

    def action_reverse(self) -> None:
        """There is one order."""
        self.action_sort()


def _about_now(screen: Any, document: dict[str, Any] | None, show: Any) -> None:
    if document is None:
        return
    if sheet.thing_of(document) is None:
        screen.say(NOT_YET)
    else:
        show(screen, sheet.thing_of(document))


class ChangeScreen(SheetScreen):
    """What a plan would do to one object, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "explain", "why it is so now", id="planned.explain"),
        Binding("y", "raw", "as it is stored now", id="planned.raw", show=False),
    ]

    def __init__(self, document: dict[str, Any], step: str) -> None:
        super().__init__()
        self._document = document
        self._step = step

    def crumb(self) -> str:
        """Whose change."""
        return display(sheet.name_of(self._document), 40)

    def on_mount(self) -> None:
        """Show it."""
        super().on_mount()
        self.sheet.show(partial(sheet.change, self._document, self._step))

    def action_explain(self) -> None:
        """Tell why the object is as it is now."""
        _about_now(self, self._document, explaining.explain)

    def action_raw(self) -> None:
        """Show the object as it is stored now."""
        _about_now(self, self._document, explaining.show_raw)
