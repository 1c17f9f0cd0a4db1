"""What failed for good stays failed as long as the same is wanted, and not when more is."""

from typing import Any

import pytest

from engine.phases.evaluating.updates import _same_wish
from storage.records import AttributeChange, ChangeStatus, ChangeType, ExportStatus, PendingExport


def _change(add: list[Any], remove: list[Any], *, replace: bool = False) -> AttributeChange:
    return AttributeChange("member", add, remove, replace, ChangeStatus.PENDING)


def _failed(change: AttributeChange) -> PendingExport:
    return PendingExport(1, 1, "directory", "group", ChangeType.UPDATE, ExportStatus.FAILED, 1, [change], attempts=6)


@pytest.mark.parametrize(
    ("failed", "now", "is_same"),
    [
        (_change([], ["a"]), _change([], ["a"]), True),
        (_change([], ["a"]), _change([], ["a", "b"]), False),
        (_change([], ["a", "b"]), _change([], ["a"]), True),
        (_change(["c"], ["a"]), _change(["c"], []), True),
        (_change(["c"], []), _change(["d"], []), False),
        (_change(["new"], ["old"], replace=True), _change(["new"], ["other"], replace=True), True),
        (_change(["new"], ["old"], replace=True), _change(["newer"], ["old"], replace=True), False),
    ],
)
def test_more_to_remove_is_another_wish(failed: AttributeChange, now: AttributeChange, is_same: bool) -> None:
    assert _same_wish(_failed(failed), [now], None) is is_same
    assert not _same_wish(_failed(failed), [now], "cn=renamed")
