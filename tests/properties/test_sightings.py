"""Sightings behave as a set of whole numbers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.imports import Sightings

IDS = st.integers(0, 100_000) | st.integers(0, 40)


@settings(max_examples=100)
@given(st.lists(IDS), st.lists(IDS), st.lists(IDS))
def test_sightings_are_a_set_of_ids(added, updated, asked):
    seen = Sightings()
    for number in added:
        seen.add(number)
    seen.update(updated)
    expected = {*added, *updated}
    again = Sightings(bytes(seen))
    for number in {*expected, *asked, *(one + 1 for one in expected)}:
        assert (number in seen) == (number in expected)
        assert (number in again) == (number in expected)
