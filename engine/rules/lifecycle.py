"""Lifecycle: what becomes of an MVO, and of its accounts, when a connector goes, and what calls that off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.configuration.models import Config, DeletionRule
from engine.labels import label_of
from engine.rules.compiled import DELETE, DISABLE, DISCONNECT, Leaving, Rules
from engine.rules.leaving import due_at, last_delete
from storage import clock
from storage.leaving import Departure
from storage.records import Attributes, Cso, CsoStatus, JoinedBy, Mvo

LAST_CONNECTOR = "last_connector_gone"
AUTHORITATIVE = "authoritative_source_gone"
ACCOUNTS = (None, JoinedBy.PROVISIONING, JoinedBy.OUTBOUND_JOIN)
"""How target objects are joined that rules made or found."""
NOBODY_LEAVES: Mapping[int, Departure] = {}
Cause = dict[str, Any]
"""As an MVO keeps what caused its deletion: `rule`, `trigger`, `gone` (the authoritative sources that are), `by`
(`[CSO id, system, label]` of each object whose going caused it) and `at`."""


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
    cause: Cause | None = None
    stages: list[tuple[Cso, Leaving, str | None]] = field(default_factory=list)
    """Target objects that would leave in stages, and since when they are leaving already."""


def is_connector(rules: Rules, mvo_type: str, cso: Cso) -> bool:
    """Tell whether a CSO keeps its MVO alive: a source gives it; an account does not, whatever is read back from it.

    Accounts are what we provisioned or adopted, and whatever stands where rules provision and none projects.
    """
    if cso.joined_by in ACCOUNTS:
        return False
    inbound = rules.inbound.get((cso.system, cso.type), [])
    outbound = rules.outbound.get(mvo_type, {}).get((cso.system, cso.type), [])
    provisioned = any(rule.provision for rule in outbound) and not any(rule.project for rule in inbound)
    # one whose last rule was removed came from a source all the same
    return not provisioned


def is_of(source: str, cso: Cso) -> bool:
    """Tell whether a CSO is of a source: a system, or one of its types as `SYSTEM.TYPE`."""
    return source in (cso.system, f"{cso.system}.{cso.type}")


def _found_among(sources: Sequence[str], csos: Sequence[Cso]) -> list[str]:
    """Give those of some sources that one of some CSOs is of."""
    return [one for one in sources if any(is_of(one, cso) for cso in csos)]


def _cause_of_deletion(
    rules: Rules, mvo_type: str, deletion: DeletionRule, leaving: Sequence[Cso], staying: Sequence[Cso]
) -> Cause | None:
    """Give what deletes an MVO when some CSOs leave it: sources that the rule names, or the last connector of all."""
    there = _found_among(deletion.authorities, staying)
    lost = _found_among(deletion.authorities, leaving)
    gone = [one for one in lost if one not in there]
    if gone and not (deletion.trigger == "all" and there):
        by = [cso for cso in leaving if _found_among(gone, [cso])]
        named = deletion.authorities if deletion.trigger == "all" else gone
        return _cause(AUTHORITATIVE, by, trigger=deletion.trigger, gone=named)
    connectors = [cso for cso in leaving if is_connector(rules, mvo_type, cso)]
    if connectors and not any(is_connector(rules, mvo_type, cso) for cso in staying):
        return _cause(LAST_CONNECTOR, connectors)
    return None


def _cause(rule: str, by: Iterable[Cso], *, trigger: str = "any", gone: Sequence[str] = ()) -> Cause:
    objects = [[cso.id, cso.system, label_of(cso)] for cso in by]
    return {"rule": rule, "trigger": trigger, "gone": list(gone), "by": objects, "at": clock.now()}


def together_with(before: Cause | None, now: Cause | None) -> Cause | None:
    """Give the cause of a deletion that has a second one: with `any` both sources have to come back."""
    if before is None or now is None or now["rule"] != AUTHORITATIVE:
        return before or now
    gone = list(dict.fromkeys([*before["gone"], *now["gone"]]))
    return before | {"rule": AUTHORITATIVE, "trigger": now["trigger"], "gone": gone, "by": [*before["by"], *now["by"]]}


def cause_left(config: Config, rules: Rules, mvo: Mvo, cso: Cso) -> Cause | None:
    """Give what is left of the cause of a deletion once a CSO joins: None where that calls it off.

    Only what caused a deletion calls it off: one of its sources; with `any`, each that is gone.
    """
    cause = mvo.deletion_cause or _assumed(config, mvo)
    if cause["rule"] != AUTHORITATIVE:
        return None if _may_be_connector(rules, mvo.type, cso) else cause
    back = [one for one in cause["gone"] if is_of(one, cso)]
    if cause["trigger"] == "all":
        return None if back else cause
    left = [one for one in cause["gone"] if one not in back]
    return cause | {"gone": left} if left else None


def _may_be_connector(rules: Rules, mvo_type: str, cso: Cso) -> bool:
    """Tell whether a CSO that an inbound rule joins now is a connector."""
    return is_connector(rules, mvo_type, cso._replace(joined_by=JoinedBy.JOIN))


def cause_by_now(config: Config, rules: Rules, mvo: Mvo, joined: Sequence[Cso]) -> Cause | None:
    """Give the cause of a deletion as the rule says it now, or None where it would not delete its MVO any more."""
    deletion = config.deletion_of(mvo.type)
    cause = mvo.deletion_cause or _assumed(config, mvo)
    if deletion.when == "manual":
        return None
    if has_another_person(mvo) or cause["rule"] != AUTHORITATIVE:
        return cause
    there = _found_among(deletion.authorities, joined)
    gone = [one for one in deletion.authorities if one not in there and _meets_any(one, cause["gone"])]
    if gone and not (deletion.trigger == "all" and there):
        named = deletion.authorities if deletion.trigger == "all" else gone
        return cause | {"trigger": deletion.trigger, "gone": list(named)}
    if any(is_connector(rules, mvo.type, cso) for cso in joined):
        return None
    return cause | {"rule": LAST_CONNECTOR, "trigger": "any", "gone": []}


def _meets_any(source: str, others: Sequence[str]) -> bool:
    """Tell whether a source is one of some others, or a type of one, or one of them a type of it."""
    return any(source == other or source.startswith(f"{other}.") or other.startswith(f"{source}.") for other in others)


def _assumed(config: Config, mvo: Mvo) -> Cause:
    """Give the cause of a deletion of which none was written down."""
    deletion = config.deletion_of(mvo.type)
    rule = AUTHORITATIVE if deletion.authorities else LAST_CONNECTOR
    trigger = "all" if len(deletion.authorities) > 1 else deletion.trigger
    return {"rule": rule, "trigger": trigger, "gone": deletion.authorities, "by": [], "at": ""}


def another_person(mvo: Mvo, source: str, was: Mapping[str, list[Any]]) -> Mvo:
    """Give an MVO whose number is another person's by now: by it no inbound rule joins anybody to it any more.

    `was` is what told its person apart in the source, `SYSTEM.TYPE`, that gave the number: attribute → values.
    """
    cause = mvo.deletion_cause or {"rule": "", "trigger": "any", "gone": [], "by": [], "at": clock.now()}
    told = (was_told_by(mvo) or {}) | {source: dict(was)}
    return mvo._replace(deletion_cause=cause | {"another_person": told})


def was_told_by(mvo: Mvo) -> dict[str, Attributes] | None:
    """Give what told a person apart whose number is another's by decision: source → attributes.

    None where nothing is kept of that, as by earlier versions.
    """
    told = (mvo.deletion_cause or {}).get("another_person")
    return told if isinstance(told, dict) else None


def has_another_person(mvo: Mvo) -> bool:
    """Tell whether an MVO's number is another person's by decision."""
    return bool(mvo.deletion_cause and mvo.deletion_cause.get("another_person"))


def why_deleted(cause: Cause | None) -> str:
    """Say what caused a deletion."""
    if not cause:
        return ""
    by = ", ".join(f"{label} of '{system}'" for _, system, label in cause["by"][:5])
    went = f"{by} left on {cause['at'][:16].replace('T', ' ')}" if by else ""
    gone = f" ({', '.join(cause['gone'])})" if cause["gone"] else ""
    return f"{cause['rule']}{gone}{': ' if went else ''}{went}"


def what_calls_off(cause: Cause | None) -> str:
    """Say what calls a deletion off."""
    if not cause or cause.get("another_person"):
        return "its return under another number" if cause else ""
    if cause["rule"] != AUTHORITATIVE:
        return "a connector that joins it"
    names = (" or " if cause["trigger"] == "all" else " and ").join(cause["gone"])
    return f"its return in {names}"


def fate_without(
    config: Config,
    rules: Rules,
    mvo: Mvo,
    joined: Iterable[Cso],
    leaving: set[int],
    departures: Mapping[int, Departure] = NOBODY_LEAVES,
) -> Fate:
    """Work out what follows when CSOs leave an MVO; `joined` are all that are joined to it now.

    `departures` tells which of its target objects are leaving already.
    """
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
    cause = None if deletion.when == "manual" else _cause_of_deletion(rules, mvo.type, deletion, left, staying)
    if cause is None:
        return Fate(recreated=recreated)
    fate = Fate(True, deletion.grace, cause=cause)
    for cso in staying:
        _add_to_fate(fate, cso, how_it_leaves(rules, mvo, cso), departures.get(cso.id))
    return fate


def _add_to_fate(fate: Fate, cso: Cso, how: Leaving | None, known: Departure | None) -> None:
    """Add what becomes of a target object of an MVO that goes."""
    does = how.stages[0].do if how else DISCONNECT
    if how is not None and how.is_staged:
        since = known.since if known else None
        fate.stages.append((cso, how, since))
        if (last := last_delete(how)) and (last.asks_at_start or due_at(since or clock.now(), last) <= clock.now()):
            fate.deletes.append(cso)
    elif does == DELETE:
        fate.deletes.append(cso)
    elif does == DISABLE:
        fate.disabled.append(cso)
    else:
        fate.left_alone.append(cso)


def how_it_leaves(rules: Rules, mvo: Mvo, cso: Cso) -> Leaving | None:
    """Give how a target object leaves; None for one that no rule speaks of, or that is missing itself."""
    if cso.status == CsoStatus.OBSOLETE:
        return None
    return rules.leaving.get(mvo.type, {}).get((cso.system, cso.type))
