"""`interlock init --from FILE --to ldap://…`: a strange file and a strange directory make a configuration that runs."""

import asyncio
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Inside
from tests.integration.test_init_from_directory import ENTRIES
from tests.questions import Questions
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.terminal import Terminal
from tests.workspace import INTERLOCK
from tui.console.beginning import Beginning

GERMAN = """Personalnummer;Vorname;Nachname;E-Mail;Abteilung;Eintritt;Telefon (dienstlich)
00017;Ada;Lovelace;ada@example.org;Entwicklung;2020-01-02;+49 30 1
00018;Grace;Höpper;grace@example.org;Prüfung;2021-02-03;+49 30 2
00019;Zoë;Müller;;Entwicklung;2022-03-04;
"""


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    server = Slapd(tmp_path / "slapd").start()
    server.add(BASE + ENTRIES)
    yield server
    server.stop()


@pytest.fixture
def german(tmp_path: Path) -> Path:
    path = tmp_path / "Personal Export.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    return path


def test_a_german_file_and_a_directory_run_at_once(tmp_path: Path, slapd: Slapd, german: Path) -> None:
    before = Inside(tmp_path / "begin", "", {"DIRECTORY_PASSWORD": PASSWORD})
    where = ("--to", f"{slapd.url}/{SUFFIX}", "--bind-dn", ADMIN)
    told = before("init", str(tmp_path / "work"), "--from", str(german), *where)
    assert "person: rows, 3 looked at, 7 attributes" in told
    text = (tmp_path / "work" / "interlock.toml").read_text()
    assert PASSWORD not in text
    made = tomllib.loads(text)
    assert made["systems"]["hr"]["delimiter"] == ";"
    assert made["systems"]["hr"]["encoding"] == "cp1252"
    assert made["systems"]["hr"]["objects"]["person"]["external_id"] == "Personalnummer"
    work = Inside(tmp_path / "work", text, {"DIRECTORY_PASSWORD": PASSWORD})
    assert "FAIL" not in work("check")
    assert "uid=00018,ou=people" in work("plan")  # where the others stand, named as they are
    assert slapd.search("(employeeNumber=*)") == slapd.search("(employeeNumber=none)"), "a plan writes nothing"
    work("run")
    grace = work.json("objects", "--search", "Höpper")
    assert {one["system"] for one in grace} == {"hr", "directory"}
    assert slapd.search("(employeeNumber=00019)", "cn")
    assert "has a configuration already" in work("init", str(work.folder), "--from", str(german), status=2)


def test_a_database_is_a_source_as_well(tmp_path: Path, slapd: Slapd) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "hr.db") as database:
        database.execute("CREATE TABLE employees (nr TEXT PRIMARY KEY, first_name TEXT, last_name TEXT, login TEXT)")
        database.execute("INSERT INTO employees VALUES ('7', 'Ada', 'Lovelace', 'ada.l'), ('8', 'Bo', 'Ek', 'bo.e')")
    before = Inside(tmp_path, "", {"DIRECTORY_PASSWORD": PASSWORD})
    where = ("--to", f"{slapd.url}/{SUFFIX}", "--bind-dn", ADMIN)
    before("init", str(tmp_path / "work"), "--from", f"sqlite:///{tmp_path}/hr.db", *where)
    text = (tmp_path / "work" / "interlock.toml").read_text()
    work = Inside(tmp_path / "work", text, {"DIRECTORY_PASSWORD": PASSWORD})
    work("run")
    assert slapd.search("(uid=ada.l)", "employeeNumber")


