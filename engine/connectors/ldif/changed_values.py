"""What an attribute of an entry holds after a change."""

from engine.configuration.models import ObjectTypeConfig
from engine.values import typed
from storage.records import AttributeChange


def changed_values(settings: ObjectTypeConfig, held: list[bytes], change: AttributeChange) -> list[bytes]:
    """Give what an attribute holds after a change; values are the same if they mean the same."""
    kind = settings.type_of(change.name).kind
    if change.replace:
        return [typed.to_bytes(kind, value) for value in change.add]
    removed, present = set(change.remove), {_meaning(kind, raw) for raw in held}
    kept = [raw for raw in held if _meaning(kind, raw) not in removed]
    return kept + [typed.to_bytes(kind, value) for value in change.add if value not in present]


def _meaning(kind: str, raw: bytes) -> object:
    try:
        return typed.parse_bytes(kind, raw)
    except typed.InvalidValue:
        return raw
