"""Acting: keys of a list in the opened item, marks that go when something was done, questions that list all."""

from pathlib import Path

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import make_busy_office
from tests.workspace import Workspace
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SIZE, LEAVERS = 200, 9
NAMES = "SELECT o.name FROM pending_exports e JOIN objects o ON o.id = e.cso_id"


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office in which nine people are missing, and five titles are to be written."""
    return make_busy_office(tmp_path / "office", SIZE, LEAVERS, 5)


async def _answer(console: Console, *values: str) -> None:
    await console.settle()
    for value in values:
        await console.type(value)
        await console.press("enter")


async def test_an_opened_item_is_decided_where_it_is_read(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("6", "rev-1")
        await console.settle()
        await console.press("enter")
        await console.until("Review › ", "(rev-1)", "a approve", "What an approval does")
        await console.press("a")
        await console.hear("read-only: W arms it")
        await console.press("W", "u")
        await console.hear("there is nothing to take back: open")
        await console.press("K")
        await console.until("Keep 1 item of 'hr'")
        await _answer(console, "on leave")
        await console.hear("kept")
        await console.until("Review › ", "(rev-1)", "kept", "ada", "on leave")
        await console.press("t")
        await console.until("all that follows")
    assert office.query("SELECT state, decided_by FROM review_items WHERE id = 1") == [("kept", "ada")]


async def test_an_opened_export_is_held_and_discarded_where_it_is_read(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("2", "exp-")
        await console.settle()
        number = console.row["key"]
        await console.press("enter")
        await console.until(f"exp-{number}", "h hold")
        await console.press("W", "h")
        await console.hear(": held")
        assert office.query(f"SELECT held FROM pending_exports WHERE id = {number}") == [(1,)]
        await console.press("u")
        await console.hear(": let go")
        assert office.query(f"SELECT held FROM pending_exports WHERE id = {number}") == [(0,)]
        await console.press("u")
        await console.hear("it is not held")
        await console.press("D")
        await console.until("Discard 1 pending export", "type 1 to discard:")
        await _answer(console, "1")
        await console.hear("discarded")
        assert office.query(f"SELECT count(*) FROM pending_exports WHERE id = {number}") == [(0,)]
        await console.press("h")
        await console.wait(lambda: "refused" in console.said)


async def test_a_question_lists_all_that_it_touches(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("6", "rev-1")
        await console.settle()
        await console.press("W", "asterisk")
        await console.until(f"{LEAVERS} of {LEAVERS} marked")
        await console.press("a")
        await console.until(f"Approve {LEAVERS} items of 'hr'", f"{LEAVERS} people:", "pgdn shows")
        await console.until("by cause: 9 missing in 'hr'", "by department: ", "by branch: ", "ou=people,dc=example")
        await console.settle()
        seen = first = console.text
        for page in range(6):
            await console.press("pagedown")
            await console.settle()
            assert page or console.text != first, "the first key shows more"
            seen += console.text
        assert [number for number in range(1, LEAVERS + 1) if f"rev-{number} " not in seen] == []
        await console.type("they have left")  # the cursor stays in its field
        await console.until("why: they have left")


async def test_marks_go_when_something_was_done_and_stay_when_nothing_was(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("2", "exp-")
        await console.settle()
        await console.press("W", "space", "space")
        await console.until("2 of 5 marked")
        names = [label for (label,) in office.query(f"{NAMES} ORDER BY e.id LIMIT 2")]
        await console.press("D")
        await console.until("Discard 2 pending exports", "2 people:", *names)
        await console.settle()
        await console.press("escape")
        await console.until("2 of 5 marked")
        await console.press("h")
        await console.hear("2 held")
        await console.until("of 5", gone=("marked",))


async def test_all_in_the_filter_is_retried_with_the_number(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("2", "exp-")
        await console.settle()
        await console.press("W", "asterisk", "h")
        await console.hear("5 held")
        await console.press("slash")
        await console.type("held:yes")
        await console.press("enter")
        await console.until("1 of 5")
        await console.press("R")
        names = [label for (label,) in office.query(NAMES)]
        await console.until("Retry 5 pending exports", "filter: held:yes", "5 people:", *names, "type 5 to retry:")
        await _answer(console, "5")
        await console.hear("5 sent with the next export")
    assert office.query("SELECT count(*) FROM pending_exports WHERE held") == [(0,)]


async def test_what_is_decided_stays_in_the_list_until_that_is_left_and_is_taken_back_there(
    office: Workspace, opened: Open
) -> None:
    async with opened(office) as console:
        await console.show("6", "rev-1", f"1 of {LEAVERS}")
        await console.settle()
        await console.press("W", "j", "K")
        await console.until("Keep 1 item of 'hr'")
        await _answer(console, "on leave")
        await console.hear("kept (u takes it back)")
        await console.until(f"2 of {LEAVERS}", "● kept", "u takes it back")
        assert console.row["key"] == 2  # the cursor stays where it was
        await console.press("j", "L")
        await console.until("Defer 1 item of 'hr'")
        await _answer(console, "asked HR", "30d")
        await console.hear("put off: 30d")
        await console.until("○ deferred")
        await console.press("u")
        await console.until("Withdraw 1 item of 'hr'")
        await _answer(console, "asked the wrong one")
        await console.hear("open again")
        await console.press("k", "u")
        await console.until("Withdraw 1 item of 'hr'")
        await _answer(console, "not on leave")
        await console.hear("open again")
        status = "SELECT o.status, o.kept FROM review_items r JOIN objects o ON o.id = r.object_id WHERE r.id = 2"
        assert office.query(status) == [("Obsolete", 0)]
        assert office.query("SELECT count(*) FROM review_items WHERE state = 'open'") == [(LEAVERS,)]

        await console.press("a")
        await console.until("Approve 1 item of 'hr'")
        await _answer(console, "they have left", "1")
        await console.hear("approved; the next sync carries it out (u takes it back)")
        await console.press("asterisk")
        await console.until(f"{LEAVERS} of {LEAVERS} marked")
        await console.press("a")  # of what is marked, what waits is asked about
        await console.until(f"Approve {LEAVERS - 1} items of 'hr'")
        await console.settle()
        await console.press("escape")
        await console.show("7", "run-1")
        await console.show("6", "rev-1")
        await console.until(f"of {LEAVERS - 1}", gone=("u takes it back",))


def test_who_was_seen_again_is_not_missing_again(office: Workspace) -> None:
    office("review", "keep", "rev-1", "--reason", "on leave")
    write_csv(office.folder / "hr.csv", PERSON_COLUMNS, list(people(SIZE)))
    office("step", "import", "hr")
    said = office("review", "withdraw", "rev-1", "--reason", "a slip", status=1)
    assert "it was seen again since" in said
    assert office.query("SELECT state FROM review_items WHERE id = 1") == [("kept",)]


async def test_all_in_the_filter_is_discarded_with_the_number(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("2", "exp-")
        await console.settle()
        await console.press("W", "space", "space", "h")
        await console.hear("2 held")
        await console.press("slash")
        await console.type("held:yes")
        await console.press("enter")
        await console.until("1 of 2")
        await console.press("D")
        await console.until("Discard 2 pending exports", "filter: held:yes", "type 2 to discard:")
        await _answer(console, "2")
        await console.hear("2 discarded")
        await console.press("escape")
        await console.until("1 of 3")
    assert office.query("SELECT count(*) FROM pending_exports") == [(3,)]


async def test_a_question_takes_the_room_that_there_is(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("6", "rev-1")
        await console.settle()
        await console.press("W", "asterisk", "a")
        await console.until(f"Approve {LEAVERS} items of 'hr'", "pgdn shows")
        await console.resize(120, 60)
        await console.until(f"Approve {LEAVERS} items of 'hr'", *(f"rev-{number} " for number in range(1, LEAVERS + 1)))
        assert "pgdn shows" not in console.text
