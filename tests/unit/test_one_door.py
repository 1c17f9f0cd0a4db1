"""Deletes leave through one door: nothing but the export and what settles it ever tells a connector to write."""

import ast
from pathlib import Path

import engine

ROOT = Path(engine.__file__).parent.parent
DOOR = {
    "engine/phases/exporting/phase.py",  # `_begin` lets only approved deletes into a batch
    "engine/phases/exporting/doubtful_writes.py",  # sends again what the batch held, where its object was moved
    "engine/phases/exporting/interim_names.py",  # renames to a name in between, and nothing else
    "engine/step.py",  # `send_exports`, which the three above call
    "engine/conformance/writing.py",  # deletes the one object that it has made itself, and looked at
    "engine/planning/targets.py",  # a plan writes to copies
    "engine/connectors/ldap/copy.py",  # likewise: a copy's own way of writing
    "engine/connectors/ldap/connector.py",  # hands on to its writer
    "engine/connectors/ldap/writing.py",  # its writer
    "engine/connectors/ldap/writer_process.py",  # likewise, in a process of its own
}


def _writes(path: Path) -> bool:
    """Tell whether a module calls a method named `export`, or lets a step send something."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in ("export", "_export", "send_exports") for func in calls)


def test_connectors_are_told_to_write_in_one_place() -> None:
    modules = (path for floor in ("storage", "engine", "tui") for path in (ROOT / floor).rglob("*.py"))
    found = {str(path.relative_to(ROOT)) for path in modules if _writes(path)}
    gate = "engine/phases/exporting/approval_gate.py"
    assert found <= DOOR, f"whoever else writes to a target has to go past the approvals: see {gate}"
    assert {"engine/phases/exporting/phase.py", "engine/phases/exporting/doubtful_writes.py"} <= found
