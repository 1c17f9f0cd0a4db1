"""A plan says what the run that follows it does: the copy it leaves is the store that the run leaves, row by row."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.planning.plan import planning
from engine.runs.profile import execute_run
from engine.workspace import open_workspace
from storage import reviews
from storage.records import ReviewKind, ReviewState
from tests.planned import rows_of
from tests.workspace import Workspace
from tui import feed
from tui.demo.people import people
from tui.demo.workspace import make_workspace

ROWS = list(people(12))
DEPARTMENTS = ["Sales", "Engineering", "Support", "", "Nowhere"]
COLUMNS = {"rename": "first_name", "move": "department", "title": "title", "phones": "phones", "scope": "status"}
person = st.integers(0, len(ROWS) - 1)
happening = st.one_of(
    st.tuples(st.just("leave"), person),
    st.tuples(st.just("return"), person),
    st.tuples(st.just("rename"), person, st.sampled_from(["Žofie", "Ann", "=1+1", "a, b"])),
    st.tuples(st.just("move"), person, st.sampled_from(DEPARTMENTS)),
    st.tuples(st.just("title"), person, st.sampled_from(["Boss", "", "@home"])),
    st.tuples(st.just("phones"), person, st.sampled_from(["", "1|2|3", "2"])),
    st.tuples(st.just("scope"), person, st.sampled_from(["active", "inactive"])),
    st.tuples(st.just("approve"), st.just(0)),
    st.tuples(st.just("by hand"), person),
)
days = st.lists(st.lists(happening, max_size=5), min_size=2, max_size=4)


class Company:
    """HR's file as the days change it."""

    def __init__(self, folder: Path) -> None:
        make_workspace(folder, ROWS, None, demo=False)
        config = (folder / "interlock.toml").read_text()
        self.files = Workspace(folder, config + '\n[systems.directory.exports]\nretry_delay = "0s"\n')
        self.config = folder / "interlock.toml"
        self.rows: dict[int, dict[str, str]] = {number: dict(row) for number, row in enumerate(ROWS)}
        self.gone: dict[int, dict[str, str]] = {}

    async def happen(self, what: str, number: int, value: str = "") -> None:
        if what == "approve":
            await self._approve_all()
        elif what == "by hand":
            self._edit_by_hand(number)
        elif what == "leave" and number in self.rows:
            self.gone[number] = self.rows.pop(number)
        elif what == "return" and number in self.gone:
            self.rows[number] = self.gone.pop(number)
        elif what in COLUMNS and number in self.rows:
            self.rows[number][COLUMNS[what]] = value

    async def _approve_all(self) -> None:
        workspace = open_workspace(self.config)
        async with workspace.store:
            async with workspace.store.reading() as tx:
                items = await reviews.in_state(tx, [ReviewKind.ABSENCE], ReviewState.OPEN, 0, 100)
                items += await reviews.in_state(tx, [ReviewKind.DELETE], ReviewState.OPEN, 0, 100)
            if ids := [one.id for one in items]:
                await feed.review.approve(workspace, ids, operator="anna", reason="gone", count=len(ids))

    def _edit_by_hand(self, number: int) -> None:
        path = self.files.folder / "directory.ldif"
        text = path.read_text()
        path.write_text(text.replace(f"employeeNumber: {ROWS[number]['employee_id']}", "employeeNumber: by hand"))

    def write(self) -> None:
        self.files.csv("hr.csv", self.rows.values(), ROWS[0])


async def _live(company: Company, happenings: list[list[tuple[Any, ...]]]) -> None:
    for day in [[], *happenings]:
        for one in day:
            await company.happen(*one)
        company.write()
        before = (company.files.folder / "directory.ldif").read_bytes()
        async with planning(company.config) as plan:
            steps = feed.plans_of(plan.workspace, None)
            finished = [event async for event in plan.run("cycle", steps, "anna")][-1]
            planned = await rows_of(plan.workspace.store)
            sent = len([change async for change in plan.changes() if change.outcome == "sent"])
        assert (company.files.folder / "directory.ldif").read_bytes() == before
        workspace = open_workspace(company.config)
        async with workspace.store:
            real = [event async for event in execute_run(workspace, "cycle", steps, "anna")]
            done = await rows_of(workspace.store)
        assert finished == real[-1]
        assert planned == done
        executed = [one for one in real if isinstance(one, feed.StepFinished) and one.plan.phase == "export"]
        written = ("adds", "updates", "renames", "deletes")
        not_sent = sum(one.statistics.get("already gone", 0) for one in executed)
        assert sent == sum(one.statistics.get(name, 0) for one in executed for name in written) - not_sent


@settings(
    max_examples=8, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)
@given(days)
def test_a_plan_is_what_the_run_does(happenings: list[list[tuple[Any, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live(Company(Path(folder) / "work"), happenings))
