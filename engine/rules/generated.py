"""What the metaverse makes by itself: unique values and computed groups, compiled."""

from collections.abc import Iterator
from datetime import timedelta

from engine.configuration.models import Config, UniqueConfig
from engine.expressions.expression import (
    Expression,
    InvalidExpression,
    compile_candidate,
    compile_condition,
    compile_constant,
    compile_flow,
    compile_name,
)
from engine.expressions.sources import Constant
from engine.rules.compiled import ComputedGroup, Flow, Join, JoinPart, ObjectType, Rules, UniqueValue
from engine.rules.readable import Where, read, refuse_tables, refuse_truth_of_text, side_of_metaverse
from engine.values.folding import normalised
from engine.values.typed import AttributeType
from storage import key_owners
from storage.documents import fingerprint

_NO_DIFFERENCE = frozenset({"case", "spaces"})


def unique_key(attribute: str) -> Join:
    """Give the key by which the holders of a unique value are found: case and spaces make no difference."""
    expression = compile_name(attribute)
    return Join(f"unique {attribute}", (JoinPart(expression, expression, _NO_DIFFERENCE),))


def value_key(value: str) -> str:
    """Give the form in which values that nobody may share are equal texts, as in that key."""
    return normalised(value, _NO_DIFFERENCE)


def unique_owners(mvo_type: str, unique: UniqueValue) -> Iterator[tuple[str, str]]:
    """Give every owner of join keys whose objects must not hold the value, each with its attribute."""
    yield key_owners.of_metaverse(mvo_type), unique.attribute
    for (system, kind), attribute in unique.check:
        yield key_owners.of_system(system, kind), attribute


def compile_unique(config: Config, rules: Rules) -> None:
    """Compile the generated values. Raises `InvalidExpression`."""
    for mvo_type, settings in config.metaverse.items():
        side = side_of_metaverse(config, mvo_type, filled_attributes(config, rules, mvo_type))
        for attribute, written in settings.unique.items():
            where: Where = ("metaverse", mvo_type, "unique", attribute)
            candidates = tuple(
                read((*where, "candidates"), text, compile_candidate, side) for text in written.candidates
            )
            for candidate in candidates:
                refuse_tables((*where, "candidates"), candidate, "a candidate")
            check = tuple(_checked(config, (*where, "check"), text) for text in written.check)
            kind = settings.type_of(attribute)
            if kind != AttributeType("text"):
                raise InvalidExpression(f"'{attribute}' is {kind}: a unique value is a single text", where)
            _check_following(config, rules, mvo_type, attribute)
            value = UniqueValue(attribute, kind, candidates, check, *_following(written))
            rules.unique.setdefault(mvo_type, []).append(value)


def _following(written: UniqueConfig) -> tuple[tuple[str, ...], timedelta, str | None, timedelta]:
    return tuple(written.follows), written.keep_old, written.aliases, written.reserve


def _check_following(config: Config, rules: Rules, mvo_type: str, attribute: str) -> None:
    """Refuse what cannot be followed, or kept. Raises `InvalidExpression`."""
    settings = config.metaverse[mvo_type]
    written = settings.unique[attribute]
    where: Where = ("metaverse", mvo_type, "unique", attribute)
    for name in written.follows:
        if (problem := _why_not_followed(config, rules, mvo_type, attribute, name)) is not None:
            raise InvalidExpression(f"'{name}' cannot be followed: it {problem}", (*where, "follows"))
    if bool(written.keep_old) != (written.aliases is not None):
        told = "keep_old says how long, and aliases in which attribute, former values are kept: give both, or none"
        raise InvalidExpression(told, (*where, "keep_old" if written.keep_old else "aliases"))
    if written.keep_old and not written.follows:
        told = "a value that follows nothing has no former ones; name in follows what it is made of"
        raise InvalidExpression(told, (*where, "keep_old"))
    if written.aliases is not None:
        _check_aliases(config, rules, mvo_type, attribute, written.aliases)


def _why_not_followed(config: Config, rules: Rules, mvo_type: str, attribute: str, name: str) -> str | None:
    """Say why a value cannot follow an attribute: what is followed has to be there when the value is given."""
    if name == attribute:
        return "is the value itself"
    if name in {flow.attribute for rule in rules.into.get(mvo_type, []) for flow in rule.flows}:
        return None
    generated = list(config.metaverse[mvo_type].unique)
    if name in generated:
        before = generated.index(name) < generated.index(attribute)
        return None if before else f"is given after '{attribute}'; let its table stand first"
    return f"is nothing that flows into '{mvo_type}', or is generated for it"


