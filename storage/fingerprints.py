"""What each record of a system was when the system was last read, and which CSO it is: 17 bytes each.

A record whose fingerprint is known need not be read again: it says of its CSO what it said before.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

_SIZE = 12
"""How many bytes a fingerprint has: enough that no two records ever share one, whoever writes them."""
_ID = 5
"""How many bytes the id of a CSO takes."""
_ENTRY = _SIZE + _ID
_NUMBER = array("I").itemsize
Scope = blake2b
"""The beginning of many fingerprints."""
PIECE = 1_000_000
"""How many bytes a piece has in which they are kept, or a little more."""
_PARTS = 4096
"""Into how many parts they are divided, by their first bits: a part is looked through, and for a million has 4 kB."""


class Fingerprints:
    """Those of one system: looked up while it is read, and collected for the next time."""

    def __init__(self, is_at_rest: Callable[[int], bool] = bool) -> None:
        """Take what tells of a CSO whether it is still what it was when the system was read last."""
        self._known: list[bytes] = []
        self._is_at_rest = is_at_rest
        self._kept = [bytearray() for _ in range(_PARTS)]

    def learn(self, piece: bytes) -> None:
        """Look up from now on what a piece holds that an earlier reading has kept."""
        self._known = self._known or [b""] * _PARTS
        head = _numbers(piece[: 2 * _NUMBER])
        start = (2 + head[1]) * _NUMBER
        for place, size in enumerate(_numbers(piece[2 * _NUMBER : start]), head[0]):
            self._known[place] = piece[start : start + size]
            start += size

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
        self.keep_all([(fingerprint, cso_id)])

    def keep_all(self, records: Iterable[tuple[bytes, int]]) -> None:
        """Keep many of them: fingerprint and CSO."""
        kept = self._kept
        for fingerprint, cso_id in records:
            kept[_part(fingerprint)] += fingerprint + cso_id.to_bytes(_ID)

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

    def pieces(self) -> Iterator[bytes]:
        """Give all that was kept, in pieces of about a megabyte, so that there is never a second one of all."""
        first = 0
        while first < _PARTS:
            last, size = first, 0
            while last < _PARTS and size < PIECE:
                size += len(self._kept[last])
                last += 1
            parts = self._kept[first:last]
            if size:
                yield b"".join([array("I", [first, len(parts), *map(len, parts)]).tobytes(), *parts])
            first = last


def scope_of(text: bytes) -> Scope:
    """Give what a fingerprint begins with: all that a record's meaning depends on besides itself, such as a header."""
    return blake2b(blake2b(text, digest_size=_SIZE).digest(), digest_size=_SIZE)


def fingerprint_of(scope: Scope, record: bytes) -> bytes:
    """Give the fingerprint of a record, as its system gives it."""
    whole = scope.copy()  # half the time of beginning anew
    whole.update(record)
    return whole.digest()


def _part(fingerprint: bytes) -> int:
    return fingerprint[0] << 4 | fingerprint[1] >> 4


def _numbers(written: bytes) -> "array[int]":
    found = array("I")
    found.frombytes(written)
    return found
