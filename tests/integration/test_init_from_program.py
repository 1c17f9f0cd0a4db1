"""`interlock init --from program:…`: what a program says and gives makes a configuration that runs."""

import asyncio
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside
from tests.integration.test_conformance import EXAMPLES
from tests.questions import Questions
from tests.scim import JSON, Scripted
from tui.console.beginning import Beginning

IN_SH = f"program:{EXAMPLES / 'passwd.sh'}"
TOKEN = "only in the variable"
LONG = "longer than the name of any file" * 10


def _begin(tmp_path: Path, *arguments: str, env: dict[str, str]) -> tuple[Inside, str, dict[str, Any]]:
    told = Inside(tmp_path / "begin", "", env)("init", str(tmp_path / "work"), *arguments)
    written = (tmp_path / "work" / "interlock.toml").read_text()
    return Inside(tmp_path / "work", written, env), told, tomllib.loads(written)


def _shown(work: Inside, label: str) -> dict[str, Any]:
    (found,) = work.json("metaverse", "--search", label)
    shown: dict[str, Any] = work.json("show", str(found["id"]))
    return shown


def test_a_source_in_sh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accounts").write_text(
        "ada:x:1001:100:Ada Lovelace:/home/ada:/bin/sh\nbo:x:1002:100:Bo Ek:/home/bo:/bin/sh\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = ("--from", f"program:{EXAMPLES / 'passwd.sh'}", "--variable", "PASSWD_FILE=accounts")
    work, told, made = _begin(tmp_path, *asked, env={})
    assert "account: rows, 2 looked at, 5 attributes" in told
    program = made["systems"]["program"]
    assert program["environment"] == {"PASSWD_FILE": str(tmp_path / "accounts")}, "understood in the new folder, too"
    assert program["objects"]["account"] == {"external_id": "login", "attributes": {"uid": "integer"}}
    assert "FAIL" not in work("check")
    work("run")
    assert _shown(work, "Lovelace")["attributes"]["uid"] == [1001]


def test_a_target_in_python(tmp_path: Path) -> None:
    boxes = {
        "1": {"guid": ["1"], "name": ["Ada"], "size": [3], "open": [True], "since": ["2020-01-02"], "also": ["a", "b"]},
        "2": {"guid": ["2"], "name": ["Bo"], "userPassword": ["never shown"], "pwd": ["x"]},
    }
    (tmp_path / "boxes.json").write_text(json.dumps({"mailbox": boxes, "mail box": {}}))
    before = (tmp_path / "boxes.json").read_bytes()
    command = f"program:{sys.executable} {EXAMPLES / 'json_file.py'}"
    work, told, made = _begin(tmp_path, "--from", command, "--setting", f"path={tmp_path / 'boxes.json'}", env={})
    assert "'mail box' is no name for a type: left out" in told
    (kind,) = made["systems"]["program"]["objects"].values()
    assert kind["attributes"] == {"size": "integer", "open": "boolean", "since": "date", "also": "text[]"}
    assert {"userPassword", "pwd"}.isdisjoint(made["rules"][0]["flow"])
    assert "FAIL" not in work("check")
    work("run")
    assert _shown(work, "Ada")["attributes"]["also"] == ["a", "b"]
    assert (tmp_path / "boxes.json").read_bytes() == before


@contextmanager
def _people(count: int) -> Iterator[Scripted]:
    """Serve pages of people."""

    def answer(_method: str, _path: str, query: dict[str, str], _document: JSON) -> tuple[int, Any, dict[str, str]]:
        if service.requests[-1][2] != f"Bearer {TOKEN}":
            return 401, {}, {}
        first = int(query.get("from", 0))
        people = [{"id": n, "name": f"Person {n}", "level": n % 5} for n in range(first, min(first + 50, count))]
        more = f"/people?from={first + 50}" if first + 50 < count else None
        return 200, {"items": people, "next": more}, {}

    with Scripted(answer) as service:
        yield service


