"""Split an operation with very many values: a server takes only so much at once, and a reader waits meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

from engine.connectors.base import ExportOperation
from storage.records import AttributeChange, ChangeStatus, ChangeType

CHUNK = 2_000
"""How many values of an attribute are written at once."""


def in_chunks(operation: ExportOperation) -> Iterator[ExportOperation]:
    """Give the operations that together do what one does: the first, and updates for the values that come later.

    Values are added before others are removed, so that a group never has to be empty in between.
    """
    match operation.change_type:
        case ChangeType.DELETE:
            yield operation
        case ChangeType.CREATE:
            first = {name: values[:CHUNK] for name, values in operation.attributes.items()}
            yield replace(operation, attributes=first)
            later = [
                AttributeChange(name, values[CHUNK:], [], False, ChangeStatus.PENDING)
                for name, values in operation.attributes.items()
                if len(values) > CHUNK
            ]
            yield from (_later(operation, part) for change in later for part in _parts(change))
        case ChangeType.UPDATE:
            small = [change for change in operation.changes if _size(change) <= CHUNK]
            large = [part for change in operation.changes if _size(change) > CHUNK for part in _parts(change)]
            if small or not large:
                yield replace(operation, changes=small)
            else:
                yield replace(operation, changes=large[:1])
                large = large[1:]
            yield from (_later(operation, part) for part in large)


def _size(change: AttributeChange) -> int:
    return 0 if change.replace else len(change.add) + len(change.remove)


def _parts(change: AttributeChange) -> Iterator[AttributeChange]:
    for start in range(0, len(change.add), CHUNK):
        yield change._replace(add=change.add[start : start + CHUNK], remove=[])
    for start in range(0, len(change.remove), CHUNK):
        yield change._replace(add=[], remove=change.remove[start : start + CHUNK])


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
