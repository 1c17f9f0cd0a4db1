"""Values as a driver gives and takes them, and as the store has them."""

import base64
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.values import typed, zones
from engine.values.durations import clock_of
from engine.values.typed import InvalidValue


def values_of(kind: str, found: Any, *, keep_empty: bool) -> list[Any]:
    """Read what a column holds as values of a kind: none for NULL, several for an array. Raises `InvalidValue`."""
    if found is None or _is_no_date(kind, found):
        return []
    listed: Iterable[Any] = found if isinstance(found, list) else [found]
    read = [_read(kind, one) for one in listed if one is not None and (keep_empty or one not in ("", b""))]
    return list(dict.fromkeys(read))


def _is_no_date(kind: str, found: Any) -> bool:
    """Tell whether it is what MySQL has for no date, where a column may not be NULL."""
    return kind in ("date", "datetime") and isinstance(found, str) and found.startswith("0000-00-00")


def _read(kind: str, value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return typed.parse_bytes(kind, bytes(value))
    if kind == "date" and isinstance(value, datetime):
        if value.time() != time():
            raise InvalidValue(f"'{value.isoformat()}' is not a date: it has a time of day")
        value = value.date()
    return typed.parse(kind, text_of(value))


def text_of(value: Any) -> str:
    """Write a value of a driver as a text."""
    match value:
        case bool():
            text = "true" if value else "false"
        case date() | time():
            text = value.isoformat()
        case timedelta():
            text = clock_of(value)
        case Decimal():
            text = format(value, "f")
        case dict() | list():
            text = written(value)
        case bytes() | bytearray() | memoryview():
            text = base64.b64encode(bytes(value)).decode()
        case _:
            text = str(value)
    return text


def written(document: Any) -> str:
    """Write a JSON document, with numbers of any size and exactness, as databases have them."""
    match document:
        case dict():
            parts = (f"{json.dumps(name, ensure_ascii=False)}:{written(one)}" for name, one in document.items())
            return f"{{{','.join(parts)}}}"
        case list():
            return f"[{','.join(map(written, document))}]"
        case Decimal():
            return str(document)
        case _:
            return json.dumps(document, ensure_ascii=False)


def read(document: str | bytes) -> Any:
    """Read a JSON document, with its numbers as they stand there. Raises ValueError."""
    return json.loads(document, parse_float=Decimal)


def _read_document(text: str) -> Any:
    """Read a JSON document; a text that is none is the document that holds it."""
    try:
        found = read(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list) else text


def as_column_takes(kind: str, wanted: type | None, value: Any) -> Any:
    """Give a value of the store as a column takes it. Raises ValueError where it cannot be one.

    `wanted` is the type that the driver has for the column's values, where that is known.
    """
    shown = typed.present(kind, value)
    if wanted is str and isinstance(shown, datetime):
        return zones.local(shown).replace(tzinfo=None).isoformat(sep=" ")
    if wanted is None or isinstance(shown, wanted) or wanted not in _READERS:
        return shown
    return _READERS[wanted](str(shown))


def _truth(text: str) -> bool:
    if text.lower() not in (*typed.TRUE, *typed.FALSE):
        raise ValueError(f"'{text}' is neither true nor false")
    return text.lower() in typed.TRUE


_READERS: dict[type, Callable[[str], Any]] = {
    bool: _truth,
    int: int,
    float: float,
    Decimal: Decimal,
    uuid.UUID: uuid.UUID,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    str: str,
    dict: _read_document,
}
"""How the text of a value becomes what a column takes."""
