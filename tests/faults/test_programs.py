"""Programs as connectors that fail in every way: nothing is lost, nobody is taken for gone, and the reason is said."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document, in_and_out

PROGRAM = """
import json, os, subprocess, sys, time
mode = sys.argv[1] if len(sys.argv) > 1 else "well"
if os.path.exists("mode"): mode = open("mode").read()
def say(message, **more): print(json.dumps({"message": message, **more}), flush=True)
def person(n): say("object", type="person", id=n, attributes={"name": f"P {n}"})
if mode == "mute": time.sleep(60)
if mode == "dies at once": sys.exit(3)
for line in sys.stdin:
    request = json.loads(line)
    what = request["request"]
    if what == "hello":
        if mode == "old": print(json.dumps({"message": "hello", "protocol": 7}), flush=True); continue
        say("hello", protocol=1, writes=mode != "reads", delta=True)
        if mode == "too much": say("end")
        continue
    if what == "import":
        for n in range(6):
            if n == 3 and mode == "crash": print("Traceback: out of luck", file=sys.stderr, flush=True); os._exit(1)
            if n == 3 and mode == "killed": os.kill(os.getpid(), 9)
            if n == 3 and mode == "cut": sys.stdout.write('{"message":"obj'); sys.stdout.flush(); os._exit(0)
            if n == 3 and mode == "garbage": print("Loading module Exchange ...", flush=True)
            if n == 3 and mode == "unknown": say("objekt")
            if n == 3 and mode == "other key": say("object", type="person", id="3", attributs={})
            if n == 3 and mode == "nested": say("object", type="person", id="3", attributes={"name": {"first": "x"}})
            if n == 3 and mode == "type": say("object", type="dog", id="3")
            if n == 3 and mode == "result": say("result", n=1)
            if n == 3 and mode == "hangs": time.sleep(60)
            if n == 3 and mode == "child": subprocess.Popen(["sleep", "61"]); time.sleep(60)
            if n == 3 and mode == "endless": print("x" * 17_000_000, flush=True)
            if n == 3 and mode == "memory": bytearray(900_000_000)
            if n == 3 and mode == "sorry": say("failed", text="the mailbox server is away")
            if n == 3 and mode == "id": say("object", type="person", attributes={"name": "Nobody"}); continue
            if n == 3 and mode == "another id": say("object", type="person", id="3", attributes={"id": "4"}); continue
            if n == 3 and mode == "second id": say("object", type="person", id="", secondary_id="cn=c"); continue
            if n == 3 and mode == "problem":
                say("object", type="person", id="3", problem={"code": "server-error", "text": "unreadable"}); continue
            if n == 3 and mode == "code": say("object", type="person", id="3", problem={"code": "oops", "text": "x"})
            if n == 3 and mode == "gone": continue
            person(n)
        if mode == "partly": say("end", complete=False, reason="two of three domains answered")
        elif mode == "notes": say("note", text="the list is from yesterday"); say("end")
        elif mode == "not full": say("end", full=False)
        elif mode == "stops": sys.exit(0)
        else: say("end")
        continue
    say("end")
