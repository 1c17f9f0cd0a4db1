"""Marking exports in the store itself touches nothing but what it is about, whatever the values look like."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage import exports, transitions
from storage.records import AttributeChange, ChangeStatus, ChangeType, ExportStatus, PendingExport
from storage.store import Store
from storage.tables import objects as objects_table
from storage.tables import runs, steps
from tests.stored import AT, put

PIECES = ["]", "],", "true", "false", ",", '"', "\\", "[", "null", "ä", *(status.value for status in ChangeStatus)]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=20)
VALUES = st.lists(TEXTS, max_size=4) | st.lists(st.integers(-9, 9), max_size=4) | st.lists(st.booleans(), max_size=4)
CHANGES = st.builds(
    AttributeChange, TEXTS, VALUES, VALUES, st.booleans(), st.sampled_from(ChangeStatus), st.none() | VALUES
)
LIKE_A_STATUS = AttributeChange(
    '],true,"Pending",', ['],true,"Pending",', "Pending"], ["Failed"], True, ChangeStatus.PENDING, ["Pending"]
)


def _export(number: int, changes: list[AttributeChange]) -> PendingExport:
    return PendingExport(
        id=number,
        cso_id=number,
        system="directory",
        type="person",
        change_type=ChangeType.UPDATE,
        status=ExportStatus.NOT_CONFIRMED,
        wave=2_000,
        changes=changes,
        attempts=1,
        error_code="exported-change-not-reimported",
        error_message="sent once",
        created_at=AT,
        changed_at=AT,
    )


async def _mark(folder: Path, before: list[PendingExport]) -> tuple[list[PendingExport], list[tuple[str | None, ...]]]:
    ids = [export.id for export in before]
    async with Store.open(folder / "interlock.db") as store, store.transaction() as tx:
        await put(tx, runs, {})
        await put(tx, steps, {})
        await put(tx, objects_table, *({"secondary_id": f"cn={number}"} for number in ids), {"external_id": "another"})
        other = _export(len(ids) + 1, [LIKE_A_STATUS])
        await exports.add(tx, [*before, other])
        await exports.mark_executing(tx, ids, step_id=1)
        await exports.mark_exported(tx, ids, step_id=1)
        assert await exports.get(tx, [other.id]) == [other]
        moves = [one for number in ids for one in await transitions.of(tx, "export", [number])]
        return await exports.get(tx, ids), [(one.label, one.from_status, one.to_status, one.reason) for one in moves]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(CHANGES, max_size=4), min_size=1, max_size=5))
@example([[LIKE_A_STATUS]])
def test_what_was_written_is_exported_and_nothing_else_of_it_changes(found: list[list[AttributeChange]]) -> None:
    before = [_export(number, changes) for number, changes in enumerate(found, 1)]
    with tempfile.TemporaryDirectory() as folder:
        after, moves = asyncio.run(_mark(Path(folder), before))
    for old, new in zip(before, sorted(after), strict=True):
        sent = [change._replace(status=ChangeStatus.EXPORTED) for change in old.changes]
        assert new.changes == sent
        assert new.changed_at != AT
        assert new == old._replace(
            status=ExportStatus.EXPORTED,
            changes=sent,
            attempts=2,
            error_code=None,
            error_message=None,
            changed_at=new.changed_at,
        )
    expected = [
        (f"cn={old.id}", *step)
        for old in before
        for step in (("ExportNotConfirmed", "Executing", "sent"), ("Executing", "Exported", "written"))
    ]
    assert moves == expected
