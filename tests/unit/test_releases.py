"""A release says what it does, gate by gate."""

import pytest

from storage import reviews
from storage.records import HeldBatch
from tui.presentation.releases import follows, released


def _batch(gate: str, missing: int) -> HeldBatch:
    values = dict.fromkeys(HeldBatch._fields, "") | {"gate": gate, "missing": missing, "in_common": []}
    return HeldBatch(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "missing", "said"),
    [
        ("gate 5 (threshold)", 3, "3 objects become obsolete and wait in the review; nothing is deleted yet"),
        ("gate 4 (empty)", 1, "1 object becomes obsolete and waits in the review; nothing is deleted yet"),
        (reviews.BEFORE_EXPORT, 1200, "1,200 approved deletes leave with the next export"),
        (reviews.BEFORE_CHANGING + ": mail", 1, "1 held update leaves with the next export"),
        (reviews.MASS_CHANGE + "): mail", 4, "the next import takes the changes of 4 objects over"),
    ],
)
def test_each_gate_has_its_sentence(gate: str, missing: int, said: str) -> None:
    assert follows([_batch(gate, missing)]) == [said]


def test_what_was_released_is_said_with_what_is_marked() -> None:
    batches = [_batch("gate 5 (threshold)", 3), _batch(reviews.BEFORE_EXPORT, 2)]
    assert released(batches, 2, "here") == [
        "2 objects are obsolete now and wait here; nothing was deleted",
        "2 approved deletes leave with the next export",
    ]
