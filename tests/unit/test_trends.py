"""What the steps of past days came to, on both databases."""

import asyncio
from pathlib import Path

import pytest

from storage import trends
from storage.place import ServerAddress
from storage.store import Store
from storage.tables import item_errors, runs, steps
from tests import stores
from tests.stored import put

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_days_are_summed_up_alike_on_both(tmp_path: Path, kind: str) -> None:
    database = stores.Database() if kind == "postgresql" else None
    path = ServerAddress(database.url, tmp_path) if database else tmp_path / "a.db"

    async def work() -> None:
        async with Store.open(path) as opened:
            async with opened.transaction() as tx:
                await put(
                    tx,
                    runs,
                    {"started_at": f"{MONDAY}T05:00:00.000Z", "ended_at": f"{MONDAY}T05:01:00.000Z"},
                    {"started_at": f"{TUESDAY}T05:00:00.000Z", "ended_at": None},
                )
                at = {"started_at": f"{MONDAY}T05:00:00.000Z"}
                sync = {"phase": "sync", "system": ""}
                await put(
                    tx,
                    steps,
                    {**at, "phase": "import", "system": "hr", "done": 7},
                    {**at, "phase": "import", "system": "hr", "done": 9},
                    {**at, **sync, "done": 9, "statistics": {"joins": 2, "projections": 3}},
                    {**at, **sync, "started_at": f"{TUESDAY}T05:00:00.000Z", "run_id": 2, "statistics": {"joins": 1}},
                )
                warnings = ((3, False), (3, True), (4, False))
                await put(tx, item_errors, *({"step_id": step, "is_warning": warns} for step, warns in warnings))
            async with opened.reading() as tx:
                found = sorted(await trends.days_of_systems(tx, "2026-03-01"))
                assert found == [
                    (MONDAY, "import", "hr", 9, 0, 0),
                    (MONDAY, "sync", "", 9, 2, 3),
                    (TUESDAY, "sync", "", found[-1].most_done, 1, 0),
                ]
                assert await trends.errors_by_day(tx, "2026-03-01") == {MONDAY: 1, TUESDAY: 1}
                assert len(list(await trends.runs_since(tx, "2026-03-01"))) == 1
                assert await trends.days_of_systems(tx, "2026-03-04") == []

    asyncio.run(work())
