"""Whatever a connected system holds, the terminal gets one harmless line."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.presentation.display import display, fit, fit_label, use_ascii

HOSTILE = st.sampled_from("\x1b\n\r\t\0\x7f\x85\x9b\u200b\u200e\u202e\u2066\u2069\u00a0\u2003\u2028\ufeff\U000e0001")
TEXTS = st.text(max_size=40) | st.lists(HOSTILE | st.characters(), max_size=40).map("".join)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@settings(max_examples=200)
@given(TEXTS)
def test_no_control_no_bidi_mark_and_no_odd_space_is_left(text):
    for char in display(text):
        category = unicodedata.category(char)
        assert category not in HIDDEN, f"U+{ord(char):04X}"
        assert category != "Zs" or char == " ", f"U+{ord(char):04X}"


@settings(max_examples=200)
@given(TEXTS)
def test_what_is_shown_can_be_encoded_and_is_one_line(text):
    shown = display(text)
    assert len(shown.encode().decode().splitlines()) <= 1
    assert display(shown) == shown


LETTERS = st.characters(categories=["L", "N", "P"], max_codepoint=0x2000, exclude_characters="\u115f\u1160")
"""But for two letters of Hangul that show nothing."""


@settings(max_examples=200)
@given(st.text(LETTERS, max_size=40))
def test_letters_numbers_and_punctuation_stay(text):
    assert display(text) == text


WIDE = TEXTS | st.text(st.sampled_from("李小龙aé\u0301\u0300ה"), max_size=90)


@settings(max_examples=200)
@given(WIDE, st.integers(0, 60))
def test_what_is_cut_fits_and_tells_its_length(text, limit):
    shown = display(text, limit)
    assert cell_len(shown) <= limit
    whole = display(text)
    if shown != whole:
        assert cell_len(whole) > limit or len(text) > 4 * limit
        assert limit < 25 or f"({len(text):,} characters)" in shown


@settings(max_examples=200)
@given(WIDE, st.integers(0, 60), st.booleans())
def test_what_is_fitted_takes_exactly_its_cells(text, cells, right):
    shown = fit(display(text), cells, right=right)
    assert cell_len(shown) == cells
    assert len(shown) <= 4 * cells


@settings(max_examples=200)
@given(WIDE, st.integers(0, 60))
def test_an_ascii_terminal_gets_printable_ascii_that_fits(text, limit):
    use_ascii(True)
    try:
        shown = display(text, limit)
        assert shown.isascii()
        assert shown == "" or shown.isprintable()
        assert len(shown) <= limit
        assert display(display(text)) == display(text)
        assert len(fit(display(text), limit)) == limit
    finally:
        use_ascii(False)


@given(st.text(max_size=30), st.text(max_size=40), st.integers(1, 60))
def test_a_label_has_as_many_cells_as_anything_that_is_fitted(name: str, called: str, cells: int) -> None:
    label = display(f"{name} ({called})")
    assert cell_len(fit_label(label, cells)) == cells


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (60, "Ада Новак (uid=novak0142,ou=Legal\\, Risk,ou=people,dc=examp…"),
        (28, "Ада Новак (uid=novak0142,ou…"),
        (24, "Ада Нов… (uid=novak0142…"),
        (21, "Ада … (uid=novak0142…"),
        (18, "uid=novak0142…    "),
    ],
)
def test_what_tells_two_apart_is_cut_last(cells: int, shown: str) -> None:
    label = "Ада Новак (uid=novak0142,ou=Legal\\, Risk,ou=people,dc=example,dc=org)"
    assert fit_label(label, cells) == shown
    assert fit_label("Ада Новак (E0142)", 14) == "Ада Н… (E0142)"
