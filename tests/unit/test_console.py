"""The console is asked for by saying nothing else, and is told at once what the configuration wishes of it."""

from pathlib import Path

import pytest

from tests.workspace import Workspace
from tui.console import start
from tui.console.tty import TerminalSettings

PLAIN = TerminalSettings(theme=None, ascii=False, mouse=True)


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        ([], "interlock.toml"),
        (["-c", "other.toml"], "other.toml"),
        (["--config", "other.toml"], "other.toml"),
        (["--config=other.toml"], "other.toml"),
        (["status"], None),
        (["-c", "other.toml", "status"], None),
        (["--help"], None),
        (["-c"], None),
    ],
)
def test_the_console_is_asked_for_by_naming_no_command(arguments, config):
    assert start.asked_for(arguments) == (Path(config) if config else None)


def test_the_configuration_may_be_named_by_the_environment(monkeypatch):
    monkeypatch.setenv("INTERLOCK_CONFIG", "elsewhere.toml")
    assert start.asked_for([]) == Path("elsewhere.toml")
    assert start.asked_for(["-c", "here.toml"]) == Path("here.toml")


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        ("", PLAIN),
        ("[console]\n", PLAIN),
        ('[console]\ntheme = "light"\nascii = true\nmouse = false\n', TerminalSettings("light", True, False)),
        ('[console]\ntheme = "ansi"\n', PLAIN._replace(theme="ansi-dark")),
        ('[console]\ntheme = ["dark"]\nascii = "yes"\nmouse = 1\n', PLAIN),
        ("console = 3\n", PLAIN),
        ("[console\n", PLAIN),
    ],
)
def test_what_the_configuration_wishes_is_known_before_the_first_painting(tmp_path, said, settings):
    config = tmp_path / "interlock.toml"
    config.write_text(said)
    assert start.wished(config, PLAIN) == settings


def test_the_configuration_may_not_ask_for_colours_that_are_not_there(tmp_path):
    config = tmp_path / "interlock.toml"
    config.write_text('[console]\ntheme = "dark"\n')
    assert start.wished(config, PLAIN._replace(theme="ansi-light")).theme == "ansi-light"


def test_without_a_terminal_it_tells_the_status(tmp_path):
    site = Workspace(tmp_path, '[systems.hr]\nconnector = "csv"\n[systems.hr.objects.person]\nexternal_id = "id"\n')
    site.configure((tmp_path / "interlock.toml").read_text() + 'path = "hr.csv"\n')
    for arguments in ([], ["-c", "interlock.toml"], ["-c", "interlock.toml", "status"]):
        assert "Nothing was imported yet" in site(*arguments)


def test_without_a_configuration_it_says_in_one_line_how_to_make_one(tmp_path):
    site = Workspace(tmp_path, "")
    (tmp_path / "interlock.toml").unlink()
    said = site(status=2)
    assert said.count("\n") == 1
    assert "interlock demo" in said
    assert "interlock init DIR" in said
    assert site("-c", "other.toml", status=2).startswith("other.toml: no such file")
