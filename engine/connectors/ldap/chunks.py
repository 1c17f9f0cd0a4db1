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
        case ChangeType.CREATE if max(map(len, operation.attributes.values()), default=0) <= size:
            yield operation
        case ChangeType.CREATE:
            first = {name: values[:size] for name, values in operation.attributes.items()}
            yield replace(operation, attributes=first)
            later = [
                AttributeChange(name, values[size:], [], False, ChangeStatus.PENDING)
                for name, values in operation.attributes.items()
                if len(values) > size
            ]
            yield from (_later(operation, part) for change in later for part in _parts(change, size))
        case ChangeType.UPDATE:
            small = [change for change in operation.changes if _size(change) <= size]
            large = [part for change in operation.changes if _size(change) > size for part in _parts(change, size)]
            if small or not large:
                yield replace(operation, changes=small)
            else:
                yield replace(operation, changes=large[:1])
                large = large[1:]
            yield from (_later(operation, part) for part in large)


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
