"""What new entries need: to know whether their names are free, and ids; both for many at once.

While a batch is made, another thread stores the one before. Each question to the system or to the index lets that one
go on, and then waits for its turn again, which takes longer than the question.
"""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress

from engine.connectors.base import ExportOperation
from engine.values import dn
from storage.records import ChangeType

_UUIDS = 1_000
"""For how many UUIDs the system is asked at once."""


def names_of_new(operations: Sequence[ExportOperation]) -> Iterator[str]:
    """Give the names, in their normal form, of the entries that are to be created, and of their parents."""
    for one in operations:
        if one.change_type == ChangeType.CREATE and one.secondary_id is not None:
            with suppress(dn.InvalidDn):  # which is told when it is carried out
                key = dn.key(one.secondary_id)
                yield key
                yield dn.parent(key)


def random_uuids() -> Iterator[bytes]:
    """Give random UUIDs as texts, without end."""
    while True:
        drawn = os.urandom(_UUIDS * 16)
        for start in range(0, len(drawn), 16):
            yield str(uuid.UUID(bytes=drawn[start : start + 16], version=4)).encode()
