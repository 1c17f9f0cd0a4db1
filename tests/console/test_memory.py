"""What the console holds: nothing of screens that were closed."""

import gc
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache

from tests.console.conftest import Console, Open
from tests.console.office import make_office
from tests.workspace import Workspace
from tui.console.screen_updates import forget_gone_widgets


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    return make_office(tmp_path / "office", 10)


def _painted() -> int:
    """Count the widgets whose painted lines are held."""
    gc.collect()
    return sum(type(one) is StylesCache for one in gc.get_objects())


async def _look_in_and_leave(console: Console) -> None:
    await console.press("o")
    await console.until("configuration")
    await console.settle()
    await console.press("escape")
    await console.until("Systems", gone=("› configuration",))


async def test_a_screen_that_is_closed_leaves_no_painted_lines(
    office: Workspace, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StylesCache, "get_inner_outer", None)  # so that it is put back
    forget_gone_widgets()
    async with opened(office) as console:
        await console.press("8")
        await _look_in_and_leave(console)
        before = _painted()
        for _ in range(5):
            await _look_in_and_leave(console)
        assert _painted() <= before
