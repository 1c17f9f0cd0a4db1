"""Expressions: Jinja2 in its sandbox, compiled once; one that fails or loops is that object's error."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import ObjectFailed
from engine.filters import FILTERS
from engine.values import MAX_LENGTH

LOOP_LIMIT = 10_000
"""How many rounds all loops of one evaluation may take together."""

_REFUSED = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
)
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate"})


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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every way to take forever or fill the memory bounded."""

    intercepted_binops = frozenset({"*", "**", "%"})
    rounds = 0

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if not numbers or (operator == "**" and (abs(left) > 10_000 or abs(right) > 64)):
            raise SecurityError(f"'{operator}' takes small numbers only")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _PADDING and super().is_safe_attribute(obj, attr, value)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise TemplateSyntaxError("a loop may not be recursive", loop.lineno)
            loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None)
        return tree

    def counted(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.rounds += 1
            if self.rounds > LOOP_LIMIT:
                raise SecurityError(f"the expression loops: more than {LOOP_LIMIT:,} rounds")
            yield value


def _range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > LOOP_LIMIT:
        raise SecurityError(f"range({', '.join(map(str, args))}) is too long: at most {LOOP_LIMIT:,}")
    return numbers


def _make_environment() -> _Sandbox:
    environment = _Sandbox(undefined=Absent, autoescape=False)
    for name in ("center", "indent", "format", "pprint", "wordwrap", "tojson", "xmlattr", "urlize"):
        environment.filters.pop(name, None)
    environment.filters.update(FILTERS)
    environment.filters["_counted"] = environment.counted
    environment.globals.clear()
    return environment


_ENVIRONMENT = _make_environment()


class Expression:
    """A compiled expression: `names` are the attributes it reads."""

    def __init__(self, source: str, evaluate: Callable[[dict[str, Any]], Any], names: frozenset[str]) -> None:
        self.source = source
        self.names = names
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
        except (TemplateError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
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
    moment = datetime.now(UTC)
    return {"now": moment, "today": moment.date(), "range": _range}


def _context(values: dict[str, Any]) -> Context:
    """Hand attributes to a template as they are; Jinja's own way would copy them, and its globals, each time."""
    return Context(_ENVIRONMENT, values, None, {})


def _checked(source: str, template: str) -> frozenset[str]:
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateSyntaxError as error:
        raise InvalidExpression(f"'{source}' cannot be read: {error.message}") from error
    for refused in tree.find_all(_REFUSED):
        raise InvalidExpression(f"'{source}' uses '{type(refused).__name__.lower()}', which expressions may not")
    return frozenset(meta.find_undeclared_variables(tree)) - frozenset(ambient())


def compile_text(source: str) -> Expression:
    """Compile a text with `{{ … }}` in it; its result is stripped, and None when blank."""
    names = _checked(source, source)
    template = _ENVIRONMENT.from_string(source)

    def evaluate(values: dict[str, Any]) -> str | None:
        return "".join(template.root_render_func(_context(values))).strip() or None

    return Expression(source, evaluate, names)


def compile_condition(source: str) -> Expression:
    """Compile a condition such as `status == 'active'`; its result is True or False."""
    evaluate = _compile_value(source)
    return Expression(source, lambda context: bool(evaluate(context)), evaluate.names)


def _compile_value(source: str) -> Expression:
    """Compile the inside of `{{ … }}`; its result keeps its type."""
    names = _checked(source, "{{ " + source + "\n}}")
    template = _ENVIRONMENT.from_string("{% set result = (" + source + "\n) %}")

    def evaluate(values: dict[str, Any]) -> Any:
        context = _context(values)
        for _ in template.root_render_func(context):
            pass
        return context.vars["result"]

    return Expression(source, evaluate, names)


def compile_flow(source: str) -> Expression:
    """Compile the source of an attribute flow.

    A bare attribute name copies all its values; a single `{{ … }}` keeps the type of its result, a list
    included; anything else is a text.
    """
    text = source.strip()
    if text.isidentifier():
        return Expression(text, lambda context: context.get(text), frozenset({text}))
    inner = text[2:-2]
    if text.startswith("{{") and text.endswith("}}") and "{{" not in inner and "}}" not in inner:
        return _compile_value(inner.strip())
    if "{{" not in text and "{%" not in text:
        return Expression(text, lambda _context: text, frozenset())
    return compile_text(text)
