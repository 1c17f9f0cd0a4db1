"""Jinja2's sandbox as expressions run in it: nothing escapes, loops, fills the memory or shows Python's own words."""

import functools
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.filters import do_round
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from engine.expressions.filters import FILTERS
from engine.expressions.formats import has_phone
from engine.expressions.tables import TABLES, Reading, find
from engine.values.durations import UNITS
from engine.values.typed import MAX_LENGTH

LOOP_LIMIT = 10_000
"""How many rounds all loops of one evaluation may take together."""

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
_OF_TEXTS = (
    "ascii",
    "capitalize",
    "dn_escape",
    "e",
    "escape",
    "forceescape",
    "hash",
    "lookup",
    "lower",
    "normalise",
    "phone",
    "rdn",
    "regex_replace",
    "replace",
    "safe",
    "slug",
    "split",
    "string",
    "striptags",
    "title",
    "title_case",
    "trim",
    "truncate",
    "upper",
    "urlencode",
    "wordcount",
)
"""Filters that take a text: a list would become Python's way to write it."""
AMBIENT = ("now", "today", "range")
"""The words that every expression may use beside the names of attributes."""
ATTRIBUTES = "attributes"
"""The word by which an expression reads an attribute of any name: `attributes["e-mail"]`."""
ROWS = "rows"
"""The word by which a flow reads all rows of a person."""
WORDS = (*AMBIENT, "n", ROWS, ATTRIBUTES)
"""Words that mean something of their own where an expression stands.

`n` only where values are generated, `rows` only where a person may have several.
"""
READ = "_attribute"
"""The filter that reads an attribute of any name."""
_NO_FILTERS = ("batch", "center", "format", "indent", "pprint", "slice", "tojson", "urlize", "wordwrap", "xmlattr")


class Absent(ChainableUndefined):
    """An attribute without a value: empty in a text, false in a condition, an error in arithmetic."""

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TemplateError(f"'{self._undefined_name}' has no value")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __lt__ = __le__ = __gt__ = __ge__ = __call__ = _fail_with_undefined_error
    __int__ = __float__ = _fail_with_undefined_error


def key_of(name: str) -> str:
    """Give the key under which expressions find an attribute, which may be called as a word of theirs is."""
    return f"\0{name}" if name in WORDS else name


def single(value: Any) -> Any:
    """Give what stands in a text: one value, never Python's way to write many, or octets. Raises `TemplateError`."""
    if value is None:
        return ""
    if isinstance(value, (str, int, float, Undefined)):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise TemplateError("octets that are no text stand where a text is wanted") from None
    if isinstance(value, Iterable):
        raise TemplateError("many values stand where one text is wanted; write {{ … | join(', ') }}, or choose one")
    if callable(value):
        raise TemplateError("'()' is missing after the name of a method")
    return value


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter of texts refuse a list."""
    at = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def checked(*args: Any, **named: Any) -> Any:
        given = args[at] if args[at] is None else single(args[at])  # what has no value is the filter's own matter
        return function(*args[:at], given, *args[at + 1 :], **named)

    return checked


def _join(values: Iterable[Any], separator: str = "", attribute: str | int | None = None) -> str:
    """Join values to a text."""
    if attribute is not None:
        raise TemplateError("'join' takes a separator only")
    return str(separator).join(str(single(value)) for value in values)


@pass_context
def _lookup(context: Context, value: object, table: str, column: str) -> Any:
    """Give what a lookup table has in a column of the row of a key; what has no value is looked up nowhere."""
    if value is None or isinstance(value, Undefined) or not str(value).strip():
        return Absent(name=f"{table}.{column}")
    found = find(context.parent.get(TABLES) or {}, table, value, column)
    return Absent(name=f"{table}.{column}") if found is None else found


@pass_context
def _read(context: Context, name: str) -> Any:
    """Give an attribute of any name."""
    key = key_of(name)
    return context.parent[key] if key in context.parent else Absent(name=name)


class _Named(NodeTransformer):
    """Turns `attributes["e-mail"]` into reading that attribute; no other use of the word is left."""

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - so Jinja calls it
        named = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if not _is_attributes(node.node):
            return self.generic_visit(node)
        if not isinstance(named, str) or not named:
            raise TemplateSyntaxError(_LITERAL, node.lineno)
        return _reading(named, node.lineno)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        return _reading(node.attr, node.lineno) if _is_attributes(node.node) else self.generic_visit(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        called = node.node
        if not (isinstance(called, nodes.Getattr) and _is_attributes(called.node)):
            return self.generic_visit(node)
        named = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) else None
        if called.attr != "get" or not isinstance(named, str) or not named or node.kwargs:
            raise TemplateSyntaxError(_LITERAL, node.lineno)
        return _reading(named, node.lineno)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        if node.name == ATTRIBUTES:
            raise TemplateSyntaxError(_LITERAL, node.lineno)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        if node.name == READ:
            raise TemplateSyntaxError(_LITERAL, node.lineno)
        if node.name == "phone" and not has_phone():
            raise TemplateSyntaxError("'phone' needs a package: pip install 'interlock[phone]'", node.lineno)
        if node.name == "lookup" and reading_of_table(node) is None:
            raise TemplateSyntaxError("'lookup' takes two texts, written out: lookup('table', 'column')", node.lineno)
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.nodes = [nodes.Filter(part, "_single", [], [], None, None) for part in node.nodes]
        return node


_LITERAL = (
    f"'{ATTRIBUTES}' is followed by the name of one attribute, written out: {ATTRIBUTES}[\"e-mail\"]; "
    "'| default(…)' covers an absent one"
)


def _is_attributes(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == ATTRIBUTES


def _reading(name: str, lineno: int) -> nodes.Filter:
    return nodes.Filter(nodes.Const(name, lineno=lineno), READ, [], [], None, None, lineno=lineno)


def reading_of_table(node: nodes.Filter) -> Reading | None:
    """Give what a `lookup` reads; None where that is not written out."""
    written = [one.value for one in node.args if isinstance(one, nodes.Const) and isinstance(one.value, str)]
    return Reading(*written) if len(written) == len(node.args) == 2 and not node.kwargs else None


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
        _Named().visit(tree)
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise TemplateSyntaxError("a loop may not be recursive", loop.lineno)
            loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None)
        for change in tree.find_all(nodes.Assign):
            change.node = nodes.Filter(change.node, "_bounded", [], [], None, None)
        return tree

    def takes_text(self, name: str) -> bool:
        """Tell whether a filter makes a text of what it is given."""
        return name in _OF_TEXTS or name == "_single"

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


def span(*args: int) -> range:
    """Give a range of numbers, unless it is longer than loops may be."""
    numbers = range(*args)
    if len(numbers) > LOOP_LIMIT:
        raise SecurityError(f"range({', '.join(map(str, args))}) is too long: at most {LOOP_LIMIT:,}")
    return numbers


def _make_environment() -> _Sandbox:
    environment = _Sandbox(undefined=Absent, autoescape=False, extensions=[_Durations], finalize=single)
    for name in _NO_FILTERS:
        environment.filters.pop(name, None)
    environment.filters.update(FILTERS, replace=_replace, round=_round, lookup=_lookup, _bounded=bounded)
    environment.filters.update({name: _of_text(environment.filters[name]) for name in _OF_TEXTS})
    environment.filters.update({READ: _read, "_single": single, "_counted": environment.counted, "join": _join})
    environment.globals.clear()
    return environment


ENVIRONMENT = _make_environment()
