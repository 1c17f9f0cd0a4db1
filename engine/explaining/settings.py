"""Settings of the configuration in words: what one is that no file mentions, and how its value is written."""

from typing import Any

from pydantic import BaseModel

NOTHING = "none"


def in_words(value: Any, otherwise: str = NOTHING) -> str:
    """Write a value as a person says it: `sync, evaluate`; `max_count 50, max_percent 5.0`."""
    if value is None:
        return otherwise
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(one)}" for name, one in value.items()) or "empty"
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "empty"
    return str(value)


def below(table: Any, key: str) -> Any:
    """Give what the models of a configuration hold under a key as it is written in a file; None where they do not."""
    if isinstance(table, dict):
        return table.get(key)
    name = _name(table, key)
    return getattr(table, name) if name else None


def default(table: Any, key: str) -> Any:
    """Give what goes without saying for a key of a table; None where nothing does."""
    name = _name(table, key)
    if name is None or type(table).model_fields[name].is_required():
        return None
    unset = type(table).model_construct()
    found = unset.model_dump(mode="json", by_alias=True, include={name}, exclude_defaults=False, warnings=False)
    return next(iter(found.values()), None)


def _name(table: Any, key: str) -> str | None:
    fields = type(table).model_fields if isinstance(table, BaseModel) else {}
    return next((name for name, field in fields.items() if key in (name, field.alias)), None)
