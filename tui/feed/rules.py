"""The rules: where each stands, whom it is for, what it reads and feeds, how many are in its scope, what goes wrong."""

import asyncio
from pathlib import Path
from typing import Any

from engine.configuration.rule_models import RuleConfig
from engine.explaining.rule_census import census
from engine.expressions.expression import Expression
from engine.rules.compiled import Flow, InboundRule, Join, OutboundRule
from engine.workspace import Workspace
from storage import runs
from tui.feed.configuring import rule_places
from tui.feed.lists import Document

__all__ = ["counted", "rules", "schema"]

_INBOUND_PHASES = ("import", "delta", "sync")


async def rules(workspace: Workspace, config: Path) -> list[Document]:
    """Give every rule in the order of the file, with what is known without looking at the objects.

    Raises `StoreError`.
    """
    places = await asyncio.to_thread(rule_places, config)
    async with workspace.store.reading() as tx:
        errors = await runs.errors_of_last_steps(tx)
    compiled = _compiled(workspace)
    found = []
    for number, rule in enumerate(workspace.config.rules):
        one = compiled.get(rule.name)
        inbound = isinstance(one, InboundRule)
        place = rule.source if inbound else rule.target
        mine: list[Document] = [
            {"code": code, "count": count, "warning": warning}
            for phase, system, kind, code, warning, count in errors
            if f"{system}.{kind}" == place and (phase in _INBOUND_PHASES) == inbound
        ]
        found.append(
            {
                "key": number,
                "id": rule.name,
                "name": rule.name,
                "number": number + 1,
                "from": rule.source,
                "to": rule.target,
                "inbound": inbound,
                "stands_at": places.get(rule.name, ""),
                "scope": rule.scope,
                "joins": [join.words for join in one.joins] if one else [],
                "does": _does(rule),
                "dn": rule.dn,
                "flows": _flows(rule, one, compiled) if one else [],
                "errors": mine,
                "failing": sum(error["count"] for error in mine if not error["warning"]),
                "objects_of": place,
            }
        )
    return found


async def counted(workspace: Workspace) -> dict[str, Document]:
    """Count who is in the scope of each rule: every object is looked at. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        found = await census(tx, workspace)
    return {name: one._asdict() for name, one in found.items()}


def _compiled(workspace: Workspace) -> dict[str, InboundRule | OutboundRule]:
    found: dict[str, InboundRule | OutboundRule] = {}
    for inbound in workspace.rules.inbound.values():
        found |= {rule.name: rule for rule in inbound}
    for targets in workspace.rules.outbound.values():
        found |= {rule.name: rule for outbound in targets.values() for rule in outbound}
    return found


def _does(rule: RuleConfig) -> list[str]:
    """Say what a rule does beside flowing values."""
    said = []
    if rule.project:
        said.append("projects whoever joins nobody")
    if rule.provision:
        said.append("provisions whoever has no account")
    if rule.leaving:
        said.append("lets go in stages: " + ", ".join(f"{one.do} after {one.after.days} days" for one in rule.leaving))
    elif rule.target.split(".")[0] != "metaverse":
        said.append(f"whoever is wanted no more: {rule.deprovision}")
    if rule.out_of_scope == "remain":
        said.append("whoever leaves its scope stays joined")
    if rule.drift == "report":
        said.append("drift is reported, not corrected")
    return said


def _flows(
    rule: RuleConfig, one: InboundRule | OutboundRule, compiled: dict[str, InboundRule | OutboundRule]
) -> list[Document]:
    """Give each flow with what it reads, and for an attribute of the metaverse who reads it in turn."""
    written = [(name, flow.source, "") for name, flow in rule.flow.items()]
    if isinstance(one, OutboundRule):
        written += [(name, source, "at creation") for name, source in rule.initial.items()]
        written += [(name, source, "when disabled") for name, source in rule.disable.items()]
    found = []
    for attribute, source, when in written:
        if isinstance(one, InboundRule):
            others = _readers(attribute, one.mvo_type, compiled)
        else:
            read = {name for flow in one.flows if flow.attribute == attribute for name in flow.expression.names}
            others = _givers(read, one.mvo_type, compiled)
        found.append({"attribute": attribute, "source": str(source), "when": when, "others": others})
    return found


def _readers(attribute: str, mvo_type: str, compiled: dict[str, InboundRule | OutboundRule]) -> list[str]:
    """Name the rules that read an attribute of the metaverse, with what each makes of it."""
    said = []
    for rule in compiled.values():
        if isinstance(rule, OutboundRule) and rule.mvo_type == mvo_type:
            into = [flow.attribute for flow in (*rule.flows, *rule.initial, *rule.disable) if _reads(flow, attribute)]
            into += ["its scope"] if rule.scope is not None and attribute in rule.scope.names else []
            into += ["the dn"] if rule.dn is not None and attribute in rule.dn.names else []
            into += ["its join"] if _joins_by(rule.joins, attribute) else []
            if into:
                said.append(f"{'.'.join(rule.target)}: {', '.join(dict.fromkeys(into))}")
    return said


def _givers(read: set[str], mvo_type: str, compiled: dict[str, InboundRule | OutboundRule]) -> list[str]:
    """Name the rules that give what is read of the metaverse."""
    return [
        f"{rule.name}: {', '.join(given)}"
        for rule in compiled.values()
        if isinstance(rule, InboundRule) and rule.mvo_type == mvo_type
        if (given := [flow.attribute for flow in rule.flows if flow.attribute in read])
    ]


def _reads(flow: Flow, attribute: str) -> bool:
    return attribute in flow.expression.names


def _joins_by(joins: tuple[Join, ...], attribute: str) -> bool:
    expressions: list[Expression] = [part.source for join in joins for part in join.parts]
    return any(attribute in one.names for one in expressions)


async def schema(workspace: Workspace, system: str) -> list[Document]:
    """Ask a system for the attributes of its types, and say of each which rules read or write it.

    Raises `StepFailed` or `OSError` where it cannot be asked.
    """
    connector = workspace.connector(system)
    described = await connector.describe_schema()
    compiled = _compiled(workspace)
    found: list[Document] = []
    for kind, attributes in described.items():
        place = (system, kind)
        known = {one.name.casefold(): one for one in attributes}
        used = _used(place, compiled)
        named = {name.casefold(): name for name in (*(one.name for one in attributes), *used)}
        rows = [
            _attribute(name, known[key]._asdict() if key in known else None, used.get(name, ([], [])))
            for key, name in sorted(named.items())
        ]
        found.append({"type": kind, "attributes": rows})
    return found


def _used(
    place: tuple[str, str], compiled: dict[str, InboundRule | OutboundRule]
) -> dict[str, tuple[list[str], list[str]]]:
    """Give which rules read and which write each attribute of a type."""
    used: dict[str, tuple[list[str], list[str]]] = {}
    for rule in compiled.values():
        if isinstance(rule, InboundRule) and rule.source == place:
            for flow in rule.flows:
                for name in flow.expression.names:
                    used.setdefault(name, ([], []))[0].append(f"{rule.name}: {flow.attribute}")
        elif isinstance(rule, OutboundRule) and rule.target == place:
            for flow in rule.flows:
                used.setdefault(flow.attribute, ([], []))[1].append(rule.name)
    return used


def _attribute(name: str, known: dict[str, Any] | None, used: tuple[list[str], list[str]]) -> Document:
    return {"name": name, "known": known, "read": used[0], "written": list(dict.fromkeys(used[1]))}
