"""A bar for each step that goes on: most steps need none, and what draws it takes long to import."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from tui.terminal.printing import err


class ProgressBar:
    """Shows how far steps are, by their names, until it is closed."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=err, transient=True, refresh_per_second=4)
        self._tasks: dict[str, TaskID] = {}
        self._bar.start()

    def show(self, step: str, done: int, total: int | None) -> None:
        """Show how far a step is."""
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=total)
        self._bar.update(self._tasks[step], completed=done, total=total)

    def close(self) -> None:
        """Take it away."""
        self._bar.stop()
