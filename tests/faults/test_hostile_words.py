"""What comes from outside is shown, and never obeyed, by every way out of the command line."""

import re
from pathlib import Path

import pytest

from tests import preloaded
from tests.faults.test_bad_input import Small

EVIL = "a\x1b[2Jb\x9b31mc\u202ed\u2066e\x07f\u200bg"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def _harmless(site: Small, *arguments: str, **env: str) -> str:
    done = preloaded.run(arguments, cwd=site.folder, env={**site.env, **env})
    text = done.out.decode() + done.err.decode()
    assert "Traceback" not in text
    assert not OBEYED.search(text), ascii(text)
    return text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Somebody whose every attribute is hostile, known, wanted, missing, and in the review."""
    site = Small(tmp_path_factory.mktemp("hostile") / "workspace")
    site.rows[3] |= dict.fromkeys(("first_name", "last_name", "title", "location", "email"), EVIL)
    site.write(site.rows)
    site("run", status=None)
    del site.rows[3]
    site.write(site.rows)
    site("run", status=None)
    return site


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("objects",),
        ("metaverse",),
        ("exports",),
        ("review",),
        ("transitions",),
        ("runs",),
        ("show", "cso-4"),
        ("show", "run-1"),
        ("explain", "cso-4"),
        ("owed",),
        ("plan",),
        ("check",),
        ("audit", "show"),
        ("audit", "verify"),
        ("store", "check"),
    ],
)
def test_every_way_out(hostile: Small, command: tuple[str, ...], as_json: tuple[str, ...]) -> None:
    _harmless(hostile, *command, *as_json)


def test_what_is_decided_in_a_hostile_name(hostile: Small) -> None:
    _harmless(hostile, "review", "keep", "rev-1", "--reason", EVIL, INTERLOCK_OPERATOR=EVIL)
    _harmless(hostile, "show", "rev-1", INTERLOCK_OPERATOR=EVIL)
    _harmless(hostile, "audit", "show")
    _harmless(hostile, "audit", "export", "-")


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", EVIL),
        (EVIL,),
        ("objects", "--status", EVIL),
        ("objects", "--filter", EVIL),
        ("step", "import", EVIL),
        ("check", "-c", f"{EVIL}.toml"),
        ("run", EVIL),
        ("init", f"{EVIL}/{EVIL}"),
    ],
)
def test_what_is_typed(hostile: Small, arguments: tuple[str, ...]) -> None:
    _harmless(hostile, *arguments)


def test_what_the_configuration_says(tmp_path: Path) -> None:
    site = Small(tmp_path / "workspace")
    text = (site.folder / "interlock.toml").read_text()
    told = "".join(f"\\u{ord(char):04x}" if OBEYED.match(char) else char for char in EVIL)
    for old, new in (
        ('connector = "csv"', f'connector = "{told}"'),
        ('title = "title"', f'title = "{{{{ {told} }}}}"'),
        ('path = "hr.csv"', f'path = "{told}.csv"'),
        ("[run]", f'["{told}"]'),
        ('external_id = "code"', f'external_id = "{told}"'),
    ):
        site.configure(text.replace(old, new, 1) if old in text else f"{text}\n{new}\n")
        _harmless(site, "check")
        _harmless(site, "run")


@pytest.mark.parametrize("opened", ["a = " + "[" * 3000 + "]" * 3000, "a = " + "{a=" * 2000 + "1" + "}" * 2000])
def test_a_configuration_that_is_nested_too_deep_is_refused(tmp_path: Path, opened: str) -> None:
    site = Small(tmp_path / "workspace")
    site.configure(opened)
    assert "nested too deep" in site("check", status=2)


def test_numbers_beyond_all_bounds_are_errors(tmp_path: Path) -> None:
    site = Small(tmp_path / "workspace")
    text = (site.folder / "interlock.toml").read_text()
    site.configure(text.replace('title = "title"', 'title = "{{ 1e999 }}"', 1))
    assert "a number that is too large" in site("check", status=2)
    site.configure(text.replace('title = "title"', 'title = "{{ 1e308 * 10 }}"', 1))
    site("run", status=1)
    assert {error["code"] for error in site.errors()} >= {"expression-error"}
