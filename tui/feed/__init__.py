"""All that the screens and the command line read from the store and ask of the engine: the one door between them.

What stands behind it is imported when it is first asked for: a command that counts needs no directory server's client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import worker_names
    from engine.approvals.audit import OLDER, refuse_no_reason
    from engine.checking.systems import check
    from engine.configuration.steps import StepPlan
    from engine.conformance.findings import Finding
    from engine.conformance.reading import reading_findings
    from engine.conformance.writing import read_sample, writing_findings
    from engine.connectors.base import CheckLine
    from engine.decisions import manual_joins, passwords, queue, review
    from engine.decisions.operator import current_operator
    from engine.decisions.releasing import release
    from engine.decisions.restoring import restore
    from engine.decisions.until import moment_of
    from engine.decisions.withdrawing import TAKEN_BACK, withdraw
    from engine.errors import ConfigurationError, DecisionRefused, StepFailed
    from engine.events import Event, Progress, RunFinished, RunStarted, StepFinished, StepStarted
    from engine.expressions.expression import InvalidExpression
    from engine.heap import share_heap
    from engine.maintenance import store_moving, store_restoring, store_upkeep
    from engine.monitoring import metrics
    from engine.monitoring.paces import paces
    from engine.notifying import notice
    from engine.roles import Role, refusal, role_of, with_roles_of
    from engine.runs import workers
    from engine.runs.due_work import Ahead
    from engine.runs.profile import carry_out, execute_run, exit_status, tune_interpreter
    from engine.runs.unsent import LeftOver
    from engine.runs.workers import WorkerRefused
    from engine.scheduling import units
    from engine.step import Control
    from engine.workspace import Workspace, open_workspace
    from storage.clock import now
    from storage.errors import AlreadyRunning, StoreError, StorePutBack
    from storage.list_queries import Query, Term
    from storage.lists import UnknownColumn
    from storage.patterns import InvalidPattern, compiled
    from storage.records import GATE_STOPS, HeldBatch, Run, StepRecord, StepResult
    from storage.reviews import AFTER_RESTORE, BEFORE_CHANGING, BEFORE_EXPORT, MASS_CHANGE
    from tui.feed import affected, auditing, kept_plans, lists, planning, rules, todo, trends
    from tui.feed.configuring import (
        OnDisk,
        Stamps,
        are_as_before,
        configuration_diff,
        configuration_history,
        in_words,
        json_schema,
        missing_passwords,
        on_disk,
        rule_places,
        stamps,
    )
    from tui.feed.explaining import explain, try_expression
    from tui.feed.foreseeing import (
        Followed,
        Foresight,
        follow,
        follow_beside,
        follow_document,
        foresee,
        foresee_beside,
        foresight_document,
        rules_beside,
    )
    from tui.feed.joining import Candidates, Compared, compare
    from tui.feed.likeness import like
    from tui.feed.lists import Document, listing, waiting_items
    from tui.feed.naming import Names, name_in, with_names
    from tui.feed.owing import owed, owed_passwords
    from tui.feed.past_runs import PastRun, history
    from tui.feed.scheduling import scheduled, tell_failure_of
    from tui.feed.snapshots import Counts, Snapshot, counts, snapshot
    from tui.feed.standing import STATUSES, errors_after, errors_of_step, plans_of, request_stop, run_document, status
    from tui.feed.surveying import (
        Survey,
        SurveyedType,
        flow_of,
        from_anywhere,
        is_attribute_name,
        is_plain,
        survey,
    )
    from tui.feed.systems import configuration
    from tui.feed.things import UnknownId, called, course, gone, items, names_of, person_of, show, stages_in

_BEHIND: dict[str, tuple[str, ...]] = {
    "engine.approvals.audit": ("OLDER", "refuse_no_reason"),
    "engine.checking.systems": ("check",),
    "engine.configuration.steps": ("StepPlan",),
    "engine.conformance.findings": ("Finding",),
    "engine.conformance.reading": ("reading_findings",),
    "engine.conformance.writing": ("read_sample", "writing_findings"),
    "engine.connectors.base": ("CheckLine",),
    "engine.decisions": ("manual_joins", "passwords", "queue", "review"),
    "engine.decisions.operator": ("current_operator",),
    "engine.decisions.releasing": ("release",),
    "engine.decisions.restoring": ("restore",),
    "engine.decisions.until": ("moment_of",),
    "engine.decisions.withdrawing": ("TAKEN_BACK", "withdraw"),
    "engine.errors": ("ConfigurationError", "DecisionRefused", "StepFailed"),
    "engine.events": ("Event", "Progress", "RunFinished", "RunStarted", "StepFinished", "StepStarted"),
    "engine.expressions.expression": ("InvalidExpression",),
    "engine.heap": ("share_heap",),
    "engine.maintenance": ("store_moving", "store_restoring", "store_upkeep"),
    "engine.notifying": ("notice",),
    "engine.scheduling": ("units",),
    "engine.roles": ("Role", "refusal", "role_of", "with_roles_of"),
    "engine": ("worker_names",),
    "engine.runs": ("workers",),
    "engine.runs.workers": ("WorkerRefused",),
    "engine.runs.due_work": ("Ahead",),
    "engine.runs.profile": ("carry_out", "execute_run", "exit_status", "tune_interpreter"),
    "engine.runs.unsent": ("LeftOver",),
    "engine.step": ("Control",),
    "engine.workspace": ("Workspace", "open_workspace"),
    "engine.monitoring": ("metrics",),
    "engine.monitoring.paces": ("paces",),
    "storage.clock": ("now",),
    "storage.errors": ("AlreadyRunning", "StoreError", "StorePutBack"),
    "storage.list_queries": ("Query", "Term"),
    "storage.lists": ("UnknownColumn",),
    "storage.patterns": ("InvalidPattern", "compiled"),
    "storage.records": ("GATE_STOPS", "HeldBatch", "Run", "StepRecord", "StepResult"),
    "storage.reviews": ("AFTER_RESTORE", "BEFORE_CHANGING", "BEFORE_EXPORT", "MASS_CHANGE"),
    "tui.feed": ("affected", "auditing", "kept_plans", "lists", "planning", "rules", "todo", "trends"),
    "tui.feed.configuring": (
        "OnDisk",
        "Stamps",
        "are_as_before",
        "configuration_diff",
        "configuration_history",
        "in_words",
        "json_schema",
        "missing_passwords",
        "on_disk",
        "rule_places",
        "stamps",
    ),
    "tui.feed.explaining": ("explain", "try_expression"),
    "tui.feed.foreseeing": (
        "Followed",
        "Foresight",
        "follow",
        "follow_beside",
        "follow_document",
        "foresee",
        "foresee_beside",
        "foresight_document",
        "rules_beside",
    ),
    "tui.feed.joining": ("Candidates", "Compared", "compare"),
    "tui.feed.past_runs": ("PastRun", "history"),
    "tui.feed.lists": ("Document", "listing", "waiting_items"),
    "tui.feed.owing": ("owed", "owed_passwords"),
    "tui.feed.scheduling": ("scheduled", "tell_failure_of"),
    "tui.feed.snapshots": ("Counts", "Snapshot", "counts", "snapshot"),
    "tui.feed.standing": (
        "STATUSES",
        "errors_after",
        "errors_of_step",
        "plans_of",
        "request_stop",
        "run_document",
        "status",
    ),
    "tui.feed.surveying": (
        "Survey",
        "SurveyedType",
        "flow_of",
        "from_anywhere",
        "is_attribute_name",
        "is_plain",
        "survey",
    ),
    "tui.feed.systems": ("configuration",),
    "tui.feed.likeness": ("like",),
    "tui.feed.naming": ("Names", "name_in", "with_names"),
    "tui.feed.things": ("UnknownId", "called", "course", "gone", "items", "names_of", "person_of", "show", "stages_in"),
}
"""Module → what it gives: the same again, for the running program."""
_PLACES = {name: module for module, names in _BEHIND.items() for name in names}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what is asked for, once."""
        if name not in _PLACES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        found = _found(_PLACES[name], name)
        globals()[name] = found
        return found


def _found(module: str, name: str) -> Any:
    package = vars(import_module(module))
    if name not in package:
        import_module(f"{module}.{name}")
    return package[name]
