"""The review: what is shown before a decision, what a decision changes, and everything that changes nothing."""

import re
import shutil
from pathlib import Path

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace
from tui.console.screens.review import _consequence

SIZE = 120
LEAVERS = 5


@pytest.fixture(scope="module")
def after_leaving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office in which five people have left, and nobody has decided about them."""
    office = make_office(tmp_path_factory.mktemp("review") / "office", SIZE)
    office("run")
    let_leave(office, LEAVERS, SIZE)
    office("run")
    return office.folder


@pytest.fixture
def office(after_leaving: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    folder = tmp_path / "office"
    shutil.copytree(after_leaving, folder)
    return Workspace(folder, (folder / "interlock.toml").read_text())


def decided(office: Workspace) -> list[tuple[int, str]]:
    return [row for row in office.query("SELECT id, state FROM review_items ORDER BY id") if row[1] != "open"]


def accounts(office: Workspace) -> int:
    return (office.folder / "directory.ldif").read_text().count("employeeNumber:")


async def review(console: Console, *, armed: bool = True) -> None:
    """Go to the review and wait for its first item and the sheet beside it."""
    await console.show("6", "rev-1", "What an approval does")
    if armed:
        await console.press("W")


async def ask(console: Console, key: str, title: str) -> None:
    """Press the key of a decision, and wait until the box takes answers."""
    await console.press(key)
    await console.until(title)
    await console.settle()


async def answer(console: Console, *answers: str) -> None:
    for one in answers:
        await console.type(one)
        await console.press("enter")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("recreated", "creates again in directory"),
        ("disabled", "disables in directory"),
        ("stages", "leaves in stages directory"),
        ("left_alone", "disconnects"),
    ],
)
def test_a_row_says_what_an_approval_does(key: str, said: str) -> None:
    consequences = {"mvo": 1, "mvo_deleted": False, "deletes": [], key: [[7, "directory", "Emma Moore", ""]]}
    shown, _ = _consequence({"state": "open", "kind": "absence", "consequences": consequences})
    assert shown == said


def test_a_row_names_whom_an_approval_deletes_from_the_metaverse_alone() -> None:
    consequences = {"mvo": 1, "mvo_label": "Emma Moore (E000001)", "mvo_deleted": True, "deletes": []}
    shown = _consequence({"state": "open", "kind": "absence", "consequences": consequences})
    assert shown == ("deletes Emma Moore", "danger")


async def test_evidence_and_consequences_are_shown(office: Workspace, opened: Open) -> None:
    label, mvo = office.query(
        "SELECT t.secondary_id, o.mvo_id FROM review_items r JOIN objects o ON o.id = r.object_id "
        "JOIN objects t ON t.mvo_id = o.mvo_id AND t.system = 'directory' WHERE r.id = 1"
    )[0]
    async with opened(office, size=(120, 60)) as console:
        await review(console)
        await console.until(f"mvo-{mvo}", "Evidence", "last seen", "in run-1", "missing since", "in run-2")
        await console.until("5 went missing at once", "Last known attributes", "employee_id", "deletes 1 in directory")
        await console.press("enter")
        await console.until("Review › ", "(rev-1)", label, "in directory")


async def test_two_of_five_are_approved_and_only_these(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await console.press("j", "space", "j", "space")
        await console.until("2 of 5 marked")
        await ask(console, "a", "Approve 2 items of 'hr'")
        await console.until("2 metaverse objects are deleted", "2 objects are deleted in 'directory'")
        await console.until("rev-2", "rev-4", "type 2 to approve:", gone=("  rev-3  E",))
        await answer(console, "left in March", "2")
        await console.until("2 approved; the next sync carries it out (u takes it back)", "of 5")
    assert decided(office) == [(2, "approved"), (4, "approved")]
    assert set(office.query("SELECT decided_by, reason FROM review_items WHERE state = 'approved'")) == {
        ("ada", "left in March")
    }
    assert accounts(office) == SIZE


async def test_what_was_approved_is_gone_after_the_rest_has_run(office: Workspace, opened: Open) -> None:
    dn = office.query(
        "SELECT t.secondary_id FROM review_items r JOIN objects o ON o.id = r.object_id "
        "JOIN objects t ON t.mvo_id = o.mvo_id AND t.system = 'directory' WHERE r.id = 1"
    )[0][0]
    number = office.query("SELECT label FROM review_items WHERE id = 1")[0][0]
    async with opened(office) as console:
        await review(console)
        await ask(console, "a", "Approve 1 item of 'hr'")
        await console.until("(uid=", "type 1 to approve:")
        boxed = "".join(re.findall("│(.*?)│", console.text))  # what stands behind the box is no part of it
        assert re.sub(r"\W", "", dn) in re.sub(r"\W", "", boxed)
        await answer(console, "left", "1")
        await console.until("approved; the next sync carries it out")
        await console.press("1")
        await console.until("n import hr:")
        await ask(console, "r", "type 1 to run:")
        await answer(console, "1")
        await console.until("the run has ended well")
        await console.press("6", "o")
        await console.until("carried-out")
    assert f"employeeNumber: {number}\n" not in (office.folder / "directory.ldif").read_text()
    assert accounts(office) == SIZE - 1
    assert office.query("SELECT count(*) FROM tombstones WHERE system = 'directory'") == [(1,)]


async def test_a_range_is_marked_and_stays_marked_when_the_list_changes(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await console.press("v", "j")
        await console.until("range of 2: v marks it")
        await console.press("v")
        await console.until("2 of 5 marked")
        office("review", "keep", "rev-5", "--reason", "on leave")
        await console.until("2 of 4 marked", gone=("rev-5",))
        assert [line[:6] for line in console.lines if "✓ rev-" in line[:9]] == ["✓ rev-"] * 2
        await ask(console, "K", "Keep 2 items of 'hr'")
        await answer(console, "they are back on Monday")
        await console.until("2 kept")
    assert decided(office) == [(1, "kept"), (2, "kept"), (5, "kept")]


async def test_all_in_the_filter_are_marked_and_nothing_else(office: Workspace, opened: Open) -> None:
    label = office.query("SELECT label FROM review_items WHERE id = 1")[0][0]
    _, _, wanted = label.rpartition("(")
    async with opened(office) as console:
        await review(console)
        await console.press("slash")
        await console.type(f"!{wanted.removesuffix(')')}")
        await console.press("enter")
        await console.until("1 of 4", gone=("rev-1 ",))
        await console.press("asterisk")
        await console.until("4 of 4 marked")
        await console.press("asterisk", "space")
        await console.until("1 of 4 marked")
        await console.press("escape")
        await console.until("2 of 4", gone=("marked",))
        await console.press("escape")
        await console.until("of 5", "rev-1", gone=("filter !",))


async def test_kept_means_normal_again(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await ask(console, "K", "Keep 1 item of 'hr'")
        await answer(console, "sabbatical")
        await console.until("kept", "of 5", "u takes it back")
        await console.press("5", "6")
        await console.until("of 4", gone=("rev-1 ",))
        await console.press("o")
        await console.until("rev-1", "● kept", "ada")
    assert office.query(
        "SELECT r.state, r.decided_by, r.reason, o.status, o.kept FROM review_items r "
        "JOIN objects o ON o.id = r.object_id WHERE r.id = 1"
    ) == [("kept", "ada", "sabbatical", "Normal", 1)]


async def test_deferred_means_it_waits_again_after_a_week(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await ask(console, "L", "Defer 1 item of 'hr'")
        await console.until("until: 7d")
        await answer(console, "asked HR", "")
        await console.until("put off: 7d", "of 5", "○ deferred")
        await console.press("5", "6")
        await console.until("of 4", gone=("rev-1 ",))
    assert office.query(
        "SELECT state, decided_by, reason, round(julianday(deferred_until) - julianday(decided_at), 2) "
        "FROM review_items WHERE id = 1"
    ) == [("deferred", "ada", "asked HR", 7.0)]


async def test_a_time_that_is_none_is_refused(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await ask(console, "L", "Defer 1 item of 'hr'")
        await answer(console, "asked HR", " or so")
        await console.until("or so' is neither a duration such as 7d", "why: asked HR")
        await console.press("ctrl+u")
        await answer(console, "soon")
        await console.until("'soon' is neither a duration such as 7d", "why: asked HR", "until: soon")
        assert decided(office) == []
        await console.press("ctrl+u")
        await answer(console, "3d")
        await console.until("put off: 3d")
    assert office.query("SELECT state, reason FROM review_items WHERE id = 1") == [("deferred", "asked HR")]


async def test_an_approval_is_withdrawn(office: Workspace, opened: Open) -> None:
    office("review", "approve", "rev-1", "--reason", "left")
    async with opened(office) as console:
        await console.show("6", "rev-2")
        await console.press("W", "o")
        await console.until("rev-1", "✓ approved", "tester")
        await console.press("g")
        await ask(console, "u", "Withdraw 1 item of 'hr'")
        await answer(console, "she stays")
        await console.until("open again", gone=("✓ approved",))
    assert office.query("SELECT state, decided_by, reason FROM review_items WHERE id = 1") == [
        ("open", "ada", "she stays")
    ]


async def test_what_is_open_cannot_be_withdrawn(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await console.press("u")
        await console.hear("there is nothing to take back: open")
    assert decided(office) == []


async def test_a_wrong_number_is_refused_and_nothing_is_changed(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await console.press("space", "space", "space")
        await ask(console, "a", "Approve 3 items of 'hr'")
        await answer(console, "left", "4")
        await console.until("4 is not 3: nothing was done")
        await answer(console, "y")
        await console.until("y is not 3: nothing was done")
        await console.press("escape")
        await console.until("cancelled: nothing was decided about 3 items", "3 of 5 marked")
    assert decided(office) == []


async def test_an_empty_field_cancels(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await ask(console, "a", "Approve 1 item of 'hr'")
        await console.press("enter")
        await console.until("cancelled: nothing was decided about 1 item")
        await ask(console, "a", "Approve 1 item of 'hr'")
        await answer(console, "left", " ")
        await console.until("cancelled: nothing was decided about 1 item", gone=("type 1 to approve",))
    assert decided(office) == []


@pytest.mark.parametrize(("key", "verb"), [("a", "Approve"), ("K", "Keep"), ("L", "Defer")])
async def test_esc_cancels(office: Workspace, opened: Open, key: str, verb: str) -> None:
    async with opened(office) as console:
        await review(console)
        await ask(console, key, f"{verb} 1 item of 'hr'")
        await console.type("because")
        await console.press("escape")
        await console.until("cancelled: nothing was decided", gone=(f"{verb} 1 item",))
    assert decided(office) == []


async def test_it_is_said_who_decided_meanwhile(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console)
        await console.press("space", "space")
        await ask(console, "a", "Approve 2 items of 'hr'")
        office.env["INTERLOCK_OPERATOR"] = "grace"
        office("review", "keep", "rev-2", "--reason", "on leave")
        await answer(console, "left", "2")
        await console.until("refused:", "decided meanwhile: kept by grace")
    assert office.query("SELECT id, state, decided_by FROM review_items WHERE state <> 'open' ORDER BY id") == [
        (1, "approved", "ada"),
        (2, "kept", "grace"),
    ]


async def test_consequences_that_have_grown_are_asked_again(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", SIZE)
    strict = (office.folder / "interlock.toml").read_text()
    gentle = 'deprovision = "disconnect"         # staged'
    assert 'deprovision = "delete"         # staged' in strict
    office.configure(strict.replace('deprovision = "delete"         # staged', gentle))
    office("run")
    let_leave(office, 1, SIZE)
    office("run")
    office.configure(strict)
    async with opened(office) as console:
        await review(console)
        await console.until("leaves alone")
        await ask(console, "a", "Approve 1 item of 'hr'")
        await console.until("1 object is left alone in 'directory'")
        await answer(console, "left", "1")
        await console.until("refused:", "its consequences have grown since; look again, then approve")
        assert decided(office) == []
        await console.until("deletes 1 in directory", gone=("leaves alone",))
        await ask(console, "a", "Approve 1 item of 'hr'")
        await console.until("1 object is deleted in 'directory'")
        await answer(console, "left", "1")
        await console.until("approved; the next sync carries it out")
    assert decided(office) == [(1, "approved")]


async def test_a_read_only_console_decides_nothing(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await review(console, armed=False)
        for key in ("a", "K", "L", "u"):
            await console.press(key)
            await console.until("the console is read-only: W arms it")
            await console.until("the console is read-only: W arms it", gone=("of 'hr'",))
            await console.press("j")
        await console.press("R")
        await console.until("no gate holds anything")
    assert decided(office) == []


async def test_nothing_to_decide_is_said(tmp_path: Path, opened: Open) -> None:
    async with opened(make_office(tmp_path / "office")) as console:
        await console.show("6", "nothing waits for a decision")
        await console.press("W", "a")
        await console.until("there is nothing here to decide")


async def test_what_a_gate_holds_is_released_by_its_number(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 50)
    office("run", status=3)
    normal = office.statuses("hr")
    async with opened(office) as console:
        await console.show("6", "50 held by a gate: R", "nothing waits for a decision")
        await console.press("R")
        await console.until("the console is read-only: W arms it")
        await console.press("W")
        await ask(console, "R", "Release 50 objects that a gate held in run-2")
        await console.until("50 of 60 person objects of 'hr' are missing (83.3 %)", "type 50 to release:", "50 people:")
        await answer(console, "HR closed a site", "5")
        await console.until("5 is not 50: nothing was done")
        assert office.statuses("hr") == normal
        await answer(console, "50")
        await console.until("50 objects are obsolete now and wait here", "rev-1", "of 50", gone=("held by a gate",))
    assert office.statuses("hr")["Obsolete"] == 50
    assert office.query("SELECT state, decided_by, reason FROM held_batches") == [
        ("released", "ada", "HR closed a site")
    ]
    assert accounts(office) == 60


async def test_an_approval_that_is_given_up_is_not_given(office: Workspace, opened: Open) -> None:
    """The number alone, typed where the reason belongs, confirms nothing."""
    async with opened(office) as console:
        await review(console)
        await ask(console, "a", "Approve 1 item of 'hr'")
        await answer(console, "1")
        await console.until("Approve 1 item of 'hr'")
        await console.press("q", "y", "enter")
        await console.until("qy is not 1: nothing was done")
    assert decided(office) == []


async def test_all_that_follows_is_told_across_all_systems(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(120, 60)) as console:
        await review(console)
        await console.press("asterisk")
        await console.until("5 of 5 marked")
        await console.press("t")
        await console.until("all that follows from 5 items", "Approving 5 items, across all systems")
        await console.until("5  directory.person  Delete (staged)", "5  metaverse.person  delete")
        await console.until("disconnect Tess Price (E000116) in hr", "Delete (staged) Tess Price (uid=tprice0116")
        await console.press("escape")
        await console.until("5 of 5 marked")
    assert decided(office) == []


async def test_where_two_have_to_agree_the_second_console_sees_the_first(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = '\n[systems.directory.deletions]\ntwo_people_from = 1\n[review]\npeople = "key"\n'
    office = make_office(tmp_path / "two", SIZE, two)
    office("run", status=None)
    let_leave(office, 1, SIZE)
    office("run", status=None)
    async with opened(office) as console:
        await review(console)
        await ask(console, "a", "Approve 1 item of 'hr'")
        await answer(console, "left", "1")
        await console.hear("somebody else has to approve it too")
        await console.until("half-approved", "approved by ada; two people")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 40000 192.0.2.1 22")
    async with opened(office, operator="grace") as console:
        await review(console)
        await ask(console, "a", "Approve 1 item of 'hr'")
        await console.until("(first approved by ada)")
        await answer(console, "left indeed", "1")
        await console.hear("approved; the next sync carries it out")
    assert office.query("SELECT state, first_by, decided_by FROM review_items") == [("approved", "ada", "grace")]
