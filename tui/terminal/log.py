"""Tell a run as a log of JSON lines on standard error: one fact a line, with its run, its step and its object."""

import time
from typing import Any

from tui import feed
from tui.terminal.printing import write_log as write

PROGRESS_SECONDS = 10.0
"""How often the progress of a step is written at most."""
AT_ONCE = 500
"""How many item errors are read at once."""
_GOOD = frozenset({"success", "completed-no-objects"})


class Log:
    """Writes what happens in a run."""

    def __init__(self, workspace: feed.Workspace) -> None:
        self._workspace = workspace
        self.run_id = 0
        """The run that is told; 0 before it has started."""
        self._step: dict[str, Any] = {}
        self._began = self._told = 0.0

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
                plan = event.plan
                self._step = {"run": self._run, "step": event.step_id, "phase": plan.phase, "system": plan.system}
                self._began = self._told = time.monotonic()
                write("info", "step-started", **self._step)
            case feed.Progress():
                if time.monotonic() - self._told >= PROGRESS_SECONDS:
                    self._told = time.monotonic()
                    write("info", "progress", **self._step, done=event.done, total=event.total)
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
        await self._tell_errors(event.step_id)
        write(
            "info" if event.result.value in _GOOD else "warning",
            "step-finished",
            **self._step,
            result=event.result.value,
            seconds=round(time.monotonic() - self._began, 3),
            statistics=dict(event.statistics),
            errors=event.errors,
            warnings=event.warnings,
            message=event.message,
        )

    async def _tell_errors(self, step_id: int) -> None:
        """Write everything that went wrong with objects."""
        after = 0
        while errors := await feed.errors_after(self._workspace, step_id, after, AT_ONCE):
            after = errors[-1]["id"]
            for one in errors:
                write(
                    "warning" if one["is_warning"] else "error",
                    "object-error",
                    **self._step,
                    object=one["label"],
                    object_id=one["object"],
                    type=one["type"],
                    code=one["code"],
                    position=one["position"],
                    message=one["message"],
                    advice=one["advice"],
                )
