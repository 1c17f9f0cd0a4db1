"""Plan: what the next keys would do, worked out by a process of its own; watched, looked through, and run."""

from functools import partial
from time import monotonic
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui import feed
from tui.console.beside import beside
from tui.console.screens.base import guarded, leave_heights
from tui.console.screens.planned import PlannedScreen
from tui.console.screens.starting import StartingScreen
from tui.console.screens.thing import ValueScreen
from tui.console.sheets import plans as sheet
from tui.console.sheets.layout import Document
from tui.console.sheets.planned import FIRST
from tui.console.widgets.lines import Lines
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Build, Sheet, SheetLine
from tui.feed.kept_plans import KeptPlan
from tui.presentation.display import display
from tui.presentation.pieces import Line

LOOK_AROUND_SECONDS = 3.0
"""How often it is looked whether a file has changed since."""
ROOMY = 36
"""Lines of a screen that has room for blank ones."""
MOST_ROWS, LEAST_ROWS = 60, 4
"""How much of the height the overview takes at most, in percent, and at least, in lines, above its detail."""


class PlanScreen(StartingScreen):
    """The plan of the steps of a profile from one on."""

    WRITES = frozenset({"carry_out"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "carry_out", "run it", id="plan.run"),
        Binding("P", "anew", "plan anew", id="plan.anew"),
        Binding("x", "stop", "stop planning", id="plan.stop"),
        Binding("tab", "other_side", "to the detail and back", id="plan.other-side", show=False),
    ]

    def __init__(self, profile: str | None, first: int) -> None:
        super().__init__()
        self._profile = profile
        self._first = first
        self._plan = KeptPlan(self.session.workspace, self.session.config)
        self._entries: list[sheet.Entry] = []
        self._trouble = ""
        self._looking = False
        self._before = ""
        """When the plan that is shown was begun, until the one is there that was asked for."""
        self._asked_for = False
        """Whether a plan of these very steps was begun here and is not there yet."""
        self._looked_around = (-1, 0.0)
        self._detail_of: object = None
        self._came_from = 0
        """Where the cursor of the overview was before it moved."""
        self._followed_from = 0
        """How often the cursor had been moved when it began to go along with the step that is planned."""
        self._told_run: tuple[int, bool] | None = None

    def crumb(self) -> str:
        """What it is."""
        return "plan"

    def body(self) -> ComposeResult:
        """What it is of and how it stands; the overview, with what is under the cursor beside it."""
        yield Lines([[], []], id="facts")
        with Container(id="split"):
            overview = Sheet(id="overview")
            overview.add_class("list")
            yield overview
            yield Sheet(id="detail")

    @property
    def overview(self) -> Sheet:
        """Steps, kinds of change, attributes."""
        return self.query_one("#overview", Sheet)

    @property
    def detail(self) -> Sheet:
        """What is under the cursor."""
        return self.query_one("#detail", Sheet)

    def on_mount(self) -> None:
        """Show the plan that is there, if it is of these steps and nothing has moved; else begin one."""
        super().on_mount()
        self.overview.focus()
        beside(self, self._open, "look")

    async def _open(self) -> None:
        await self._look()
        plan = self._plan
        if plan.going_on:
            return
        if plan.is_of(self._profile, self._first) and plan.about and plan.about["run"] is not None:
            return  # what became of it is to be read before another is made
        if not plan.is_of(self._profile, self._first) or plan.why_not():
            self._begin()

    async def on_unmount(self) -> None:
        """Let go of the plan's file; whoever makes it goes on."""
        self._closed = True
        await self._plan.close()

    # What is shown ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Look how far it is; share the height anew where what stands above has taken another one meanwhile."""
        if self.ready:
            self._share_height()
        if self.ready and not any(
            one.group == "look" and one.node is self and not one.is_finished for one in self.workers
        ):
            beside(self, self._look, "look")

    async def _look(self) -> None:
        self._looking = True
        try:
            await self._look_at_plan()
        finally:
            self._looking = False

    async def _look_at_plan(self) -> None:
        session, plan = self.session, self._plan
        failed = session.failed_plan()
        if failed:
            self._asked_for = False
            self.say(f"no plan: {failed}", "danger")
        try:
            changed = await plan.look() or bool(failed)
            if self._due_to_look_around():
                changed |= await plan.look_around()
        except feed.StoreError as error:
            changed = self._trouble != str(error)
            self._trouble = str(error)
        else:
            changed |= bool(self._trouble)
            self._trouble = ""
        if plan.about is not None and plan.about["started_at"] != self._before:
            self._asked_for = False
        if changed:
            self._detail_of = None
            self.fresh()
        self._tell_run()

    def _due_to_look_around(self) -> bool:
        version, at = self.session.data_version, monotonic()
        if self._looked_around[0] == version and at - self._looked_around[1] < LOOK_AROUND_SECONDS:
            return False
        self._looked_around = (version, at)
        return True

    def _tell_run(self) -> None:
        """Say once what became of the run that was started from here."""
        run = (self._plan.about or {}).get("run")
        now = (run["id"], run["ended"] is not None) if run else None
        if now and self._told_run == (now[0], False) and now[1] and run:
            count = len(run["differences"])
            ways = f"{count:,} way{'s' * (count != 1)}"
            if count:
                self.say(f"run-{run['id']} differed from its plan in {ways}: see above", "warn")
            else:
                self.say(f"run-{run['id']} did what was planned", "good")
        self._told_run = now

    def fresh(self) -> None:
        """Show what is new."""
        super().fresh()
        if not self.ready or not self.size.width:
            return
        self.overview.show(self._lines)
        if self._entries and self.overview.moves == self._followed_from:
            self.overview.put_cursor(self._point())
        facts = self._facts(self.size.width)
        self.query_one("#facts", Lines).styles.height = len(facts)
        self.query_one("#facts", Lines).show(facts)
        self.call_after_refresh(self._share_height)
        self._show_detail()

    def _point(self) -> int:
        """Give the line that matters: the step that is planned, the one that stops the run, else the first."""
        place = len(self._plan.steps) - 1 if self._plan.going_on else sheet.stopped_in(self._plan)
        return next((line for line, entry in enumerate(self._entries) if entry.step == max(place or 0, 0)), 1)

    def _facts(self, width: int) -> list[Line]:
        if self._trouble:
            return [[], [(f" the plan cannot be read: {display(self._trouble)}", "danger")]]
        if self._plan.about is None and not self._asked_for and self.session.planning is None:
            return [[], [(" there is no plan; P makes one", "")]]
        return sheet.headline(self._plan, self.session, width)

    def _lines(self, width: int) -> list[SheetLine]:
        roomy = self.size.height >= ROOMY
        self._entries = sheet.overview(self._plan, width, roomy=roomy) if self._plan.about else []
        return [SheetLine(entry.line) for entry in self._entries]

    def on_resize(self) -> None:
        """Fit what stands above to another width, and share the height anew."""
        super().on_resize()
        self.call_after_refresh(self.fresh)

    def _share_height(self) -> None:
        if not self.is_attached:
            return
        room = self.query_one("#split").size.height
        if self.is_broad or not room:
            leave_heights(self.overview, self.detail)
            return
        self.overview.styles.height = max(min(len(self._entries), room * MOST_ROWS // 100), LEAST_ROWS)
        self.detail.styles.height = "1fr"

    # The detail ---------------------------------------------------------------------------------------------------

    @property
    def current(self) -> sheet.Entry | None:
        """The entry under the cursor."""
        return self._entries[self.overview.cursor] if self.overview.cursor < len(self._entries) else None

    @on(Rows.Moved, "#overview")
    def _moved(self) -> None:
        here = self.overview.cursor
        if self.current is not None and self.current.is_heading:
            self.overview.put_cursor(sheet.beyond_heading(self._entries, here, upwards=here < self._came_from))
        self._came_from = self.overview.cursor
        if all(entry.is_heading for entry in self._entries[: self.overview.cursor]):
            self.overview.scroll_to(y=0, animate=False, force=True)  # to what stands above the first
        self._show_detail()

    def _show_detail(self) -> None:
        entry = self.current
        if entry is None:
            self.detail.show(lambda _width: [])
        elif self._detail_of != entry:
            self._detail_of = entry
            beside(self, partial(self._read_detail, entry), "detail")

    async def _read_detail(self, entry: sheet.Entry) -> None:
        found: list[Document] = []
        if entry.wanted is not None:
            try:
                found = await self._plan.page(entry.wanted, limit=FIRST + 1)
            except feed.StoreError:
                return  # another plan has taken its place, and is about to be shown
        if self.ready and self.is_attached:
            self.detail.show(self._build(entry, found))

    def _build(self, entry: sheet.Entry, found: list[Document]) -> Build:
        if entry.step is not None:
            return partial(sheet.step_detail, self._plan, entry.step, found)
        return partial(sheet.group_detail, entry, found)

    def action_other_side(self) -> None:
        """Move between the overview and the detail."""
        (self.overview if self.detail.has_focus else self.detail).focus()

    @on(Rows.Chosen, "#detail")
    @on(Rows.Chosen, "#overview")
    def _open_group(self) -> None:
        entry = self.current
        if entry is None:
            return
        if entry.wanted is not None:
            wanted = entry.wanted
            title = wanted.attribute or wanted.told or self._name_of(entry)
            self.app.push_screen(PlannedScreen(self._plan, wanted, title))
        elif entry.says:
            self.app.push_screen(ValueScreen(entry.says))
        elif entry.step is not None:
            self.say("nothing changes in this step")

    def _name_of(self, entry: sheet.Entry) -> str:
        return str((self._plan.about or {"steps": []})["steps"][entry.step or 0])

    # Keys ---------------------------------------------------------------------------------------------------------

    def why_not(self, action: str) -> str:
        """Refuse to run what is old, or not whole; to plan beside a run, or beside another plan."""
        plan = self._plan
        if action == "stop" and not plan.going_on:
            return "no plan is being made"
        if action == "anew":
            return self._why_not_anew()
        if action == "carry_out":
            reason = "the plan is still being made" if self._asked_for else plan.why_not()
            if reason := f"{reason}: P plans anew" if reason else self.why_not_run():
                return reason
        return super().why_not(action)

    def _why_not_anew(self) -> str:
        if self._plan.going_on or self._asked_for:
            return "a plan is being made: x stops it"
        run = self.session.running
        return f"run-{run.id} is going on: when it has ended, there will be other things to do" if run else ""

    def _begin(self) -> None:
        if reason := self.why_not("anew"):
            self.say(f"no new plan: {reason}", "warn")
            return
        systems = {plan.system for plan in self.session.plans[self._first :]}
        self.with_passwords(self.session.workspace, systems, self._begin_plan)

    def _begin_plan(self) -> None:
        arguments = [*([self._profile] if self._profile else []), "--from", str(self._first + 1)]
        try:
            self.session.start_plan(arguments)
        except OSError as error:
            self.say(f"the plan cannot be begun: {error}", "danger")
            return
        self._before = (self._plan.about or {}).get("started_at", "")
        self._asked_for, self._followed_from = True, self.overview.moves
        self.fresh()

    @guarded
    def action_anew(self) -> None:
        """Make the plan anew."""
        self._begin()
        if self._asked_for:
            self.say("planning anew; what is shown is the plan before", "accent")

    @guarded
    def action_stop(self) -> None:
        """Ask whoever makes the plan to stop."""
        operator = self.session.operator

        async def work() -> str:
            await self._plan.request_stop(operator)
            return "the plan stops at its next page boundary"

        self.act("stop planning", work)

    @guarded
    def action_carry_out(self) -> None:
        """Run what was planned."""
        about: dict[str, Any] = self._plan.about or {}
        plans = feed.plans_of(self.session.workspace, about["profile"])[about["first"] :]
        if [str(one) for one in plans] != about["steps"]:
            self.say("the profile has other steps by now: P plans anew", "warn")
            return
        arguments = ["run", *([about["profile"]] if about["profile"] else []), "--from", str(about["first"] + 1)]
        self.begin_run(plans, [*arguments, "--planned"])