"""


class Site(Inside):
    """A workspace whose only source is that program."""

    def says(self, mode: str) -> None:
        """Let the program behave so from now on."""
        (self.folder / "mode").write_text(mode)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make(tmp_path)


def make(folder: Path, **more: Any) -> Site:
    system = {
        "connector": "program",
        "command": [sys.executable, "it.py"],
        "objects": {"person": {"external_id": "id"}},
        "timeout": "1s",
        "deletions": {"max_percent": 100},
        **more,
    }
    rule = {
        "name": "in",
        "from": "it.person",
        "to": "metaverse.person",
        "project": True,
        "join": [["key"]],
        "flow": {"key": "id", "name": "name"},
    }
    site = Site(folder, document({"systems": {"it": system}, "metaverse": {"person": {}}}, rules=[rule]))
    (folder / "it.py").write_text(PROGRAM)
    return site


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("crash", "ended with status 1 before it had answered; the last it wrote to its standard error"),
        ("killed", "ended by signal 9"),
        ("cut", "in the middle of line 5"),
        ("stops", "ended with status 0 before it had answered"),
        ("garbage", "line 5 of its output is no message"),
        ("unknown", "line 5 of its output is no message"),
        ("other key", "attributs"),
        ("nested", "line 5 of its output is no message"),
        ("code", "problem.code"),
        ("type", "an object of the type 'dog', which is not configured"),
        ("result", "'result' is no answer to 'import'"),
        ("hangs", "it said nothing for 1 s and was ended"),
        ("endless", "line 5 of its output is longer than"),
        ("sorry", "the mailbox server is away"),
        ("id", "missing-external-id: an object of type 'person': it was given without an id"),
        ("second id", "cn=c: the external id could not be read"),
        ("partly", "two of three domains answered"),
        ("not full", "it gave only what changed, and was asked for everything"),
    ],
)
def test_an_import_that_is_cut_short_is_incomplete_and_nobody_is_gone(site: Site, mode: str, told: str) -> None:
    site("step", "import", "it")
    site("step", "sync")
    before = site.json("objects")
    assert len(before) == 6

    site.says(mode)
    said = site("step", "import", "it", status=1)
    assert told in " ".join(said.split())
    site("step", "detect", "it", status=None)
    assert site.json("objects") == before

    site.says("well")
    assert "6 unchanged" in site("step", "import", "it")


def test_who_is_left_out_of_a_whole_import_is_gone(site: Site) -> None:
    site("step", "import", "it")
    site.says("gone")
    site("step", "import", "it")
    site("step", "detect", "it", status=None)
    assert [one["status"] for one in site.json("objects")].count("Normal") == 5


def test_what_cannot_be_read_of_an_object_is_that_objects_error(site: Site) -> None:
    site("step", "import", "it")
    site.says("problem")
    said = site("step", "import", "it", status=1)
    assert "server-error" in said
    site("step", "detect", "it", status=None)
    assert {one["status"] for one in site.json("objects")} == {"Normal"}, "it was seen all the same"
    site.says("another id")
    assert "'id' is '4', and the object was given as '3'" in site("step", "import", "it", status=1)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("dies at once", "ended with status 3"),
        ("mute", "it said nothing for 1 s"),
        ("old", "protocol"),
    ],
)
def test_a_program_that_does_not_start_well_starts_nothing(site: Site, mode: str, told: str) -> None:
    site.says(mode)
    assert told in site("step", "import", "it", status=4)
    assert "FAIL  it: program" in site("check", status=4)


def test_an_answer_too_many_is_not_taken_for_the_next(site: Site) -> None:
    site.says("too much")
    told = site("step", "import", "it", status=1)
    assert "line 2 of its output is an answer to nothing that it was asked" in told
    assert "FAIL  it: program" in site("check", status=4)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    site = make(tmp_path, command=["./nowhere"])
    assert "'./nowhere' cannot be started: No such file or directory" in site("step", "import", "it", status=4)
    (tmp_path / "plain").write_text("text")
    site = make(tmp_path, command=["./plain"])
    assert "'./plain' cannot be started: Permission denied" in site("step", "import", "it", status=4)


def test_no_shell_takes_part(tmp_path: Path) -> None:
    site = make(tmp_path, command=[sys.executable, "it.py", "$(touch harm); `touch harm` > harm"])
    site("step", "import", "it")
    assert not (tmp_path / "harm").exists()


def test_memory_has_a_limit(tmp_path: Path) -> None:
    site = make(tmp_path, memory_mb=400)
    site("step", "import", "it")
    site.says("memory")
    assert "MemoryError" in site("step", "import", "it", status=1)


def test_what_it_has_started_ends_with_it(site: Site) -> None:
    site("step", "import", "it")
    site.says("child")
    site("step", "import", "it", status=1)
    deadline = time.monotonic() + 5
    while _sleepers(site.folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _sleepers(site.folder)


def _sleepers(folder: Path) -> list[str]:
    """Give the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_its_notes_and_its_standard_error_stand_with_the_step(site: Site) -> None:
    site.says("notes")
    assert "the list is from yesterday" in site("step", "import", "it")


def test_a_stop_ends_the_waiting(tmp_path: Path) -> None:
    site = make(tmp_path, timeout="10m")
    site("step", "import", "it")
    site.says("hangs")
    process = site.start("step", "import", "it")
    while not site.json("status")["open_runs"]:
        time.sleep(0.05)
    begin = time.monotonic()
    site("stop")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 5, out.decode()
    assert time.monotonic() - begin < 20
    assert {one["status"] for one in site.json("objects")} == {"Normal"}


