"""Tell a run as a log of JSON lines on standard error: one fact a line, with its run, its step and its object."""

import time
from dataclasses import dataclass
from typing import Any

from tui import feed
from tui.terminal.printing import write_log as write

PROGRESS_SECONDS = 10.0
"""How often the progress of a step is written at most."""
AT_ONCE = 500
"""How many item errors are read at once."""
_GOOD = frozenset({"success", "completed-no-objects"})


@dataclass(slots=True)
class _Step:
    """A step that goes on."""

    names: dict[str, Any]
    """What every line about it says."""
    began: float
    told: float
    """When its progress was written last."""


class Log:
    """Writes what happens in a run."""

    def __init__(self, workspace: feed.Workspace) -> None:
        self._workspace = workspace
        self.run_id = 0
        """The run that is told; 0 before it has started."""
        self._steps: dict[feed.StepPlan, _Step] = {}
        """The steps that go on."""

    async def tell(self, event: feed.Event) -> None:
        """Write one event."""
        match event:
            case feed.RunStarted():
                self.run_id = event.run_id
                write(
                    "info", "run-started", run=self._run, profile=event.profile, steps=[str(one) for one in event.plans]
                )
                for other in event.interrupted:
                    write("warning", "run-was-interrupted", run=f"run-{other}", message="its process died")
                if event.clock_behind:
                    told = "this machine's clock is behind the last run: set it right"
                    write("warning", "clock-is-behind", run=self._run, seconds=event.clock_behind, message=told)
            case feed.StepStarted():
                plan, now = event.plan, time.monotonic()
                names = {"run": self._run, "step": event.step_id, "phase": plan.phase, "system": plan.system}
                self._steps[plan] = _Step(names, now, now)
                write("info", "step-started", **names)
            case feed.Progress():
                step = self._steps[event.plan]
                if time.monotonic() - step.told >= PROGRESS_SECONDS:
                    step.told = time.monotonic()
                    write("info", "progress", **step.names, done=event.done, total=event.total)
            case feed.StepFinished():
                await self._finish(event)
            case feed.RunFinished():
                level = "info" if event.result.value in _GOOD else "warning"
                write(level, "run-finished", run=self._run, result=event.result.value)

    def close(self) -> None:
        """There is nothing to take away."""

    @property
    def _run(self) -> str:
        return f"run-{self.run_id}"

    async def _finish(self, event: feed.StepFinished) -> None:
        step = self._steps.pop(event.plan)
        await self._tell_errors(event.step_id, step)
        write(
            "info" if event.result.value in _GOOD else "warning",
            "step-finished",
            **step.names,
            result=event.result.value,
            seconds=round(time.monotonic() - step.began, 3),
            statistics=dict(event.statistics),
            errors=event.errors,
            warnings=event.warnings,
            message=event.message,
        )

    async def _tell_errors(self, step_id: int, step: "_Step") -> None:
        """Write everything that went wrong with objects."""
        after = 0
        while errors := await feed.errors_after(self._workspace, step_id, after, AT_ONCE):
            after = errors[-1]["id"]
            for one in errors:
                write(
                    "warning" if one["is_warning"] else "error",
                    "object-error",
                    **step.names,
                    object=one["label"],
                    object_id=one["object"],
                    type=one["type"],
                    code=one["code"],
                    position=one["position"],
                    message=one["message"],
                    advice=one["advice"],
                )
