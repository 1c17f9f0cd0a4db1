"""Compile how objects leave a target: the stages of a rule, and which rule speaks for a target."""

from datetime import timedelta

from engine.configuration.models import Config
from engine.configuration.rule_models import RuleConfig, StageConfig
from engine.expressions.expression import Expression, InvalidExpression, compile_flow, compile_text
from engine.rules.compiled import DELETE, DISABLE, DISCONNECT, MOVE, Leaving, OutboundRule, Rules, Stage
from engine.rules.readable import Side, Where, read

_GENTLEST_FIRST = (DISABLE, DELETE)
"""Which `deprovision` goes before which, where several rules lead to one target."""


def compile_stages(index: int, rule: RuleConfig, source: Side, target: Side) -> tuple[Stage, ...]:
    """Compile the stages of an outbound rule; `deprovision` is one, at once. Raises `InvalidExpression`."""
    if rule.leaving and "deprovision" in rule.model_fields_set:
        problem = "'leaving' says in stages what 'deprovision' says in a word: give one of the two"
        raise InvalidExpression(problem, ("rules", index, "deprovision"))
    stages = _stages(index, rule, source, target) if rule.leaving else (Stage(rule.deprovision),)
    if bool(rule.disable) != any(stage.do == DISABLE for stage in stages):
        if rule.disable or not rule.leaving:
            problem = 'flows to disable with belong to deprovision = "disable", or a stage that does so, and it to them'
            raise InvalidExpression(problem, ("rules", index, "disable"))
        problem = 'do = "disable" writes the flows of [rules.disable], and there are none'
        raise InvalidExpression(problem, ("rules", index, "leaving"))
    return stages


def _stages(index: int, rule: RuleConfig, source: Side, target: Side) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    before = timedelta()
    for position, one in enumerate(rule.leaving):
        where: Where = ("rules", index, "leaving", position)
        if stages and stages[-1].do in (DELETE, DISCONNECT):
            raise InvalidExpression(f'do = "{stages[-1].do}" is the end: no stage comes after it', where)
        if one.after < before:
            raise InvalidExpression("stages stand in their order: this one comes before the last", (*where, "after"))
        before = one.after
        stages.append(_stage(where, one, source, target))
    return tuple(stages)


def _stage(where: Where, one: StageConfig, source: Side, target: Side) -> Stage:
    """Compile one stage. Raises `InvalidExpression`."""
    if (one.dn is not None) != (one.do == MOVE):
        problem = "a stage that moves says where to: give it a dn" if one.do == MOVE else 'belongs to do = "move"'
        raise InvalidExpression(problem, (*where, "do" if one.do == MOVE else "dn"))
    if one.do == MOVE and not target.has_dns:
        raise InvalidExpression(f"objects of {target.title} have no DN, and cannot be moved", (*where, "do"))
    if one.do != DELETE and one.approve != "when_due":
        raise InvalidExpression('belongs to do = "delete"', (*where, "approve"))
    dn = None if one.dn is None else read((*where, "dn"), one.dn, compile_text, source)
    return Stage(one.do, one.after, dn, one.approve == "at_start")


def compile_leaving_from(index: int, rule: RuleConfig, source: Side) -> Expression | None:
    """Compile the date at which objects leave. Raises `InvalidExpression`."""
    if rule.leaving_from is None:
        return None
    where: Where = ("rules", index, "leaving_from")
    if not rule.leaving:
        raise InvalidExpression("is when the stages of 'leaving' begin, and there are none", where)
    expression = read(where, rule.leaving_from, compile_flow, source)
    plain = expression.attribute
    kind = source.type_of(plain).kind if plain is not None else "date"
    if expression.is_constant or kind not in ("date", "datetime", "text"):
        found = f"'{plain}' is {kind} in {source.title}" if plain else "this is a constant"
        raise InvalidExpression(f"a date is wanted here, and {found}", where)
    return expression


def collect_leaving(config: Config, rules: Rules) -> None:
    """Find for each target the rules that say how objects leave it. Raises `InvalidExpression`."""
    index = {rule.name: position for position, rule in enumerate(config.rules)}
    for mvo_type, targets in rules.outbound.items():
        for target, outbound in targets.items():
            staged = [rule for rule in outbound if rule.is_staged]
            if staged:
                _refuse_other_voices(index, staged[0], outbound)
                found = Leaving(staged[0].stages, (staged[0],), is_staged=True)
            else:
                found = _by_word(outbound)
            rules.leaving.setdefault(mvo_type, {})[target] = found


def _by_word(outbound: list[OutboundRule]) -> Leaving:
    """Give how objects leave where rules say it in a word each."""
    said = {rule.stages[0].do for rule in outbound}
    word = next((what for what in _GENTLEST_FIRST if what in said), DISCONNECT)
    speaking = tuple(rule for rule in outbound if rule.stages[0].do == word)
    return Leaving(speaking[0].stages, speaking, is_staged=False)


def _refuse_other_voices(index: dict[str, int], first: OutboundRule, outbound: list[OutboundRule]) -> None:
    """Refuse a second rule to a target that says how its objects leave: nobody could tell which one counts."""
    for rule in outbound:
        if rule is not first and (rule.is_staged or rule.stages[0].do != DISCONNECT):
            system, kind = rule.target
            key = "leaving" if rule.is_staged else "deprovision"
            raise InvalidExpression(
                f"rule '{first.name}' says already in which stages objects of {system}.{kind} leave: say it once",
                ("rules", index[rule.name], key),
            )
