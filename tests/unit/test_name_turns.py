"""Who takes a name that somebody gives up, and in which order; and what is a name in between."""

import pytest

from engine.pending_exports.interim_names import INTERIM, is_interim
from engine.pending_exports.waves import RENAMES
from engine.phases.evaluating.name_turns import Claim, _in_order

TARGET = ("directory", "person")


def _claim(cso: int, holder: int) -> Claim:
    return Claim(cso, TARGET, cso, f"uid=n{holder},dc=x", f"uid=n{holder},dc=x", holder)


@pytest.mark.parametrize(
    ("name", "interim"),
    [
        (f"uid={INTERIM}3-ab,dc=x", True),
        (f"cn=a+uid={INTERIM}3-ab,dc=x", True),
        (f"uid=see {INTERIM}3-ab,dc=x", False),
        (f"uid=a,ou={INTERIM}3-ab,dc=x", False),
        (f"{INTERIM}3\\", False),
        (f"uid={INTERIM}\\", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_name_of_ours_is_a_name_in_between(name: str | None, interim: bool) -> None:
    assert is_interim(name) is interim


def test_a_chain_begins_at_its_free_end() -> None:
    first, second, third = _claim(1, 2), _claim(2, 3), _claim(3, 4)
    assert _in_order([first, second, third], {4: 1005}) == {
        third: (1006, False),
        second: (1007, False),
        first: (1008, False),
    }


def test_a_circle_is_broken_once_and_whoever_steps_aside_comes_last() -> None:
    one, two, three = _claim(1, 2), _claim(2, 3), _claim(3, 1)
    assert _in_order([one, two, three], {}) == {
        three: (RENAMES + 1, False),
        two: (RENAMES + 2, False),
        one: (RENAMES + 3, True),
    }


def test_who_waits_for_one_that_stays_gets_no_turn() -> None:
    waiting, stuck = _claim(1, 2), _claim(2, 9)
    assert _in_order([waiting, stuck], {}) == {}
