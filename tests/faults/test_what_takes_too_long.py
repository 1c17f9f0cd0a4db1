"""No rule and no value keeps a run busy for good: what takes too long is that object's error, and the others go on."""

import re
import signal
import sqlite3
import subprocess
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.faults.test_bad_input import Small

BLANKS = f"x{' ' * 200_000}x"
EITHER = "memory|it took longer than 2 s"
"""What it has too little of first is the machine's matter: to get much memory takes time as well."""
SLOW = r"{{ title | regex_replace('(a+)+(?!c)$', '') }}"
"""Python's own engine alone matches it, and takes for ever over many a before a b."""
ENDLESS = f"{'a' * 40}b"


def _rule(site: Small, old: str, new: str) -> None:
    text = (site.folder / "interlock.toml").read_text()
    assert old in text
    site.configure(text.replace(old, new, 1))


def _title(site: Small, number: int, title: str) -> None:
    site.rows[number]["title"] = title
    site.write(site.rows)


@pytest.fixture
def slow(tmp_path: Path) -> Small:
    """Thirty people, and a rule by which a title of many a takes for ever."""
    site = Small(tmp_path / "workspace")
    _rule(site, 'title = "title"', f'title = "{SLOW}"')
    return site


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (r"{{ title | regex_replace('\\s+$', '') }}", None),
        (r"{{ title | regex_replace('(\\s+)+x?$', '') }}", None),
        (r"{{ title | regex_replace('(\\s+)+(?!x)$', '') }}", "it took longer than 2 s"),
        (r"{% set a = title ~ title %}{% set b = a ~ a %}{% set c = b ~ b %}{{ c | length }}", "longer than 1,000,000"),
        ("{% for one in range(10000) %}{{ title | list | sort | length }}{% endfor %}", "it took longer than 2 s"),
        ("{% for one in range(10000) %}{{ title }}{% endfor %}", "memory"),
        ("{{ range(10000) | map('string') | map('replace', '1', title) | list | length }}", EITHER),
        ("{{ 'a' * 10**9 }}", "takes numbers only"),
    ],
)
def test_an_expression_takes_its_time_and_memory_and_no_more(tmp_path: Path, expression: str, said: str | None) -> None:
    site = Small(tmp_path / "workspace")
    _rule(site, 'title = "title"', f'title = "{expression}"')
    _title(site, 7, BLANKS)
    site.rows = site.rows[:8]
    site.write(site.rows)
    site("run", status=1 if said else 0)
    errors = site.errors()
    assert BLANKS not in str(errors), "what is told stays short"
    for error in errors:
        assert error["code"] == "expression-error"
        assert said is not None
        assert re.search(said, error["message"])
    assert bool(errors) is bool(said)


def test_the_others_are_written_whatever_one_value_is(slow: Small) -> None:
    _title(slow, 7, ENDLESS)
    slow("run", status=1)
    told = [error for error in slow.errors() if "it took longer than 2 s" in error["message"]]
    assert [error["code"] for error in told] == ["expression-error"]
    assert slow.entries().count(b"employeeNumber: ") == 29


UNIQUE = f"""
[metaverse.person.unique.login]
candidates = ["{SLOW}", "{{{{ employee_id }}}}"]
"""
LOGIN, ID, TITLE = (f"json_extract(attributes, '$.{name}[0]')" for name in ("login", "employee_id", "title"))
GROUP = """
[[groups]]
name = "it"
type = "team"
of = "person"
members = "(title | regex_replace('(a+)+(?!c)$', '')) == 'x'"
attribute = "members"
[metaverse.team]
attributes = { members = "reference[]" }
"""


@pytest.mark.parametrize(
    ("more", "errors"), [(None, 5), (UNIQUE, 0), (GROUP, 5)], ids=["flow", "unique value", "computed group"]
)
def test_nobody_waits_for_the_store_while_a_rule_is_evaluated(tmp_path: Path, more: str | None, errors: int) -> None:
    slow = Small(tmp_path / "workspace")
    if more is None:
        _rule(slow, 'title = "title"', f'title = "{SLOW}"')
    else:
        slow.configure((slow.folder / "interlock.toml").read_text() + more)
    for number in range(5):
        _title(slow, number, ENDLESS)
    longest = _longest_wait(slow, slow.start("run"))
    assert sum("it took longer" in error["message"] for error in slow.errors()) == errors
    assert longest < 6, "within their page, the five would take ten seconds"
    if more is UNIQUE:
        told = slow.query(f"SELECT {LOGIN} = {ID} FROM metaverse WHERE {TITLE} = '{ENDLESS}'")
        assert told == [(1,)] * 5, "the next candidate is taken"


def test_nobody_waits_for_the_store_while_a_join_proves_who_somebody_is(tmp_path: Path) -> None:
    slow = Small(tmp_path / "workspace")
    told = f'{{ source = "title", target = "{SLOW}" }}'
    _rule(slow, 'join = [["employeeNumber"]]', f'join = [["employeeNumber"], [{told}]]')
    for number in range(5):
        _title(slow, number, f"{ENDLESS}{number}")
    slow("run", status=None)
    directory = slow.folder / "directory.ldif"
    directory.write_text(directory.read_text().replace("entryUUID: ", "entryUUID: f"))
    longest = _longest_wait(slow, slow.start("step", "import", "directory"))
    assert slow.steps()["import directory"]["result"] == "success"
    assert longest < 6, "within their page, the five would take ten seconds"


def _longest_wait(slow: Small, run: subprocess.Popen[bytes]) -> float:
    """Give for how many seconds the store could not be written while a run lasts, at the longest."""
    longest = 0.0
    while run.poll() is None:
        if (slow.folder / "interlock.db").exists() and slow.query("SELECT 1 FROM sqlite_master"):
            began = monotonic()
            connection = sqlite3.connect(slow.folder / "interlock.db", timeout=30)
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
            connection.close()
            longest = max(longest, monotonic() - began)
        sleep(0.05)
    run.communicate()
    return longest


def _synchronising(site: Small) -> subprocess.Popen[bytes]:
    """Begin to synchronise thirty people, each of whom takes two seconds."""
    for number in range(30):
        _title(site, number, ENDLESS)
    site("step", "import", "hr")
    run = site.start("step", "sync")
    while not site.query("SELECT 1 FROM lease"):
        assert run.poll() is None
    return run


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, None])
def test_a_run_stops_within_its_page(slow: Small, how: signal.Signals | None) -> None:
    run = _synchronising(slow)
    sleep(1)
    if how is None:
        slow("stop")
    else:
        run.send_signal(how)
    said, _ = run.communicate(timeout=20)  # a page of 30 such people takes a minute
    assert run.returncode == 5
    assert b"stopped-by-operator" in said
    assert slow.query("SELECT result FROM runs ORDER BY id DESC LIMIT 1") == [("stopped-by-operator",)]


def test_a_second_signal_ends_it_at_once(slow: Small) -> None:
    run = _synchronising(slow)
    run.send_signal(signal.SIGINT)
    sleep(0.1)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)  # a page of such people takes a minute
    slow("status")
