"""Values as JSON has them, and as the store has them."""

from collections.abc import Mapping
from typing import Any

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.values import typed
from engine.values.typed import InvalidValue
from storage.records import Attributes


def attributes_of(
    given: Mapping[str, Any], settings: ObjectTypeConfig, used: frozenset[str], external_id: str
) -> Attributes:
    """Read those attributes of an object that are used, each as the type that it is declared to have.

    Raises `InvalidValue` with the attribute's name; also where its attributes name another id than `external_id`.
    """
    found: Attributes = {}
    own = _listed(given.get(settings.external_id), keep_empty=False)
    if any(external_ids.reader(settings)(text_of(one)) != external_id for one in own):
        shown = ", ".join(f"'{text_of(one)}'" for one in own)
        raise InvalidValue(f"'{settings.external_id}' is {shown}, and the object was given as '{external_id}'")
    for name, value in given.items():
        if name not in used:
            continue
        kind = settings.type_of(name).kind
        try:
            values = [typed.parse(kind, text_of(one)) for one in _listed(value, keep_empty=settings.keep_empty)]
        except InvalidValue as error:
            raise InvalidValue(f"'{name}': {error}") from error
        if values:
            found[name] = list(dict.fromkeys(values))
    return found


def _listed(value: Any, *, keep_empty: bool) -> list[Any]:
    """Give the values that stand for an attribute; an empty text is one only where it is declared to be."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one is not None and (keep_empty or one != "")]


def text_of(value: Any) -> str:
    """Write a value of JSON as the text that it would be elsewhere."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
