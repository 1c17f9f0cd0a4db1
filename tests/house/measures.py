"""Measure functions: their lines, and how many ways lead through them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("storage", "engine", "tui")
_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert, ast.match_case)


class Function(NamedTuple):
    """A function, by its file and name."""

    path: str
    name: str
    lines: int
    complexity: int
    """One, and one more for each branch, each further condition of it, and each comprehension."""

    def __str__(self) -> str:
        return f"{self.path}: {self.name} ({self.lines} lines, complexity {self.complexity})"


def sources() -> Iterator[Path]:
    """Give every source file of the program."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def functions() -> Iterator[Function]:
    """Give every function of the program; one inside another counts to both."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(str(path.relative_to(ROOT)), node.name, lines, 1 + sum(map(_ways, ast.walk(node))))


def _ways(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return int(isinstance(node, _BRANCHES))
