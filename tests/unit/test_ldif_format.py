"""RFC 2849: what is written, what is read, and where a broken file is broken."""

import io

import pytest

from engine.connectors.ldif.format import LINE, LdifError, read_blocks, read_entries, write_entry


def read(text):
    return list(read_entries(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def read_one(text):
    (entry,) = read(text)
    return entry


def error_of(text):
    with pytest.raises(LdifError) as caught:
        read(text)
    return caught.value


ANN = "dn: cn=Ann,dc=org\ncn: Ann\n"


# ------------------------------------------------------------------ reading


def test_an_entry_has_its_dn_and_its_values_in_their_order():
    entry = read_one("dn: cn=Ann,dc=org\ncn: Ann\nmail: b@x\nmail: a@x\n")
    assert entry.dn == "cn=Ann,dc=org"
    assert entry.attributes == {"cn": [b"Ann"], "mail": [b"b@x", b"a@x"]}
    assert entry.line == 1


def test_attribute_names_are_found_in_any_case_and_their_spelling_is_kept():
    entry = read_one("DN: cn=Ann\ntelephoneNumber: 1\nTELEPHONENUMBER: 2\n")
    assert entry.attributes == {"telephonenumber": [b"1", b"2"]}
    assert entry.first("TelephoneNumber") == "1"
    assert entry.first("mail") is None
    assert entry.spelling["telephonenumber"] in ("telephoneNumber", "TELEPHONENUMBER")


def test_a_value_in_base64_is_decoded():
    entry = read_one("dn:: Y249w6kKbA==\njpegPhoto:: /wAB\nempty::\n")
    assert entry.dn == "cn=é\nl"
    assert entry.attributes == {"jpegphoto": [b"\xff\0\x01"], "empty": [b""]}


def test_spaces_before_a_value_do_not_belong_to_it_and_those_after_it_do():
    assert read_one("dn: cn=a\ncn:   Ann \nsn:Lee\n").attributes == {"cn": [b"Ann "], "sn": [b"Lee"]}


def test_an_empty_value_is_a_value():
    assert read_one("dn: cn=a\ncn:\nsn: \n").attributes == {"cn": [b""], "sn": [b""]}


def test_folded_lines_are_one_line():
    entry = read_one("dn: cn=A\n nn,d\n c=org\ncn: A\n nn\n  Lee\n")
    assert entry.dn == "cn=Ann,dc=org"
    assert entry.attributes["cn"] == [b"Ann Lee"]


def test_a_folded_line_of_spaces_alone_does_not_end_the_entry():
    assert read_one("dn: cn=a\ncn: A\n   \n B\nsn: Lee\n").attributes == {"cn": [b"A  B"], "sn": [b"Lee"]}


def test_comments_are_left_out_with_their_folded_lines_wherever_they_stand():
    text = "# one\n two\n\n# three\ndn: cn=a\n# four\n# five\n six\ncn: A\n# seven\n"
    assert read_one(text).attributes == {"cn": [b"A"]}


@pytest.mark.parametrize(
    "head",
    [
        "",
        "version: 1\n",
        "version: 1\n\n",
        "VERSION: 1\n\n\n",
        "# made\nversion: 1\n",
        "\n\n",
        "#\n#\n#\nversion: 1\n\n",
    ],
)
def test_what_may_stand_before_the_first_entry_is_no_part_of_it(head):
    entry = read_one(head + ANN)
    assert entry.dn == "cn=Ann,dc=org"
    assert entry.line == head.count("\n") + 1


def test_a_byte_order_mark_is_taken():
    assert read_one(b"\xef\xbb\xbf" + ANN.encode()).dn == "cn=Ann,dc=org"
    assert read_one(b"\xef\xbb\xbfversion: 1\n" + ANN.encode()).dn == "cn=Ann,dc=org"


def test_windows_line_ends_are_taken():
    text = ("version: 1\n\n" + ANN + "sn: L\n ee\n\n# x\ndn: cn=b\ncn: b\n\n\n").replace("\n", "\r\n")
    assert [(one.dn, one.attributes.get("sn")) for one in read(text)] == [("cn=Ann,dc=org", [b"Lee"]), ("cn=b", None)]


def test_a_file_without_a_line_end_at_its_end_is_read():
    assert read_one("dn: cn=a\ncn: A").attributes == {"cn": [b"A"]}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "version: 1\n", "version: 1", "\r\n\r\n"])
