"""Lifecycle: what becomes of an MVO, and of its accounts, when a connector goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from engine.config import Config
from engine.rules.compiled import Rules
from storage.records import Cso, CsoStatus, Mvo


@dataclass(slots=True, frozen=True)
class Fate:
    """What follows when some CSOs leave an MVO."""

    mvo_deleted: bool = False
    grace: timedelta = timedelta()
    deletes: list[Cso] = field(default_factory=list)
    """Target objects that would be deleted."""
    left_alone: list[Cso] = field(default_factory=list)
    """Target objects that would be disconnected and left as they are."""
    recreated: list[Cso] = field(default_factory=list)
    """Leaving target objects that their rules would create again."""


def is_source(rules: Rules, cso: Cso) -> bool:
    """Tell whether a CSO keeps its MVO alive: its type has an inbound rule."""
    return (cso.system, cso.type) in rules.inbound


def fate_without(config: Config, rules: Rules, mvo: Mvo, joined: Iterable[Cso], leaving: set[int]) -> Fate:
    """Work out what follows when CSOs leave an MVO; `joined` are all that are joined to it now."""
    csos = list(joined)
    staying = [cso for cso in csos if cso.id not in leaving]
    targets = rules.outbound.get(mvo.type, {})
    recreated = [
        cso
        for cso in csos
        if cso.id in leaving and any(rule.provision for rule in targets.get((cso.system, cso.type), []))
    ]
    source_leaves = any(is_source(rules, cso) for cso in csos if cso.id in leaving)
    deletion = config.deletion_of(mvo.type)
    alive = deletion.when == "manual" or any(is_source(rules, cso) for cso in staying) or not source_leaves
    if alive:
        return Fate(recreated=recreated)
    deletes, left_alone = split_by_deprovisioning(rules, mvo, staying)
    return Fate(True, deletion.grace, deletes, left_alone)


def split_by_deprovisioning(rules: Rules, mvo: Mvo, joined: Iterable[Cso]) -> tuple[list[Cso], list[Cso]]:
    """Split an MVO's target objects into those to delete and those to leave alone, by their outbound rules."""
    deletes: list[Cso] = []
    left_alone: list[Cso] = []
    for cso in joined:
        outbound = rules.outbound.get(mvo.type, {}).get((cso.system, cso.type), [])
        if any(rule.deprovision == "delete" for rule in outbound) and cso.status != CsoStatus.OBSOLETE:
            deletes.append(cso)
        else:
            left_alone.append(cso)
    return deletes, left_alone
