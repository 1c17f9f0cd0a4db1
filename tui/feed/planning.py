"""Plans: what a run would do, for the command line."""

from typing import Any

from engine.planning.carrying_out import CannotFollow, CarryingOut
from engine.planning.files import SUFFIXES, CannotWrite, refuse_unfit, write_plan
from engine.planning.keeping import Keeping, keeping
from engine.planning.plan import Plan, planning
from engine.planning.records import PlannedChange, PlannedStep
from engine.planning.spreadsheet import sheet
from engine.runs.profile import exit_status
from tui.feed.explaining import find
from tui.feed.things import UnknownId

__all__ = [
    "SUFFIXES",
    "CannotFollow",
    "CannotWrite",
    "CarryingOut",
    "Keeping",
    "Plan",
    "PlannedChange",
    "PlannedStep",
    "keeping",
    "narrow",
    "plan_document",
    "planning",
    "refuse_unfit",
    "sheet",
    "write_plan",
]


async def narrow(plan: Plan, text: str) -> None:
    """Let a plan tell of one person alone: by an id, or a text that finds nobody else. Raises `UnknownId`."""
    kind, number = await find(plan.workspace, text)
    if not await plan.tell_only(kind, number):
        raise UnknownId(f"there is no {kind}-{number}")


def plan_document(plan: Plan, profile: str) -> dict[str, Any]:
    """Give a plan for JSON, without its changes: they follow one by one."""
    return {
        "profile": profile,
        "store": plan.store.name,
        "result": plan.result.value,
        "exit_status": exit_status(plan.result),
        "waiting": plan.waiting,
        "steps": [
            {
                "phase": step.phase,
                "system": step.system,
                "result": step.result.value,
                "message": step.message,
                "statistics": {name: count for name, count in step.statistics.items() if count},
                "simulated": step.simulated,
                "errors": step.errors,
                "changes": step.changes,
                "first_errors": [error._asdict() for error in step.first_errors],
            }
            for step in plan.steps
        ],
    }
