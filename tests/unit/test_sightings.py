"""Sightings: which CSOs an import saw."""

from storage.imports import Sightings


def test_nothing_was_seen_at_first():
    assert 0 not in Sightings()
    assert 1_000_000 not in Sightings()


def test_what_was_seen_is_in_and_its_neighbours_are_not():
    seen = Sightings()
    seen.add(8)
    assert [number for number in range(40) if number in seen] == [8]


def test_seeing_twice_is_seeing_once():
    seen = Sightings()
    seen.update([5, 5])
    seen.add(5)
    assert 5 in seen
    assert 4 not in seen


def test_a_million_ids_cost_about_125_kilobytes():
    seen = Sightings()
    seen.update(range(1, 1_000_001))
    assert 125_000 <= len(bytes(seen)) < 130_000


def test_what_was_seen_is_kept_in_bytes_and_comes_back():
    seen = Sightings()
    seen.update([1, 7, 8, 9_999])
    again = Sightings(bytes(seen))
    assert [number for number in range(12_000) if number in again] == [1, 7, 8, 9_999]
    again.add(20_000)
    assert 20_000 in again
    assert 20_000 not in seen


def test_those_that_were_not_seen_are_told_whatever_was_seen() -> None:
    seen = Sightings()
    assert seen.unseen([1, 900_000]) == [1, 900_000]
    seen.update(iter([3, 5, 8_191, 8_192]))
    before = bytes(seen)
    assert seen.unseen([1, 3, 5, 8_191, 8_192, 8_193, 900_000]) == [1, 8_193, 900_000]
    assert bytes(seen) == before
    assert list(seen) == [3, 5, 8_191, 8_192]
