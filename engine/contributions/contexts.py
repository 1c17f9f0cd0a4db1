"""Objects as their expressions see them."""

from typing import Any

from engine.expressions.expression import ambient
from engine.rules.flows import context_of
from engine.workspace import Workspace
from storage.records import Cso


class Contexts:
    """Connected system objects as expressions see them, each worked out once, and all at one moment."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[int, dict[str, Any]] = {}
        self.around = ambient()
        """What every expression sees beside its object."""

    def __call__(self, cso: Cso) -> dict[str, Any]:
        """Give a CSO as its expressions see it."""
        known = self._known.get(cso.id)
        if known is None:
            declared = self._workspace.declared(cso.system, cso.type)
            known = self._known[cso.id] = context_of(cso.attributes, declared, self.around)
        return known
