"""Fingerprints of records: kept, looked up and dropped as a dictionary would."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from storage import fingerprints
from storage.fingerprints import Fingerprints, fingerprint_of, scope_of

SCOPE = scope_of(b"a header")
records = st.dictionaries(st.binary(max_size=3), st.integers(1, 2**40 - 1), max_size=50)


def _again(marks: Fingerprints, is_at_rest: Callable[[int], bool] = bool) -> Fingerprints:
    """Give what the next reading looks up, from pieces large and small."""
    found = Fingerprints(is_at_rest)
    whole = fingerprints.PIECE
    for fingerprints.PIECE in (whole, 40):
        for piece in marks.pieces():
            found.learn(piece)
    fingerprints.PIECE = whole
    return found


@given(records, records)
def test_what_was_kept_is_found_and_nothing_else(kept: dict[bytes, int], others: dict[bytes, int]) -> None:
    marks = Fingerprints()
    for record, cso_id in kept.items():
        marks.keep(fingerprint_of(SCOPE, record), cso_id)
    again = _again(marks)
    for record in kept | others:
        assert again.cso_of(fingerprint_of(SCOPE, record)) == kept.get(record, 0)
        assert marks.cso_of(fingerprint_of(SCOPE, record)) == 0, "what is kept counts from the next time on"


@given(records)
def test_who_is_not_at_rest_is_not_found(kept: dict[bytes, int]) -> None:
    marks = Fingerprints()
    for record, cso_id in kept.items():
        marks.keep(fingerprint_of(SCOPE, record), cso_id)
    again = _again(marks, lambda cso_id: bool(cso_id % 2))
    for record, cso_id in kept.items():
        assert again.cso_of(fingerprint_of(SCOPE, record)) == (cso_id if cso_id % 2 else 0)


@given(records, st.sets(st.binary(max_size=3)))
def test_what_is_dropped_is_gone(kept: dict[bytes, int], dropped: set[bytes]) -> None:
    marks = Fingerprints()
    for record, cso_id in kept.items():
        marks.keep(fingerprint_of(SCOPE, record), cso_id)
    for record in dropped:
        marks.drop(fingerprint_of(SCOPE, record))
    again = _again(marks)
    for record, cso_id in kept.items():
        assert again.cso_of(fingerprint_of(SCOPE, record)) == (0 if record in dropped else cso_id)


def test_what_looks_like_one_across_two_is_none() -> None:
    """Entries whose bytes hold the fingerprint of another, but not where one begins."""
    wanted = bytes([0, 0, *range(1, 11)])
    for shift in range(1, 6):
        marks = Fingerprints()
        row = (bytes(shift) + wanted + bytes(34))[:34]
        for at in (0, 17):
            marks.keep(bytes(2) + row[at + 2 : at + 12], int.from_bytes(row[at + 12 : at + 17]))
        again = _again(marks)
        assert wanted in b"".join(marks.pieces())
        assert again.cso_of(wanted) == 0


def test_another_scope_is_another_record() -> None:
    assert fingerprint_of(SCOPE, b"a") != fingerprint_of(scope_of(b"another header"), b"a")
