"""Somebody who can write to the workspace puts links there, at rest and in a race: no file outside of it changes."""

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from engine.connectors.files import replacing
from storage import mark
from storage.dialects.sqlite import store_file
from storage.errors import StoreError
from storage.store import Store
from tests.console.office import make_office
from tests.inside import Inside
from tui import feed
from tui.console.feed_source import FeedSource
from tui.console.list_files import write_rows

pytestmark = pytest.mark.usefixtures("store_files")  # links stand in the place of files

SECONDS = 1.5
WORDS = b"what somebody else wrote\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    office = make_office(tmp_path_factory.mktemp("links") / "office", 20)
    office("run")
    return office.folder


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Inside:
    """A workspace in a folder that somebody else can write to as well."""
    shutil.copytree(made, tmp_path / "office")
    return Inside(tmp_path / "office", (made / "interlock.toml").read_text())


class Outside:
    """A folder with a file that is none of the program's."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.victim = folder / "victim"
        self.victim.write_bytes(WORDS)
        self.victim.chmod(0o644)
        self.new = folder / "new"

    def untouched(self) -> bool:
        mode = stat.S_IMODE(self.victim.stat().st_mode)
        return self.victim.read_bytes() == WORDS and mode == 0o644 and not self.new.exists()


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path / "outside")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("name", ["interlock.db", "interlock.db-wal", "interlock.db-shm"])
def test_a_link_in_the_stores_place_is_not_opened(office: Inside, outside: Outside, name: str, there: bool) -> None:
    (office.folder / name).unlink(missing_ok=True)
    (office.folder / name).symlink_to(outside.victim if there else outside.new)
    for command in (("run",), ("status",), ("store", "check"), ("plan",)):
        assert "interlock.db: " in office(*command, status=4)
    assert outside.untouched()


def test_a_store_behind_a_link_is_not_used_even_if_it_is_sound(office: Inside, tmp_path: Path) -> None:
    store, elsewhere = office.folder / "interlock.db", tmp_path / "other.db"
    store.rename(elsewhere)
    store.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    for command in (("run",), ("plan",)):
        assert "is a symbolic link, and none is followed" in office(*command, status=4)
    assert elsewhere.read_bytes() == before


def test_a_folder_that_is_a_link_is_the_operators_own_wish(office: Inside, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(office.folder)
    office("run", "-c", str(tmp_path / "link" / "interlock.toml"))


def test_another_store_in_its_place_is_not_taken_for_it(office: Inside) -> None:
    path = office.folder / "interlock.db"

    async def exchanged() -> None:
        async with Store.open(path) as store:
            shutil.copy(path, path.with_name("other.db"))
            os.replace(path.with_name("other.db"), path)
            async with store.transaction():
                pass

    with pytest.raises(StoreError, match="another file was put in its place"):
        asyncio.run(exchanged())


def test_a_link_in_the_marks_place_is_replaced_and_not_read(office: Inside, outside: Outside) -> None:
    place = office.folder / "interlock.db.mark"
    place.rename(outside.new)
    place.symlink_to(outside.new)
    before = outside.new.read_bytes()
    assert mark.read(office.folder / "interlock.db") is None
    office("run")
    assert outside.new.read_bytes() == before
    assert not place.is_symlink()


@pytest.mark.parametrize("there", [True, False])
def test_what_is_written_for_the_operator_replaces_a_link_or_is_refused(
    office: Inside, outside: Outside, there: bool
) -> None:
    for name in ("plan.csv", "plan.ldif", "backup.db", "audit.json"):
        (office.folder / name).symlink_to(outside.victim if there else outside.new)
    office("plan", "--out", str(office.folder / "plan.csv"))
    office("plan", "--out", str(office.folder / "plan.ldif"))
    office("store", "backup", str(office.folder / "backup.db"), status=4)
    office("audit", "export", str(office.folder / "audit.json"), status=2)
    assert outside.untouched()
    assert stat.S_IMODE((office.folder / "plan.csv").lstat().st_mode) == 0o600


def test_a_target_is_not_written_through_a_link_out_of_its_folder(office: Inside, outside: Outside) -> None:
    directory = office.folder / "directory.ldif"
    moved = outside.victim.parent / "directory.ldif"
    directory.rename(moved)
    directory.symlink_to(moved)
    before = moved.read_bytes()
    text = (office.folder / "hr.csv").read_text()
    (office.folder / "hr.csv").write_text(text.replace("Engineer", "Chief", 1).replace("Analyst", "Chief", 1))
    said = office("run", status=None)
    assert "it is a link to" in said, said
    assert moved.read_bytes() == before
    directory.unlink()
    moved.rename(office.folder / "somewhere.ldif")
    directory.symlink_to("somewhere.ldif")
    office("run")
    assert directory.is_symlink()


# ------------------------------------------------------------------------------------------------------ in a race


@contextmanager
def _swapping(folder: Path, names: list[str], outside: Outside) -> Iterator[None]:
    """Put links where files are, and are about to be, and take them away again, as fast as it goes."""
    ended = threading.Event()

    def swap() -> None:
        for number in count():
            if ended.is_set():
                return
            target = outside.victim if number % 2 else outside.new
            about = [one for one in os.listdir(folder) if one.startswith(".")]
            for name in (*names, *about):
                place = folder / name
                with suppress(OSError):
                    new = folder / f"swap-{number}"
                    new.symlink_to(target)
                    os.replace(new, place)
                if number % 3 == 0:
                    with suppress(OSError):
                        place.unlink()

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        yield
    finally:
        ended.set()
        attacker.join()


def _again_and_again(work: Callable[[int], Any]) -> int:
    """Do something for a while, whatever it fails by; give how often it did not."""
    end, done = monotonic() + SECONDS, 0
    for number in count():
        if monotonic() > end:
            return done
        with suppress(OSError, StoreError, sqlite3.Error):
            work(number)
            done += 1
    raise AssertionError


def _write_mark(folder: Path, number: int) -> None:
    mark.write(folder / "interlock.db", mark.Mark(number, "hash", "now"))


def _replace(folder: Path, number: int) -> None:
    with replacing(folder / "out") as file:
        file.write(b"ours\n")


def _back_up(folder: Path, number: int) -> None:
    store_file.backup(folder / "interlock.db", folder / "out")


def _make_store(folder: Path, number: int) -> None:
    asyncio.run(Store.open(folder / "out").close())


def _use_store(folder: Path, number: int) -> None:
    async def use() -> None:
        async with Store.open(folder / "out") as store, store.transaction():
            pass

    shutil.copy(folder / "interlock.db", folder / "whole.tmp")
    os.replace(folder / "whole.tmp", folder / "out")
    asyncio.run(use())


# aiosqlite's thread is not heard to its end where a connection cannot be opened, and the loop is closed right after
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("work", [_write_mark, _replace, _back_up, _make_store, _use_store])
def test_links_that_come_and_go_lead_nothing_outside(
    office: Inside, outside: Outside, work: Callable[[Path, int], None]
) -> None:
    names = ["interlock.db.mark", "out", "out-wal", "out-shm", "out-journal", "out.mark"]
    (office.folder / "interlock.db-wal").unlink(missing_ok=True)
    with _swapping(office.folder, names, outside):
        _again_and_again(lambda number: work(office.folder, number))
    assert outside.untouched()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_links_that_come_and_go_while_commands_run(office: Inside, outside: Outside) -> None:
    names = ["interlock.db-wal", "interlock.db-shm", "interlock.db.mark", "plan.csv", "backup.db", "audit.json"]
    commands = [
        ("plan", "--out", str(office.folder / "plan.csv")),
        ("store", "backup", str(office.folder / "backup.db")),
        ("audit", "export", str(office.folder / "audit.json")),
        ("step", "import", "hr"),
    ]
    with _swapping(office.folder, names, outside):
        _again_and_again(lambda number: office(*commands[number % len(commands)], status=None))
    assert outside.untouched()


def test_links_that_come_and_go_while_the_console_writes_a_list(office: Inside, outside: Outside) -> None:
    async def write(number: int) -> None:
        workspace = feed.open_workspace(office.folder / "interlock.toml")
        async with workspace.store:
            query = feed.Query("objects")
            with suppress(ValueError, OSError):
                await write_rows(FeedSource(lambda: workspace), query, [], office.folder, "list.csv")

    with _swapping(office.folder, ["list.csv"], outside):
        _again_and_again(lambda number: asyncio.run(write(number)))
    assert outside.untouched()
