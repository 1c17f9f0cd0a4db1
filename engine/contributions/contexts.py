"""Objects as their expressions see them, and what those make of them."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from engine.errors import ObjectFailed
from engine.expressions.expression import Expression
from engine.expressions.named import Named
from engine.expressions.quick import LARGE, is_large
from engine.expressions.sandbox import ROWS
from engine.labels import label_of
from engine.rules.compiled import Flow, InboundRule
from engine.rules.flows import context_of, evaluate
from engine.workspace import Workspace
from storage.records import Cso

Made = TypeVar("Made")


class Contexts:
    """Connected system objects as expressions see them, each worked out once, and all at one moment."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[int, dict[str, Any]] = {}
        self._values: dict[tuple[int, int], Any | ObjectFailed] = {}
        self._scopes: dict[tuple[int, str], bool | ObjectFailed] = {}
        self.around = cache(workspace.around)
        """System → what every expression over its objects sees beside its object."""

    def __call__(self, cso: Cso) -> dict[str, Any]:
        """Give a CSO as its expressions see it."""
        known = self._known.get(cso.id)
        if known is None:
            declared = self._workspace.declared(cso.system, cso.type)
            known = self._known[cso.id] = context_of(cso.attributes, declared, self.around(cso.system))
        return known

    def values(self, cso: Cso, flow: Flow) -> list[Any]:
        """Give the values of a flow that refers to nobody, worked out once for all who ask. Raises `ObjectFailed`."""
        if flow.copies is not None:
            values = cso.attributes.get(flow.copies, [])
            return values if len(values) < 2 else evaluate(flow, cso.attributes, _NOTHING_SEEN)
        if flow.expression.is_of_rows:
            return evaluate(flow, cso.attributes, self.of_rows([cso]))
        asked = cso.id, id(flow)
        if asked not in self._values:
            self._values[asked] = _made(evaluate, flow, cso.attributes, self(cso))
        return _given(self._values[asked])

    def preferred(self, cso: Cso, expression: Expression) -> Any:
        """Give by what a CSO is put in order among the rows of its person, likewise. Raises `ObjectFailed`."""
        asked = cso.id, id(expression)
        if asked not in self._values:
            self._values[asked] = _made(expression, self(cso))
        return _given(self._values[asked])

    def of_rows(self, rows: Sequence[Cso]) -> dict[str, Any]:
        """Give the rows of a person as an expression sees them: what the first one has, and all as `rows`."""
        declared = self._workspace.declared(rows[0].system, rows[0].type)
        seen = [Named(label_of(cso), context_of(cso.attributes, declared, {})) for cso in rows]
        found = self(rows[0]) | {ROWS: seen}
        if is_large({str(cso.id): [cso.attributes] for cso in rows}):
            found[LARGE] = True
        return found

    def is_in_scope(self, cso: Cso, rule: InboundRule) -> bool:
        """Tell whether a CSO is in a rule's scope, likewise. Raises `ObjectFailed`."""
        if rule.scope is None:
            return True
        asked = cso.id, rule.name
        if asked not in self._scopes:
            self._scopes[asked] = _made(rule.scope, self(cso))
        return bool(_given(self._scopes[asked]))


_NOTHING_SEEN: dict[str, Any] = {}


def _made(evaluated: Callable[..., Made], *arguments: Any) -> Made | ObjectFailed:
    """Evaluate, and give what is wrong as another result."""
    try:
        return evaluated(*arguments)
    except ObjectFailed as failure:
        return failure


def _given(made: Made | ObjectFailed) -> Made:
    """Give what was made; raise what was wrong, for each who asks."""
    if isinstance(made, ObjectFailed):
        raise made
    return made
