"""Typed values: what each kind takes, what it becomes, and what is refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from engine.values.typed import (
    KINDS,
    MAX_LENGTH,
    AttributeType,
    InvalidValue,
    canonical,
    differences,
    parse,
    parse_bytes,
    present,
    same,
    to_bytes,
    to_text,
)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", " Ann  Lee ", " Ann  Lee "),
        ("text", "", ""),
        ("integer", "-12", -12),
        ("integer", "007", 7),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("decimal", "1.50", "1.5"),
        ("decimal", "1E+3", "1000"),
        ("decimal", "-0.00", "0"),
        ("decimal", "100", "100"),
        ("decimal", "0.0000001", "0.0000001"),
        ("boolean", "TRUE", True),
        ("boolean", " yes ", True),
        ("boolean", "0", False),
        ("boolean", "Off", False),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "20240229", "2024-02-29"),
        ("datetime", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("datetime", "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
        ("datetime", "2024-02-29 12:00", "2024-02-29T12:00:00Z"),
        ("datetime", "2024-02-29", "2024-02-29T00:00:00Z"),
        ("binary", "AAEC/w==", "AAEC/w=="),
        ("binary", "", ""),
        ("reference", "uid=ann,dc=org", "uid=ann,dc=org"),
    ],
)
def test_a_text_becomes_a_value_of_its_kind(kind, raw, value):
    found = parse(kind, raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("20240229120000Z", "2024-02-29T12:00:00Z"),
        ("20240229235959Z", "2024-02-29T23:59:59Z"),
        ("20240229010203Z", "2024-02-29T01:02:03Z"),
        ("202402291205Z", "2024-02-29T12:05:00Z"),
        ("20240229120000.0Z", "2024-02-29T12:00:00Z"),
        ("20240229120000.5Z", "2024-02-29T12:00:00.500000Z"),
    ],
)
def test_the_time_of_a_directory_is_read_as_it_is_meant(raw, value):
    assert parse("datetime", raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2024022912Z", "2024-02-29T12:00:00Z"),
        ("20240229120000+0100", "2024-02-29T11:00:00Z"),
        ("20240229120000,5Z", "2024-02-29T12:00:00.500000Z"),
        ("2024022912000Z", None),
        ("20240229Z", None),
    ],
)
def test_a_rarer_time_of_a_directory_is_never_taken_for_another(raw, value):
    """To refuse it is right as well."""
    try:
        found = parse("datetime", raw)
    except InvalidValue:
        found = None
    assert found in (value, None)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("integer", ""),
        ("integer", "1.0"),
        ("integer", "12a"),
        ("integer", "1_000"),
        ("integer", "9223372036854775808"),
        ("integer", "-9223372036854775809"),
        ("integer", "9" * 5000),
        ("decimal", ""),
        ("decimal", "1,5"),
        ("decimal", "1_000"),
        ("decimal", "NaN"),
        ("decimal", "sNaN"),
        ("decimal", "Infinity"),
        ("decimal", "1e1000000"),
        ("decimal", "1e999999999999"),
        ("boolean", ""),
        ("boolean", "maybe"),
        ("boolean", "2"),
        ("date", ""),
        ("date", "2023-02-29"),
        ("date", "29.02.2024"),
        ("date", "2024-02-29T12:00:00"),
        ("datetime", ""),
        ("datetime", "noon"),
        ("datetime", "2024-02-29T25:00:00Z"),
        ("datetime", "20241329120000Z"),
        ("datetime", "0001-01-01T00:00:00+01:00"),
        ("datetime", "9999-12-31T23:59:59-01:00"),
        ("binary", "AAE"),
        ("binary", "not base64"),
        ("binary", "é"),
    ],
)
def test_a_text_that_is_no_value_of_its_kind_is_refused(kind, raw):
    with pytest.raises(InvalidValue):
        parse(kind, raw)


def test_a_decimal_keeps_every_digit():
    assert parse("decimal", "12345678901234567890123456789012345.67890") == "12345678901234567890123456789012345.6789"


@pytest.mark.parametrize("kind", KINDS)
def test_a_nul_is_refused_in_every_kind(kind):
    with pytest.raises(InvalidValue):
        parse(kind, "1\0")


@pytest.mark.parametrize("kind", ["text", "reference"])
def test_a_text_may_be_so_long_and_no_longer(kind):
    assert len(parse(kind, "x" * MAX_LENGTH)) == MAX_LENGTH
    with pytest.raises(InvalidValue, match="1,000,001"):
        parse(kind, "x" * (MAX_LENGTH + 1))


def test_the_message_of_a_long_invalid_value_is_short():
    with pytest.raises(InvalidValue) as caught:
        parse("integer", "x" * 10_000)
    assert len(str(caught.value)) < 200


def test_bytes_of_a_directory_are_utf8_unless_the_attribute_is_binary():
    assert parse_bytes("text", "é".encode()) == "é"
    assert parse_bytes("binary", b"\xff\x00") == "/wA="
    assert parse_bytes("integer", b"5") == 5
    with pytest.raises(InvalidValue, match="binary"):
        parse_bytes("text", b"\xff")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("boolean", True, "TRUE"),
        ("boolean", False, "FALSE"),
        ("integer", -5, "-5"),
        ("datetime", "2024-02-29T12:00:00Z", "20240229120000Z"),
        ("date", "2024-02-29", "2024-02-29"),
        ("text", "é", "é"),
    ],
)
def test_a_value_is_written_as_a_directory_takes_it(kind, value, text):
    assert to_text(kind, value) == text
    assert to_bytes(kind, value) == text.encode()


def test_binary_is_written_as_the_bytes_it_stands_for():
    assert to_bytes("binary", "/wA=") == b"\xff\x00"


@pytest.mark.parametrize("value", ["2024-02-29T12:00:00.500000Z", "0099-01-01T00:00:00Z", "2024-02-29T12:00:00Z"])
def test_a_time_written_to_a_directory_is_the_same_time_when_it_is_read_back(value):
    assert parse("datetime", to_text("datetime", value)) == value


@pytest.mark.parametrize(
    ("kind", "value", "seen"),
    [
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("datetime", "2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("decimal", "1.5", Decimal("1.5")),
        ("binary", "/wA=", b"\xff\x00"),
        ("integer", 5, 5),
        ("boolean", True, True),
        ("text", "x", "x"),
    ],
)
def test_an_expression_sees_a_value_of_its_kind(kind, value, seen):
    assert present(kind, value) == seen


@pytest.mark.parametrize(
    ("kind", "computed", "value"),
    [
        ("text", 5, "5"),
        ("text", date(2024, 2, 29), "2024-02-29"),
        ("text", b"abc", "abc"),
        ("integer", "5", 5),
        ("integer", 5, 5),
        ("boolean", True, True),
        ("boolean", "no", False),
        ("decimal", Decimal("1E+2"), "100"),
        ("decimal", 0.5, "0.5"),
        ("date", date(2024, 2, 29), "2024-02-29"),
        ("datetime", datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=2))), "2024-02-29T10:00:00Z"),
        ("datetime", datetime(2024, 2, 29, 12), "2024-02-29T12:00:00Z"),
        ("datetime", date(2024, 2, 29), "2024-02-29T00:00:00Z"),
        ("binary", b"\xff\x00", "/wA="),
    ],
)
def test_what_an_expression_computes_becomes_a_canonical_value(kind, computed, value):
    assert canonical(kind, computed) == value


@pytest.mark.parametrize(
    ("kind", "computed"),
    [("integer", 1.5), ("integer", True), ("decimal", float("nan")), ("boolean", 2), ("text", b"\xff"), ("date", 5)],
)
def test_what_an_expression_computes_of_another_kind_is_refused(kind, computed):
    with pytest.raises(InvalidValue):
        canonical(kind, computed)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ([], [], True),
        (["a"], ["a"], True),
        (["a"], [], False),
        (["a"], ["A"], False),
        (["a", "b"], ["b", "a"], True),
        (["a", "b"], ["a", "c"], False),
        (["a", "b"], ["a"], False),
        (["a", "b", "c"], ["a", "b"], False),
    ],
)
def test_values_are_the_same_whatever_their_order(left, right, equal):
    assert same(left, right) is equal


def test_an_attribute_without_values_is_an_absent_one():
    assert differences({"a": []}, {}, ["a"]) == []
    assert differences({"a": ["1"], "b": ["x"], "c": ["y"]}, {"a": ["2"], "b": ["x"]}, ["a", "b"]) == ["a"]


def test_an_attribute_type_is_written_as_in_the_configuration():
    assert str(AttributeType("date")) == "date"
    assert str(AttributeType("text", multi=True)) == "text[]"
