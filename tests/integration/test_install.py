"""An ordinary install: the wheel and the sdist hold everything, and the program works where the tree is not."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal

TREE = Path(__file__).parents[2]
PACKAGES = ("engine", "storage", "tui")
BUILD = "from setuptools import build_meta; build_meta.build_{}('dist')"
SCREENS = {
    "2": "exp-",
    "3": "cso-",
    "4": "mvo-",
    "5": "export",
    "6": "rev-",
    "7": "run-",
    "8": "directory",
    "1": "detect hr",
    "?": "type to search",
}


def _environ() -> dict[str, str]:
    """Give an environment in which nothing leads to the tree."""
    ours = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "INTERLOCK_CONFIG"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {"INTERLOCK_OPERATOR": "tester"}


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=_environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as somebody gets it: nothing that was built or installed in it."""
    folder = tmp_path_factory.mktemp("export") / "interlock"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*", "build", "interlock-demo", "tests")
    shutil.copytree(TREE, folder, ignore=left_out)
    return folder


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def built(request: pytest.FixtureRequest, export: Path) -> Path:
    """A wheel, and an sdist, built from the tree's export."""
    _run(sys.executable, "-c", BUILD.format(request.param), cwd=export)
    return next((export / "dist").glob({"wheel": "*.whl", "sdist": "*.tar.gz"}[request.param]))


@pytest.fixture
def installed(built: Path, tmp_path: Path) -> Path:
    """The program of an environment that has the dependencies beside it, and no way to the tree."""
    place = tmp_path / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", str(place), cwd=tmp_path)
    python = place / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(_run(str(python), "-c", ask, cwd=tmp_path).strip())
    dependencies = site / "dependencies.pth"
    # A path in a .pth file is searched, but the .pth files in it, as that of an editable install, are not read.
    dependencies.write_text(sysconfig.get_path("purelib") + "\n")
    _run(
        *pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "--ignore-installed", str(built), cwd=tmp_path
    )
    found = _run(str(python), "-c", "import tui, engine; print(tui.__file__, engine.__file__)", cwd=tmp_path).split()
    assert all(Path(one).is_relative_to(site) for one in found), found
    return place / "bin" / "interlock"


def test_whatever_the_packages_hold_is_in_the_wheel_and_in_the_sdist(built: Path, export: Path) -> None:
    if built.suffix == ".whl":
        with zipfile.ZipFile(built) as archive:
            inside = set(archive.namelist())
    else:
        with tarfile.open(built) as archive:
            inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        str(file.relative_to(export)) for name in PACKAGES for file in (export / name).rglob("*") if file.is_file()
    }
    wanted = {name for name in wanted if "__pycache__" not in name}
    assert {Path(name).suffix for name in wanted} >= {".py", ".tcss", ".toml", ".mako", ".typed"}
    assert wanted <= inside, sorted(wanted - inside)


@pytest.fixture
def console(installed: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The console of the installed program on its demo's workspace."""
    said = _run(str(installed), "demo", str(tmp_path / "demo"), "--headless", cwd=tmp_path)
    assert "export directory" in said
    found = Terminal([str(installed)], size=(100, 30), env=_environ(), cwd=tmp_path / "demo")
    yield found
    try:
        os.kill(found.pid, 9)
        os.waitpid(found.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def test_an_installed_program_walks_the_demo_and_opens_every_screen(console: Terminal) -> None:
    console.wait_for("1 Line", "n ")
    for key, shown in SCREENS.items():
        console.send(key)
        console.wait_for(shown)
    console.send("esc")
    # not before the help has gone: esc and q at once are alt+q
    console.wait(lambda shown: "detect hr" in shown and "type to search" not in shown, "the Line")
    console.send("q")
    assert console.ended() == 0


def test_the_bill_of_a_wheel_names_what_an_install_brings_along(built: Path) -> None:
    if built.suffix != ".whl":
        return
    _run(sys.executable, "-m", "tests.house.bill_of_materials", str(built), cwd=TREE)
    bill = json.loads(built.with_suffix(".cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    root = bill["metadata"]["component"]
    assert (root["name"], root["type"]) == ("interlock", "application")
    assert root["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(built.read_bytes()).hexdigest()}]
    pins = dict(line.lower().split("==") for line in (TREE / "constraints.txt").read_text().split())
    found = {one["name"]: one["version"] for one in bill["components"]}
    spelt = {re.sub("[-_.]+", "-", name): version for name, version in pins.items()}
    assert found.items() <= spelt.items()
    assert found.keys() >= {
        "textual",
        "sqlalchemy",
        "greenlet",
        "aiosqlite",
        "pydantic-core",
        "markupsafe",
        "linkify-it-py",
    }
    assert not found.keys() & {"pytest", "ruff", "mypy", "cyclonedx-python-lib"}
    refs = {one["ref"]: set(one.get("dependsOn", ())) for one in bill["dependencies"]}
    assert set(refs) == {root["bom-ref"], *(one["bom-ref"] for one in bill["components"])}
    assert all(one["purl"].startswith("pkg:pypi/") for one in bill["components"])
    reached, waiting = set(), [root["bom-ref"]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += refs[one]
    assert reached == set(refs)
