"""The Line keeps its place in a profile that repeats its steps, and one press is one step."""

from pathlib import Path

from tests.console.conftest import Open
from tests.console.office import make_office
from tui.console.screens.line import LineScreen

TWICE = """
[profiles.twice]
steps = ["import hr", "import hr", "sync", "import hr"]
detect = false
"""


async def test_a_repeated_step_is_stepped_at_its_place_and_never_twice_by_one_press(
    tmp_path: Path, opened: Open
) -> None:
    office = make_office(tmp_path / "office", 5, TWICE)
    async with opened(office) as console:
        await console.press("o")
        await console.until("Profile", "twice")
        await console.press("j", "j", "enter")
        await console.until("profile: twice")
        await console.press("W", "n", "n")
        await console.hear("has not been seen yet")
        await console.until("r that, then sync, import hr")
        await console.press("left_square_bracket")
        await console.until("r that, then import hr, sync, import hr")
        await console.wait(lambda: not console.screen(LineScreen).why_not("next"))
        await console.press("n")
        await console.wait(lambda: office.query("SELECT count(*) FROM runs WHERE result IS NOT NULL") == [(2,)])
        await console.until("r that, then sync, import hr")
        await console.wait(lambda: not console.screen(LineScreen).why_not("rest"))
        await console.press("r")
        await console.wait(lambda: office.query("SELECT count(*) FROM runs WHERE result IS NOT NULL") == [(3,)])
    steps = office.query("SELECT run_id, position, phase FROM steps ORDER BY id")
    assert steps == [(1, 0, "import"), (2, 0, "import"), (3, 1, "import"), (3, 2, "sync"), (3, 3, "import")]


async def test_an_error_of_what_is_no_object_can_be_opened(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 5)
    source = office.folder / "hr.csv"
    source.write_text(source.read_text() + ",,,,,,,,\n")
    with source.open("a") as file:
        file.write(source.read_text().splitlines()[1] + "\n")
    office("step", "import", "hr", status=1)
    async with opened(office) as console:
        await console.show("7", "run-1")
        await console.press("enter")
        await console.until("item errors")
        await console.press("exclamation_mark")
        await console.until("duplicate-external-id", "E000001")
        await console.settle()
        await console.press("enter")
        await console.until("what to do", "position", "hr.csv", gone=("/ filter",))
