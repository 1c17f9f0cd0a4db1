"""Phase 1, joins: who may join a person whose number is another one's by decision: that person, under a new one."""

from engine.approvals.identity_questions import is_somebody_else
from engine.rules.compiled import Join
from engine.rules.lifecycle import was_told_by
from engine.workspace import Workspace
from storage.records import Cso, Mvo


def may_be_the_same(workspace: Workspace, mvo: Mvo, cso: Cso, join: Join) -> bool:
    """Tell whether a CSO that a join leads to such a person may be theirs: not by a number, and as nobody else."""
    told = was_told_by(mvo)
    if told is None or not numbers_of(workspace, mvo.type).isdisjoint(_read_by(join)):
        return False
    groups = workspace.object_type(cso.system, cso.type).same_person
    was = told.get(f"{cso.system}.{cso.type}")
    return was is None or not groups or not is_somebody_else(groups, was, cso.attributes)


def numbers_of(workspace: Workspace, mvo_type: str) -> frozenset[str]:
    """Name the attributes of a metaverse type that are made of what a source calls a person by."""
    rules = workspace.rules
    return frozenset(
        flow.attribute
        for source, inbound in rules.inbound.items()
        if source not in rules.several  # whose ids are those of rows
        for rule in inbound
        for flow in rule.flows
        if rule.mvo_type == mvo_type and workspace.object_type(*source).external_id in flow.expression.names
    )


def _read_by(join: Join) -> set[str]:
    return {name for part in join.parts for name in part.target.names}
