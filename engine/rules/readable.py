"""What a rule may read: every source is compiled against what its side is known to have."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.configuration.models import Config
from engine.expressions.expression import Expression, InvalidExpression, compile_constant
from engine.expressions.sandbox import ROWS
from engine.expressions.sources import Constant, as_key, did_you_mean, reading_of, toml
from engine.values.typed import TEXT, AttributeType

Where = tuple[str | int, ...]
_DESCRIPTION = re.compile(r"([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)(;[A-Za-z0-9-]+)*")
"""How an attribute of a directory can be called (RFC 4512 §2.5)."""


class Side(NamedTuple):
    """One side of a rule: what is known of the attributes there."""

    title: str
    """The table that declares them."""
    types: Mapping[str, AttributeType]
    known: frozenset[str]
    is_closed: bool = False
    """Whether there can be no others."""
    has_dns: bool = False
    tables: frozenset[str] = frozenset()
    """The lookup tables that there are."""
    has_rows: bool = False
    """Whether a person may have several of its objects."""
    beyond: Mapping[str, AttributeType] | None = None
    """The attributes of what its references name, where rules can read through those."""

    def type_of(self, name: str) -> AttributeType:
        """Give an attribute's type; anything not listed is text."""
        return self.types.get(name, TEXT)


def side_of_system(config: Config, system: str, kind: str) -> Side:
    """Give the side of an object type in a system, which may have attributes that nobody has declared."""
    settings = config.systems[system].objects[kind]
    declared = {settings.external_id, *settings.attributes}
    bare = {
        flow.source
        for rule in config.rules
        if rule.source == f"{system}.{kind}"
        for flow in rule.flow.values()
        if isinstance(flow.source, str) and "{" not in flow.source
    }
    has_dns = (settings.secondary_external_id or "").lower() == "dn"
    return Side(
        f"[systems.{system}.objects.{kind}]",
        settings.attributes,
        frozenset(declared | bare),
        has_dns=has_dns,
        tables=frozenset(config.lookups),
        has_rows=settings.joins == "many",
    )


def side_of_metaverse(config: Config, mvo_type: str, filled: Iterable[str]) -> Side:
    """Give the side of a metaverse type, which has what is declared and what the rules fill, and nothing else."""
    known = frozenset(filled)
    types, tables = config.metaverse[mvo_type].attributes, frozenset(config.lookups)
    return Side(f"[metaverse.{mvo_type}]", types, known, is_closed=True, tables=tables)


def read(
    where: Where, written: str | Constant, compiler: Callable[[str], Expression], side: Side, beside: Iterable[str] = ()
) -> Expression:
    """Compile what a rule reads on a side; `beside` are further names that stand for something there.

    Raises `InvalidExpression`, which says what is wrong with it and how to write what was meant.
    """
    if isinstance(written, Constant):
        return compile_constant(written.constant)
    try:
        expression = compiler(written)
    except InvalidExpression as error:
        raise InvalidExpression(f"{error}{_by_name(written, None, side.known)}", where) from error
    side = side._replace(known=side.known | frozenset(beside))
    for name in sorted(expression.names - side.known):
        if problem := _unknown(where, written, name, expression, side):
            raise InvalidExpression(problem, where)
    if side.has_rows and ROWS in expression.names - side.known:
        raise InvalidExpression(f"only flows read '{ROWS}': this is asked of each row by itself", where)
    _refuse_lists(where, expression, side)
    _refuse_paths(where, expression, side)
    for one in sorted(expression.reads.tables):
        if one.table not in side.tables:
            hint = did_you_mean(one.table, side.tables)
            raise InvalidExpression(f"there is no [lookups.{one.table}]{hint}", where)
    return expression


