"""Lifecycle: what becomes of an MVO, and of its accounts, when a connector goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from engine.config import Config, DeletionRule
from engine.rules.compiled import Rules
from storage.records import Cso, CsoStatus, JoinedBy, Mvo


@dataclass(slots=True, frozen=True)
class Fate:
    """What follows when some CSOs leave an MVO."""

    mvo_deleted: bool = False
    grace: timedelta = timedelta()
    deletes: list[Cso] = field(default_factory=list)
    """Target objects that would be deleted."""
    disabled: list[Cso] = field(default_factory=list)
    """Target objects that would be disabled."""
    left_alone: list[Cso] = field(default_factory=list)
    """Target objects that would be disconnected and left as they are."""
    recreated: list[Cso] = field(default_factory=list)
    """Leaving target objects that their rules would create again."""


def may_revive(config: Config, mvo_type: str, cso: Cso) -> bool:
    """Tell whether a CSO that joins a deleted MVO brings it back: where there is an authoritative source, only that."""
    source = config.deletion_of(mvo_type).source
    return source is None or source in (cso.system, f"{cso.system}.{cso.type}")


def _is_orphaned(rules: Rules, deletion: DeletionRule, leaving: list[Cso], staying: list[Cso]) -> bool:
    """Tell whether what keeps an MVO alive is gone: all that a source gives, or what the authoritative source gives."""

    def given(cso: Cso) -> bool:
        # also where its last rule was removed: it came from a source all the same
        return (cso.system, cso.type) in rules.inbound or cso.joined_by in (JoinedBy.JOIN, JoinedBy.PROJECTION)

    def authoritative(cso: Cso) -> bool:
        return deletion.source in (cso.system, f"{cso.system}.{cso.type}")

    if any(map(authoritative, leaving)) and not any(map(authoritative, staying)):
        return True
    return any(map(given, leaving)) and not any(map(given, staying))


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
    deletion = config.deletion_of(mvo.type)
    left = [cso for cso in csos if cso.id in leaving]
    if deletion.when == "manual" or not _is_orphaned(rules, deletion, left, staying):
        return Fate(recreated=recreated)
    by_rule = split_by_deprovisioning(rules, mvo, staying)
    return Fate(True, deletion.grace, by_rule["delete"], by_rule["disable"], by_rule["disconnect"])


def split_by_deprovisioning(rules: Rules, mvo: Mvo, joined: Iterable[Cso]) -> dict[str, list[Cso]]:
    """Split an MVO's target objects into those to delete, to disable and to disconnect, by their outbound rules."""
    found: dict[str, list[Cso]] = {"delete": [], "disable": [], "disconnect": []}
    for cso in joined:
        outbound = rules.outbound.get(mvo.type, {}).get((cso.system, cso.type), [])
        said = {rule.deprovision for rule in outbound} if cso.status != CsoStatus.OBSOLETE else set()
        found[next((what for what in ("disable", "delete") if what in said), "disconnect")].append(cso)
    return found
