"""Matching rules: what is the same however a directory writes it, and what has to be added and removed."""

import pytest

from engine.values.matching_rules import MATCHINGS, differences, same, still_to_do

CASES = [
    ("exact", "Ada", "ada", False),
    ("octet", "a b", "a  b", False),
    ("case_ignore", "Ada  Lovelace ", "ada lovelace", True),
    ("case_ignore", "STRASSE", "straße", True),
    ("case_ignore", "ab", "a b", False),
    ("telephone", "+49 30-1234", "+4930 1234", True),
    ("telephone", "+49 30 1234", "+49 30 1235", False),
    ("dn", "CN=Ada , OU=People,DC=example", "cn=ada,ou=people,dc=example", True),
    ("dn", "cn=a\\2Cb,dc=x", "cn=a\\,b,dc=x", True),
    ("dn", "no dn at all", "no dn at all", True),
    ("dn", "cn=a,dc=x", "cn=b,dc=x", False),
]


@pytest.mark.parametrize(("rule", "left", "right", "equal"), CASES)
def test_two_values_are_the_same_or_not(rule: str, left: str, right: str, equal: bool) -> None:
    assert same([left], [right], MATCHINGS[rule]) is equal
    assert same([right, "x"], ["x", left], MATCHINGS[rule]) is equal
    assert same([left], [left], MATCHINGS[rule])
    assert not same([left], [], MATCHINGS[rule])


def test_only_what_differs_is_added_and_removed() -> None:
    matching = MATCHINGS["case_ignore"]
    assert differences(["Ada", "bob"], ["ADA", "cleo"], matching) == (["cleo"], ["bob"])
    assert differences(["Ada"], ["ada", "ADA"], matching) == ([], [])
    assert differences(["Ada", "bob"], ["Ada", "ADA", "bob"], matching) == ([], [])
    assert differences([], ["ada"], matching) == (["ada"], [])
    assert differences(["ada"], [], matching) == ([], ["ada"])


def test_what_is_left_to_do_is_judged_by_the_same_rule() -> None:
    matching = MATCHINGS["telephone"]
    assert still_to_do(["+49 30 1"], ["+49 30 2"], ["+49301"], matching) == ([], [])
    assert still_to_do(["+49 30 1"], ["+49 30 2"], ["+49302"], matching) == (["+49 30 1"], ["+49 30 2"])
    assert still_to_do(["a"], ["b"], ["b"]) == (["a"], ["b"])
