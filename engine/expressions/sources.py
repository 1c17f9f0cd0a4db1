"""What rules read, as it is written: the name of an attribute, an expression, or a constant."""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, PlainSerializer, PlainValidator
from typing_extensions import TypedDict

from engine.expressions.sandbox import WORDS

_SPOKEN = frozenset({*WORDS, "and", "or", "not", "in", "is", "if", "else", "true", "false", "none"})
"""Words that mean something else in an expression than an attribute of that name."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What no name may hold, for nobody could see it."""


class Constant(NamedTuple):
    """A value that is always the same: `{ constant = "text" }`."""

    constant: str | int | bool


def _source(written: Any) -> str | Constant:
    if isinstance(written, (str, Constant)):
        return written
    if isinstance(written, dict):
        return _constant(written)
    if isinstance(written, (bool, int)):
        raise ValueError(f"a constant is written {{ constant = {toml(written)} }}")
    if isinstance(written, list):
        raise ValueError("one source is wanted here; several values are written as \"{{ ['one', 'two'] }}\"")
    raise ValueError('write the name of an attribute, an expression "{{ … }}", or { constant = "text" }')


def _constant(written: dict[str, Any]) -> Constant:
    if unknown := [key for key in written if key != "constant"]:
        raise ValueError(f"unknown key '{unknown[0]}': a constant is written {{ constant = \"text\" }}")
    value = written.get("constant")
    if not isinstance(value, (str, int)) or value == "":
        raise ValueError("a constant is a text that is not empty, a whole number, true or false")
    return Constant(value)


def flow_table(written: Any, keys: Iterable[str]) -> Any:
    """Give a flow as a table, which may have some keys. Raises `ValueError` that says how to write it."""
    if not isinstance(written, dict):
        return {"source": _source(written)}
    if not {"source", "constant"} & written.keys():
        _constant({key: value for key, value in written.items() if key not in {*keys}} or {"constant": "text"})
        raise ValueError('say what it reads: { source = "name" or "{{ … }}", … }, or { constant = "text", … }')
    if "constant" not in written:
        return written
    if "source" in written:
        raise ValueError("give 'source', or 'constant', not both")
    rest = {key: value for key, value in written.items() if key != "constant"}
    return {"source": _constant({"constant": written["constant"]}), **rest}


def toml(value: object) -> str:
    """Write a value as it stands in the file."""
    return json.dumps(value, ensure_ascii=False)


def reading_of(name: str) -> str:
    """Give how an expression reads an attribute."""
    return name if is_plain(name) else f"attributes[{toml(name)}]"


def is_plain(name: str) -> bool:
    """Tell whether an expression reads an attribute by its name alone."""
    return name.isidentifier() and name not in _SPOKEN


def flow_of(name: str) -> str:
    """Give the source of a flow that copies an attribute, whatever it is called."""
    if name == name.strip() and not CONTROL.search(name) and not any(one in name for one in ("{{", "{%", " | ", " ~ ")):
        return name
    return f"{{{{ attributes['{''.join(map(_letter, name))}'] }}}}"


def _letter(char: str) -> str:
    """Give a character as a text in an expression has it; braces would end the expression."""
    if char.isprintable() and char not in "'\\{}":
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\U{ord(char):08x}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name what is spelt much like a name that is not there."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def name_hint(name: str, known: Iterable[str], into: str | None = None) -> str:
    """Say how to write what was perhaps meant by a name that is not there; `into` is where it flows by its name."""
    others = list(known)
    whole = next((one for one in others if not one.isidentifier() and name in re.split(r"\W+", one)), None)
    if whole is not None:
        return f"; an expression reads '{whole}' as {reading_of(whole)}"
    if close := did_you_mean(name, others):
        return close
    if into is None or name.isidentifier():
        return ""
    return f"; if '{name}' is meant as a text, write {as_key(into)} = {{ constant = {toml(name)} }}"


def as_key(name: str) -> str:
    """Write a name as a key stands in the file."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def _written(source: str | Constant) -> Any:
    return source if isinstance(source, str) else source._asdict()


def attribute_name(text: str) -> str:
    """Give the name of an attribute back. Raises `ValueError` where nothing can be called so."""
    if not text.strip():
        raise ValueError("an attribute needs a name")
    if label(text) != text.strip():
        raise ValueError(f"'{text}' begins or ends with a blank: write '{text.strip()}'")
    return text


def is_attribute_name(text: str) -> bool:
    """Tell whether an attribute can be called so."""
    return bool(text.strip()) and text == text.strip() and not CONTROL.search(text)


def label(text: str) -> str:
    """Give a name back. Raises `ValueError` where it holds what cannot be shown, or nothing."""
    if not text.strip():
        raise ValueError("a name is wanted here, and this is empty")
    if CONTROL.search(text):
        raise ValueError(f"{json.dumps(text)} holds a control character, and is no name")
    return text


def join_keys(written: Any) -> Any:
    """Give what `join` holds back. Raises `ValueError` that says how to write it where it is no list of lists."""
    if isinstance(written, str):
        raise ValueError(f"'join' is a list of keys, and each key is a list: join = [[{toml(written)}]]")
    if isinstance(written, dict):
        raise ValueError(f"'join' is a list of keys, and each key is a list: join = [[{_table(written)}]]")
    return written


def join_key(written: Any) -> Any:
    """Give one key of `join` back. Raises `ValueError` that says how to write it where it is no list."""
    if not isinstance(written, (str, dict)):
        return written
    part = _table(written) if isinstance(written, dict) else toml(written)
    raise ValueError(
        f"each key is a list of its parts: write [{part}], so that it reads join = [[{part}]]; "
        "several parts of one key stand in one inner list, several keys in an inner list each"
    )


def _table(written: dict[str, Any]) -> str:
    inside = (f"{key} = {_table(one) if isinstance(one, dict) else toml(one)}" for key, one in written.items())
    return f"{{ {', '.join(inside)} }}"


def join_part(written: Any) -> Any:
    """Give a part of a key as a table. Raises `ValueError` that says how to write it."""
    if isinstance(written, str):
        return {"source": written}
    if isinstance(written, dict) and "constant" in written:
        raise ValueError("a part that is constant on both sides finds nobody: name an attribute on one of them")
    if isinstance(written, list):
        raise ValueError("a part of a key is the name of an attribute, or { source = …, target = … }; no list")
    return written


class _WrittenConstant(TypedDict):
    constant: str | int | bool


Source = Annotated[
    str | Constant,
    PlainValidator(_source, json_schema_input_type=str | _WrittenConstant),
    PlainSerializer(_written),
]
AttributeName = Annotated[str, AfterValidator(attribute_name)]
Label = Annotated[str, AfterValidator(label)]
