"""The figures of a step in words."""

import pytest

from engine.statistics import Statistic
from tui.presentation.statistics import in_words


@pytest.mark.parametrize(
    ("name", "one"),
    [
        (Statistic.ADDS, "1 add"),
        (Statistic.UNCHANGED, "1 unchanged"),
        (Statistic.CONNECTORS_WITH_FLOW_UPDATES, "1 connector with flow updates"),
        (Statistic.METAVERSE_OBJECT_DELETES, "1 metaverse object delete"),
        (Statistic.NEW_IDENTITIES, "1 new identity"),
        (Statistic.EXPORTS_NOT_CONFIRMED, "1 export not confirmed"),
    ],
)
def test_one_is_told_in_the_singular(name: Statistic, one: str) -> None:
    assert in_words({name: 1}) == one
    assert in_words({name: 1_200}) == f"1,200 {name}"


def test_what_did_not_happen_is_not_told() -> None:
    assert in_words({"adds": 0, "updates": 2, "deletes": 1}) == "2 updates, 1 delete"
    assert in_words({}) == ""
