"""Expressions: Jinja2 in its sandbox, compiled once; one that fails or loops is that object's error."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.runtime import Context

from engine.errors import ObjectFailed
from engine.expressions.sandbox import AMBIENT, ENVIRONMENT, READ, key_of, single, span
from engine.expressions.sources import CONTROL
from engine.values.typed import MAX_LENGTH
from storage import clock

COUNTER = "n"
"""The word by which a candidate of a unique value counts."""

_SINGLE = re.compile(r"\{\{(?:[-+](?=\s))?(.*?)(?:(?<=\s)-)?\}\}", re.DOTALL)
"""A flow that is one `{{ … }}`, perhaps with white-space control."""
_REFUSED = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
)
_OF_LISTS = frozenset({"unique", "sort", "reverse", "list", "map", "select", "reject", "default", "d"})
"""Filters that give a list where they are given one."""


class InvalidExpression(ValueError):
    """An expression cannot be compiled; `where` is the path of its key in the configuration."""

    def __init__(self, message: str, where: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


class Reads(NamedTuple):
    """What an expression reads, as far as its text tells."""

    names: frozenset[str] = frozenset()
    """Attributes."""
    words: frozenset[str] = frozenset()
    """The program's own words: `now`, `today`, `range`, and `n` where it counts."""
    as_text: frozenset[str] = frozenset()
    """Attributes whose value becomes part of a text as it is."""
    as_truth: frozenset[str] = frozenset()
    """Attributes whose value alone decides a condition, or a part of it."""


class Expression:
    """A compiled expression, flow or constant."""

    def __init__(
        self,
        source: str,
        evaluate: Callable[[dict[str, Any]], Any],
        reads: Reads = Reads(),  # noqa: B008 - immutable
        attribute: str | None = None,
    ) -> None:
        self.source = source
        """What a person calls it."""
        self.reads = reads
        self.names = reads.names
        """The attributes it reads."""
        self.attribute = attribute
        """The attribute that it is, where nothing is computed."""
        self.is_bare = False
        """Whether it is written as a name without braces."""
        self.is_constant = False
        self.clock = next((name for name in ("now", "today") if name in reads.words), "")
        """`now` or `today` where the result depends on it, and so may change while the object does not."""
        self._evaluate = evaluate

    def __call__(self, context: dict[str, Any]) -> Any:
        """Evaluate over attributes; an absent result is None.

        Raises `ObjectFailed` with `expression-error`, or what a filter raised.
        """
        ENVIRONMENT.rounds = 0
        try:
            value = self._evaluate(context)
        except ObjectFailed:
            raise
        except (TemplateError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError, re.error) as error:
            raise self._failed(str(error) or type(error).__name__) from error
        except (RecursionError, MemoryError) as error:
            raise self._failed("it takes too much depth or memory") from error
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            raise self._failed(f"its result is longer than {MAX_LENGTH:,} characters")
        return value

    def seen(self, context: dict[str, Any]) -> dict[str, Any]:
        """Give what it reads of a context: attributes, and the clock."""
        words = {word: context.get(word) for word in self.reads.words if word != "range"}
        return dict(sorted((words | {name: context.get(key_of(name)) for name in self.names}).items()))

    def _failed(self, reason: str) -> ObjectFailed:
        return ObjectFailed(
            "expression-error",
            f"the expression '{self.source}' fails: {reason}",
            "mend the object's values at its source, or the expression: '| default(…)' covers an absent value",
        )


def ambient() -> dict[str, Any]:
    """Give the names that every context must hold beside the attributes: `now` and `today` in UTC, `range`."""
    moment = clock.moment()
    return {"now": moment, "today": moment.date(), "range": span}


def _context(values: dict[str, Any]) -> Context:
    """Hand attributes to a template as they are; Jinja's own way would copy them, and its globals, each time."""
    return Context(ENVIRONMENT, values, None, {})


def _compile(source: str, template: str, own: Iterable[str]) -> tuple[Template, Reads]:
    """Compile a template, and tell what it reads; `own` are words that are no attributes in it.

    Raises `InvalidExpression`.
    """
    try:
        tree = ENVIRONMENT.parse(template)
        for refused in tree.find_all(_REFUSED):
            name = type(refused).__name__.lower()
            raise InvalidExpression(f"'{source}' uses '{name}', which expressions may not")
        return ENVIRONMENT.from_string(template), _reads(tree, frozenset(own))
    except TemplateSyntaxError as error:
        raise InvalidExpression(f"'{source}' cannot be read: {error.message}") from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise InvalidExpression(f"'{source}' is too deep to be read") from error


def _reads(tree: nodes.Template, own: frozenset[str]) -> Reads:
    named = {one.node.value for one in tree.find_all(nodes.Filter) if one.name == READ}  # type: ignore[union-attr]
    found = meta.find_undeclared_variables(tree)
    names = frozenset(found - own | named)
    spoken = [one for output in tree.find_all(nodes.Output) for one in output.nodes]
    spoken += [one.node for one in tree.find_all(nodes.Filter) if one.node and ENVIRONMENT.takes_text(one.name)]
    as_text = {name for one in spoken for name in _possible_values(one)}
    decided = [one.node for one in tree.find_all(nodes.Assign)]
    as_truth = {name for one in decided for name in _truths(one)}
    return Reads(names, frozenset(found & own), names & as_text, names & as_truth)


