"""Joins by hand and what was deleted, in the console: who is meant, what follows, and the way back."""

from pathlib import Path

import pytest

from tests.console.conftest import Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace

DOORS = """
[systems.doors]
connector = "csv"
[systems.doors.objects.badge]
path = "badges.csv"
external_id = "badge"

[[rules]]
name = "badges"
from = "doors.badge"
to = "metaverse.person"
join = [[{ source = "holder", target = "last_name", ignore = ["case"] }]]
flow = { room = "room" }
"""


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office with a badge that fits two people, and one that fits nobody."""
    site = make_office(tmp_path / "office", config=DOORS)
    (site.folder / "badges.csv").write_text("badge,holder,first_name,room\nB1,nolan,Noah,101\nB2,nobody,Emma,102\n")
    site("run", status=1)
    return site


def _badge(office: Workspace, number: str) -> str:
    found = office.query(f"SELECT id FROM objects WHERE external_id = '{number}'")
    return f"cso-{found[0][0]}"


def _joined(office: Workspace, number: str) -> tuple[int | None, str | None]:
    mvo, by = office.query(f"SELECT mvo_id, joined_by FROM objects WHERE external_id = '{number}'")[0]
    return mvo, by


async def test_an_ambiguous_join_is_settled_by_looking_at_both(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("7", "run-1")
        await console.settle()
        await console.press("enter", "exclamation_mark")
        await console.until("ambiguous-join")
        await console.settle()
        await console.press("J")
        await console.until("doors: B1 to whom?", "Noah Nolan", "Emma Nolan", "2 of 2", "1 of 2", "= Nolan")
        await console.press("enter")
        await console.until("Join doors: B1 to Noah Nolan", "Side by side")
        await console.until("1 ~ Update: person in the metaverse", "nothing → 101")
        await console.press("a")
        await console.hear("read-only: W arms it")
        await console.press("W", "a")
        await console.until("why:")
        await console.settle()
        await console.type("17")
        await console.press("enter")
        await console.until("'17' is no reason", "why: 17")
        await console.type(" people saw him")
        await console.press("enter")
        await console.hear("B1 is joined to Noah Nolan (mvo-2); the next sync lets its values flow")
        await console.until("item errors", gone=("to whom",))
    assert _joined(office, "B1") == (2, "hand")
    assert office.query("SELECT reason FROM transitions WHERE entity = 'join'") == [("17 people saw him",)]


async def test_a_person_is_searched_for_who_is_not_called_alike(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("3", "slash")
        await console.type("type:badge external_id:B2")
        await console.press("enter")
        await console.until("1 of 1", "B2")
        await console.settle()
        await console.press("J")
        await console.until("doors: B2 to whom?", "nobody is called alike: / searches among all")
        await console.press("slash")
        await console.type("moore")
        await console.press("enter")
        await console.until("Emma Moore (mvo-1)")
        await console.settle()
        await console.press("enter")
        await console.until("Join doors: B2 to Emma Moore", "1 ~ Update: person in the metaverse")
        office("join", _badge(office, "B2"), "mvo-3", "--reason", "somebody else was quicker")
        await console.press("W", "a")
        await console.until("why:")
        await console.settle()
        await console.type("it is hers")
        await console.press("enter")
        await console.hear("(mvo-3); disconnect it first")
        await console.press("a")
        await console.until("why: it is hers")  # what was typed stays
        await console.press("escape")
    assert _joined(office, "B2") == (3, "hand")


async def test_disconnecting_excluding_and_including_show_what_follows(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("3", "slash")
        await console.type("external_id:E000005")
        await console.press("enter")
        await console.until("1 of 1")
        await console.settle()
        await console.press("enter")
        await console.until("joined to", "mvo-5")
        await console.press("J")
        await console.hear("it is joined to Пётр Чайковский (mvo-5): D disconnects it first")
        await console.press("D")
        await console.until("Disconnect hr: ", "What follows", "disconnect", "join")
        await console.press("escape", "X")
        await console.until(
            "Exclude hr: ", "Delete (awaiting approval): person in 'directory'", "Delete: person in the"
        )
        await console.press("W", "a")
        await console.until("why:", "- Delete: person, metaverse")
        await console.settle()
        await console.type("a test person")
        await console.press("enter")
        await console.hear("is excluded; the next sync takes it from Пётр Чайковский (mvo-5)")
        await console.until("joined by", "excluded by hand")
        await console.press("X")
        await console.until("Include hr: ", "What follows")
        await console.press("escape", "escape", "escape", "4")
        await console.until("mvo-1")
        await console.settle()
        await console.press("enter")
        await console.until("Joined")
        assert "join by hand" not in console.text, "joins are made on objects of systems"


async def test_an_operator_of_less_rank_sees_what_follows_and_may_not(tmp_path: Path, opened: Open) -> None:
    roles = "\n[roles]\nadministrator = ['tester']\noperator = ['ada']\n"
    office = make_office(tmp_path / "office")
    office("run")
    (office.folder / "interlock.toml").write_text((office.folder / "interlock.toml").read_text() + roles)
    async with opened(office) as console:
        await console.show("3", "cso-1")
        await console.settle()
        await console.press("D")
        await console.until("Disconnect hr: ", "What follows")
        await console.press("W", "a")
        await console.hear("administrator")
    assert office.query("SELECT count(*) FROM transitions WHERE entity = 'join'") == [(0,)]


async def test_what_was_deleted_is_listed_with_its_reason_and_brought_back(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 2)
    office("run")
    office("review", "approve", "--filter", "kind:absence", "--count", "2", "--reason", "they have left")
    office("run")
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND type = 'person'") == [(58,)]
    async with opened(office, size=(80, 24)) as console:
        await console.press("6", "B")
        await console.until("Review › deleted", "1 of 4", "approval", "they have left", "What it last held")
        await console.press("slash")
        await console.type("system:hr")
        await console.press("enter")
        await console.until("1 of 2")
        await console.settle()
        await console.press("B")
        await console.until("'hr' is not written to", "comes back once seen again")
        await console.press("W", "a")
        await console.hear("is not written to")
        await console.press("escape", "escape", "slash")
        await console.type("system:directory")
        await console.press("enter")
        await console.until("1 of 2")
        await console.press("asterisk")
        await console.until("2 of 2 marked")
        await console.press("B")
        await console.until("Restore 2 objects", "creates it, with", "cannot come back")
        await console.press("a")
        await console.until("type 2 to restore")
        await console.settle()
        await console.type("HR was wrong")
        await console.press("enter")
        await console.type("2")
        await console.press("enter")
        await console.hear("2 objects are staged again; the next export sends it")
        await console.until("again", "restored as")
    office("run")
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND type = 'person'") == [(60,)]
    listed = office.json("deleted", "--system", "directory")
    assert [one["reason"] for one in listed] == ["they have left"] * 2
    assert all(one["restored_as"] for one in listed)