def test_a_source_over_http_is_read_as_far_as_a_sample_goes(tmp_path: Path) -> None:
    with _people(1000) as service:
        given = ("--setting", f"url={service.url}", "--variable", "API_TOKEN")
        command = f"program:{sys.executable} {EXAMPLES / 'rest.py'}"
        work, told, made = _begin(tmp_path, "--from", command, *given, env={"API_TOKEN": TOKEN})
        assert "person: rows, 200 looked at, 3 attributes" in told
        assert len(service.requests) < 20, "not all of it was read"
        assert made["systems"]["program"]["environment"] == {"API_TOKEN": {"env": "API_TOKEN"}}
        assert made["systems"]["program"]["objects"]["person"] == {
            "external_id": "id",
            "attributes": {"level": "integer"},
        }
        assert TOKEN not in (work.folder / "interlock.toml").read_text()
        assert "FAIL" not in work("check")
        work("run")
        assert work.statuses("program") == {"Normal": 1000}
        refused = Inside(tmp_path / "begin", "", {"API_TOKEN": "another"})
        assert "401" in refused("init", str(tmp_path / "new"), "--from", command, *given, status=4)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--from", "program:nothing-of-this-name"), 4, "'nothing-of-this-name' cannot be started"),
        (("--from", "program:"), 2, "name the program"),
        (("--from", "program:sh 'x"), 2, "a quotation is not closed"),
        (("--from", "program:cat"), 4, "no message"),
        (("--from", f"program:sh -c 'exit 0; {LONG}'"), 4, "ended with status 0 before it had answered"),
        (("--from", "program:true", "--setting", f"query={LONG}"), 4, "ended with status 0 before it had answered"),
        (("--from", "program:true"), 4, "ended with status 0 before it had answered"),
        (
            ("--from", f"program:{EXAMPLES / 'passwd.sh'}", "--variable", "PASSWD_FILE=/nowhere"),
            4,
            "/nowhere cannot be read",
        ),
        (("--from", f"program:{EXAMPLES / 'passwd.sh'}", "--variable", "UNSET"), 4, "UNSET is not set"),
        (
            ("--from", f"program:{sys.executable} {EXAMPLES / 'json_file.py'}", "--setting", "path=/nowhere"),
            4,
            "names no type",
        ),
        (("--from", "program:cat", "--setting", "path"), 2, "'path' is no setting: write NAME=VALUE"),
        (("--from", IN_SH, "--variable", "API_TOKEN=abc"), 2, "'API_TOKEN' is secret, by its name"),
        (("--from", IN_SH, "--setting", "smtp-password=abc"), 2, "'smtp-password' is secret, by its name"),
        (("--from", "people.csv", "--setting", "a=b"), 2, "a file has no further keys here"),
        (("--setting", "a=b"), 2, "--setting and --variable want --from"),
        (("--variable", "TOKEN"), 2, "--setting and --variable want --from"),
    ],
)
def test_what_cannot_be_begun_with_is_said(tmp_path: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    told = Inside(tmp_path, "", {})("init", str(tmp_path / "new"), *arguments, status=status)
    assert said in told
    assert "abc" not in told
    assert not (tmp_path / "new").exists()


async def _name_the_program(asked: Questions) -> None:
    await asked.until("Where do people come from?")
    await asked.answer(f"program:{sys.executable} {EXAMPLES / 'rest.py'}")
    await asked.until("what it is told, NAME=VALUE")


def test_the_console_asks_what_a_program_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("API_TOKEN", "")
    app = Beginning(None)

    async def ask(url: str) -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            asked = Questions(app, pilot)
            until, answer = asked.until, asked.answer
            await _name_the_program(asked)
            await answer("url")
            await until("'url' is no setting: write NAME=VALUE")
            await answer(f"url={url}")
            await until("secret ones as NAME")
            await answer("API_TOKEN")
            await until("API_TOKEN (empty: none)")
            await answer(TOKEN)
            await until("differs in each", "Person 1", "level", "20 looked at")
            await pilot.press("enter")
            await until("Where do they get accounts?")
            await answer("")
            await until("[systems.program]", "The plan of the first ten people", "Person 1")
            await answer("new")
            await pilot.pause(0.2)

    with _people(20) as service:
        asyncio.run(ask(service.url))
        assert app.return_value == Path("new/interlock.toml")
        written = (tmp_path / "new" / "interlock.toml").read_text()
        assert TOKEN not in written
        work = Inside(tmp_path / "new", written, {"API_TOKEN": TOKEN})
        work("run")
        assert work.statuses("program") == {"Normal": 20}


def test_the_console_asks_for_each_secret_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, set_to in (("API_TOKEN", ""), ("KNOWN_TOKEN", "known"), ("PROXY_PASSWORD", "")):
        monkeypatch.setenv(name, set_to)
    app = Beginning(None)

    async def ask(url: str) -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            asked = Questions(app, pilot)
            until, answer = asked.until, asked.answer
            await _name_the_program(asked)
            await answer(f"url={url}")
            await until("secret ones as NAME")
            await answer("PROXY_PASSWORD KNOWN_TOKEN API_TOKEN")
            await until("PROXY_PASSWORD (empty: none)")
            await answer("slip of the pen")
            await until("API_TOKEN (empty: none)")
            await pilot.press("escape")
            await until("PROXY_PASSWORD (empty: none)")
            await answer("as it is")
            await until("API_TOKEN (empty: none)")
            await answer(TOKEN)
            await until("20 looked at")

    with _people(20) as service:
        asyncio.run(ask(service.url))
    assert [os.environ[name] for name in ("PROXY_PASSWORD", "API_TOKEN")] == ["as it is", TOKEN]
    assert os.environ["KNOWN_TOKEN"] == "known"
