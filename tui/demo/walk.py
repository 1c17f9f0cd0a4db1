"""Walk the five phases: provision everybody; a day with joiners, movers, leavers and a broken file; a day half done."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from tui import feed
from tui.demo.people import PERSON_COLUMNS, Row, day_after, next_day
from tui.demo.workspace import write_csv
from tui.terminal.printing import say
from tui.terminal.progress import tell_waiting

Execute = Callable[[feed.Workspace, str, list[feed.StepPlan]], Awaitable[int]]

TRUNCATED_ROWS = 10
GATE = 3
_CYCLE = (
    ("1  Import, and synchronise: HR's file becomes connected system objects, joined into the metaverse.", "import hr"),
    ("   The directory as it stands, so that what exists is not made twice.", "import directory"),
    ("", "sync"),
    ("2  Export evaluation: what has to change in the directory, and nothing else.", "evaluate"),
    ("3  Export execution: written, and not believed yet.", "export directory"),
    ("4  Confirming import: what was written is read back and compared.", "confirm directory"),
    ("5  Deletion detection: whatever a complete import did not contain.", "detect hr"),
    ("", "detect directory"),
)


async def walk(workspace: feed.Workspace, folder: Path, rows: list[Row], execute: Execute) -> int:
    """Walk two days and begin a third; give the exit status: 0 if everything went as a demo should."""
    say("")
    say(f"Day one: {len(rows):,} people in hr.csv, and an empty directory.", "bold")
    worst = await _cycle(workspace, execute, list(_CYCLE))
    worst = max(worst, await _broken_day(workspace, folder, rows, execute))
    say("")
    say("Day two, the right file: joiners, new titles, moves to other departments, leavers.", "bold")
    second = next_day(rows)
    write_csv(folder / "hr.csv", PERSON_COLUMNS, second)
    detection_first = [_CYCLE[0], ("5  Deletion detection, before anything flows on.", "detect hr"), *_CYCLE[2:6]]
    worst = max(worst, await _cycle(workspace, execute, detection_first))
    say("")
    say("Day three has begun: two more joiners, new titles, and HR forgot somebody's department.", "bold")
    write_csv(folder / "hr.csv", PERSON_COLUMNS, day_after(second))
    await _cycle(workspace, execute, [_CYCLE[0], *_CYCLE[2:4]])
    say("")
    tell_waiting(await feed.status(workspace))
    _tell_what_next(folder)
    return worst


async def _cycle(workspace: feed.Workspace, execute: Execute, steps: list[tuple[str, str]]) -> int:
    worst = 0
    for headline, step in steps:
        if headline:
            say("")
            say(headline, "bold")
        worst = max(worst, await execute(workspace, f"demo: {step}", [feed.StepPlan(*step.split())]))
    return worst


async def _broken_day(workspace: feed.Workspace, folder: Path, rows: list[Row], execute: Execute) -> int:
    """Hand over a truncated file and expect the gates to refuse it; 0 if they did."""
    say("")
    say(f"Day two begins badly: the transfer broke, and hr.csv has {TRUNCATED_ROWS} of its rows.", "bold")
    write_csv(folder / "hr.csv", PERSON_COLUMNS, rows[:TRUNCATED_ROWS])
    await execute(workspace, "demo: import hr", [feed.StepPlan("import", "hr")])
    status = await execute(workspace, "demo: detect hr", [feed.StepPlan("detect", "hr")])
    if status != GATE:
        say("The gates should have refused this file, and did not.", "bold")
        return 1
    say("")
    say("Refused: nobody was marked, nothing was disconnected, nothing will be deleted.", "bold")
    return 0


def _tell_what_next(folder: Path) -> None:
    say("")
    say("Two people left. They are obsolete, and wait for you; their accounts are still there.", "bold")
    say("The third day's exports are pending, and wait to be sent.", "bold")
    say(f"    cd {folder}")
    say("    interlock                                         the console: all of it, to look at and to decide")
    say("    interlock review                                  who left, and what would follow")
    say('    interlock review approve rev-1 --reason "left"    or keep, or defer')
    say("    interlock run                                     carries it out, and proves the entry gone")
