"""Split an operation with very many values: a server takes only so much at once, and a reader waits meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

from engine.connectors.base import ExportOperation
from storage.records import AttributeChange, ChangeStatus, ChangeType

CHUNK = 1_000
"""How many values of an attribute are written at once, if nothing else is configured."""


def in_chunks(operation: ExportOperation, size: int = CHUNK) -> Iterator[ExportOperation]:
    """Give the operations that together do what one does: the first, and updates for the values that come later.

    Values are added before others are removed, so that a group never has to be empty in between.
    """
    match operation.change_type:
        case ChangeType.DELETE:
            yield operation
        case ChangeType.CREATE:
            yield from _creation(operation, size)
        case ChangeType.UPDATE:
            yield from _update(operation, size)


def _creation(operation: ExportOperation, size: int) -> Iterator[ExportOperation]:
    """Give a creation with the first values of each attribute, and updates for the others."""
    large = {name: values for name, values in operation.attributes.items() if len(values) > size}
    if not large:
        yield operation
        return
    first = {name: values[:size] for name, values in operation.attributes.items()}
    yield replace(operation, attributes=first)
    for name, values in large.items():
        rest = AttributeChange(name, values[size:], [], False, ChangeStatus.PENDING)
        for part in _parts(rest, size):
            yield _later(operation, part)


def _update(operation: ExportOperation, size: int) -> Iterator[ExportOperation]:
    """Give an update with all small changes, or the first part of a large one, and updates for the other parts."""
    first = [change for change in operation.changes if _size(change) <= size]
    parts = [part for change in operation.changes if _size(change) > size for part in _parts(change, size)]
    if not first:
        first, parts = parts[:1], parts[1:]
    yield replace(operation, changes=first)
    for part in parts:
        yield _later(operation, part)


def _size(change: AttributeChange) -> int:
    return 0 if change.replace else len(change.add) + len(change.remove)


def _parts(change: AttributeChange, size: int) -> Iterator[AttributeChange]:
    for start in range(0, len(change.add), size):
        yield change._replace(add=change.add[start : start + size], remove=[])
    for start in range(0, len(change.remove), size):
        yield change._replace(add=[], remove=change.remove[start : start + size])


def _later(operation: ExportOperation, part: AttributeChange) -> ExportOperation:
    here = operation.new_secondary_id or operation.secondary_id
    return replace(
        operation,
        change_type=ChangeType.UPDATE,
        secondary_id=here,
        new_secondary_id=None,
        attributes={},
        changes=[part],
    )
