"""What an operator reads is what is there."""

import pytest

from tui.display import display, values


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
