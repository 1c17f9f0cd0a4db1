"""The lists of a plan: filters are completed while they are typed; on wide terminals the history stands beside them."""

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import make_office
from tests.workspace import Workspace
from tui.console.completing import completions
from tui.console.screens.plan import PlanScreen
from tui.console.screens.planned import PlannedScreen
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office where seven titles have changed, one is empty, and somebody is new; and what a run would do."""
    site = make_office(tmp_path_factory.mktemp("filters") / "office")
    site("run")
    rows = list(people(61))
    for row in rows[:7]:
        row["title"] = "Chief of " + row["title"]
    rows[7]["title"] = ""
    write_csv(site.folder / "hr.csv", PERSON_COLUMNS, rows)
    site("plan", "--keep")
    return site


async def _open(console: Console, step: str, attribute: str | None = None) -> PlannedScreen:
    """Open what a step would do, or what it would do to an attribute."""
    await console.press("P")
    await console.until("Line › plan", "By step", "r runs what was planned")
    screen = console.screen(PlanScreen)
    place = (screen._plan.about or {})["steps"].index(step)
    wanted = [one.wanted and (one.wanted.step, one.wanted.told, one.wanted.attribute) for one in screen._entries]
    screen.overview.move_to(wanted.index((place, None, attribute)))
    await console.press("enter")
    await console.until("plan › ", "1 of ")
    await console.settle()
    return console.screen(PlannedScreen)


async def test_what_is_read_anew_takes_no_cursor_back_that_somebody_has_just_moved(
    office: Workspace, opened: Open
) -> None:
    async with opened(office) as console:
        await console.press("P")
        await console.until("Line › plan", "By step", "r runs what was planned")
        screen = console.screen(PlanScreen)
        last = len(screen._entries) - 1
        screen.overview.move_to(last)
        screen.fresh()  # before the screen has heard of the move
        assert screen.overview.cursor == last


async def test_values_are_completed_in_the_list_of_an_attribute(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        screen = await _open(console, "export directory", "title")
        await console.press("slash")
        await console.type("bec")
        await console.press("tab")
        await console.until("filter: becomes:")
        await console.type("e")
        await console.until("tab emptied ")
        await console.press("tab", "enter")
        await console.until("filter becomes:emptied", "1 of 1")
        assert await screen.complete("becomes:") == ["becomes:changed", "becomes:emptied"]
        assert await screen.complete("BECOMES:Ch") == ["BECOMES:changed"]
        assert await screen.complete("operation:") == ["operation:Update"]
        assert await screen.complete("system:") == ["system:directory"]
        assert await screen.complete("!type:p") == ["!type:person"]
        first = next(people(1))
        name = f"{first['first_name']} {first['last_name']}"
        assert await screen.complete(f"name:{first['first_name'].lower()}") == [f'name:"{name}"']
        assert await screen.complete("becomes:changed name:nobody") == []
        assert await screen.complete("salary:") == []


async def test_values_are_completed_in_the_list_of_a_step(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        screen = await _open(console, "import hr")
        assert await screen.complete("operation:") == ["operation:update", "operation:add"]
        assert await screen.complete("be") == []  # of whole objects, nothing becomes of an attribute
        assert await screen.complete("becomes:") == []
        assert await screen.complete("sys") == ["system:"]
        assert len(await screen.complete("name:")) == 9


async def test_nothing_is_proposed_of_a_plan_that_is_not_there_any_more(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        screen = await _open(console, "import hr")
        await screen._plan.close()
        assert await screen.complete("name:") == []
        assert screen.table.source is not None
        assert await completions("operation:a", screen.table.source, screen.table.query_shown) == ["operation:add"]


async def test_beside_a_change_stands_the_history_of_its_object_or_that_it_is_not_there_yet(
    office: Workspace, opened: Open
) -> None:
    async with opened(office, size=(200, 60)) as console:
        screen = await _open(console, "import hr")
        await console.until("Staged", "Timeline", "imported for the first time")
        screen.set_filter("operation:add")
        await console.until("1 of 1", "it is not there yet: the plan would make it", gone=("Timeline",))
        assert screen.third.region.x >= screen.detail.region.right
