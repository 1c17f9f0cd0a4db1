"""LDIF: every value survives, and no bytes break the reader otherwise than as it says."""

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.connectors.ldif import format as ldif
from engine.connectors.ldif.entry import quick_entry
from engine.connectors.ldif.format import LdifError, numbered, parse_entry, read_blocks, read_entries, write_entry

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}(;[a-z]{1,3})?", fullmatch=True).filter(
    lambda name: name not in ("dn", "changetype")
)
LONG_RUNS = st.lists(st.sampled_from([b" ", b"\t", b"a", b"\x0b", b"\x0c"]).map(lambda one: one * 80), max_size=3)
VALUES = st.binary(max_size=200) | LONG_RUNS.map(b"".join).map(lambda one: b"a" + one + b"z")
DNS = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
ENTRIES = st.tuples(DNS, st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=6))
ODD_LINES = (
    b"dn: cn=a|cn: b|cn:: YQ==|cn:: Y| folded| ||# comment|version: 1|x|a:< b|changetype: add"
    b"|\xef\xbb\xbfdn: b|:|::|\xff: \xff|a\rb: c|\0"
).split(b"|")
LINES = st.lists(st.sampled_from(ODD_LINES), max_size=12)


def grouped(attributes):
    found: dict[str, list[bytes]] = {}
    for name, value in attributes:
        found.setdefault(name, []).append(value)
    return found


@settings(max_examples=200)
@given(st.lists(ENTRIES, max_size=3))
@example([("cn=a", [("cn", b"a" + b" " * 200 + b"b")])])
def test_what_is_written_is_what_is_read(entries):
    text = b"version: 1\n\n" + b"".join(write_entry(dn, attributes) for dn, attributes in entries)
    assert text.isascii()
    assert max(map(len, text.split(b"\n"))) <= 76
    found = list(read_entries(io.BytesIO(text)))
    assert [(one.dn, one.attributes) for one in found] == [(dn, grouped(attributes)) for dn, attributes in entries]


@settings(max_examples=100)
@given(st.lists(ENTRIES, max_size=3))
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(entries):
    text = b"".join(write_entry(dn, attributes) for dn, attributes in entries)
    found = list(read_entries(io.BytesIO(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))))
    assert [(one.dn, one.attributes) for one in found] == [(dn, grouped(attributes)) for dn, attributes in entries]


def assert_read_or_refused(text):
    lines = []
    try:
        lines += [entry.line for entry in read_entries(io.BytesIO(text))]
    except LdifError as error:
        lines.append(error.line)
    assert all(1 <= line <= text.count(b"\n") + text.count(b"\r") + 1 for line in lines)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_entries_or_an_error_with_its_line(text):
    assert_read_or_refused(text)


@settings(max_examples=200)
@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_any_lines_are_entries_or_an_error_with_its_line(lines, end):
    assert_read_or_refused(end.join(lines))


@settings(max_examples=200)
@given(LINES)
def test_the_text_of_an_entry_is_that_entry(lines):
    try:
        found = list(read_blocks(io.BytesIO(b"\n".join(lines) + b"\n")))
    except LdifError:
        return
    for entry, block in found:
        (again,) = read_entries(io.BytesIO(block))
        assert (again.dn, again.attributes) == (entry.dn, entry.attributes)


PARTS = (
    b"dn: cn=a|dn:: Y249YQ==|DN: b|cn: b|CN;lang-de: c|cn:: YQ==|cn:: YWI==|cn:: Y| folded| dn: x|d|n: y|xdn: z|#dn: c"
    b"|cn|cn:|cn:<f|changetype: add|control: 1|objectClass: top|objectClass: Top|entryDN: cn=a|\xff: x|cn: \xff|:"
).split(b"|")
RECORDS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=8)


@settings(max_examples=500)
@given(RECORDS)
def test_an_entry_that_is_read_quickly_is_what_it_is_read_thoroughly(lines):
    text = b"\n".join(lines)
    found = quick_entry(text, 1)
    if found is not None:
        assert found == parse_entry(numbered(text))


@settings(max_examples=300)
@given(LINES.map(b"\n".join) | st.lists(ENTRIES, max_size=4).map(lambda es: b"".join(write_entry(*one) for one in es)))
def test_it_makes_no_difference_how_much_of_a_file_is_read_at_once(text):
    whole = read_or_refused(text)
    before, ldif._PART = ldif._PART, 32
    try:
        assert read_or_refused(text) == whole
    finally:
        ldif._PART = before


def read_or_refused(text):
    told: list[str] = []
    try:
        return [*read_entries(io.BytesIO(text), told.append)], told
    except LdifError as error:
        return str(error), told
