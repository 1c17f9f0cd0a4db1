"""A pattern that is matched in linear time matches what Python's own engine matches."""

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.expressions.regular import is_linear, replace_all

WRITTEN = r"a b 1 é \s \w \d \W \S \D [ab] [^a] [\w.-] []a] [^]a] [[:] . (a|b) (ab)? ^ $ x* _ \. \\ \A \Z"
ATOMS = st.sampled_from([*WRITTEN.split(), " "])
PATTERNS = st.lists(st.tuples(ATOMS, st.sampled_from(["", "*", "+", "?", "{2}", "*?", "+?"])), min_size=1, max_size=4)
TEXTS = st.text("ab é1_\u00a0\u2003\x1c\t.-[]:\\x", max_size=12)


@settings(max_examples=2_000, deadline=None)
@given(PATTERNS, TEXTS)
def test_the_two_engines_agree(parts: list[tuple[str, str]], text: str) -> None:
    pattern = "".join(atom if atom in ("^", "$", r"\A", r"\Z") else atom + often for atom, often in parts)
    try:
        with warnings.catch_warnings(action="ignore"):
            expected = re.sub(pattern, r"<\g<0>>", text)
    except re.error:
        assert not is_linear(pattern)
        return
    if is_linear(pattern):
        assert replace_all(pattern, r"<\g<0>>", text) == expected


@pytest.mark.parametrize(
    "pattern", [r"\s+$", r"(\w+)@(?P<host>[\w.-]+)", r"^\d{4}-", r"(a+)+$", "(?i)straße", r"[^\w ]"]
)
def test_usual_patterns_are_linear(pattern: str) -> None:
    assert is_linear(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "a(?=b)", r"\bx", r"[^\W\d]", "x{,3}", "(", "a|"])
def test_what_only_python_can_match_is_left_to_it(pattern: str) -> None:
    assert not is_linear(pattern)


def test_groups_are_named_in_a_replacement() -> None:
    assert replace_all(r"(\w+) (?P<last>\w+)", r"\g<last>, \1\t\\", "Ada Lovelace") == "Lovelace, Ada\t\\"
