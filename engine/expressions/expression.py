"""Expressions: Jinja2 in its sandbox, compiled once; one that fails or loops is that object's error."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context

from engine.errors import ObjectError, ObjectFailed
from engine.expressions.quick import LARGE, is_quick
from engine.expressions.reading import Reads, attribute_of, reads_of
from engine.expressions.sandbox import AMBIENT, ENVIRONMENT, ROWS, key_of, single, span
from engine.expressions.sources import CONTROL
from engine.expressions.tables import TABLES, recorded
from engine.expressions.watched import WATCHED, Request, Stopped
from engine.values import zones
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


class InvalidExpression(ValueError):
    """An expression cannot be compiled; `where` is the path of its key in the configuration."""

    def __init__(self, message: str, where: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


class Template(NamedTuple):
    """A template that an expression was compiled from."""

    kind: str
    """Which of `COMPILERS` compiles it."""
    source: str
    own: tuple[str, ...]
    """Words that are no attributes in it."""
    quick: bool
    """Whether it can be evaluated anywhere, over an object of an ordinary size."""


class Expression:
    """A compiled expression, flow or constant."""

    def __init__(
        self,
        source: str,
        evaluate: Callable[[dict[str, Any]], Any],
        reads: Reads = Reads(),  # noqa: B008 - immutable
        attribute: str | None = None,
        template: Template | None = None,
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
        self.is_of_rows = ROWS in reads.words
        """Whether it reads all rows of a person, not one object."""
        self._evaluate = evaluate
        self._template = template
        self._is_quick = template is None or template.quick

    def __call__(self, context: dict[str, Any]) -> Any:
        """Evaluate over attributes; an absent result is None. What may take long is stopped when it does.

        Raises `ObjectFailed` with `expression-error`, or what a filter raised.
        """
        if (self._is_quick and LARGE not in context) or not self.is_watched(context):
            return self.evaluate_here(context)
        try:
            answer = WATCHED.evaluate(self._request(context))
        except Stopped as why:
            raise self._failed(str(why)) from None
        if answer.failure is not None:
            raise ObjectFailed(*answer.failure)
        return answer.value

    def is_watched(self, context: dict[str, Any]) -> bool:
        """Tell whether it is evaluated over an object where it can be stopped: it has loops, or the object is large."""
        return self._template is not None and not (self._template.quick and LARGE not in context)

    def evaluate_ahead(self, context: dict[str, Any]) -> None:
        """Evaluate over attributes, and keep what becomes of it for the next time."""
        WATCHED.evaluate_ahead(self._request(context))

    def _request(self, context: dict[str, Any]) -> Request:
        assert self._template is not None  # noqa: S101 - asked of watched ones alone
        keys = {*self.reads.words, *map(key_of, self.names)}
        read = {key: context[key] for key in sorted(keys) if key in context}
        if self.reads.tables:
            tables = context.get(TABLES, {})
            read[TABLES] = {one.table: tables[one.table] for one in sorted(self.reads.tables) if one.table in tables}
        zone = context.get(zones.KEY) or zones.name_in_use()
        return Request(self._template.kind, self._template.source, self._template.own, read, zone)

    def evaluate_here(self, context: dict[str, Any]) -> Any:
        """Evaluate in this process, however long it takes. Raises `ObjectFailed`, likewise."""
        ENVIRONMENT.rounds = 0
        try:
            if zones.KEY in context:
                with zones.of(context):
                    value = self._evaluate(context)
            else:
                value = self._evaluate(context)
        except ObjectFailed:
            raise
        except (RecursionError, MemoryError) as error:
            raise self._failed("it takes too much depth or memory") from error
        except Exception as error:  # what a rule of somebody's does wrong is never the program's own failure
            raise self._failed(str(error) or type(error).__name__) from error
        if isinstance(value, float) and not isfinite(value):
            raise self._failed("its result is larger than any number")
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            raise self._failed(f"its result is longer than {MAX_LENGTH:,} characters")
        return value

    def seen(self, context: dict[str, Any]) -> dict[str, Any]:
        """Give what it reads of a context: attributes, and the clock."""
        words = {word: context.get(word) for word in self.reads.words if word != "range"}
        looked = (self.looked_up(context) or ()) if self.reads.tables else ()
        rows = {f"{table} '{key}'": "looked up" for table, key in looked}
        return dict(sorted((words | {name: context.get(key_of(name)) for name in self.names} | rows).items()))

    def looked_up(self, context: dict[str, Any]) -> set[tuple[str, str]] | None:
        """Give the rows of tables that it reads of an object; None where only evaluating it in a page would tell."""
        if self.is_watched(context) or (self.is_of_rows and ROWS not in context):
            return None
        with recorded() as rows, suppress(ObjectFailed):
            self.evaluate_here(context)
        return rows

    def _failed(self, reason: str) -> ObjectFailed:
        return ObjectFailed(*failure_of(self.source, reason))


def failure_of(source: str, reason: str) -> ObjectError:
    """Say that an expression fails."""
    return ObjectError(
        "expression-error",
        f"the expression '{source}' fails: {reason}",
        "mend the object's values at its source, or the expression: '| default(…)' covers an absent value",
    )


def ambient() -> dict[str, Any]:
    """Give the names that every context must hold beside the attributes: `now` in UTC, the zone's `today`, `range`."""
    return {"now": clock.moment(), "today": zones.today(), "range": span}


