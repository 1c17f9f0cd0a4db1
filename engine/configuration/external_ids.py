"""External ids: one text for each value, whatever its type and however its system writes it."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from engine.configuration.models import ObjectTypeConfig
from engine.values import typed
from engine.values.attribute_descriptions import normal

GUIDS = frozenset({"entryuuid", "objectguid", "ms-ds-consistencyguid", "parentguid", "nsuniqueid"})
"""Attributes whose texts name the same object in capitals as well."""
_USUAL_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form that is kept."""


def kind_of(settings: ObjectTypeConfig) -> str:
    """Give the kind of a type's external id; a directory's may be declared under another name of its attribute."""
    name = settings.external_id
    if name in settings.attributes or getattr(settings.options, "object_class", None) is None:
        return settings.type_of(name).kind
    declared = (kind.kind for other, kind in settings.attributes.items() if normal(other) == normal(name))
    return next(declared, "text")


def writer(settings: ObjectTypeConfig) -> Callable[[Any], str]:
    """Give the function that makes the text of an external id from its canonical value."""
    guid = kind_of(settings) in ("text", "reference") and not is_as_written(settings)
    return _guid if guid else _plain


def reader(settings: ObjectTypeConfig) -> Callable[[str], str]:
    """Give the function that makes the text of an external id from what somebody wrote; it raises `InvalidValue`."""
    parse, write = typed.parser(kind_of(settings)), writer(settings)
    return lambda text: write(parse(text))


def is_as_written(settings: ObjectTypeConfig) -> bool:
    """Tell whether the text of an external id is its value as it is written."""
    return kind_of(settings) in ("text", "reference") and normal(settings.external_id) not in GUIDS


def value_of(settings: ObjectTypeConfig, text: str) -> Any:
    """Give the canonical value of an external id from its text. Raises `InvalidValue` for the text of none."""
    return typed.parse(kind_of(settings), text)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _guid(value: Any) -> str:
    if isinstance(value, str) and _USUAL_GUID.fullmatch(value):
        return value
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return str(value).lower()
