"""What an operator reads is what is there."""

import pytest
from rich.cells import cell_len

from tui.presentation.display import display, fit, use_ascii, values


@pytest.fixture
def ascii_terminal():
    use_ascii(True)
    yield
    use_ascii(False)


@pytest.mark.parametrize("text", ["", "Ann Lee", "cn=a[b]c,dc=org", "[/foo]", "José Ångström", "李小龙", "a\\b|c"])
def test_plain_text_stays_as_it_is(text):
    assert display(text) == text


def test_nothing_is_shown_as_nothing_and_a_number_as_itself():
    assert display(None) == ""
    assert display(0) == "0"
    assert display(12) == "12"


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\x1b", "escape"),
        ("\0", "NUL"),
        ("\n", "newline"),
        ("\x7f", "delete"),
        ("\x9b", "C1 control sequence introducer"),
        ("\u202e", "right-to-left override"),
        ("\u2066", "left-to-right isolate"),
        ("\u200b", "zero-width space"),
        ("\u200d", "zero-width joiner"),
        ("\ufeff", "byte order mark"),
        ("\u00ad", "soft hyphen"),
        ("\u00a0", "no-break space"),
        ("\u2003", "em space"),
        ("\u3000", "ideographic space"),
        ("\u2028", "line separator"),
        ("\ue000", "private use"),
        ("\U000e0041", "tag letter"),
        ("\u034f", "combining grapheme joiner"),
        ("\u115f", "hangul choseong filler"),
        ("\u1160", "hangul jungseong filler"),
        ("\u3164", "hangul filler"),
        ("\uffa0", "halfwidth hangul filler"),
        ("\u17b4", "khmer inherent vowel"),
        ("\u180b", "mongolian variation selector"),
        ("\ufe0f", "variation selector"),
        ("\U000e0100", "variation selector supplement"),
        ("\u2800", "blank braille pattern"),
    ],
)
def test_a_character_that_nobody_sees_is_made_visible(char, name):
    shown = display(f"a{char}b")
    assert char not in shown, name
    assert len(shown) > 2
    assert shown[0] == "a"
    assert shown[-1] == "b"


def test_two_names_that_differ_in_what_nobody_sees_are_shown_differently():
    assert (
        len({display(text) for text in ["ann", "an\u200bn", "an\u2060n", "an\u202en", "an\u3164n", "ann\u2800"]}) == 6
    )


def test_a_long_value_is_cut_and_its_length_told():
    shown = display("x" * 12_345, 40)
    assert len(shown) == 40
    assert shown.startswith("xxx")
    assert "12,345 characters" in shown


def test_a_value_of_just_the_limit_is_not_cut():
    assert display("x" * 40, 40) == "x" * 40


def test_the_length_told_is_that_of_the_value_and_not_of_what_is_shown():
    assert "50 characters" in display("\u200b" * 50, 60)


def test_the_values_of_an_attribute_stand_on_one_line():
    assert values(["a\n", "b"]) == "a⏎ | b"
    assert values(7) == "7"
    assert "2,000" in values(["x" * 2000], 30)


def test_the_limit_counts_terminal_cells():
    assert display("李" * 20, 40) == "李" * 20
    assert cell_len(display("李" * 21, 40)) <= 40
    assert "(21 characters)" in display("李" * 21, 40)
    assert display("李" * 21, 5) == "李李…"


def test_combining_marks_without_end_are_cut_though_they_take_no_room():
    shown = display("a" + "\u0301" * 10_000, 30)
    assert len(shown) < 150
    assert "10,001 characters" in shown


def test_a_mark_that_would_sit_on_what_stands_before_the_value_is_named():
    assert display("\u0301a") == "⟨U+0301⟩a"


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("ann", 5, "ann  "),
        ("ann", 3, "ann"),
        ("annabel", 5, "anna…"),
        ("李小龙", 6, "李小龙"),
        ("李小龙", 5, "李小…"),
        ("李小龙", 4, "李… "),
        ("李小龙", 1, "…"),
        ("annabel", 0, ""),
        ("", 2, "  "),
        ("e\u0301", 2, "e\u0301 "),
    ],
)
def test_a_text_is_fitted_into_its_cells(text, cells, shown):
    assert fit(text, cells) == shown


def test_numbers_are_fitted_to_the_right():
    assert fit("1,234", 8, right=True) == "   1,234"
    assert fit("李小龙", 4, right=True) == " 李…"


@pytest.mark.usefixtures("ascii_terminal")
def test_an_ascii_terminal_gets_ascii_alone():
    assert display("José\r\n\t\x1b\x7f\x9b李") == "Jos<U+00E9><CR><LF><TAB><ESC><DEL><U+009B><U+674E>"
    assert display("cn=a[b]c") == "cn=a[b]c"
    assert display("x" * 2000, 30) == "x" * 8 + "... (2,000 characters)"
    assert fit("annabel", 5) == "an..."
    assert fit("annabel", 2) == ".."