def test_secrets_reach_it_by_its_environment_alone(tmp_path: Path) -> None:
    spy = "import json, os, sys\njson.dump([dict(os.environ), sys.argv, sys.stdin.readline()], open('seen', 'w'))\n"
    site = make(
        tmp_path,
        command=[sys.executable, "spy.py"],
        environment={"TOKEN": {"env": "IT_TOKEN"}, "PLACE": "here"},
        settings={"depth": 3},
    )
    (tmp_path / "spy.py").write_text(spy)
    site("step", "import", "it", status=4)
    site.env |= {"IT_TOKEN": "sesame", "OTHER_SECRET": "quiet"}
    site("step", "import", "it", status=4)
    environment, arguments, hello = json.loads((tmp_path / "seen").read_text())
    assert environment["TOKEN"] == "sesame"
    assert environment["PLACE"] == "here"
    assert "OTHER_SECRET" not in environment
    assert "IT_TOKEN" not in environment
    assert "sesame" not in str(arguments) + hello
    assert json.loads(hello)["settings"] == {"depth": 3}


WRITER = """
import json, os, sys
mode = sys.argv[1]
def say(message, **more): print(json.dumps({"message": message, **more}), flush=True)
def load(): return json.load(open("there.json")) if os.path.exists("there.json") else {}
for line in sys.stdin:
    request = json.loads(line)
    what = request["request"]
    if os.path.exists("mode"): mode = open("mode").read()
    if what == "hello": say("hello", protocol=1, writes=mode != "reads"); continue
    there = load()
    if what == "import":
        for key, attributes in there.items(): say("object", type="account", id=key, attributes=attributes)
    if what == "read" and request["id"] in there:
        say("object", type="account", id=request["id"], attributes=there[request["id"]])
    if what == "export":
        open("sent", "a").write(line)
        for number, one in enumerate(request["operations"]):
            key = one["id"] or one["attributes"]["login"][0]
            if one["change"] == "create": there[key] = one["attributes"]
            for change in one["changes"]: there[key][change["name"]] = change["add"]
            if one["change"] == "delete": there.pop(key, None)
            with open("new.json", "w") as file: json.dump(there, file)
            os.replace("new.json", "there.json")
            if number == 1 and mode == "dies after the second": os._exit(1)
            if number == 1 and mode == "one too few": continue
            if number == 1 and mode == "another": say("result", n=77)
            say("result", n=one["n"])
            if mode == "twice": say("result", n=one["n"])
    say("end")
"""


@pytest.mark.parametrize("mode", ["dies after the second", "one too few", "another", "twice"])
def test_what_was_perhaps_written_is_looked_at_and_never_sent_blindly(tmp_path: Path, mode: str) -> None:
    site = writing_site(tmp_path, mode)
    for step in (("import", "hr"), ("import", "it"), ("sync",), ("evaluate",)):
        site("step", *step)
    site("step", "export", "it", status=1)
    written = set(json.loads((tmp_path / "there.json").read_text()))
    (tmp_path / "mode").write_text("well")
    site("run", status=None)
    site("run")
    assert sorted(json.loads((tmp_path / "there.json").read_text())) == ["ada", "bob", "cleo", "dan"]
    created = [
        one["attributes"]["login"][0]
        for line in (tmp_path / "sent").read_text().splitlines()
        for one in json.loads(line)["operations"]
        if one["change"] == "create"
    ]
    sent_twice = {one for one in created if created.count(one) > 1}
    assert not sent_twice & written, "what was carried out was found there, and not sent again"
    assert site.json("exports") == []


def test_a_program_that_reads_refuses_every_write(tmp_path: Path) -> None:
    site = writing_site(tmp_path, "reads")
    site("run", status=1)
    assert not (tmp_path / "sent").exists()
    assert {one["error_code"] for one in site.json("exports")} == {"unwilling"}


def writing_site(folder: Path, mode: str) -> Site:
    systems = {
        "hr": {
            "connector": "csv",
            "objects": {"person": {"path": "hr.csv", "external_id": "login"}},
        },
        "it": {
            "connector": "program",
            "command": [sys.executable, "writer.py", mode],
            "objects": {"account": {"external_id": "login"}},
            "exports": {"retry_delay": "0s"},
            "timeout": "5s",
        },
    }
    rules = in_and_out("it.account", ["login", "name"])
    site = Site(folder, document({"systems": systems, "metaverse": {"person": {}}}, rules=rules))
    (folder / "writer.py").write_text(WRITER)
    site.csv("hr.csv", [{"login": one, "name": one.title()} for one in ("ada", "bob", "cleo", "dan")])
    return site