def _refuse_paths(where: Where, expression: Expression, side: Side) -> None:
    """Refuse what is read through a reference where nothing, or more than one thing, can stand behind it."""
    for path in sorted(expression.reads.paths):
        if side.type_of(path[0]).kind != "reference":
            continue
        text = ".".join(path)
        if side.beyond is None:
            problem = "only flows of rules from the metaverse read through references"
        elif len(path) > 3:
            problem = "references are followed two steps deep"
        elif many := next((one for one, kind in _steps(path, side) if kind.multi), None):
            problem = f"'{many}' may name many"
        elif no := next((one for one, kind in _steps(path, side)[1:] if kind.kind != "reference"), None):
            problem = f"'{no}' is no reference"
        elif path[-1] not in side.beyond:
            problem = f"nothing in the metaverse has '{path[-1]}'{did_you_mean(path[-1], side.beyond)}"
        elif side.beyond[path[-1]].kind == "reference":
            problem = f"'{path[-1]}' is a reference, and no value"
        else:
            continue
        raise InvalidExpression(f"'{text}': {problem}", where)


def _steps(path: tuple[str, ...], side: Side) -> list[tuple[str, AttributeType]]:
    """Give the references of a path, each with its type."""
    beyond = side.beyond or {}
    return [(path[0], side.type_of(path[0])), *((one, beyond.get(one, TEXT)) for one in path[1:-1])]


def refuse_tables(where: Where, expression: Expression, what: str) -> None:
    """Refuse a lookup where a row that changes would not be noticed."""
    if expression.reads.tables:
        raise InvalidExpression(f"{what} cannot look anything up: let a flow do so, and read its attribute", where)


def _unknown(where: Where, written: str, name: str, expression: Expression, side: Side) -> str | None:
    """Tell what is wrong with a name that is not known; None where it may be there all the same."""
    meant = "" if expression.is_bare else _by_name(written, name, side.known)
    if side.is_closed:
        problem = f"'{name}' is neither declared in {side.title} nor filled by any rule"
    elif meant:
        problem = f"'{name}' is not declared in {side.title}"
    elif expression.is_bare and side.has_dns and not _DESCRIPTION.fullmatch(name):
        problem = f"no attribute of a directory can be called '{name}'"
    else:
        return None
    meant = meant or did_you_mean(name, side.known)
    return f"{problem}{meant}{as_constant(where, written) if expression.is_bare else ''}"


def as_constant(where: Where, written: str) -> str:
    """Say how a text is written that stands where a name is wanted."""
    key = str(where[-1])
    if len(where) < 2 or where[-2] not in ("flow", "initial", "disable", "attributes"):
        return ""
    return f"; a text is written: {as_key(key)} = {{ constant = {toml(written)} }}"


def _by_name(written: str, part: str | None, known: Iterable[str]) -> str:
    """Say how an expression reads the known attribute that it seems to mean; `part` is the part of it that it reads."""
    bare = re.sub(r"""attributes\s*(\[|\.get\()\s*("[^"]*"|'[^']*')""", "", written)
    others = (one for one in sorted(known, key=len, reverse=True) if not one.isidentifier() and one in bare)
    meant = [one for one in others if part is None or part in re.split(r"\W+", one)]
    return f"; an expression reads '{meant[0]}' as {reading_of(meant[0])}" if meant else ""


def _refuse_lists(where: Where, expression: Expression, side: Side) -> None:
    """Refuse an attribute of many values in a text, where Python's brackets would come out."""
    for name in sorted(expression.reads.as_text):
        if (kind := side.type_of(name)).multi:
            reading = reading_of(name)
            raise InvalidExpression(
                f"'{name}' may have many values ({kind} in {side.title}), and stands in a text: "
                f"write {{{{ {reading} | join(', ') }}}}, or choose one: {{{{ {reading}[0] }}}}",
                where,
            )


def refuse_truth_of_text(where: Where, condition: Expression | None, side: Side) -> None:
    """Refuse a condition that a text decides by merely being there: the text 'false' is there, too."""
    for name in sorted(condition.reads.as_truth if condition else ()):
        if side.type_of(name) == TEXT:
            reading = reading_of(name)
            raise InvalidExpression(
                f"'{name}' is text in {side.title}, and any text counts as true, 'false' too: is it "
                f"{reading} == 'true'? Declare it as boolean to use it so; whether it has a value is asked by "
                f"{reading} is defined",
                where,
            )
