"""Screens from which runs are started: what would delete is counted anew first, and asked about with the number."""

from collections.abc import Callable
from functools import partial

from tui import feed
from tui.console.beside import beside
from tui.console.screens.confirm import Asked
from tui.console.screens.passwords import AskingForPasswords
from tui.presentation.pieces import Line


class StartingScreen(AskingForPasswords):
    """A screen that starts runs."""

    beginning = False
    """While what a run would delete is being counted, before it starts or is asked about."""

    def why_not_run(self) -> str:
        """Say why no run can be started now."""
        run = self.session.running
        if run is not None:
            return f"run-{run.id} is going on, started by {run.operator}: x on the Line stops it"
        if self.beginning or self.session.unseen:
            return "the run that was started here has not been seen yet: a moment"
        return ""

    def begin_run(
        self, plans: list[feed.StepPlan], arguments: list[str], started: Callable[[], None] = lambda: None
    ) -> None:
        """Start a run; what exports is counted anew first, and asks for the number if it will delete anything.

        Passwords that are missing are asked for before.
        """
        systems = {plan.system for plan in plans}
        self.with_passwords(self.session.workspace, systems, partial(self._begin_run, plans, arguments, started))

    def _begin_run(self, plans: list[feed.StepPlan], arguments: list[str], started: Callable[[], None]) -> None:
        if any(plan.phase == "export" for plan in plans):
            self.beginning = True
            beside(self, partial(self._count_and_begin, plans, arguments, started), "begin")
        else:
            self._start(arguments, started)

    async def _count_and_begin(
        self, plans: list[feed.StepPlan], arguments: list[str], started: Callable[[], None]
    ) -> None:
        try:
            counts = await feed.counts(self.session.workspace, plans)
        except feed.StoreError as error:
            self.say(f"the run cannot be started: {error}", "danger")
        else:
            self._ask_or_start(plans, arguments, counts.ahead, started)
        finally:
            self.beginning = False

    def _ask_or_start(
        self,
        plans: list[feed.StepPlan],
        arguments: list[str],
        ahead: list[feed.Ahead],
        started: Callable[[], None],
    ) -> None:
        doomed = {one.plan: one.deletes for one in ahead if one.deletes}
        approved = max((one.approved for one in ahead), default=0)
        total = sum(doomed.values()) + approved
        if not total:
            self._start(arguments, started)
            return
        lines: list[Line] = [
            [(f"{count:,} approved delete{'s are' if count != 1 else ' is'} sent to '{plan.system}'", "danger")]
            for plan, count in doomed.items()
        ]
        if approved:
            lines.append(
                [(f"{approved:,} approved absence{'s' * (approved != 1)} carried out, deletes included", "danger")]
            )
        asked = Asked(f"Run {', '.join(str(plan) for plan in plans)}", lines, "run", total, reason=False)
        self.ask(asked, "nothing was started", lambda _answer: self._start(arguments, started))

    def _start(self, arguments: list[str], started: Callable[[], None]) -> None:
        try:
            self.session.start(arguments)
        except OSError as error:
            self.say(f"the run cannot be started: {error}", "danger")
        else:
            started()
            shown = " ".join(arguments).partition(" --place")[0]
            self.say(f"starting: interlock {shown}", "accent")
