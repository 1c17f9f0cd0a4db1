"""The server of the store is away for a while: the console says so, and reads what was asked for when it is back."""

from pathlib import Path

from tests.console.conftest import Open
from tests.databases import postgresql
from tests.workspace import Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace


async def test_lists_that_were_opened_meanwhile_are_read_when_it_is_back(opened: Open, tmp_path: Path) -> None:
    with postgresql() as server:
        server.run("CREATE DATABASE kept TEMPLATE template0")
        config = make_workspace(tmp_path / "office", list(people(20)), demo=False).read_text()
        office = Workspace(
            tmp_path / "office", config.replace('path = "interlock.db"', f'url = "{server.socket_url("kept")}"', 1)
        )
        office("run")
        async with opened(office) as console:
            await console.until("detect directory", "live")
            with server.away():
                await console.press("7")
                await console.until("Runs", "cannot be read", "as of")
                await console.press("3")
                await console.until("Objects", "cannot be read", "as of")
            await console.until("Emma Moore", "live")
            await console.show("7", "run-1", "1 of 1")
