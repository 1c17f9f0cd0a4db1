"""To do: all that waits for a person, in groups; the first screen where anything does."""

from collections.abc import Awaitable
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.row_source import RowsAtHand
from tui.console.screens.base import guarded
from tui.console.screens.confirm import Answer, Asked
from tui.console.screens.explaining import explain
from tui.console.screens.marking import MarkingScreen
from tui.console.screens.runs import ErrorsScreen
from tui.console.sheets import todo as sheet
from tui.console.sheets.layout import broken
from tui.console.widgets.columns import Column
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.moments import since_when
from tui.presentation.pieces import Line

FOR = "7d"
"""How long is proposed."""
FIRST = 50
"""Things of a group that are named beside it."""

OPENS = {"reference": "owed"}
"""Groups whose things stand in a list that no digit leads to."""
COLUMNS = ("kind", "system", "what", "example")
"""What groups are filtered by."""


class TodoScreen(MarkingScreen):
    """What waits for a person."""

    TITLE = "To do"
    KIND = "todo"
    EMPTY = "nothing waits for anybody"
    NO_THING = "it is about no single object"
    WRITES = frozenset({"acknowledge", "take_back"})
    COLUMNS = (
        Column("count", "", 6, lambda row: f"{row['count']:,}", right=True, sortable=False),
        Column("kind", "kind", 12, tones.todo, sortable=False, priority=1),
        Column("what", "what waits", 30, lambda row: (row["what"], _dim(row)), flex=1, sortable=False),
        Column(
            "since",
            "since",
            16,
            lambda row: since_when(row["since"]).removeprefix("since "),
            sortable=False,
            priority=2,
        ),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "acknowledge", "acknowledge", id="todo.acknowledge"),
        Binding("u", "take_back", "take it back", id="todo.take-back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[feed.Document] | None = None

    def connect(self) -> None:
        """Show the groups that the session reads."""
        self.table.connect(RowsAtHand(self._groups, COLUMNS))

    def _groups(self) -> list[feed.Document]:
        return [{**group, "key": int(group["id"].removeprefix("todo-"), 16)} for group in self.session.todo]

    def fresh(self) -> None:
        """Show what has been read since."""
        if self.ready and self._shown is not self.session.todo:
            if self._shown is not None:
                self.read_again()
            self._shown = self.session.todo
        super().fresh()

    def thing_of(self, document: dict[str, Any]) -> str | None:  # noqa: ARG002 - of no group whatsoever
        """A group is no thing of its own."""
        return None

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The group whole, with the names of the first in it, and the very first whole unless that stands beside it."""
        workspace = self.session.workspace
        try:
            found = await feed.todo.first(workspace, document, FIRST)
        except feed.StoreError as error:
            return partial(sheets.words, f"cannot be read: {error}")
        thing = sheet.thing_of(found[0]) if found and not self.has_third else None
        whole = await sheets.read(workspace, thing) if thing else None
        return partial(sheet.group, document, found, partial(sheet.very_first, found, whole) if whole else None)

    async def third_of(self, document: dict[str, Any]) -> sheets.Build:
        """The very first in the group whole."""
        workspace = self.session.workspace
        try:
            found = await feed.todo.first(workspace, document, 2)
        except feed.StoreError as error:
            return partial(sheets.words, f"cannot be read: {error}")
        thing = sheet.thing_of(found[0]) if found else None
        if thing is None:
            return partial(sheets.words, self.NO_THING)
        return partial(sheet.very_first, found, await sheets.read(workspace, thing))

    def open_row(self, document: dict[str, Any]) -> None:
        """Go to the list in which the things of a group stand, with no others in it."""
        kind, line = document["list"], document["filter"] or ""
        if document["kind"] in OPENS:
            self.console_app.open_more(OPENS[document["kind"]])
        elif document["kind"] == sheet.HELD:
            self.run_worker(self._open_held(), group="open", exit_on_error=False)
        elif kind is None:
            self.say(str(document["advice"]))
        elif kind == "errors":
            self.app.push_screen(ErrorsScreen(None, line))
        else:
            self.run_worker(self._open_list(kind, line), group="open", exit_on_error=False)

    async def _open_held(self) -> None:
        await self._open_list("review", "")
        self.say("R lets pass what a gate holds; 7 shows the run that it stopped")

    async def _open_list(self, kind: str, line: str) -> None:
        await self.console_app.show_list(kind, line, back_to="todo")

    def action_explain(self) -> None:
        """Tell why the first object of the group is as it is."""
        if (document := self.table.current) is not None:
            self.run_worker(self._explain(document), group="open", exit_on_error=False)

    async def _explain(self, document: dict[str, Any]) -> None:
        try:
            found = await feed.todo.first(self.session.workspace, document, 1)
        except feed.StoreError as error:
            self.say(f"cannot be read: {error}", "danger")
            return
        if self.app.screen is self:  # else the operator has gone elsewhere meanwhile
            explain(self, sheet.thing_of(found[0]) if found else None)

    def action_sort(self) -> None:
        """There is one order."""
        self.say("what nobody knows of comes first, then what stops the most")

    def action_reverse(self) -> None:
        """There is one order."""
        self.action_sort()

    # Acknowledging ------------------------------------------------------------------------------------------------

    def why_not(self, action: str) -> str:
        """Refuse what there is nothing for."""
        if action == "write":
            return "'interlock todo --json' writes them all"
        if action in self.WRITES:
            groups = self._chosen()
            if not groups:
                return "nothing waits here"
            if action == "take_back" and not all(group["acknowledgement"] for group in groups):
                return "nobody has acknowledged that"
        return super().why_not(action)

    def _chosen(self) -> list[feed.Document]:
        """Give the groups that are marked, or the one under the cursor."""
        chosen = {f"todo-{key:08x}" for key in self.table.chosen_keys()}
        return [group for group in self.session.todo if group["id"] in chosen]

    @guarded
    def action_acknowledge(self) -> None:
        """Say that somebody knows of what is marked: why, and until when it need not be told as new."""
        groups = self._chosen()
        lines: list[Line] = []
        for group in groups:
            said = display(f"{group['count']:,} {group['what']}")
            lines += [[(part, "strong" if index == 0 else "")] for index, part in enumerate(broken(said, 70))]
        lines.append([("it goes to the end until then, or until there are more of them", "dim")])
        title = f"Acknowledge {len(groups):,} group{'s' * (len(groups) != 1)}"
        asked = Asked(title, lines, "acknowledge", extra=("for, or until", FOR), extra_is=feed.moment_of)
        self.ask(
            asked,
            "nothing was acknowledged",
            partial(self._acknowledge, {group["id"]: group["count"] for group in groups}),
        )

    def _acknowledge(self, shown: dict[str, int], answer: Answer) -> None:
        work = feed.todo.acknowledge(
            self.session.workspace, list(shown), reason=answer.reason, until=answer.extra, shown=shown
        )
        self.act("acknowledge", partial(self._done, work, "acknowledged"))

    @guarded
    def action_take_back(self) -> None:
        """Let what is marked be told as new again."""
        work = feed.todo.take_back(self.session.workspace, [group["id"] for group in self._chosen()])
        self.act("take back", partial(self._done, work, "told as new again"))

    async def _done(self, work: Awaitable[list[feed.Document]], said: str) -> str:
        groups = await work
        self.table.marks.clear()
        self.session.count_anew()
        return f"{said}: {groups[0]['what']}" if len(groups) == 1 else f"{len(groups):,} groups {said}"


def _dim(row: dict[str, Any]) -> str:
    return "dim" if row["acknowledged"] else ""
