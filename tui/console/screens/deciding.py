"""Decide about review items: those that are chosen in the list, or the one that is open."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.screens.base import ConsoleScreen, guarded
from tui.console.screens.confirm import Answer, Asked
from tui.console.screens.explaining import ExplainedScreen
from tui.console.screens.foresight import ForesightScreen
from tui.console.screens.outcome import told
from tui.console.screens.touched import NAMED, counted, more, named
from tui.console.sheets.layout import broken
from tui.console.sheets.reviews import summary, totals
from tui.presentation.display import display
from tui.presentation.pieces import Line

Items = list[dict[str, Any]]
WAITING = ("open", "deferred", "half-approved")
"""States of items that can be decided."""
BACK = " (u takes it back)"


def to_be_taken_back(item: dict[str, Any]) -> bool:
    """Tell whether what was decided about an item may be taken back: all but the keeping of who is not missing."""
    return item["state"] in feed.TAKEN_BACK and (item["state"] != "kept" or item["kind"] == "absence")


def _is_absence(item: dict[str, Any]) -> bool:
    return bool(item["kind"] == "absence")


def _waits(item: dict[str, Any]) -> bool:
    return item["state"] in WAITING


def _named(item: dict[str, Any]) -> list[Line]:
    """Name an item, and every object that would be deleted with it."""
    first = f"  (first approved by {display(item['first_by'], 20)})" if item["first_by"] else ""
    lines = named(f"{item['id']}  {item['label']}{first}")
    for _, system, label, _external_id in item["consequences"].get("deletes", []):
        lines += [[(f"    {part}", "danger")] for part in broken(display(f"deletes {label} in {system}"), 66)]
    for _, system, label, said in feed.stages_in(item):
        lines += [[(f"    {part}", "danger")] for part in broken(display(f"{label} in {system}: {said}"), 66)]
    return lines


def _touched(items: Items, *, grave: bool) -> list[Line]:
    """Tell all that a decision touches: how many, what would be deleted, of which kinds, and each by its name."""
    several = len(items) > 1
    lines = counted(item["type"] for item in items) if several else []
    for line in totals(items) if grave else []:
        lines += [[(part, "danger" if "deleted" in line else "")] for part in broken(display(line), 70)]
    for line in summary(items) if several else []:
        lines += [[(part, "")] for part in broken(display(line), 70)]
    for item in items[:NAMED]:
        lines += _named(item)
    return lines + more(len(items) - NAMED)


class ReviewKeys(ConsoleScreen):
    """What can be decided about review items."""

    WRITES = frozenset({"approve", "keep", "defer", "withdraw"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve", id="review.approve"),
        Binding("K", "keep", "keep", id="review.keep"),
        Binding("L", "defer", "later", id="review.defer"),
        Binding("t", "tree", "all that follows", id="review.tree"),
        Binding("u", "withdraw", "take back", id="review.withdraw"),
    ]

    def chosen_keys(self) -> list[int]:
        """Give the numbers of the items that are meant."""
        raise NotImplementedError

    def acted(self, keys: list[int]) -> None:
        """Let the items that something was decided about stay in the list."""
        self.session.decided.update(keys)

    @guarded
    def action_approve(self) -> None:
        """Approve what is marked, after its consequences were shown and the number typed."""
        ids = self.chosen_keys()
        self.run_worker(self._ask("approve", ids, self._approve, grave=True), group="ask", exit_on_error=False)

    @guarded
    def action_keep(self) -> None:
        """Keep what is marked though it is missing."""
        ids = self.chosen_keys()
        self.run_worker(self._ask("keep", ids, self._keep), group="ask", exit_on_error=False)

    @guarded
    def action_defer(self) -> None:
        """Put off what is marked."""
        ids = self.chosen_keys()
        self.run_worker(
            self._ask("defer", ids, self._defer, extra=("for, or until", "7d")), group="ask", exit_on_error=False
        )

    @guarded
    def action_withdraw(self) -> None:
        """Take a decision back: an approval that has not been carried out, a deferral, that somebody is kept."""
        ids = self.chosen_keys()
        self.run_worker(self._ask("withdraw", ids, self._withdraw), group="ask", exit_on_error=False)

    @guarded
    def action_tree(self) -> None:
        """Show all that approving what is marked would lead to, across all systems: carried out on a copy."""
        self.app.push_screen(ForesightScreen(self.chosen_keys()))

    async def _ask(
        self,
        verb: str,
        ids: list[int],
        done: Callable[[Items, Answer], None],
        *,
        grave: bool = False,
        extra: tuple[str, str] | None = None,
    ) -> None:
        items = await feed.items(self.session.workspace, ids)
        states = ", ".join(sorted({str(item["state"]) for item in items}))
        is_meant = to_be_taken_back if verb == "withdraw" else _waits
        items = [item for item in items if is_meant(item)]
        if not items:
            nothing = "take back" if verb == "withdraw" else "decide"
            self.say(f"there is nothing to {nothing}: {states or 'gone'}", "warn")
            return
        lines = _touched(items, grave=grave)
        settings = self.session.workspace.config.review
        systems = ", ".join(sorted({f"'{item['system']}'" for item in items}))
        title = f"{verb.capitalize()} {len(items):,} item{'s' * (len(items) != 1)} of {systems}"
        number = len(items) if grave or len(items) > settings.handful else None
        with_reason, until = len(items) >= settings.reason_from, feed.moment_of if extra else None
        asked = Asked(title, lines, verb, number, reason=with_reason, extra=extra, extra_is=until)

        cancelled = f"nothing was decided about {len(items):,} item{'s' * (len(items) != 1)}"
        self.ask(asked, cancelled, lambda answer: done(items, answer))

    def _decide(self, doing: str, work: Awaitable[Any], done: str, items: Items) -> None:
        ids = [item["key"] for item in items]
        self.act(doing, told(work, done, "rev", partial(self.acted, ids)))

    def _approve(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.review.approve(
            session.workspace,
            ids,
            operator=session.operator,
            reason=answer.reason,
            count=len(ids),
            shown={item["key"]: item["consequences"] for item in items},
        )
        self._decide("approve", work, f"approved; the next sync carries it out{BACK}", items)

    def _keep(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.review.keep(session.workspace, ids, operator=session.operator, reason=answer.reason, count=len(ids))
        self._decide("keep", work, f"kept{BACK}" if all(map(_is_absence, items)) else "kept", items)

    def _defer(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.review.defer(
            session.workspace,
            ids,
            operator=session.operator,
            reason=answer.reason,
            until=answer.extra,
            count=len(ids),
        )
        self._decide("defer", work, f"put off: {answer.extra}{BACK}", items)

    def _withdraw(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.withdraw(session.workspace, ids, operator=session.operator, reason=answer.reason, count=len(ids))
        self._decide("withdraw", work, "open again", items)


class ReviewItemScreen(ReviewKeys, ExplainedScreen):
    """One review item whole."""

    def chosen_keys(self) -> list[int]:
        """Give this one."""
        return [int(self.thing.partition("-")[2])]
