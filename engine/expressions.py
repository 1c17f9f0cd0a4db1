"""Expressions: Jinja2 in its sandbox, compiled once; one that fails or loops is that object's error."""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from jinja2 import ChainableUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.filters import do_round
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import ObjectFailed
from engine.filters import FILTERS, UNITS
from engine.values import MAX_LENGTH
from storage import clock

LOOP_LIMIT = 10_000
"""How many rounds all loops of one evaluation may take together."""

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
_UNBOUNDED = frozenset(
    {
        "center",
        "ljust",
        "rjust",
        "zfill",
        "expandtabs",
        "format",
        "format_map",
        "translate",
        "to_bytes",
        "replace",
        "join",
    }
)
"""Methods whose result can be of any size; the filters of the same names are bounded."""
_NO_FILTERS = ("batch", "center", "format", "indent", "pprint", "slice", "tojson", "urlize", "wordwrap", "xmlattr")


class InvalidExpression(ValueError):
    """An expression cannot be compiled; `where` is the path of its key in the configuration."""

    def __init__(self, message: str, where: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


class Absent(ChainableUndefined):
    """An attribute without a value: empty in a text, false in a condition, an error in arithmetic."""

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TemplateError(f"'{self._undefined_name}' has no value")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __lt__ = __le__ = __gt__ = __ge__ = __call__ = _fail_with_undefined_error
    __int__ = __float__ = _fail_with_undefined_error


class _Durations(Extension):
    """Lets durations stand in expressions as they do in the configuration: `today + 7d`."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            unit = stream.current
            if token.type != "integer" or unit.type != "name" or unit.value not in UNITS:
                yield token
                continue
            next(stream)
            written = Token(token.lineno, "string", f"{token.value}{unit.value}")
            marks = (("lparen", "("), written, ("pipe", "|"), ("name", "duration"), ("rparen", ")"))
            yield from (mark if isinstance(mark, Token) else Token(token.lineno, *mark) for mark in marks)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every way to take forever or fill the memory bounded."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})
    rounds = 0

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(one, (int, float, Decimal)) for one in (left, right))
        if operator in ("*", "**", "%") and not numbers:
            raise SecurityError(f"'{operator}' takes numbers only")
        if operator == "**" and (abs(left) > 10_000 or abs(right) > 64):
            raise SecurityError("'**' takes small numbers only")
        return bounded(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if attribute in _UNBOUNDED:
            raise SecurityError(f"'.{attribute}()' may not be used; '| {attribute}' may, where there is such a filter")
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, str) and argument in _UNBOUNDED and not isinstance(obj, dict):
            raise SecurityError(f"'{argument}' may not be used")
        return super().getitem(obj, argument)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise TemplateSyntaxError("a loop may not be recursive", loop.lineno)
            loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None)
        for change in tree.find_all(nodes.Assign):
            change.node = nodes.Filter(change.node, "_bounded", [], [], None, None)
        return tree

    def counted(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.rounds += 1
            if self.rounds > LOOP_LIMIT:
                raise SecurityError(f"the expression loops: more than {LOOP_LIMIT:,} rounds")
            yield value


def bounded(value: Any) -> Any:
    """Give a value back, unless it is longer than any attribute can be."""
    if isinstance(value, (str, bytes, list, tuple)) and len(value) > MAX_LENGTH:
        raise SecurityError(f"a value longer than {MAX_LENGTH:,} came up")
    if isinstance(value, int) and value.bit_length() > 4096:
        raise SecurityError("a number of more than 4,096 bits came up")
    return value


def _replace(value: object, old: str, new: str, count: int | None = None) -> str:
    """Replace a text in a text; the result may not outgrow an attribute."""
    text = str(value)
    if len(text) + text.count(old) * max(len(new) - len(old), 0) > MAX_LENGTH:
        raise SecurityError(f"a value longer than {MAX_LENGTH:,} came up")
    return text.replace(old, new, -1 if count is None else count)


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    """Round a number to at most fifteen places."""
    if abs(precision) > 15:
        raise SecurityError("'round' takes at most 15 places")
    return do_round(value, precision, method)  # type: ignore[arg-type]


def _range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > LOOP_LIMIT:
        raise SecurityError(f"range({', '.join(map(str, args))}) is too long: at most {LOOP_LIMIT:,}")
    return numbers


def _make_environment() -> _Sandbox:
    environment = _Sandbox(undefined=Absent, autoescape=False, extensions=[_Durations])
    for name in _NO_FILTERS:
        environment.filters.pop(name, None)
    environment.filters.update(FILTERS, replace=_replace, round=_round, _bounded=bounded)
    environment.filters["_counted"] = environment.counted
    environment.globals.clear()
    return environment


_ENVIRONMENT = _make_environment()


class Expression:
    """A compiled expression: `names` are the attributes it reads."""

    def __init__(self, source: str, evaluate: Callable[[dict[str, Any]], Any], names: frozenset[str]) -> None:
        self.source = source
        self.read = names
        self.names = names - frozenset(ambient())
        self.clock = next((name for name in ("now", "today") if name in names), "")
        """`now` or `today` where the result depends on it, and so may change while the object does not."""
        self._evaluate = evaluate

    def __call__(self, context: dict[str, Any]) -> Any:
        """Evaluate over attributes; an absent result is None.

        Raises `ObjectFailed` with `expression-error`, or what a filter raised.
        """
        _ENVIRONMENT.rounds = 0
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

    def _failed(self, reason: str) -> ObjectFailed:
        return ObjectFailed(
            "expression-error",
            f"the expression '{self.source}' fails: {reason}",
            "mend the object's values at its source, or the expression: '| default(…)' covers an absent value",
        )


def ambient() -> dict[str, Any]:
    """Give the names that every context must hold beside the attributes: `now` and `today` in UTC, `range`."""
    moment = clock.moment()
    return {"now": moment, "today": moment.date(), "range": _range}


def _context(values: dict[str, Any]) -> Context:
    """Hand attributes to a template as they are; Jinja's own way would copy them, and its globals, each time."""
    return Context(_ENVIRONMENT, values, None, {})


def _compile(source: str, template: str) -> tuple[Template, frozenset[str]]:
    """Compile a template, and name the attributes it reads. Raises `InvalidExpression`."""
    try:
        tree = _ENVIRONMENT.parse(template)
        for refused in tree.find_all(_REFUSED):
            name = type(refused).__name__.lower()
            raise InvalidExpression(f"'{source}' uses '{name}', which expressions may not")
        names = frozenset(meta.find_undeclared_variables(tree))
        return _ENVIRONMENT.from_string(template), names
    except TemplateSyntaxError as error:
        raise InvalidExpression(f"'{source}' cannot be read: {error.message}") from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise InvalidExpression(f"'{source}' is too deep to be read") from error


def compile_text(source: str) -> Expression:
    """Compile a text with `{{ … }}` in it; its result is stripped, and None when blank."""
    template, names = _compile(source, source)

    def evaluate(values: dict[str, Any]) -> str | None:
        return "".join(template.root_render_func(_context(values))).strip() or None

    return Expression(source, evaluate, names)


def compile_condition(source: str) -> Expression:
    """Compile a condition such as `status == 'active'`; its result is True or False."""
    evaluate = _compile_value(source)
    return Expression(source, lambda context: bool(evaluate(context)), evaluate.read)


def _compile_value(source: str) -> Expression:
    """Compile the inside of `{{ … }}`; its result keeps its type."""
    if not source.strip() or "}}" in source or "%}" in source:
        raise InvalidExpression(f"'{source}' cannot be read: one expression is wanted here")
    template, names = _compile(source, "{% set result = (" + source + "\n) %}")

    def evaluate(values: dict[str, Any]) -> Any:
        context = _context(values)
        for _ in template.root_render_func(context):
            pass
        result = context.vars["result"]
        return None if isinstance(result, Undefined) else list(result) if isinstance(result, Iterator) else result

    return Expression(source, evaluate, names)


def compile_flow(source: str) -> Expression:
    """Compile the source of an attribute flow.

    A bare attribute name copies all its values; a single `{{ … }}` keeps the type of its result, a list
    included; anything else is a text.
    """
    text = source.strip()
    if text.isidentifier():
        return Expression(text, lambda context: context.get(text), frozenset({text}))
    single = _SINGLE.fullmatch(text)
    if single and "{{" not in single[1] and "}}" not in single[1]:
        return _compile_value(single[1])
    if "{{" not in text and "{%" not in text:
        if " | " in text or " ~ " in text:
            raise InvalidExpression(f"'{text}' would be taken literally; an expression stands in {{{{ … }}}}")
        return Expression(text, lambda _context: text, frozenset())
    return compile_text(text)
