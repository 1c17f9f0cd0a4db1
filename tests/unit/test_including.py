"""Several files are one configuration: what stands where, what is refused, and where a mistake is."""

from pathlib import Path

import pytest

from engine.configuration.file import load
from engine.errors import ConfigurationError

MAIN = """\
include = ["rules/*.toml"]

[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"

[metaverse.person]

[[rules]]
name = "first"
from = "hr.person"
to = "metaverse.person"
project = true
flow = { id = "id" }
"""
RULES = """\
[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"

[metaverse.person.unique.login]
candidates = ["{{ id }}"]

[[rules]]
name = "second"
from = "metaverse.person"
to = "directory.person"
provision = true

[rules.flow]
uid = "login"
"""
THIRD = '[[rules]]\nname = "third"\nfrom = "metaverse.person"\nto = "directory.person"\n[rules.flow]\nsn = "id"\n'


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.toml").write_text(RULES)
    (tmp_path / "rules/b.toml").write_text(THIRD)
    (tmp_path / "interlock.toml").write_text(MAIN)
    return tmp_path / "interlock.toml"


def _refused(main: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(main)
    return str(caught.value).replace(f"{main.parent}/", "")


def test_all_files_are_one_configuration(main: Path) -> None:
    config, rules = load(main)
    assert [rule.name for rule in config.rules] == ["first", "second", "third"]
    assert set(config.systems) == {"hr", "directory"}
    assert "login" in config.metaverse["person"].unique
    assert set(rules.fingerprints) == {"in hr.person", "out person"}


def test_what_is_included_decides_the_fingerprints(main: Path) -> None:
    before = load(main)[1].fingerprints
    (main.parent / "rules/b.toml").write_text(THIRD.replace('"id"\n', '"login"\n'))
    after = load(main)[1].fingerprints
    assert [scope for scope in before if before[scope] != after[scope]] == ["out person"]


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        ("rules/a.toml", 'uid = "login"', 'uid = "logon"', "rules/a.toml:18: rules.1.flow.uid: 'logon' is neither"),
        ("rules/b.toml", 'sn = "id"', 'sn = "idd"', "rules/b.toml:6: rules.2.flow.sn: 'idd' is neither"),
        ("rules/b.toml", "name =", "nam =", "rules/b.toml:2: rules.2.nam: unknown key"),
        ("rules/a.toml", "path =", "pth =", "rules/a.toml:3: systems.directory.pth: unknown key"),
        ("interlock.toml", 'flow = { id = "id"', 'flow = { id = "{{ x"', "interlock.toml:16: rules.0.flow.id: "),
        ("rules/b.toml", '"third"', '"first"', "rules/b.toml:2: rules.2.name: another rule is called 'first' already"),
        ("rules/b.toml", "[[rules]]", "[[rules]", "rules/b.toml:1: not valid TOML"),
        ("rules/b.toml", 'sn = "id"', "sn = [", "rules/b.toml:6: not valid TOML"),
        ("rules/b.toml", "[[rules]]", '[store]\npath = "x"\n[[rules]]', "rules/b.toml:1: store: an included file may"),
        ("rules/b.toml", "[[rules]]", "include = []\n[[rules]]", "rules/b.toml:1: include: an included file may have"),
        (
            "rules/a.toml",
            "[metaverse",
            '[systems.hr]\npath = "x"\n[metaverse',
            "rules/a.toml:9: systems.hr.path: stands in interlock.toml:5 already",
        ),
        ("interlock.toml", "rules/*", "rulez/*", "interlock.toml:1: include: no file matches 'rulez/*.toml'"),
        ("interlock.toml", "rules/*", "/rules/*", "interlock.toml:1: include: '/rules/*.toml' is no path relative"),
        (
            "interlock.toml",
            '["rules/*.toml"]',
            '"rules/a.toml"',
            "interlock.toml:1: include: Input should be a valid list",
        ),
    ],
)
def test_a_mistake_is_told_with_its_own_file_and_line(main: Path, file: str, right: str, wrong: str, told: str) -> None:
    path = main.parent / file
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong, 1))
    assert told in _refused(main)
