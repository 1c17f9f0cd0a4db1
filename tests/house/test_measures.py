"""The measures of the house: short functions, few ways through each, floors without circles."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.measures import ROOT, Function, functions, sources

FUNCTIONS = list(functions())
PHASES = [one for one in FUNCTIONS if one.path.startswith("engine/phases/")]
WIRE = ("engine/connectors/ldap/messages.py",)
"""The wire format: a hot loop over bytes."""
MIGRATIONS = "storage/migrations/"


def _worst(found: list[Function]) -> list[str]:
    return [str(one) for one in found]


def test_no_function_is_long() -> None:
    assert _worst([one for one in FUNCTIONS if one.lines > 60 and not one.path.startswith(MIGRATIONS)]) == []


def test_few_ways_lead_through_a_function() -> None:
    assert _worst([one for one in FUNCTIONS if one.complexity > 15 and one.path not in WIRE]) == []


def test_the_phases_are_simple_in_the_mean() -> None:
    assert sum(one.complexity for one in PHASES) / len(PHASES) < 5


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > 350} == {}


def _room(module: str) -> str:
    return ".".join(module.split(".")[:3])


def _rooms() -> dict[str, set[str]]:
    """Give the rooms of `engine.phases`, each with those it imports from."""
    found: dict[str, set[str]] = {}
    for path in sources():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith("engine.phases."):
            continue
        own = found.setdefault(_room(name), set())
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.phases."):
                own.add(_room(node.module or ""))
    return {room: others - {room} for room, others in found.items()}


def test_the_phases_are_eight_rooms_on_three_floors() -> None:
    rooms = _rooms()
    floors: dict[str, int] = {}
    while len(floors) < len(rooms):
        ready = {room for room, others in rooms.items() if room not in floors and others <= floors.keys()}
        assert ready, f"these rooms import each other in a circle: {sorted(rooms.keys() - floors.keys())}"
        floors |= {room: 1 + max((floors[one] for one in rooms[room]), default=0) for room in ready}
    assert len(rooms) <= 8
    assert max(floors.values()) <= 3


@pytest.mark.parametrize("phase", ["importing", "synchronising", "evaluating", "exporting", "confirming", "detecting"])
def test_a_phase_begins_with_its_table_of_contents(phase: str) -> None:
    """Every function that it names is there, in the module that it names."""
    said = ast.get_docstring(ast.parse((ROOT / "engine/phases" / phase / "phase.py").read_text())) or ""
    rows = [re.split(r"  +", line.strip()) for line in said.splitlines()[2:]]
    assert rows, "it has no table of contents"
    for _, function, *modules in rows:
        named = [module.rstrip(",") for one in modules for module in one.split()] or ["phase.py"]
        paths = [_module(phase, module) for module in [*named, "phase.py"]]
        assert any(function.split(".")[-1] in _names(path) for path in paths), f"{function} is not in {named}"


def _module(phase: str, name: str) -> Path:
    return ROOT / "engine/phases" / (name if "/" in name else f"{phase}/{name}")


def _names(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, _NAMED)}


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