def test_a_file_without_entries_has_none(text):
    assert read(text) == []


def test_an_attribute_called_version_is_one():
    assert read_one("dn: cn=a\nversion: 2\n").attributes == {"version": [b"2"]}
    assert read_one("cn=a".join(["dn: ", "\n"]) + "version: 2\n").attributes == {"version": [b"2"]}


def test_every_entry_comes_with_its_line_and_its_own_text():
    text = f"version: 1\n\n{ANN}\n\n# two\ndn: cn=b\ncn: b\n"
    found = list(read_blocks(io.BytesIO(text.encode())))
    assert [(entry.dn, entry.line) for entry, _ in found] == [("cn=Ann,dc=org", 3), ("cn=b", 8)]
    assert [read_one(block).dn for _, block in found] == ["cn=Ann,dc=org", "cn=b"]


# ------------------------------------------------------------------ what is broken


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("cn: Ann\n", 1, "begins with 'dn:'"),
        (f"{ANN}\nno colon here\n", 4, "no colon"),
        (f"{ANN}no colon here\n", 3, "no colon"),
        (f"{ANN}\n continued\n", 4, "continued"),
        (f"{ANN}photo:: !!!\n", 3, "not base64"),
        (f"{ANN}photo:: YQ\n", 3, "not base64"),
        (f"{ANN}photo:: é\n", 3, "not base64"),
        (f"{ANN}photo:< file:///etc/passwd\n", 3, "other files"),
        ("dn: cn=a\nchangetype: delete\n", 2, "change record"),
        ("version: 1\n\ndn: cn=a\nchangeType: modify\n", 4, "change record"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text, line, sentence):
    error = error_of(text)
    assert error.line == line
    assert str(error).startswith(f"line {line}: ")
    assert sentence in str(error)


def test_the_line_is_right_after_folded_lines_and_comments():
    assert error_of("dn: cn=a\ncn: A\n B\n C\n# comment\nbroken\n").line == 6


def test_two_entries_without_a_blank_line_between_them_are_not_taken_for_one():
    assert error_of(f"{ANN}dn: cn=Bob,dc=org\ncn: Bob\n").line == 3


def test_entries_before_the_broken_one_are_given():
    entries = read_entries(io.BytesIO(f"{ANN}\nbroken\n".encode()))
    assert next(entries).dn == "cn=Ann,dc=org"
    with pytest.raises(LdifError):
        next(entries)


# ------------------------------------------------------------------ writing


def test_an_entry_is_written_plainly_where_it_can_be():
    assert write_entry("cn=Ann,dc=org", [("cn", b"Ann"), ("sn", b"")]) == b"dn: cn=Ann,dc=org\ncn: Ann\nsn: \n\n"


@pytest.mark.parametrize(
    "value", [b" a", b"a ", b":a", b"<a", b"a\nb", b"a\rb", b"a\0b", "é".encode(), b"\xff", b" ", b"\n"]
)
def test_a_value_that_is_not_safe_is_written_in_base64(value):
    text = write_entry("cn=a", [("cn", value)])
    assert b"\ncn:: " in text
    assert text.isascii()
    assert read_one(text).attributes["cn"] == [value]


@pytest.mark.parametrize("value", [b"a b", b"a:b", b"a<b", b"-", b"#a", b"a\tb", b"=a"])
def test_a_safe_value_stays_readable(value):
    assert write_entry("cn=a", [("cn", value)]) == b"dn: cn=a\ncn: " + value + b"\n\n"


@pytest.mark.parametrize("length", [71, 72, 73, 147, 148, 300])
@pytest.mark.parametrize("char", [b"x", b" ", b"\t", b"\xff"])
def test_long_lines_are_folded_and_come_back(length, char):
    value = b"a" + char * length + b"b"
    text = write_entry("cn=" + "n" * length, [("description", value)])
    lines = text.split(b"\n")
    assert LINE == 76
    assert max(map(len, lines)) <= 76
    assert read_one(text).attributes["description"] == [value]
    assert read_one(text).dn == "cn=" + "n" * length


def test_a_line_of_just_76_is_not_folded():
    assert write_entry("cn=a", [("cn", b"x" * 72)]).count(b"\n") == 3
    assert write_entry("cn=a", [("cn", b"x" * 73)]).count(b"\n") == 4
