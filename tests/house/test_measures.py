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
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        own |= {_room(one) for one in _imported(path.read_text(), package) if one.startswith("engine.phases.")}
    return {room: others - {room} for room, others in found.items()}


def _imported(source: str, package: str) -> set[str]:
    """Give all that a module of a package imports, in whatever form: modules, and names that may be modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{one.name}" for one in node.names}
    return found


@pytest.mark.parametrize(
    "line",
    [
        "import engine.phases.exporting.phase",
        "import engine.phases.exporting as sending",
        "from engine.phases import exporting",
        "from engine.phases.exporting import phase",
        "from engine.phases.exporting.phase import execute_exports",
        "from ..exporting.phase import execute_exports",
        "from .. import exporting",
        "def late():\n    import engine.phases.exporting",
    ],
)
def test_an_import_of_any_form_is_seen(line: str) -> None:
    assert {_room(one) for one in _imported(line, "engine.phases.importing")} == {"engine.phases.exporting"}


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
    """Every function that it names is defined in the module that its row names; without one, in `phase.py` itself."""
    said = ast.get_docstring(ast.parse((ROOT / "engine/phases" / phase / "phase.py").read_text())) or ""
    rows = [re.split(r"  +", line.strip()) for line in said.splitlines()[2:]]
    assert rows, "it has no table of contents"
    for row in rows:
        _, function, module = row if len(row) == 3 else [*row, "phase.py"]
        assert function in _names(_module(phase, module)), f"{function} is not in {module}"


def _module(phase: str, name: str) -> Path:
    """Give the file that a row names: in the phase's own folder, in another phase's, or elsewhere in the engine."""
    if "/" not in name:
        return ROOT / "engine/phases" / phase / name
    own = ROOT / "engine/phases" / name
    return own if own.exists() else ROOT / "engine" / name


def _names(path: Path) -> set[str]:
    """Give the functions and classes of a module, and the functions of its classes as `Class.function`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, _NAMED):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, _NAMED)}
    return found


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
