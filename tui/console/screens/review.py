"""Review: what waits for a person; nothing is deleted without an approval given here or on the command line."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.screens.base import guarded
from tui.console.screens.choice import Choice
from tui.console.screens.confirm import Answer, Asked
from tui.console.screens.foresight import ForesightScreen
from tui.console.screens.marking import MarkingScreen
from tui.console.screens.outcome import told
from tui.console.sheets.layout import broken
from tui.console.sheets.reviews import totals
from tui.console.widgets.columns import Column
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line
from tui.presentation.releases import follows, released

Items = list[dict[str, Any]]
NAMED = 5
"""Objects that a confirmation names before it only counts."""


def _consequence(row: dict[str, Any]) -> tuple[str, str]:
    if row["kind"] == "identity":
        return ("old one gone, this new", "danger")
    found = row["consequences"]
    if deletes := found.get("deletes", []):
        targets = sorted({system for _, system, *_ in deletes})
        return (f"deletes {len(deletes)} in {', '.join(targets)}", "danger")
    return (f"deletes mvo-{found['mvo']}", "danger") if found.get("mvo_deleted") else ("disconnects", "")


def _named(item: dict[str, Any]) -> list[Line]:
    """Name an item, and every object that would be deleted with it."""
    first = f"  (first approved by {display(item['first_by'], 20)})" if item["first_by"] else ""
    title = f"{item['id']}  {display(item['label'])}{first}"
    lines: list[Line] = [[(f"  {part}", "strong")] for part in broken(title, 68)]
    for _, system, label, _external_id in item["consequences"].get("deletes", []):
        lines += [[(f"    {part}", "danger")] for part in broken(display(f"deletes {label} in {system}"), 66)]
    for _, system, label, said in feed.stages_in(item):
        lines += [[(f"    {part}", "danger")] for part in broken(display(f"{label} in {system}: {said}"), 66)]
    return lines


class ReviewScreen(MarkingScreen):
    """The review."""

    TITLE = "Review"
    KIND = "review"
    ERRORS = "kind:delete"
    EMPTY = "nothing waits for a decision"
    WRITES = frozenset({"approve", "keep", "defer", "withdraw", "release"})
    COLUMNS = (
        Column("id", "id", 8, lambda row: row["id"]),
        Column("kind", "asks", 8, lambda row: row["kind"], priority=5),
        Column("system", "system", 10, lambda row: row["system"], priority=3),
        Column("object", "object", 22, lambda row: row["label"], flex=3),
        Column("consequences", "an approval", 22, _consequence, flex=1, priority=1, sortable=False),
        Column("state", "state", 12, lambda row: tones.status(row["state"]), priority=2),
        Column("opened_at", "since", 16, lambda row: local_time(row["opened_at"]), priority=6),
        Column("decided_by", "by", 8, lambda row: row["decided_by"] or "", priority=7),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "approve", id="review.approve"),
        Binding("K", "keep", "keep", id="review.keep"),
        Binding("L", "defer", "later", id="review.defer"),
        Binding("t", "tree", "all that follows", id="review.tree"),
        Binding("u", "withdraw", "withdraw", id="review.withdraw"),
        Binding("R", "release", "release held", id="review.release", show=False),
        Binding("o", "decided", "also what is decided", id="review.decided", show=False),
        Binding("B", "deleted", "deleted", id="review.deleted", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._with_decided = False

    def terms(self, text: str) -> tuple[feed.Term, ...]:
        """Show what is decided as well, where that is wanted and the filter does not say."""
        found = super().terms(text)
        if self._with_decided and not any(term.column == "state" for term in found):
            return (*found, feed.Term("all", "state"))
        return found

    def action_decided(self) -> None:
        """Show what is decided as well, or only what waits."""
        self._with_decided = not self._with_decided
        self.table.ask(self.table.query_shown._replace(terms=self.terms(self._filter)))
        self.say("all items, decided ones too" if self._with_decided else "what waits for a decision")

    def action_deleted(self) -> None:
        """List what is gone."""
        self.console_app.open_deleted()

    def told(self) -> Line:
        """Say first what a gate holds."""
        held = self.session.snapshot.held if self.session.snapshot else []
        count = sum(batch.missing for batch in held)
        return [(f"{count:,} held by a gate: R  ", "danger"), *super().told()] if count else super().told()

    def why_not(self, action: str) -> str:
        """Refuse what cannot be decided."""
        if action == "release":
            if not (self.session.snapshot and self.session.snapshot.held):
                return "no gate holds anything"
        elif (action in self.WRITES or action == "tree") and not self.table.chosen_keys():
            return "there is nothing here to decide"
        return super().why_not(action)

    @guarded
    def action_approve(self) -> None:
        """Approve what is marked, after its consequences were shown and the number typed."""
        ids = self.table.chosen_keys()
        self.run_worker(self._ask("approve", ids, self._approve, grave=True), group="ask", exit_on_error=False)

    @guarded
    def action_keep(self) -> None:
        """Keep what is marked though it is missing."""
        ids = self.table.chosen_keys()
        self.run_worker(self._ask("keep", ids, self._keep), group="ask", exit_on_error=False)

    @guarded
    def action_defer(self) -> None:
        """Put off what is marked."""
        ids = self.table.chosen_keys()
        self.run_worker(
            self._ask("defer", ids, self._defer, extra=("for, or until", "7d")), group="ask", exit_on_error=False
        )

    @guarded
    def action_withdraw(self) -> None:
        """Take an approval back that has not been carried out."""
        ids = self.table.chosen_keys()
        self.run_worker(self._ask("withdraw", ids, self._withdraw), group="ask", exit_on_error=False)

    @guarded
    def action_tree(self) -> None:
        """Show all that approving what is marked would lead to, across all systems: carried out on a copy."""
        self.app.push_screen(ForesightScreen(self.table.chosen_keys()))

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
        lines: list[Line] = []
        for line in totals(items) if grave else []:
            lines += [[(part, "danger" if "deleted" in line else "")] for part in broken(display(line), 70)]
        for item in items[:NAMED]:
            lines += _named(item)
        if len(items) > NAMED:
            lines.append([(f"  … and {len(items) - NAMED:,} more", "")])
        settings = self.session.workspace.config.review
        systems = ", ".join(sorted({f"'{item['system']}'" for item in items}))
        title = f"{verb.capitalize()} {len(items):,} item{'s' * (len(items) != 1)} of {systems}"
        number = len(items) if grave or len(items) > settings.handful else None
        asked = Asked(title, lines, verb, number, reason=len(items) >= settings.reason_from, extra=extra)

        def decided(answer: Answer) -> None:
            done(items, answer)
            self.table.marks.clear()

        self.ask(asked, f"nothing was decided about {len(items):,} item{'s' * (len(items) != 1)}", decided)

    def _decide(self, doing: str, work: Awaitable[Any], done: str) -> None:
        self.act(doing, told(work, done, "rev"))

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
        self._decide("approve", work, "approved; the next sync carries it out")

    def _keep(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.review.keep(session.workspace, ids, operator=session.operator, reason=answer.reason, count=len(ids))
        self._decide("keep", work, "kept")

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
        self._decide("defer", work, f"put off: {answer.extra}")

    def _withdraw(self, items: Items, answer: Answer) -> None:
        session, ids = self.session, [item["key"] for item in items]
        work = feed.withdraw(session.workspace, ids, operator=session.operator, reason=answer.reason, count=len(ids))
        self._decide("withdraw", work, "open again")

    # What a gate holds --------------------------------------------------------------------------------------------

    @guarded
    def action_release(self) -> None:
        """Let what a gate held in one run pass, after the number was typed."""
        held = self.session.snapshot.held if self.session.snapshot else []
        by_run: dict[int, int] = {}
        for batch in held:
            by_run[batch.run_id] = by_run.get(batch.run_id, 0) + batch.missing
        if len(by_run) == 1:
            run_id, count = next(iter(by_run.items()))
            self._ask_release(run_id, count)
            return
        options = [f"run-{run_id} holds {count:,}" for run_id, count in by_run.items()]
        chosen = dict(zip(options, by_run.items(), strict=True))
        self.app.push_screen(
            Choice("Release what was held in", options),
            lambda option: self._ask_release(*chosen[option]) if option else None,
        )

    def _ask_release(self, run_id: int, count: int) -> None:
        held = self.session.snapshot.held if self.session.snapshot else []
        mine = [batch for batch in held if batch.run_id == run_id]
        said = [display(words) for batch in mine for words in (batch.arithmetic, *batch.in_common)]
        lines: list[Line] = [[(part, "danger")] for words in said for part in broken(words, 70)]
        lines += [[(part, "strong")] for words in follows(mine) for part in broken(words, 70)]
        asked = Asked(f"Release {count:,} objects that a gate held in run-{run_id}", lines, "release", count)
        self.ask(asked, "nothing was released", lambda answer: self._release(run_id, count, answer))

    def _release(self, run_id: int, count: int, answer: Answer) -> None:
        session = self.session

        async def work() -> str:
            batches, marked = await feed.release(
                session.workspace, run_id, count=count, operator=session.operator, reason=answer.reason
            )
            return "; ".join(released(batches, marked, "here"))

        self.act("release", work)