def _check_aliases(config: Config, rules: Rules, mvo_type: str, attribute: str, aliases: str) -> None:
    """Refuse an attribute for former values that is not there for them alone. Raises `InvalidExpression`."""
    settings = config.metaverse[mvo_type]
    where: Where = ("metaverse", mvo_type, "unique", attribute, "aliases")
    if settings.type_of(aliases) != AttributeType("text", True):
        raise InvalidExpression(f"declare '{aliases}' as \"text[]\" in [metaverse.{mvo_type}.attributes]", where)
    others = {one.aliases for name, one in settings.unique.items() if name != attribute}
    flowed = {flow.attribute for rule in rules.into.get(mvo_type, []) for flow in rule.flows}
    if aliases in others | flowed | settings.unique.keys():
        told = f"'{aliases}' is filled otherwise as well; former values need an attribute of their own"
        raise InvalidExpression(told, where)


def _checked(config: Config, where: Where, text: str) -> tuple[ObjectType, str]:
    system, _, rest = text.partition(".")
    kind, _, attribute = rest.partition(".")
    if system not in config.systems or kind not in config.systems[system].objects or not attribute:
        raise InvalidExpression(f"'{text}' names no attribute of a system: SYSTEM.TYPE.ATTRIBUTE", where)
    return (system, kind), attribute


def compile_groups(config: Config, rules: Rules) -> None:
    """Compile the computed groups. Raises `InvalidExpression`."""
    for index, group in enumerate(config.groups):
        where: Where = ("groups", index)
        if group.name in rules.groups:
            raise InvalidExpression(f"another group is called '{group.name}' already", (*where, "name"))
        for key, kind in (("type", group.type), ("of", group.of)):
            if kind not in config.metaverse:
                raise InvalidExpression(f"'{kind}' is no metaverse type", (*where, key))
        settings = config.metaverse[group.type]
        if settings.type_of(group.attribute) != AttributeType("reference", True):
            problem = f"'{group.attribute}' must be declared as \"reference[]\" in [metaverse.{group.type}]"
            raise InvalidExpression(problem, (*where, "attribute"))
        flows = []
        for attribute, text in group.attributes.items():
            expression = _compile_own((*where, "attributes", attribute), text)
            if expression.names:
                problem = f"'{text}' reads '{min(expression.names)}': a computed group has only what is written here"
                raise InvalidExpression(problem, (*where, "attributes", attribute))
            refuse_tables((*where, "attributes", attribute), expression, "a computed group")
            kind_of = settings.type_of(attribute)
            flows.append(Flow(attribute, kind_of, attribute in settings.attributes, expression, None))
        side = side_of_metaverse(config, group.of, filled_attributes(config, rules, group.of))
        condition = read((*where, "members"), group.members, compile_condition, side)
        refuse_truth_of_text((*where, "members"), condition, side)
        refuse_tables((*where, "members"), condition, "the condition of a group")
        mark = fingerprint(group.model_dump_json()).hex()
        rules.groups[group.name] = ComputedGroup(
            group.name, group.type, group.of, condition, group.attribute, tuple(flows), mark
        )


def _compile_own(where: Where, written: str | Constant) -> Expression:
    """Compile what is written of a group itself: a bare name is a text, for there is nothing it could name."""
    if isinstance(written, Constant):
        return compile_constant(written.constant)
    if "{" not in written:
        return compile_constant(written)
    try:
        return compile_flow(written)
    except InvalidExpression as error:
        raise InvalidExpression(str(error), where) from error


def filled_attributes(config: Config, rules: Rules, mvo_type: str) -> set[str]:
    """Give the attributes that MVOs of a type can have: declared, flowed to, generated or computed."""
    flowed = {flow.attribute for rule in rules.into.get(mvo_type, []) for flow in rule.flows}
    settings = config.metaverse[mvo_type]
    computed = {name for group in config.groups if group.type == mvo_type for name in group.attributes}
    members = {group.attribute for group in config.groups if group.type == mvo_type}
    aliases = {one.aliases for one in settings.unique.values() if one.aliases is not None}
    return flowed | set(settings.attributes) | set(settings.unique) | aliases | computed | members


def attributes_of_all(config: Config, rules: Rules) -> dict[str, AttributeType]:
    """Give what objects of any metaverse type can have; of two types by one name, a reference."""
    found: dict[str, AttributeType] = {}
    for mvo_type, settings in config.metaverse.items():
        for name in filled_attributes(config, rules, mvo_type):
            kind = settings.type_of(name)
            if kind.kind == "reference" or name not in found:
                found[name] = kind
    return found
