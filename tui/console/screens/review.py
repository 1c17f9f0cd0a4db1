"""Review: what waits for a person; nothing is deleted without an approval given here or on the command line."""

from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.beside import beside
from tui.console.screens.base import guarded
from tui.console.screens.choice import Choice
from tui.console.screens.confirm import Answer, Asked
from tui.console.screens.deciding import ReviewKeys, to_be_taken_back
from tui.console.screens.marking import MarkingScreen
from tui.console.screens.touched import NAMED, counted, more, named
from tui.console.sheets.layout import broken
from tui.console.widgets.columns import Column, Order
from tui.presentation import tones
from tui.presentation.display import display
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line
from tui.presentation.releases import follows, released


def _consequence(row: dict[str, Any]) -> tuple[str, str]:
    if row["state"] not in WAITS_STILL:
        return ("u takes it back", "accent") if to_be_taken_back(row) else ("", "")
    if row["kind"] == "identity":
        return ("old one gone, this new", "danger")
    found = row["consequences"]
    if deletes := found.get("deletes", []):
        targets = sorted({system for _, system, *_ in deletes})
        return (f"deletes {len(deletes)} in {', '.join(targets)}", "danger")
    if found.get("mvo_deleted"):
        return (f"deletes {feed.name_in(feed.person_of(found))}", "danger")
    for verb, key in (("disables in", "disabled"), ("leaves in stages", "stages"), ("creates again in", "recreated")):
        if targets := sorted({system for _, system, *_ in found.get(key, [])}):
            return (f"{verb} {', '.join(targets)}", "warn")
    return ("disconnects", "")


WAITS_STILL = ("open", "half-approved")
MOST_STAYING = 1_000
"""Rows that stay in the list though they are decided: nobody looks through more of them."""


class ReviewScreen(ReviewKeys, MarkingScreen):
    """The review."""

    TITLE = "Review"
    KIND = "review"
    ERRORS = "kind:delete"
    EMPTY = "nothing waits for a decision"
    WRITES = ReviewKeys.WRITES | {"release"}
    COLUMNS = (
        Column("id", "id", 8, lambda row: row["id"], order=Order.NUMBERS),
        Column("kind", "asks", 8, lambda row: row["kind"], priority=5),
        Column("system", "system", 10, lambda row: row["system"], priority=3),
        Column("object", "object", 22, lambda row: row["label"], flex=3, is_label=True),
        Column("consequences", "an approval", 22, _consequence, flex=1, priority=1, sortable=False),
        Column("state", "state", 12, lambda row: tones.status(row["state"]), priority=2),
        Column("opened_at", "since", 16, lambda row: local_time(row["opened_at"]), priority=6, order=Order.TIMES),
        Column("decided_by", "by", 8, lambda row: row["decided_by"] or "", priority=7),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
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

    def chosen_keys(self) -> list[int]:
        """Give the marked ones, or the one under the cursor."""
        return self.table.chosen_keys()

    def on_mount(self) -> None:
        """Let what is decided stay until another screen is shown."""
        self.app.mode_change_signal.subscribe(self, self._left)

    def _left(self, mode: str) -> None:
        if mode != self.KIND and self.session.decided:
            self.session.decided.clear()
            self._keep_decided()

    def acted(self, keys: list[int]) -> None:
        """Take the marks away, and let the rows stay."""
        super().acted(keys)
        self.unmark()

    def read_again(self) -> None:
        """Read the rows again, and with them those that were decided here."""
        self._keep_decided()
        super().read_again()

    def _keep_decided(self) -> None:
        staying = tuple(sorted(self.session.decided)[-MOST_STAYING:])
        if staying != self.table.query_shown.staying:
            self.table.query_shown = self.table.query_shown._replace(staying=staying)
            self.table.data_changed()

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
        elif (action in self.WRITES or action == "tree") and not self.chosen_keys():
            return "there is nothing here to decide"
        return super().why_not(action)

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
            self._ask_to_release(run_id, count)
            return
        options = [f"run-{run_id} holds {count:,}" for run_id, count in by_run.items()]
        chosen = dict(zip(options, by_run.items(), strict=True))
        self.app.push_screen(
            Choice("Release what was held in", options),
            lambda option: self._ask_to_release(*chosen[option]) if option else None,
        )

    def _ask_to_release(self, run_id: int, count: int) -> None:
        beside(self, partial(self._ask_release, run_id, count), "ask")

    async def _ask_release(self, run_id: int, count: int) -> None:
        try:
            found = await feed.affected.of_run(self.session.workspace, run_id, NAMED)
        except feed.StoreError as error:
            self.say(str(error), "danger")
            return
        held = self.session.snapshot.held if self.session.snapshot else []
        mine = [batch for batch in held if batch.run_id == run_id]
        said = [display(words) for batch in mine for words in (batch.arithmetic, *batch.in_common)]
        lines: list[Line] = [[(part, "danger")] for words in said for part in broken(words, 70)]
        lines += [[(part, "strong")] for words in follows(mine) for part in broken(words, 70)]
        lines += counted(one["type"] for one in found) if count <= NAMED else []
        lines += [line for one in found for line in named(f"{one['label']}, {one['id']}")]
        lines += more(count - len(found))
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
