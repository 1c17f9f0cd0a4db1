"""What all tests share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compiled import keep_what_is_compiled
from tests.directory import server
from tests.stores import each_store, either_store, store_file, store_files

__all__ = ["each_store", "either_store", "server", "store_file", "store_files"]

keep_what_is_compiled()
os.environ.pop("COLUMNS", None)  # what rich finds there when it is loaded would be the width of every command's lists


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screens", action="store_true", help="write screenshots/ anew instead of comparing")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run of tests, whichever worker asks."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-gw") else base


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of what the program does and shows."""
    for name in ("NO_COLOR", "FORCE_COLOR", "INTERLOCK_CONFIG", "SUDO_USER", "DIRECTORY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """Let the collector see again what a program inside the test's own process has frozen: it would stay for ever."""
    yield
    gc.unfreeze()
