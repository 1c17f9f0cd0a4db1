"""Tell a run on a terminal: a progress bar for what takes longer than a second, a line for each step."""

import time
from typing import TYPE_CHECKING

from tui import feed
from tui.presentation.display import display
from tui.presentation.moments import lasting
from tui.presentation.statistics import in_words
from tui.terminal.printing import complain, err, say

if TYPE_CHECKING:
    from tui.terminal.progress_bar import ProgressBar

SHOWN_ERRORS = 5
_GOOD = frozenset({"success", "completed-no-objects"})


class Teller:
    """Writes what happens in a run."""

    def __init__(self, workspace: feed.Workspace, *, quiet: bool = False, more: str | None = None) -> None:
        """Take the workspace that runs, and what shows more errors than are told, where that is not the run itself."""
        self._workspace = workspace
        self._quiet = quiet
        self._more = more
        self.run_id = 0
        """The run that is told; 0 before it has started."""
        self._started: dict[feed.StepPlan, float] = {}
        """When the steps began that go on."""
        self._bar: ProgressBar | None = None

    async def tell(self, event: feed.Event) -> None:
        """Write what one event means to a person."""
        match event:
            case feed.RunStarted():
                self.run_id = event.run_id
                if event.clock_behind:
                    complain(
                        f"this machine's clock is {lasting(event.clock_behind)} behind the last run: periods of grace, "
                        "deferrals and retries wait until it has caught up; set it right"
                    )
                for run_id in event.interrupted:
                    complain(f"run-{run_id} was interrupted: its process died; this run goes on from what it kept")
            case feed.StepStarted():
                self._started[event.plan] = time.monotonic()
            case feed.Progress():
                self._advance(event)
            case feed.StepFinished():
                self.close()
                await self._finish(event)
            case feed.RunFinished():
                self.close()

    def close(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _advance(self, event: feed.Progress) -> None:
        if not err.is_terminal or self._quiet or time.monotonic() - self._started[event.plan] < 1:
            return
        if self._bar is None:
            from tui.terminal.progress_bar import ProgressBar  # noqa: PLC0415 - most steps are over before

            self._bar = ProgressBar()
        self._bar.show(str(event.plan), event.done, event.total)

    async def _finish(self, event: feed.StepFinished) -> None:
        if self._quiet:
            return
        figures = in_words(event.statistics)
        if not figures and event.result in _GOOD:
            figures = "nothing is missing" if event.plan.phase == "detect" else "nothing to do"
        seconds = time.monotonic() - self._started.pop(event.plan)
        style = "" if event.result in _GOOD else "bold"
        say(f"{event.plan!s:<18} {event.result:<26} {figures}{'  ' if figures else ''}({seconds:.1f} s)", style)
        if event.message:
            say(f"    {display(event.message)}", "bold")
        if event.errors or event.warnings:
            await self._tell_errors(event)

    async def _tell_errors(self, event: feed.StepFinished) -> None:
        """Write the first things that went wrong with objects, and where the others are shown."""
        told = event.errors + event.warnings
        for error in await feed.errors_of_step(self._workspace, self.run_id, event.step_id, SHOWN_ERRORS):
            where = f" ({error['position']})" if error["position"] and error["position"] not in error["label"] else ""
            say(f"    {error['code']}: {display(error['label'], 80)}{display(where)}: {display(error['message'])}")
            say(f"        {error['advice']}", "dim")
        if told > SHOWN_ERRORS:
            more = self._more or f"interlock show run-{self.run_id}"
            say(f"    … and {told - SHOWN_ERRORS:,} more: {more}")


def tell_waiting(status: feed.Document) -> None:
    """Write what is left in the queue, and what waits for a person."""
    waiting = status["waiting"]
    for sentence in waiting["exports"]["sentences"]:
        say(sentence, "bold")
    if waiting["review_items"]:
        say(f"{waiting['review_items']:,} wait in the review: interlock review")
    held: dict[int, int] = {}
    for batch in waiting["held_batches"]:
        held[batch["run_id"]] = held.get(batch["run_id"], 0) + batch["missing"]
    for run_id, count in held.items():
        say(f"run-{run_id} holds {count:,} objects that a gate let not pass: interlock review")
        say(f"    right after all? interlock review release run-{run_id} --count {count} --reason TEXT", "dim")
