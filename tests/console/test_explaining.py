"""Why a thing is so, on a key; what is stored of it; an error with its object."""

import json

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace
from tui.console.screens.explaining import ExplainScreen
from tui.console.screens.listing import ListScreen


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office in which two have left, and somebody has no department."""
    site = make_office(tmp_path_factory.mktemp("explaining") / "office")
    site("run")
    let_leave(site, 2)
    text = (site.folder / "hr.csv").read_text().splitlines(keepends=True)
    (site.folder / "hr.csv").write_text("".join(text) + _without_department(text[0]))
    site("run", status=1)
    return site


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office whose exports are evaluated, and not executed."""
    site = make_office(tmp_path_factory.mktemp("waiting") / "office", 5)
    for step in ("import hr", "import directory", "sync", "evaluate"):
        site("step", *step.split())
    return site


def _without_department(heading: str) -> str:
    values = {"employee_id": "E9", "first_name": "Nora", "last_name": "Nowhere", "status": "active"}
    return ",".join(values.get(name, "") for name in heading.strip().split(",")) + "\n"


@pytest.mark.parametrize("digit", ["2", "3", "4", "5", "6"])
async def test_every_list_tells_why(opened: Open, office: Workspace, waiting: Workspace, digit: str) -> None:
    site = waiting if digit == "2" else office
    async with opened(site) as console:
        await console.press(digit)
        await console.settle()
        assert console.screen(ListScreen).table.length
        await console.press("x")
        await console.until("why ", "rule '")
        await console.until("interlock.toml:")
        await console.press("escape")
        await console.wait(lambda: len(console.app.screen_stack) == 1)


async def test_where_there_is_no_object_there_is_nothing_to_explain(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in")
        await console.press("y")
        await console.hear("nothing here that is stored")
        for list_, thing in (("7", "run-"), ("9", "audit-")):
            await console.show(list_, thing)
            await console.settle()
            await _nothing_to_explain(console)
            await console.press("enter")
            await console.until("› ", thing)
            await _nothing_to_explain(console)
        await console.press("8", "r")
        await console.until("people from hr", gone=("counting",))
        await console.press("enter")
        await console.until("rules › ", "what it writes, from what")
        await _nothing_to_explain(console)


async def _nothing_to_explain(console: Console) -> None:
    console.app.message = None
    await console.press("x")
    await console.hear("there is nothing here to explain: it is no object")


async def test_a_group_of_what_waits_explains_its_first_object(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in")
        await console.press_until("j", lambda: console.row["kind"] == "review")
        await console.press("x")
        await console.until("To do › why ", "(rev-", "rule '")


async def test_a_line_of_an_explanation_leads_to_what_it_names(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.show("4", "mvo-1")
        await console.settle()
        await console.press("enter")
        await console.until("mvo-1")
        await console.press("x")
        await console.until("› why ", "(mvo-1)", "Joined")
        await console.settle()
        lines = console.screen(ExplainScreen).sheet.lines
        row = next(index for index, one in enumerate(lines) if one.link)
        await console.press(*["j"] * row, "enter")
        await console.until("(mvo-1) › ", f"({lines[row].link})")


async def test_what_is_stored_can_be_seen_and_copied(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1")
        await console.settle()
        await console.press("y")
        await console.until("as stored", '"attributes"')
        await console.press("C")
        await console.hear("as JSON")
        copied = json.loads(console.app.clipboard)
        assert copied["id"].startswith("cso-")
        assert copied["attributes"]


async def test_an_item_error_opens_its_object_with_the_error_above(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("dn-not-determined")
        await console.settle()
        await console.press("G", "enter")
        await console.until("item errors", "Nora Nowhere")
        await console.settle()
        await console.press("enter")
        await console.until("What went wrong", "dn-not-determined", "The object", "department")


def test_an_export_and_a_review_item_are_explained_by_their_object(office: Workspace) -> None:
    (item,) = office.query("SELECT id, object_id FROM review_items ORDER BY id LIMIT 1")
    assert json.loads(office("explain", f"rev-{item[0]}", "--json"))["id"] == f"cso-{item[1]}"
    assert "exp-999999 is not in the queue" in office("explain", "exp-999999", status=2)


async def test_anything_is_found_by_a_part_of_its_name(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.press("ctrl+f")
        await console.type("nowher")
        await console.until("Nora Nowhere", "hr: Nora Nowhere", "person in the metaverse")
        await console.press("down", "enter")
        await console.until("Nora Nowhere", "›")
        await console.press("escape", "ctrl+f")
        await console.type("nwohere")
        await console.until("Nora Nowhere (", ")   like nwohere")
        await console.settle()
        await console.press("enter")
        await console.until("Nora Nowhere", "Metaverse")
        await console.press("escape", "ctrl+f")
        await console.type("to the direct")
        await console.until("rule people to the directory", "interlock.toml:")
        await console.press("escape")
        await console.press("colon")
        await console.type("nowhere")
        await console.until("Nora Nowhere")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("8", "Profiles"), ("8 s enter", "Systems › "), ("8 o", "Systems › "), (":trends", "› trends")],
)
async def test_a_sheet_about_no_object_says_so(opened: Open, office: Workspace, keys: str, shown: str) -> None:
    async with opened(office) as console:
        if keys.startswith(":"):
            await console.press("colon")
            await console.type(keys[1:])
            await console.until("Trends")
            await console.settle()
            await console.press("enter")
        else:
            for key in keys.split():
                await console.press(key)
                await console.settle()
        await console.until(shown)
        await _nothing_to_explain(console)


async def test_what_is_stored_is_explained_and_an_explanation_is_one(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.show("4", "mvo-1")
        await console.settle()
        await console.press("y")
        await console.until("as stored")
        await console.press("x")
        await console.until("› why ", "Joined")
        await console.press("x")
        await console.hear("this tells why it is so")
