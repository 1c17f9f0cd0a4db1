"""What each record of a system was when the system was last read, and which CSO it is: 17 bytes each.

A record whose fingerprint is known need not be read again: it says of its CSO what it said before.
"""

from array import array
from collections.abc import Callable
from hashlib import blake2b

_SIZE = 12
"""How many bytes a fingerprint has: enough that no two records ever share one, whoever writes them."""
_ID = 5
"""How many bytes the id of a CSO takes."""
_ENTRY = _SIZE + _ID
_PARTS = 4096
"""Into how many parts they are divided, by their first bits: a part is looked through, and for a million has 4 kB."""


class Fingerprints:
    """Those of one system: looked up while it is read, and collected for the next time."""

    def __init__(self, known: bytes = b"", is_at_rest: Callable[[int], bool] = bool) -> None:
        """Take what an earlier reading kept, and what tells of a CSO whether it is still what it was then."""
        self._known = _parts_of(known) if known else []
        self._is_at_rest = is_at_rest
        self._kept = [bytearray() for _ in range(_PARTS)]

    @property
    def knows_any(self) -> bool:
        """Whether there are any to look up."""
        return bool(self._known)

    def cso_of(self, fingerprint: bytes) -> int:
        """Give the CSO that a record is, and was when it was read last; 0 if the record has to be read."""
        if not self._known:
            return 0
        part = self._known[_part(fingerprint)]
        at = part.find(fingerprint)
        while at % _ENTRY and at > 0:  # what looks like it, across two of them
            at = part.find(fingerprint, at + 1)
        if at < 0:
            return 0
        cso_id = int.from_bytes(part[at + _SIZE : at + _ENTRY])
        return cso_id if self._is_at_rest(cso_id) else 0

    def keep(self, fingerprint: bytes, cso_id: int) -> None:
        """Keep for the next time that a record was read, and is a CSO."""
        self._kept[_part(fingerprint)] += fingerprint + cso_id.to_bytes(_ID)

    def drop(self, fingerprint: bytes) -> None:
        """Do not keep one after all."""
        part = self._kept[_part(fingerprint)]
        for at in range(len(part) - _ENTRY, -1, -_ENTRY):
            if part[at : at + _SIZE] == fingerprint:
                del part[at : at + _ENTRY]

    def forget_known(self) -> None:
        """Look nothing up any more: all is read."""
        self._known = []

    def begin_again(self) -> None:
        """Keep nothing of what was kept so far."""
        self._kept = [bytearray() for _ in range(_PARTS)]

    def __bytes__(self) -> bytes:
        sizes = array("I", map(len, self._kept))
        return b"".join([sizes.tobytes(), *self._kept])


def scope_of(text: bytes) -> bytes:
    """Give what stands in a fingerprint for all that a record's meaning depends on besides itself, such as a header."""
    return blake2b(text, digest_size=_SIZE).digest()


def fingerprint_of(scope: bytes, record: bytes) -> bytes:
    """Give the fingerprint of a record, as its system gives it."""
    return blake2b(scope + record, digest_size=_SIZE).digest()


def _part(fingerprint: bytes) -> int:
    return fingerprint[0] << 4 | fingerprint[1] >> 4


def _parts_of(known: bytes) -> list[bytes]:
    sizes = array("I")
    start = _PARTS * sizes.itemsize
    sizes.frombytes(known[:start])
    parts: list[bytes] = []
    for size in sizes:
        parts.append(known[start : start + size])
        start += size
    return parts
