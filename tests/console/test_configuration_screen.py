"""The configuration in the console: a change on disk is said in words, tested, reloaded; passwords are asked for."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import lease
from tests.console.conftest import Console, Open
from tests.console.office import make_office
from tests.console.still import pretend_run
from tests.workspace import Workspace


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office that has run."""
    site = make_office(tmp_path / "office", 20)
    site("run")
    return site


def _rewrite(office: Workspace, before: str, after: str) -> None:
    toml = office.folder / "interlock.toml"
    text = toml.read_text()
    assert before in text
    toml.write_text(text.replace(before, after, 1))


async def _open(console: Console) -> None:
    await console.press("8", "o")
    await console.until("Systems › configuration")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_a_change_on_disk_is_said_told_in_words_and_reloaded(
    office: Workspace, opened: Open, size: tuple[int, int]
) -> None:
    async with opened(office, size=size) as console:
        await _open(console)
        await console.until("the files say what is used here", "Since run-1", "nothing has changed", "first seen")
        await console.press("R")
        await console.hear("the files say what is used already")
        _rewrite(office, "[profiles.nightly]", '[profiles.evening]\nsteps = ["sync"]\n\n[profiles.nightly]')
        _rewrite(office, "provision = true", "provision = false")
        await console.until("changed", ":config", "the files say something else")
        await console.until("profiles.evening", "is new: steps sync", "provision: true → false (the default)")
        _rewrite(office, "max_count = 50", "max_count = 60")
        _rewrite(office, "[profiles.nightly]", "[console]\narm_minutes = 7\n\n[profiles.nightly]")
        await console.until(
            "systems.hr.deletions.max_count", "50 (the default) → 60", "console.arm_minutes", "10 (the default) → 7"
        )
        assert "evening" not in console.session.workspace.config.profiles
        await console.press("R")
        await console.hear("the configuration was reloaded")
        await console.until("the files say what is used here", "Since run-1", gone=("on disk: :config",))
        assert "evening" in console.session.workspace.config.profiles
        await console.press("1", "o")
        await console.until("evening")
        await console.press("escape", "3")
        await console.until("cso-1 ", "1 of")


async def test_what_is_wrong_on_disk_is_told_and_nothing_is_lost(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await _open(console)
        _rewrite(office, "[[rules]]", "[[rules]]\ncolour = 3")
        await console.until("configuration wrong on disk", "What is wrong on disk", "interlock.toml:", "colour")
        await console.press("R")
        await console.hear("what is on disk is wrong: nothing was reloaded")
        await console.press("t")
        await console.hear("there is nothing to test")
        _rewrite(office, "\ncolour = 3", "")
        await console.until("the files say what is used here", gone=("wrong on disk",))


async def test_it_is_not_reloaded_while_a_run_is_going_on(office: Workspace, opened: Open) -> None:
    store = office.folder / "interlock.db"
    async with opened(office) as console:
        await _open(console)
        pretend_run(store, os.getpid(), lease._process_start(os.getpid()), os.uname().nodename)
        await console.until("run-2 ")
        _rewrite(office, "[profiles.nightly]", '[profiles.evening]\nsteps = ["sync"]\n\n[profiles.nightly]')
        await console.until("the files say something else")
        await console.press("R")
        await console.hear("run-2 is going on: reload when it has ended")
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute("DELETE FROM lease")
            connection.execute("UPDATE runs SET ended_at = started_at, result = 'success'")
        await console.until("live", gone=("run-2 export",))
        await console.press("R")
        await console.hear("the configuration was reloaded")


async def test_another_store_is_another_workspace(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await _open(console)
        _rewrite(office, 'path = "interlock.db"', 'path = "other.db"')
        await console.until("the files say something else")
        await console.press("R")
        await console.hear("it names another store: close the console, and open it again")


async def test_what_is_on_disk_is_tested_before_it_is_reloaded(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await _open(console)
        _rewrite(office, 'path = "hr.csv"', 'path = "elsewhere.csv"')
        await console.until("the files say something else", "elsewhere.csv")
        await console.press("t")
        await console.hear("tests failed")
        await console.until("Tests of what is on disk", "▲ ", "elsewhere.csv")


async def test_a_missing_password_is_asked_for_once_and_kept_in_memory(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OFFICE_PASSWORD", raising=False)
    site = make_office(tmp_path / "office", 20, LDAP)
    async with opened(site) as console:
        await console.press("8", "t")
        await console.until("'branch' wants a password: OFFICE_PASSWORD is not set")
        await console.press("escape")
        await console.hear("nothing was begun without OFFICE_PASSWORD")
        await console.press("t")
        await console.type("secret")
        await console.until("password: ••••••", gone=("secret",))
        await console.press("enter")
        await console.hear("tests failed")  # nobody listens there
        assert os.environ["OFFICE_PASSWORD"] == "secret"
        await console.press("t")
        await console.hear("tests failed")  # without being asked again
    held = [file for file in site.folder.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
    assert held == []


LDAP = """
[systems.branch]
connector = "ldap"
url = "ldap://127.0.0.1:1"
base = "dc=branch"
bind_dn = "cn=admin,dc=branch"
password = { env = "OFFICE_PASSWORD" }
[systems.branch.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
"""