class _Seen(Context):
    """Attributes as a template sees them: not copied, and with nothing else made that no expression can use."""

    environment = ENVIRONMENT
    eval_ctx = nodes.EvalContext(ENVIRONMENT)
    name = None
    globals_keys: set[str] = set()  # noqa: RUF012 - nothing is ever put into what all have in common
    blocks: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, values: dict[str, Any]) -> None:
        self.parent = values
        self.vars = {}
        self.exported_vars = set()


class _Compiled(NamedTuple):
    """A template, ready to be rendered, what it reads, and whether it is quick."""

    render: Callable[[Context], Iterator[str]]
    reads: Reads
    quick: bool


@lru_cache(maxsize=4096)
def _compile(source: str, template: str, own: tuple[str, ...], *, assigned: int = 0) -> _Compiled:
    """Compile a template; `own` are words that are no attributes in it, and so many names may be assigned to.

    What was compiled is kept: a configuration says the same in several places, and a process may read it again.
    Raises `InvalidExpression`.
    """
    try:
        tree = ENVIRONMENT.parse(template)
        for refused in tree.find_all(_REFUSED):
            name = type(refused).__name__.lower()
            raise InvalidExpression(f"'{source}' uses '{name}', which expressions may not")
        if any(isinstance(one.value, float) and not isfinite(one.value) for one in tree.find_all(nodes.Const)):
            raise InvalidExpression(f"'{source}' holds a number that is too large")
        render = ENVIRONMENT.from_string(template).root_render_func
        return _Compiled(render, reads_of(tree, frozenset(own)), is_quick(tree, assigned=assigned))
    except TemplateSyntaxError as error:
        raise InvalidExpression(f"'{source}' cannot be read: {error.message}") from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise InvalidExpression(f"'{source}' is too deep to be read") from error


def compile_text(source: str, own: Iterable[str] = AMBIENT) -> Expression:
    """Compile a text with `{{ … }}` in it; its result is stripped, and None when blank."""
    compiled = _compile(source, source, tuple(own))

    def evaluate(values: dict[str, Any]) -> str | None:
        return "".join(compiled.render(_Seen(values))).strip() or None

    template = Template("text", source, tuple(own), compiled.quick)
    return Expression(source, evaluate, compiled.reads, template=template)


def compile_condition(source: str, own: Iterable[str] = AMBIENT) -> Expression:
    """Compile a condition such as `status == 'active'`; its result is True or False."""
    value, quick = _compile_value(source, own)
    template = Template("condition", source, tuple(own), quick)
    return Expression(source, lambda context: bool(value.evaluate_here(context)), value.reads, template=template)


class _Value(NamedTuple):
    """The inside of `{{ … }}`, and whether it is quick."""

    expression: Expression
    quick: bool


def _compile_value(source: str, own: Iterable[str] = AMBIENT) -> _Value:
    """Compile the inside of `{{ … }}`; its result keeps its type."""
    if not source.strip() or "}}" in source or "%}" in source:
        raise InvalidExpression(f"'{source}' cannot be read: one expression is wanted here")
    compiled = _compile(source, "{% set result = (" + source + "\n) %}", tuple(own), assigned=1)

    def evaluate(values: dict[str, Any]) -> Any:
        context = _Seen(values)
        for _ in compiled.render(context):
            pass
        result = context.vars["result"]
        return None if isinstance(result, Undefined) else list(result) if isinstance(result, Iterator) else result

    found = Expression(source, evaluate, compiled.reads, _only_attribute(source, compiled.reads))
    return _Value(found, compiled.quick)


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


def compile_flow_of_rows(source: str) -> Expression:
    """Compile the source of a flow that may read all rows of a person as `rows`."""
    return _compile_source(source, (*AMBIENT, ROWS))


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
    value, quick = _compile_value(inner[1], own)

    def evaluate(context: dict[str, Any]) -> Any:
        result = value.evaluate_here(context)
        return [single(one) for one in result] if isinstance(result, (list, tuple)) else result

    template = Template("flow", text, tuple(own), quick)
    return Expression(inner[1].strip(), evaluate, value.reads, value.attribute, template)


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


COMPILERS: dict[str, Callable[[str, Iterable[str]], Expression]] = {
    "text": compile_text,
    "condition": compile_condition,
    "flow": _compile_source,
}
"""How a template is compiled once more, in another process."""
