"""The changes of an export as the store keeps them."""

from collections.abc import Iterator, Sequence
from typing import overload

from storage.documents import decode
from storage.records import AttributeChange, ChangeStatus, ExportStatus

_STATUS = {status.value: status for status in ChangeStatus}


class StoredChanges(Sequence[AttributeChange]):
    """Changes that are read when somebody first asks for one: those of a create are sent without anybody doing so."""

    __slots__ = ("_document", "_read", "_written")

    def __init__(self, document: str, status: ExportStatus) -> None:
        self._document = document
        self._written = status is ExportStatus.EXPORTED
        self._read: list[AttributeChange] | None = None

    def _all(self) -> list[AttributeChange]:
        if self._read is None:
            self._read = _read(self._document, written=self._written)
        return self._read

    @overload
    def __getitem__(self, place: int) -> AttributeChange: ...

    @overload
    def __getitem__(self, place: slice) -> list[AttributeChange]: ...

    def __getitem__(self, place: int | slice) -> AttributeChange | list[AttributeChange]:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[AttributeChange]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == list(other)

    __hash__ = None  # type: ignore[assignment] # as that of a list

    def __repr__(self) -> str:
        return repr(self._all())


def _read(document: str, *, written: bool) -> list[AttributeChange]:
    """Read changes; those of an export that was written as a whole were, whatever they say of themselves."""
    exported = ChangeStatus.EXPORTED if written else None
    make = tuple.__new__  # what `AttributeChange(…)` comes to, without two calls on the way for each change
    return [
        make(AttributeChange, (name, add, remove, replace, exported or _STATUS[state], imported))
        for name, add, remove, replace, state, imported in decode(document)
    ]
