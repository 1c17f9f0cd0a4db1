"""Decisions by hand: what one would lead to is worked out on a copy and shown, before it is taken."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.beside import beside
from tui.console.screens.base import ConsoleScreen, guarded
from tui.console.screens.confirm import Answer, Asked
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import by_hand as sheet
from tui.console.sheets.layout import Document, broken
from tui.console.sheets.planned import operation
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

TITLES = {
    "join": "Join {} to {}",
    "disconnect": "Disconnect {} from its person; the rules may join it again",
    "exclude": "Exclude {}: no rule joins, projects or writes it from then on",
    "include": "Include {} again: the rules may have it",
    "restore": "Restore {}: create it again, from what it last held",
}
BY_HAND: list[BindingType] = [
    Binding("J", "decide('join')", "join by hand", id="by-hand.join"),
    Binding("D", "decide('disconnect')", "disconnect", id="by-hand.disconnect"),
    Binding("X", "decide('exclude')", "exclude, include", id="by-hand.exclude", show=False),
]
"""Keys of whatever shows objects of systems."""
MOST = 8
"""Kinds of change that the last question repeats."""


class DecisionScreen(SheetScreen):
    """One decision by hand about one thing, and what would follow from it."""

    WRITES = frozenset({"by_hand"})
    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "by_hand", "do it", id="by-hand.do")]

    def __init__(self, verb: str, things: Sequence[str], labels: Sequence[str]) -> None:
        super().__init__()
        self._verb = verb
        self._things = list(things)
        self._title = TITLES[verb].format(*labels)
        self._beside: Document | None = None
        self._found: Document | None = None
        self._refused = ""
        self._reason = ""
        """What was given as a reason, should the decision be refused."""
        self._deciding = False

    def crumb(self) -> str:
        """What it is."""
        return self._verb

    def on_mount(self) -> None:
        """Begin to work it out."""
        super().on_mount()
        self._show()
        beside(self, self._work_out, "follow")

    def _show(self) -> None:
        if self.ready and self.is_attached:
            self.sheet.show(partial(sheet.decision, self._title, self._beside, self._found, self._refused))

    async def _work_out(self) -> None:
        numbers = [int(thing.partition("-")[2]) for thing in self._things]
        try:
            if self._verb == "join":
                self._beside = await feed.compare(self.session.workspace, *numbers)
                self._show()
            self._found = await feed.follow_beside(self.session.config, self._verb, self._things)
        except (feed.UnknownId, feed.StoreError, OSError, RuntimeError) as error:
            self._refused = str(error)
        self._show()
        self.show_frame()

    def why_not(self, action: str) -> str:
        """Refuse what cannot be, and what nobody has seen the end of."""
        if action == "by_hand":
            if self._deciding:
                return "it is being done"
            if self._refused:
                return self._refused
            if self._found is None:
                return "what follows is still being worked out: a moment"
        return super().why_not(action)

    @guarded
    def action_by_hand(self) -> None:
        """Take the decision, with a reason."""
        found: dict[str, Any] = self._found or {}
        lines: list[Line] = [[(part, "strong")] for part in broken(display(self._title), 70)]
        for total in found["totals"][:MOST]:
            said, tone = operation(total["what"])
            lines.append(
                [
                    (
                        f"  {total['objects']:,} {display(said)}: {display(total['type'])}, {display(total['system'])}",
                        tone,
                    )
                ]
            )
        if len(found["totals"]) > MOST:
            lines.append([(f"  {glyphs().ellipsis} and {len(found['totals']) - MOST} kinds of change more", "dim")])
        if not found["totals"]:
            lines += [[(f"  {part}", "")] for said in found["says"] for part in broken(display(said), 68)]
        number = len(self._things) if self._verb == "restore" and len(self._things) > 1 else None
        asked = Asked(self._verb.capitalize(), lines, self._verb, number, said=self._reason)
        self.ask(asked, "nothing was changed", self._decide)

    def _decide(self, answer: Answer) -> None:
        self._reason = answer.reason
        self._deciding = True
        self.act(self._verb, partial(self._take, answer.reason))

    async def _take(self, reason: str) -> str:
        try:
            said = await self._work(reason)
        finally:
            self._deciding = False
        self._leave()
        return said

    def _work(self, reason: str) -> Awaitable[str]:
        session = self.session
        numbers = [int(thing.partition("-")[2]) for thing in self._things]
        if self._verb == "restore":
            return _restore(session.workspace, numbers, operator=session.operator, reason=reason)
        decisions: dict[str, Callable[..., Awaitable[str]]] = {
            "join": feed.manual_joins.join,
            "disconnect": feed.manual_joins.disconnect,
            "exclude": feed.manual_joins.exclude,
            "include": feed.manual_joins.include,
        }
        return decisions[self._verb](session.workspace, *numbers, operator=session.operator, reason=reason)

    def _leave(self) -> None:
        """Go back to what it was about, if the operator is still here."""
        if self.is_current:
            self.app.pop_screen()
            if getattr(self.app.screen, "is_over_with_decision", False):
                self.app.pop_screen()


async def _restore(workspace: feed.Workspace, numbers: list[int], *, operator: str, reason: str) -> str:
    """Restore objects one by one, and say what became of them. Raises `DecisionRefused` where none came back."""
    restored, refused = [], []
    for number in numbers:
        try:
            restored += await feed.restore(workspace, "cso", number, operator=operator, reason=reason)
        except feed.DecisionRefused as error:
            refused.append(str(error))
    if not restored:
        raise feed.DecisionRefused(refused[0])
    said = f"{len(restored):,} objects are" if len(restored) > 1 else f"{restored[0].label} is"
    as_which = f", as cso-{restored[0].cso_id}" if len(restored) == 1 else ""
    more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
    rest = f"; refused: {refused[0]}{more}" if refused else ""
    return f"{said} staged again{as_which}; the next export sends it{rest}"


def decide(screen: ConsoleScreen, verb: str, thing: str | None, said: str = "") -> None:
    """Begin a decision about an object: what stands in its way is said, and who is meant is asked for a join.

    `exclude` includes what is excluded.
    """
    if thing is None or not thing.startswith("cso-"):
        screen.say("that is no object of a system: joins are made on those, 3")
        return
    beside(screen, partial(_begin, screen, verb, thing, said), "decide")


async def _begin(screen: ConsoleScreen, verb: str, thing: str, said: str) -> None:
    from tui.console.screens.joining import JoinScreen  # noqa: PLC0415 - which opens a decision itself

    try:
        found = await feed.show(screen.session.workspace, thing)
        if found.get("mvo_id"):
            found["person"] = await feed.called(screen.session.workspace, f"mvo-{found['mvo_id']}")
    except (feed.UnknownId, feed.StoreError) as error:
        screen.say(str(error), "danger")
        return
    if found.get("removed"):
        screen.say(f"{thing} is no longer in the connector space: B on Objects or Review lists what is gone", "warn")
        return
    excluded = str(found["joined_by"] or "").startswith("excluded")
    if reason := _why_not(verb, found, excluded=excluded):
        screen.say(reason, "warn")
        return
    label = f"{found['system']}: {found['label']}"
    if verb == "join":
        screen.app.push_screen(JoinScreen(thing, label, said))
    else:
        chosen = "include" if verb == "exclude" and excluded else verb
        screen.app.push_screen(DecisionScreen(chosen, [thing], [label]))


def _why_not(verb: str, found: Document, *, excluded: bool) -> str:
    """Say what stands in the way of a decision about an object, and which key goes on from there."""
    if verb == "disconnect" and not found["mvo_id"]:
        return "it is joined to nothing; J joins it"
    if verb != "join":
        return ""
    if found["mvo_id"]:
        return f"it is joined to {found['person']}: D disconnects it first"
    if found["status"] != "Normal":
        return f"it is {found['status']}; only Normal objects can be joined"
    return "it is excluded: X includes it again" if excluded else ""
