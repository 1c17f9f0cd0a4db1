"""An expression is tried over the object on screen, while it is typed."""

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import make_office
from tests.workspace import Workspace


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office; nobody writes to it."""
    found = make_office(tmp_path_factory.mktemp("trying") / "office", 12)
    found("run")
    return found


async def open_first(console: Console, screen: str, kind: str) -> None:
    """Open the first object of a list, and begin to try an expression."""
    await console.show(screen, f"{kind}-")
    await console.press("enter")
    await console.until("Attributes")
    await console.press("equals_sign")
    await console.until("expression:", "as it stands in a rule", "enter takes it  esc gives it up")


async def test_what_is_typed_is_evaluated_at_once(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await open_first(console, "4", "mvo")
        await console.type("last_name")
        await console.until("value", "type", "text", "Reads", "last_name")
        await console.press("enter", "equals_sign", "ctrl+u")
        await console.type("last_name == 5")
        await console.until("boolean", "False")
        await console.press("escape", "escape")
        await console.until("Attributes", "last_name")


async def test_what_cannot_be_evaluated_says_why(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await open_first(console, "3", "cso")
        await console.type("nowhere")
        await console.until("nowhere", "no")
        await console.press("ctrl+u")
        await console.type("1 = (")
        await console.until("cannot be read")


async def test_nothing_is_written_and_no_console_has_to_be_armed(office: Workspace, opened: Open) -> None:
    before = (office.folder / "interlock.db").read_bytes()
    async with opened(office, restricted=True) as console:
        await open_first(console, "4", "mvo")
        await console.type("last_name")
        await console.until("text")
    assert (office.folder / "interlock.db").read_bytes() == before
