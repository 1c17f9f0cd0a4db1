"""Whatever a store says of an approval, a delete is let through only if somebody gave it, for just that object."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.approvals.audit import APPROVED, seal_of
from engine.configuration.models import Config, SystemConfig
from engine.configuration.steps import StepPlan
from engine.phases.exporting.approval_gate import send_back_unapproved
from engine.rules.compiled import Rules
from engine.step import Control, Step
from engine.workspace import Workspace
from storage import audit, counters, exports, objects, reviews
from storage.records import ChangeType, ExportStatus, PendingExport, ReviewState
from storage.store import Store, Transaction
from storage.tables import objects as objects_table
from storage.tables import review_items, runs, steps
from tests.stored import AT, put

LIVE = {"approved", "carried-out"}
situations = st.fixed_dictionaries(
    {
        "state": st.sampled_from([state.value for state in ReviewState]),
        "covers": st.sampled_from(["this", "this with another id", "another", "nothing"]),
        "given": st.booleans(),
        "bent": st.sampled_from(["", "consequences", "entry", "object"]),
        "points at": st.sampled_from(["the item", "no item", "nothing"]),
    }
)


def _may_leave(situation: dict[str, object]) -> bool:
    """Say it naively: everything has to be right."""
    return (
        situation["state"] in LIVE
        and situation["covers"] == "this"
        and situation["given"] is True
        and situation["bent"] == ""
        and situation["points at"] == "the item"
    )


async def _set_up(tx: Transaction, situation: dict[str, object]) -> PendingExport:
    await put(tx, objects_table, {"external_id": "one", "system": "directory"}, {"external_id": "two"})
    covered = {
        "this": [[1, "directory", "one", "one"]],
        "this with another id": [[1, "directory", "one", "other"]],
        "another": [[2, "directory", "two", "two"]],
        "nothing": [],
    }[str(situation["covers"])]
    await counters.allocate(tx, "review", 1)
    item = {"kind": "delete", "object_id": 1, "system": "directory", "label": "one", "decided_by": "ann"}
    await put(tx, review_items, {**item, "state": situation["state"], "consequences": {"deletes": covered}})
    if situation["given"]:
        (read,) = await reviews.get(tx, [1])
        details = {"items": {"1": seal_of(read)}, "reason": "left"}
        entry = await audit.append(tx, operator="ann", action=APPROVED, subject="rev-1", details=details)
        await tx.execute(review_items.update().values(audit_id=entry))
    bend = {
        "consequences": "UPDATE review_items SET consequences = json_set(consequences, '$.note', 1)",
        "entry": "UPDATE audit SET operator = 'mallory'",
        "object": "UPDATE review_items SET object_id = 2",
    }
    if situation["bent"]:
        await tx.exec_driver_sql("DROP TRIGGER audit_is_not_edited")
        await tx.exec_driver_sql(bend[str(situation["bent"])])
    points_at = {"the item": 1, "no item": 77, "nothing": None}[str(situation["points at"])]
    waiting = ExportStatus.AWAITING_APPROVAL
    head: tuple[Any, ...] = (1, 1, "directory", "person", ChangeType.DELETE, waiting, 100_000, [])
    return PendingExport._make((*head, None, False, 0, None, None, None, points_at, "", AT, AT, None))


async def _is_let_through(folder: Path, situation: dict[str, object]) -> bool:
    system = SystemConfig.model_construct(connector="ldif", objects={})
    config = Config.model_construct(systems={"directory": system}, metaverse={}, roles=None, folder=folder)
    async with Store.open(folder / "interlock.db") as store:
        step = Step(Workspace(config, Rules(), store), Control(run_id=1), 1, StepPlan("export", "directory"))
        async with store.transaction() as tx:
            await put(tx, runs, {})
            await put(tx, steps, {})
            export = await _set_up(tx, situation)
            await exports.add(tx, [export])
            pretended = export._replace(status=ExportStatus.PENDING)
            csos = {cso.id: cso for cso in await objects.get(tx, [1])}
            return bool(await send_back_unapproved(tx, step, [pretended], csos))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(situations)
def test_a_delete_leaves_only_under_an_approval_that_was_given_for_it(situation: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(_is_let_through(Path(folder), situation)) is _may_leave(situation)


def test_the_right_one_is_let_through() -> None:
    right = {"state": "approved", "covers": "this", "given": True, "bent": "", "points at": "the item"}
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(_is_let_through(Path(folder), right))
