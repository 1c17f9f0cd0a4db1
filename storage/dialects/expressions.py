"""What queries say differently to each database: made without a connection, written when it is known which one asks."""

from collections.abc import Iterable
from typing import Any, Self

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    Boolean,
    ColumnElement,
    Dialect,
    Float,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.dialects.patterns import for_postgresql

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_CHILD = InternalTraversal.dp_clauseelement


class _Listed(TypeDecorator[Any]):
    """Many values in one parameter: a JSON array, or an array of PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, one: TypeEngine[Any]) -> None:
        super().__init__()
        self.one = one

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.one))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else value


class _Sought(TypeDecorator[str]):
    """A text that is looked for; PostgreSQL, which holds none with a NUL, is asked for its symbol instead."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else value.replace("\0", "\u2400")


class _Pattern(TypeDecorator[str]):
    """A regular expression."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else for_postgresql(value)


class _Among(ColumnElement[bool]):
    """A test of a column against a list."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals: Any = [("column", _CHILD), ("listed", _CHILD)]  # noqa: RUF012

    def __init__(self, column: ColumnElement[Any], listed: BindParameter[Any]) -> None:
        self.column = column
        self.listed = listed

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects

    def self_group(self, against: Any = None) -> Self:  # noqa: ARG002 - it is a test already, and binds tightest
        return self


@compiles(_Among, "sqlite")
def _among_of_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = compiler.process(element.column, **options), compiler.process(element.listed, **options)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - made of what SQLAlchemy compiled


@compiles(_Among, "postgresql")
def _among_an_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, listed = compiler.process(element.column, **options), compiler.process(element.listed, **options)
    return f"{column} = ANY ({listed})"


class _Unindexed(ColumnElement[Any]):
    """A column for which SQLite uses no index; PostgreSQL weighs by itself what an index would give."""

    inherit_cache = True
    _traverse_internals: Any = [("column", _CHILD)]  # noqa: RUF012

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects


@compiles(_Unindexed, "sqlite")
def _signed(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.column, **options)}"


