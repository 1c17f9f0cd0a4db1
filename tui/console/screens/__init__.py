"""The screens: one module for each."""

from textual.screen import Screen

from tui.console.screens.audit import AuditScreen
from tui.console.screens.configuration import ConfigurationScreen
from tui.console.screens.deciding import ReviewItemScreen
from tui.console.screens.explaining import ExplainedScreen
from tui.console.screens.exports import ExportScreen, ExportsScreen
from tui.console.screens.line import LineScreen
from tui.console.screens.objects import MetaverseScreen, ObjectsScreen
from tui.console.screens.owed import OwedScreen
from tui.console.screens.review import ReviewScreen
from tui.console.screens.runs import ErrorsScreen, RunScreen, RunsScreen
from tui.console.screens.schedule import ScheduleScreen
from tui.console.screens.systems import SystemsScreen
from tui.console.screens.todo import TodoScreen
from tui.console.screens.transitions import TransitionsScreen
from tui.console.screens.trends import TrendsScreen
from tui.console.screens.trying import ObjectScreen

__all__ = ["MORE", "SCREENS", "screen_for"]

SCREENS: dict[str, type[Screen[None]]] = {
    "todo": TodoScreen,
    "line": LineScreen,
    "exports": ExportsScreen,
    "objects": ObjectsScreen,
    "metaverse": MetaverseScreen,
    "transitions": TransitionsScreen,
    "review": ReviewScreen,
    "runs": RunsScreen,
    "systems": SystemsScreen,
    "audit": AuditScreen,
}
"""The screens that have a digit, in its order."""


MORE: dict[str, type[Screen[None]]] = {
    "owed": OwedScreen,
    "trends": TrendsScreen,
    "schedule": ScheduleScreen,
    "config": ConfigurationScreen,
}
"""The screens that no digit leads to, by their names on the command line."""


def screen_for(thing: str) -> Screen[None]:
    """Give the screen that shows a thing whole, by its id: `cso-1`, `run-1`, `errors-1` for the errors of run-1."""
    kind, _, number = thing.partition("-")
    if kind == "errors":
        return ErrorsScreen(f"run-{number}")
    if kind in ("cso", "mvo"):
        return ObjectScreen(thing)
    if kind in ("exp", "rev"):
        return ExportScreen(thing) if kind == "exp" else ReviewItemScreen(thing)
    return RunScreen(thing) if kind == "run" else ExplainedScreen(thing)
