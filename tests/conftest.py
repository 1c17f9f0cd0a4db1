"""What all tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screens", action="store_true", help="write screenshots/ anew instead of comparing")


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of what the program does and shows."""
    for name in ("NO_COLOR", "FORCE_COLOR", "INTERLOCK_CONFIG", "SUDO_USER", "DIRECTORY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