@compiles(_Unindexed, "postgresql")
def _as_it_is(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


class _Either(ColumnElement[Any]):
    """One thing said in two ways, of which the database that asks gets its own."""

    inherit_cache = True
    _traverse_internals: Any = [("sqlite", _CHILD), ("postgresql", _CHILD)]  # noqa: RUF012

    def __init__(self, *, sqlite: ColumnElement[Any], postgresql: ColumnElement[Any]) -> None:
        self.sqlite = sqlite
        self.postgresql = postgresql
        self.type = sqlite.type

    @property
    def _from_objects(self) -> Any:
        return self.sqlite._from_objects

    def self_group(self, against: Any = None) -> "_Either":
        sqlite, postgresql = self.sqlite.self_group(against), self.postgresql.self_group(against)
        return _Either(sqlite=sqlite, postgresql=postgresql)


@compiles(_Either)
def _own(element: _Either, compiler: SQLCompiler, **options: Any) -> str:
    own = element.sqlite if compiler.dialect.name == "sqlite" else element.postgresql
    return compiler.process(own, **options)


class instr(GenericFunction[int]):  # noqa: N801 - called by this name in SQLite
    """Where in a text another one begins, from 1; 0 for nowhere."""

    type = Integer()
    inherit_cache = True


@compiles(instr, "postgresql")
def _strpos(element: instr, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos{compiler.process(element.clause_expr, **options)}"


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Test a column against any number of values with a single parameter, in one cached statement."""
    return _Among(column, bindparam("listed", list(values), type_=_Listed(column.type), unique=True))


def listed(numbers: ColumnElement[int]) -> ColumnElement[str]:
    """Give all numbers of a column in one JSON array, in no order: a row for each would take three times as long."""
    array = func.coalesce(cast(func.json_agg(numbers), Text), "[]")
    return _Either(sqlite=func.json_group_array(numbers, type_=Text()), postgresql=array)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a column in a form for which no index on it is used."""
    return _Unindexed(column)


def as_number(flag: ColumnElement[Any]) -> ColumnElement[int]:
    """Give a flag as 0 or 1."""
    return _Either(sqlite=type_coerce(flag, Integer), postgresql=cast(flag, Integer))


def bytes_of_text(column: ColumnElement[Any]) -> ColumnElement[bytes | None]:
    """Give the bytes of a text, valid or not; None for whatever else a column was made to hold."""
    return _Either(
        sqlite=case((func.typeof(column) == "text", cast(column, LargeBinary))),
        postgresql=type_coerce(func.convert_to(column, "UTF8"), LargeBinary),
    )


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column holds a text, whatever the case."""
    return or_(*(instr(func.lower(column), _sought(form)) > 0 for form in _forms(text)))


def begins_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column begins with a text, whatever the case."""
    return or_(*(instr(func.lower(column), _sought(form)) == 1 for form in _forms(text)))


def same_word(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column is a text, whatever the case."""
    return func.lower(column).in_(bindparam("words", _forms(text), type_=_Sought(), expanding=True, unique=True))


def is_labelled(label: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a text is a label, `name (id)`, or one of its two parts, whatever the case."""
    ends = (_end(func.lower(label), len(form)) == _sought(form) for form in _forms(f" ({text})"))
    return or_(same_word(label, text), begins_with(label, f"{text} ("), *ends)


def _end(text: ColumnElement[Any], length: int) -> ColumnElement[str]:
    return _Either(sqlite=func.substr(text, -length, type_=Text()), postgresql=func.right(text, length, type_=Text()))


def _sought(text: str) -> BindParameter[str]:
    return bindparam("sought", text, type_=_Sought(), unique=True)


def _forms(text: str) -> list[str]:
    """Give what `lower`, which knows ASCII alone here, can make of the usual ways to write a text."""
    written = (text, text.lower(), text.upper(), text.title(), text.capitalize())
    return list(dict.fromkeys(form.translate(_LOWER) for form in written))


def document_contains(document: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a JSON document holds a text in a name or a value, whatever the case."""
    return or_(*(instr(func.lower(document), form) > 0 for form in _json_forms(text)))


def _json_forms(text: str) -> list[str]:
    return [orjson.dumps(form).decode()[1:-1] for form in _forms(text)]


def member(document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Give what a JSON document holds under a name; NULL where it holds nothing."""
    told = _json(document).op("->>")(literal(name, Text))
    return _Either(sqlite=func.json_extract(document, f'$."{name}"'), postgresql=type_coerce(told, Text).collate("C"))


def _json(document: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a document as PostgreSQL takes it apart, which has no text with a NUL."""
    return cast(func.replace(document, "\\u0000", "\\ufffd"), JSON)


def has_attribute(document: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Test whether a document of attributes has one of a name, whatever the case."""
    names = func.json_each(document).table_valued("key")
    keys = func.json_object_keys(_json(document)).table_valued("key").render_derived()
    has = _Either(
        sqlite=exists().where(same_word(names.c.key, name)),
        postgresql=exists().select_from(keys).where(same_word(keys.c.key.collate("C"), name)),
    )
    return and_(document_contains(document, name), has)


def has_value(document: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a document of attributes has a text as one of its values, whatever the case."""
    names = func.json_each(document).table_valued("key", "value", joins_implicitly=True)
    values = func.json_each(names.c.value).table_valued("value", "type", joins_implicitly=True)
    written = cast(case((values.c.type.in_(["true", "false"]), values.c.type), else_=values.c.value), Text)
    found = select(literal(1)).select_from(names, values).where(same_word(written, text))
    _, one, ours = _values_in(document)
    has = _Either(
        sqlite=found.correlate(document.table).exists(),
        postgresql=ours.where(same_word(one, text)).correlate(document.table).exists(),
    )
    return and_(document_contains(document, text), has)


def attribute_contains(document: ColumnElement[Any], name: str, text: str) -> ColumnElement[bool]:
    """Test whether a value of one attribute in a document holds a text, whatever the case of both."""
    names = func.json_each(document).table_valued("key", "value", joins_implicitly=True)
    values = func.json_each(names.c.value).table_valued("value", "type", joins_implicitly=True)
    written = case((values.c.type.in_(["true", "false"]), values.c.type), else_=values.c.value)
    found = select(literal(1)).select_from(names, values).where(same_word(names.c.key, name), contains(written, text))
    key, one, ours = _values_in(document)
    has = _Either(
        sqlite=found.correlate(document.table).exists(),
        postgresql=ours.where(same_word(key, name), contains(one, text)).correlate(document.table).exists(),
    )
    # most documents are ruled out by looking at their text, which costs a tenth of taking them apart
    return and_(document_contains(document, name), document_contains(document, text), has)


def matches(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Test whether a regular expression is found in a column, whatever the case."""
    ours = cast(column, Text).collate("C").op("~*", is_comparison=True)(literal(pattern, _Pattern))
    return _Either(sqlite=func.matches(column, pattern, type_=Boolean()), postgresql=ours)


def value_matches(document: ColumnElement[Any], pattern: str, name: str | None = None) -> ColumnElement[bool]:
    """Test whether a regular expression is found in a value of an attribute, or of any, whatever the case."""
    key, one, ours = _values_in(document)
    ours = ours.where(one.op("~*", is_comparison=True)(literal(pattern, _Pattern)))
    ours = ours if name is None else ours.where(same_word(key, name))
    return _Either(
        sqlite=func.value_matches(document, literal(name, Text), pattern, type_=Boolean()),
        postgresql=ours.correlate(document.table).exists(),
    )


def _values_in(document: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str], Any]:
    """Give name and value of the values in a document of attributes, and the selection of them, for PostgreSQL."""
    names = func.json_each(_json(document)).table_valued("key", "value", joins_implicitly=True).render_derived()
    listed = case((func.json_typeof(names.c.value) == "array", names.c.value), else_=func.json_build_array())
    values = func.json_array_elements_text(listed).table_valued("value", joins_implicitly=True).render_derived()
    key, value = (cast(column, Text).collate("C") for column in (names.c.key, values.c.value))
    return key, value, select(literal(1)).select_from(names, values)


def present_moment() -> ColumnElement[float]:
    """Give the present moment by the clock of whoever answers, in seconds since 1970."""
    return _Either(
        sqlite=type_coerce((func.julianday("now") - 2440587.5) * 86400, Float),
        postgresql=cast(func.extract("epoch", func.clock_timestamp()), Float),
    )


def storable(text: str) -> str:
    """Give a text with what is no character of Unicode replaced; no database takes any other."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
