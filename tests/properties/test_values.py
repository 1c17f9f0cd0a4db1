"""Typed values: canonical forms are stable, and every text is a value or refused."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.values import typed
from engine.values.typed import (
    InvalidValue,
    bytes_writer,
    canonical,
    parse,
    parse_bytes,
    present,
    same,
    to_bytes,
    to_text,
)

MOMENTS = st.datetimes(timezones=st.timezones() | st.none())
COMPUTED = {
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.builds(
        lambda digits, exponent: Decimal(f"{digits}E{exponent}"), st.integers(-(10**40), 10**40), st.integers(-30, 30)
    ),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": MOMENTS,
    "binary": st.binary(),
}
ODD = st.text(max_size=30) | st.text("0123456789-+.:TZWeE_ naif", max_size=20)


def canonical_or_none(kind, computed):
    try:
        return canonical(kind, computed)
    except InvalidValue:
        return None


@pytest.mark.parametrize("kind", COMPUTED)
def test_a_canonical_value_stays_when_an_expression_hands_it_on(kind):
    @settings(max_examples=100)
    @given(COMPUTED[kind])
    def check(computed):
        value = canonical_or_none(kind, computed)
        if value is not None:
            assert canonical(kind, present(kind, value)) == value

    check()


@pytest.mark.parametrize("kind", COMPUTED)
def test_a_value_written_to_a_directory_comes_back(kind):
    @settings(max_examples=100)
    @given(COMPUTED[kind])
    def check(computed):
        value = canonical_or_none(kind, computed)
        if value is not None:
            assert parse_bytes(kind, to_bytes(kind, value)) == value

    check()


@pytest.mark.parametrize("kind", typed.KINDS)
def test_every_text_is_a_value_or_refused(kind):
    @settings(max_examples=200)
    @given(ODD)
    def check(raw):
        try:
            value = parse(kind, raw)
        except InvalidValue:
            return
        assert parse_bytes(kind, to_bytes(kind, value)) == value

    check()


@settings(max_examples=100)
@given(COMPUTED["decimal"])
def test_a_decimal_is_the_number_it_was(number):
    assert Decimal(parse("decimal", str(number))) == number


@settings(max_examples=100)
@given(COMPUTED["integer"])
def test_an_integer_is_the_number_it_was(number):
    assert parse("integer", to_text("integer", number)) == number


@settings(max_examples=100)
@given(st.lists(st.integers(), unique=True).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_values_does_not_matter(pair):
    found, shuffled = pair
    assert same(found, shuffled)


@settings(max_examples=100)
@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_values_are_the_same_exactly_if_they_are_the_same_set(left, right):
    assert same(list(left), list(right)) == (left == right)


@pytest.mark.parametrize("kind", ["text", "reference", "integer", "decimal", "binary"])
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.booleans())
def test_writing_many_is_writing_each_even_values_of_another_kind(kind, value):
    def outcome(write):
        try:
            return write(value)
        except (ValueError, TypeError) as error:
            return type(error)

    assert outcome(bytes_writer(kind)) == outcome(lambda one: to_bytes(kind, one))
