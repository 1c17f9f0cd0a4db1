"""Make mutants of a module: one small change each, such as a comparison turned round or a condition dropped."""

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


class Mutant(NamedTuple):
    """One changed module: where, what was changed, and the whole text."""

    path: Path
    line: int
    what: str
    text: str

    @property
    def name(self) -> str:
        """What a list of survivors calls it: by what it says, for lines move."""
        return f"{self.path}: {self.what}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Give every mutant of a module."""
    tree = ast.parse(path.read_text())
    places = [(index, node) for index, node in enumerate(ast.walk(tree)) if hasattr(node, "lineno")]
    for index, node in places:
        for what, number in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(one for position, one in enumerate(ast.walk(changed)) if position == index)
            _apply(target, number)
            text = ast.unparse(ast.fix_missing_locations(changed))
            yield Mutant(path, node.lineno, f"{ast.unparse(node).splitlines()[0][:90]} :: {what}", text)


def _changes(node: ast.AST) -> list[tuple[str, int]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _OPPOSITE:
            return [("turned round", 0)]
        case ast.BoolOp(op=op, values=values):
            other = "or" if isinstance(op, ast.And) else "and"
            dropped = [
                (f"without part {number}", number)
                for number, value in enumerate(values, 1)
                if not isinstance(value, ast.Constant)  # `name or ""` says what there is for the types alone
            ]
            return [(f"joined by {other}", 0), *dropped]
        case ast.UnaryOp(op=ast.Not()):
            return [("not dropped", 0)]
        case ast.Expr(value=ast.Await() | ast.Call()):
            return [("left out", 0)]
        case ast.If() | ast.IfExp():
            return [("always", 0), ("never", 1)]
        case ast.comprehension(ifs=[_, *_]):
            return [("unfiltered", 0)]
    return []


def _apply(node: ast.AST, number: int) -> None:
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [_OPPOSITE[type(op)]()]
        case ast.BoolOp(op=op, values=values) if number == 0:
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.BoolOp(op=op, values=values):
            neutral = ast.Constant(isinstance(op, ast.And))
            node.values = [neutral if place == number else one for place, one in enumerate(values, 1)]
        case ast.UnaryOp(operand=operand):
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), operand)
        case ast.Expr():
            node.value = ast.Constant(None)
        case ast.If() | ast.IfExp():
            node.test = ast.Constant(number == 0)
        case ast.comprehension():
            node.ifs = []
