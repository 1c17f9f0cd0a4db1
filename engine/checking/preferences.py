"""Which rules read types of which a person may have several rows, and do not say which of them goes first."""

from collections.abc import Iterator

from engine.connectors.base import CheckLine
from engine.rules.compiled import Flow
from engine.workspace import Workspace


def preference_lines(workspace: Workspace, system: str) -> Iterator[CheckLine]:
    """Name the rules whose attributes come from the row with the lowest id, because nothing else is said."""
    for (name, _), rules in workspace.rules.inbound.items():
        for rule in rules if name == system else ():
            if attributes := [flow.attribute for flow in rule.flows if _is_undecided(flow)]:
                told = f"'{rule.name}': of several rows of one person the one with the lowest id gives first"
                told += f' {", ".join(attributes)}; prefer = "…" would say which'
                yield CheckLine(True, "rules", told)


def _is_undecided(flow: Flow) -> bool:
    chooses = flow.prefer is not None and not flow.merges and not flow.expression.is_constant
    return chooses and flow.prefer is not None and not flow.prefer.keys
