"""What `interlock check` tells before a run has to: targets that cannot be written, and settings that do nothing."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.inside import Inside

CONFIG = """
[store]
path = "state/interlock.db"

[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"

[systems.out]
{out}

[metaverse.person]

[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
id = "id"
name = "name"

[[rules]]
name = "accounts"
from = "metaverse.person"
to = "out.person"
provision = true
{dn}
[rules.flow]
{id} = "id"
cn = "name"
"""
CSV = 'connector = "csv"\npath = "{path}"\n{more}\n[systems.out.objects.person]\nexternal_id = "id"'
LDIF = (
    'connector = "ldif"\npath = "{path}"\n{more}\n[systems.out.objects.person]\nexternal_id = "uid"\n'
    'object_class = ["account"]\nsecondary_external_id = "dn"'
)
KINDS = {
    "csv": (CSV, "", "id", "id,cn\n"),
    "ldif": (LDIF, 'dn = "uid={{ id | rdn }},dc=example,dc=org"', "uid", "dn: dc=example,dc=org\ndc: example\n"),
}


def _site(folder: Path, kind: str = "csv", path: str = "", more: str = "", settings: str = "") -> Inside:
    out, dn, external_id, content = KINDS[kind]
    out = out.format(path=path or f"shared/out.{kind}", more=more)
    site = Inside(folder, CONFIG.format(out=out, dn=dn, id=external_id) + settings)
    (folder / "hr.csv").write_text("id,name\n1,Ada\n")
    (folder / "state").mkdir(exist_ok=True)
    (folder / "shared").mkdir(exist_ok=True)
    (folder / "shared" / f"out.{kind}").write_text(content)
    return site


@contextmanager
def _closed(folder: Path) -> Iterator[None]:
    """Let nothing be written in a folder, whoever asks."""
    if os.geteuid() == 0:
        subprocess.run(["chattr", "+i", str(folder)], check=True)
    else:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", str(folder)], check=True)
        folder.chmod(0o700)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_can_be_written_passes(tmp_path: Path, kind: str) -> None:
    assert "FAIL" not in _site(tmp_path, kind)("check")


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_is_a_link_to_elsewhere_is_told_as_the_export_would(tmp_path: Path, kind: str) -> None:
    site = _site(tmp_path, kind, path=f"link.{kind}")
    (tmp_path / f"link.{kind}").symlink_to(tmp_path / "shared" / f"out.{kind}")
    assert "is a link to" in site("check", status=4)
    assert "it is a link to" in site("run", status=5), "the export would not have said so"


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_in_a_folder_that_takes_no_file_is_told(tmp_path: Path, kind: str) -> None:
    site = _site(tmp_path, kind)
    with _closed(tmp_path / "shared"):
        assert f"this user cannot write to {tmp_path / 'shared'}" in site("check", status=4)
        assert "cannot be written" in site("run", status=5), "the export would have written it"


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_can_be_read_and_not_written(tmp_path: Path, kind: str) -> None:
    site = _site(tmp_path, kind, path=f"shared/*.{kind}")
    assert "is a pattern, and what is written needs one file of its own" in site("check", status=4)


def test_a_source_may_be_a_link_or_a_pattern(tmp_path: Path) -> None:
    site = _site(tmp_path)
    (tmp_path / "hr.csv").rename(tmp_path / "state" / "people.csv")
    (tmp_path / "hr.csv").symlink_to(tmp_path / "state" / "people.csv")
    assert "FAIL" not in site("check")
    site.configure((tmp_path / "interlock.toml").read_text().replace('"hr.csv"', '"state/*.csv"'))
    assert "FAIL" not in site("check")


SETTINGS = {
    "nobody is told": ("[notify]", "nobody is told: neither a command nor [notify.mail] is given"),
    "no program": ('[notify]\ncommand = ["tell-nobody"]', "'tell-nobody' is no program that can be started here"),
    "no program here": ('[notify]\ncommand = ["./tell"]', "'./tell' is no program that can be started here"),
    "no such group": (
        '[roles]\nadministrator = ["@nobody-at-all"]\noperator = ["ada"]',
        "this machine knows no group 'nobody-at-all': nobody is administrator by it",
    ),
    "no folder": ('[metrics]\nfile = "nowhere/it.prom"', "nowhere/it.prom: there is no such folder"),
    "another file": ('[metrics]\nfile = "hr.csv"', "hr.csv: holds something else than metrics"),
    "no such key": ('[console.keys]\n"review.aprove" = "A"', "no key is called 'review.aprove'"),
    "two of one key": ('[console.keys]\n"review.keep" = "q"', "'quit' and 'review.keep' have the same key, q"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_do_nothing_are_told(tmp_path: Path, case: str) -> None:
    settings, told = SETTINGS[case]
    said = _site(tmp_path, settings=f"\n{settings}\n")("check", status=4)
    assert told in said
    assert said.count("FAIL") == 1


def test_settings_that_can_be_kept_pass(tmp_path: Path) -> None:
    settings = """
[notify]
command = ["./tell", "them"]
[roles]
administrator = ["ada", "@{group}"]
[metrics]
file = "state/it.prom"
[console.keys]
"review.keep" = "K"
"""
    group = Path("/etc/group").read_text().partition(":")[0]
    site = _site(tmp_path, settings=settings.format(group=group))
    (tmp_path / "tell").write_text("#!/bin/sh\n")
    (tmp_path / "tell").chmod(0o700)
    assert "FAIL" not in site("check")
