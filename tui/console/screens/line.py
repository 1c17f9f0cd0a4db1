"""Line: the five phases as a track, the steps of a profile, and what the next key will do."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui import feed
from tui.console.cycle import Standing, standing
from tui.console.screens.base import guarded
from tui.console.screens.choice import Choice
from tui.console.screens.plan import PlanScreen
from tui.console.screens.starting import StartingScreen
from tui.console.sheets import line as sheet
from tui.console.sheets.pace import Pace
from tui.console.widgets.lines import Lines
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet
from tui.presentation.display import display
from tui.presentation.pieces import Line

WHOLE_CYCLE = "whole cycle"


class LineScreen(StartingScreen):
    """The line: step it, run it, stop it, watch it."""

    TITLE = "Line"
    WRITES = frozenset({"next", "rest", "stop"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", "next step", id="line.next"),
        Binding("r", "rest", "run the rest", id="line.rest"),
        Binding("x", "stop", "stop", id="line.stop"),
        Binding("left_square_bracket", "shift(-1)", "step before", id="line.before", show=False),
        Binding("right_square_bracket", "shift(1)", "step after", id="line.after", show=False),
        Binding("P", "plan", "plan", id="line.plan"),
        Binding("o", "profile", "profile", id="line.profile"),
        Binding("tab", "other_side", "to the detail and back", id="line.other-side", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shift = 0
        self._shift_for = (-1, 0)
        self._pace = Pace()
        self._following = True

    def body(self) -> ComposeResult:
        """The track, the steps with the detail of one, and what comes next."""
        yield Lines([[], []], id="track")
        with Container(id="split", classes="steps"):
            steps = Sheet(id="steps")
            steps.add_class("list")
            yield steps
            yield Sheet(id="detail")
        yield Lines(id="facts")

    @property
    def steps(self) -> Sheet:
        """The steps of the profile."""
        return self.query_one("#steps", Sheet)

    def on_mount(self) -> None:
        """Let keys go to the steps."""
        super().on_mount()
        self.steps.focus()

    # What is shown ------------------------------------------------------------------------------------------------

    @property
    def found(self) -> Standing:
        """The profile beside the history, with the next step where the operator has moved it."""
        session = self.session
        seen = session.snapshot
        profile = session.profile or WHOLE_CYCLE
        found = standing(session.plans, seen.steps, profile, seen.profiles) if seen else standing(session.plans, [])
        stands_at = (found.next_step, seen.steps[-1].id if seen and seen.steps else 0)
        if self._shift_for != stands_at:
            self._shift, self._shift_for = 0, stands_at
        return found._replace(next_step=(found.next_step + self._shift) % max(len(session.plans), 1))

    def fresh(self) -> None:
        """Show what is new."""
        if not self.ready or not self.size.width:
            return
        super().fresh()
        session = self.session
        if session.snapshot is not None:
            self._pace.note(session.snapshot.steps)
        found = self.found
        running = session.running
        state = sheet.State(session.plans, found, session.snapshot, session.counts, self._pace, running is not None)
        self.query_one("#track", Lines).show(sheet.track(state, self.size.width))
        self.steps.show(lambda width: sheet.steps(state, width))
        if self._following:
            self._follow(found)
        facts = sheet.facts(state, session, self.size.width)
        self.query_one("#facts", Lines).styles.height = len(facts)
        self.query_one("#facts", Lines).show(facts)
        self._show_detail()

    def _follow(self, found: Standing) -> None:
        """Keep the cursor on the step that runs, or that is next."""
        running = [i for i, record in enumerate(found.records) if record is not None and record.result is None]
        self.steps.put_cursor(running[0] if running else found.next_step)

    def tick(self) -> None:
        """Nothing: what goes on is shown when the store says so."""

    def told(self) -> Line:
        """The profile."""
        return [(f"profile: {display(self.session.profile or WHOLE_CYCLE, 40)}", "dim")]

    @on(Rows.Moved, "#steps")
    def _moved(self) -> None:
        running = self.session.running is not None
        self._following = not running and self.steps.cursor == self.found.next_step
        self._show_detail()

    def _show_detail(self) -> None:
        session, cursor = self.session, self.steps.cursor
        if not session.plans:
            return
        empty = session.counts is not None and not session.counts.objects and not (session.snapshot or _NONE).steps
        detail = self.query_one("#detail", Sheet)
        self.query_one("#split").set_class(empty, "-greeting")
        if empty:
            detail.show(sheet.greeting)
            return
        plan, record = session.plans[cursor], self.found.records[cursor]
        ahead = session.counts.ahead if session.counts else []
        expected = next((one for one in ahead if one.plan == plan), None)
        detail.show(lambda width: sheet.detail(plan, record, expected, width))

    @on(Rows.Chosen, "#steps")
    def _open_run(self) -> None:
        record = self.found.records[self.steps.cursor]
        if record is None:
            self.say("this step has not run in this round")
        else:
            self.console_app.open_thing(f"run-{record.run_id}")

    def action_other_side(self) -> None:
        """Move between the steps and the detail."""
        detail = self.query_one("#detail", Sheet)
        (self.steps if detail.has_focus else detail).focus()

    # Keys ---------------------------------------------------------------------------------------------------------

    def why_not(self, action: str) -> str:
        """Refuse a second run, and stopping what does not run."""
        run = self.session.running
        if action in ("next", "rest") and (reason := self.why_not_run()):
            return reason
        if action == "stop" and run is None:
            return "no run is going on"
        return super().why_not(action)

    @guarded
    def action_next(self) -> None:
        """Run the next step, then stop."""
        session = self.session
        index = self.found.next_step
        plan = session.plans[index]
        names = [plan.phase, *([plan.system] if plan.system else [])]
        self.begin_run([plan], ["step", *names, "--place", str(index + 1)], self._follow_it)

    @guarded
    def action_rest(self) -> None:
        """Run the next step and all that follow it."""
        session = self.session
        index = self.found.next_step
        arguments = ["run", *([session.profile] if session.profile else [])]
        self.begin_run(session.plans[index:], [*arguments, "--from", str(index + 1)], self._follow_it)

    def action_plan(self) -> None:
        """Show what running the next step and all that follow it would do."""
        if self.session.plans:
            self.app.push_screen(PlanScreen(self.session.profile, self.found.next_step))
        else:
            self.say("no step is configured", "warn")

    def _follow_it(self) -> None:
        self._following = True

    @guarded
    def action_stop(self) -> None:
        """Ask the run to stop at its next page boundary."""
        workspace = self.session.workspace

        async def work() -> str:
            asked = await feed.request_stop(workspace)
            return f"run-{asked[0]} stops at its next page boundary" if asked else "no run is going on any more"

        self.act("stop", work)

    def action_shift(self, steps: int) -> None:
        """Make another step the next one."""
        if self.session.running is None:
            self._shift += steps
            self._following = True
            self.fresh()

    def action_profile(self) -> None:
        """Choose the profile whose steps are shown."""
        options = [WHOLE_CYCLE, *sorted(self.session.workspace.config.profiles)]
        self.app.push_screen(Choice("Profile", options), self.take_profile)

    def take_profile(self, name: str | None) -> None:
        """Show the steps of a profile; None leaves it."""
        if name is not None:
            self.session.profile = None if name == WHOLE_CYCLE else name
            self.session.count_anew()
            self._following = True
            self.fresh()


class _Nothing:
    steps: ClassVar[list[Any]] = []


_NONE = _Nothing()