def attribute_of(node: nodes.Node | None) -> str | None:
    """Give the attribute that a node of an expression is; None where it computes."""
    if isinstance(node, nodes.Filter) and node.name == READ and isinstance(node.node, nodes.Const):
        return str(node.node.value)
    return node.name if isinstance(node, nodes.Name) else None


def _possible_values(node: nodes.Node | None) -> Iterator[str]:
    """Give the attributes that may be the value of a node with all their values."""
    if (name := attribute_of(node)) is not None:
        yield name
    elif isinstance(node, nodes.CondExpr):
        yield from _possible_values(node.expr1)
        yield from _possible_values(node.expr2)
    elif isinstance(node, (nodes.And, nodes.Or)):
        yield from _possible_values(node.left)
        yield from _possible_values(node.right)
    elif isinstance(node, nodes.Filter) and node.name in _OF_LISTS:
        yield from _possible_values(node.node)


def _truths(node: nodes.Node | None) -> Iterator[str]:
    """Give the attributes whose own truth decides a condition."""
    if isinstance(node, nodes.Filter) and node.name == "_bounded":
        yield from _truths(node.node)
    elif isinstance(node, (nodes.And, nodes.Or)):
        yield from _truths(node.left)
        yield from _truths(node.right)
    elif isinstance(node, nodes.Not):
        yield from _truths(node.node)
    elif (name := attribute_of(node)) is not None:
        yield name


def compile_text(source: str, own: Iterable[str] = AMBIENT) -> Expression:
    """Compile a text with `{{ … }}` in it; its result is stripped, and None when blank."""
    template, reads = _compile(source, source, own)

    def evaluate(values: dict[str, Any]) -> str | None:
        return "".join(template.root_render_func(_context(values))).strip() or None

    return Expression(source, evaluate, reads)


def compile_condition(source: str) -> Expression:
    """Compile a condition such as `status == 'active'`; its result is True or False."""
    evaluate = _compile_value(source)
    return Expression(source, lambda context: bool(evaluate(context)), evaluate.reads)


def _compile_value(source: str, own: Iterable[str] = AMBIENT) -> Expression:
    """Compile the inside of `{{ … }}`; its result keeps its type."""
    if not source.strip() or "}}" in source or "%}" in source:
        raise InvalidExpression(f"'{source}' cannot be read: one expression is wanted here")
    template, reads = _compile(source, "{% set result = (" + source + "\n) %}", own)

    def evaluate(values: dict[str, Any]) -> Any:
        context = _context(values)
        for _ in template.root_render_func(context):
            pass
        result = context.vars["result"]
        return None if isinstance(result, Undefined) else list(result) if isinstance(result, Iterator) else result

    return Expression(source, evaluate, reads, _only_attribute(source, reads))


def _only_attribute(source: str, reads: Reads) -> str | None:
    """Give the attribute that an expression is, and nothing else."""
    tree = ENVIRONMENT.parse("{{ (" + source + "\n) }}").body
    shown = tree[0].nodes if len(tree) == 1 and isinstance(tree[0], nodes.Output) else []
    name = attribute_of(shown[0]) if len(shown) == 1 else None
    return name if name in reads.names and not reads.words else None


def compile_name(name: str) -> Expression:
    """Give the expression that copies an attribute with all its values, whatever it is called."""
    key = key_of(name)
    found = Expression(name, lambda context: context.get(key), Reads(frozenset({name})), name)
    found.is_bare = True
    return found


def compile_constant(value: object) -> Expression:
    """Give the expression that is always the same."""
    text = f"'{value}'" if isinstance(value, str) else str(value).lower()
    found = Expression(f"the constant {text}", lambda _context: value)
    found.is_constant = True
    return found


def compile_flow(source: str) -> Expression:
    """Compile the source of an attribute flow.

    A bare attribute name copies all its values; a single `{{ … }}` keeps the type of its result, a list
    included; anything else is a text.
    """
    return _compile_source(source, AMBIENT)


def compile_candidate(source: str) -> Expression:
    """Compile a candidate of a unique value: one text, in which `n` counts."""
    own = (*AMBIENT, COUNTER)
    found = _compile_source(source, own)
    return found if found.is_bare else compile_text(source.strip(), own)


def _compile_source(source: str, own: Iterable[str]) -> Expression:
    text = source.strip()
    if "{{" not in text and "{%" not in text:
        return _compile_bare(text)
    inner = _SINGLE.fullmatch(text)
    if not inner or "{{" in inner[1] or "}}" in inner[1]:
        return compile_text(text, own)
    value = _compile_value(inner[1], own)

    def evaluate(context: dict[str, Any]) -> Any:
        result = value(context)
        return [single(one) for one in result] if isinstance(result, (list, tuple)) else result

    return Expression(inner[1].strip(), evaluate, value.reads, value.attribute)


def _compile_bare(text: str) -> Expression:
    if not text:
        raise InvalidExpression("nothing is named here; to give nothing, leave the line out")
    if CONTROL.search(text):
        raise InvalidExpression(f"{json.dumps(text)} holds a control character, and is no name of an attribute")
    if " | " in text or " ~ " in text:
        raise InvalidExpression(
            f"'{text}' would be taken for the name of an attribute; an expression stands in {{{{ … }}}}, "
            f'and reads an attribute of such a name as attributes["{text}"]'
        )
    return compile_name(text)