@pytest.mark.parametrize(
    ("content", "arguments", "status", "said"),
    [
        ("", (), 4, "has no row below its header"),
        ("a,b\n", (), 4, "has no row below its header"),
        ("a,a\n1,2\n", (), 4, "has to name each column once"),
        ("a,b\n1,x\n1,y\n", ("--id", "c"), 2, "has no 'c'; it has a, b"),
        ("a,b\n1,x\n1,x\n", (), 2, "no column of people.csv is complete and different in every row"),
        ("a\0b\n", (), 4, "is no text"),
    ],
)
def test_what_cannot_be_begun_with_is_said(
    tmp_path: Path, content: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    (tmp_path / "people.csv").write_text(content)
    work = Inside(tmp_path, "", {})
    assert said in work(
        "init", str(tmp_path / "new"), "--from", str(tmp_path / "people.csv"), *arguments, status=status
    )
    assert not (tmp_path / "new").exists()


def test_tabs_and_a_column_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.txt").write_text("name\tbadge\tcode\nAda\tA1\tx\nBo\tB2\ty\n")
    work = Inside(tmp_path, "", {})
    work("init", str(tmp_path / "new"), "--from", str(tmp_path / "people.txt"), "--id", "badge")
    made = tomllib.loads((tmp_path / "new" / "interlock.toml").read_text())
    assert made["systems"]["hr"]["delimiter"] == "\t"
    assert made["systems"]["hr"]["objects"]["person"]["external_id"] == "badge"
    assert made["rules"][0]["flow"] == {"display_name": "name", "badge": "badge", "code": "code"}
    Inside(tmp_path / "new", (tmp_path / "new" / "interlock.toml").read_text(), {})("run")


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    done = subprocess.run(
        [*INTERLOCK, "init"], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 2
    assert "there is no terminal to ask in" in done.stderr


def test_the_console_asks_step_by_step(
    tmp_path: Path, slapd: Slapd, german: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIRECTORY_PASSWORD", "")
    app = Beginning(None)

    async def ask() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            asked = Questions(app, pilot)
            until, answer = asked.until, asked.answer
            await until("Where do people come from?")
            await answer("nowhere.csv")
            await until("nowhere.csv: cannot be read: No such file")
            await answer(german.name)
            await until("Personalnummer", "differs in each", "Höpper", "3 looked at")
            await pilot.press("enter")
            await until("Where do they get accounts?")
            await answer(f"{slapd.url}/{SUFFIX}")
            await until("bind as (a DN")
            await answer(ADMIN)
            await until("password, kept in memory alone")
            await answer("wrong")
            await until("Where do they get accounts?", ADMIN)
            await pilot.press("enter", "enter")
            await until("password, kept in memory alone")
            await answer(PASSWORD)
            await until("[systems.hr]", "The plan of the first ten people", "Create", "uid=00017,ou=people")
            await pilot.press("escape")
            await until("password, kept in memory alone")
            await answer("")
            await until("write it into the folder: interlock")
            await answer("new")
            await pilot.pause(0.2)

    asyncio.run(ask())
    assert app.return_value == Path("new/interlock.toml")
    assert PASSWORD not in (tmp_path / "new" / "interlock.toml").read_text()
    work = Inside(tmp_path / "new", (tmp_path / "new" / "interlock.toml").read_text(), {"DIRECTORY_PASSWORD": PASSWORD})
    work("run")
    assert slapd.search("(employeeNumber=00017)", "cn")
    os.environ.pop("DIRECTORY_PASSWORD", None)
    shutil.rmtree(tmp_path / "new")


def test_it_is_asked_on_a_real_terminal(tmp_path: Path, german: Path) -> None:
    terminal = Terminal([*INTERLOCK, "init"], size=(100, 30), env=dict(os.environ), cwd=tmp_path)
    terminal.wait_for("Where do people come from?")
    terminal.send(*str(german), "enter")
    terminal.wait_for("Personalnummer", "differs in each")
    terminal.send("enter")
    terminal.wait_for("Where do they get accounts?")
    terminal.send(*"nowhere", "enter")
    terminal.wait_for("a directory is wanted, ldaps://HOST/BASE, or nothing at all")
    terminal.send(*["backspace"] * len("nowhere"), "enter")
    terminal.wait_for("The plan of the first ten people", "project")
    terminal.send("enter")
    assert terminal.ended() == 0
    assert "interlock check && interlock plan" in terminal.text
    made = tomllib.loads((tmp_path / "interlock" / "interlock.toml").read_text())
    assert [rule["name"] for rule in made["rules"]] == ["people from hr"]
