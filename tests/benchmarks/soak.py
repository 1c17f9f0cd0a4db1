"""An hour's worth of updates, four a second, as fast as the console can show them: what it comes to hold."""

import asyncio
import sqlite3
import sys
from pathlib import Path

from tui.console.app import InterlockApp

UPDATES = 4 * 3600


def resident() -> float:
    """Give the megabytes that this process holds now."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


async def soak(config: Path, updates: int) -> None:
    """Change the store and let the console show it, over and over, with every screen in turn."""
    store = sqlite3.connect(config.parent / "interlock.db", isolation_level=None, timeout=30)
    step = store.execute("SELECT max(id) FROM steps").fetchone()[0]
    app = InterlockApp(config)
    async with app.run_test(size=(120, 40)) as pilot:
        while app.current_mode != "line":
            await pilot.pause(0.05)
        for number in range(updates):
            store.execute("UPDATE steps SET done = done + 1 WHERE id = ?", (step,))
            store.execute(
                "UPDATE pending_exports SET attempts = attempts + 1 WHERE id % 7 = ? AND id < 1200", (number % 7,)
            )
            if number % 50 == 0:
                await pilot.press("12356781"[number // 50 % 8])
            await app.keep_up()
            await pilot.pause(0)
            if number in (updates // 4, updates // 2, updates - 1):
                print(f"{number + 1:>7,} updates: {resident():.1f} MB", flush=True)
    store.close()


if __name__ == "__main__":
    asyncio.run(soak(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else UPDATES))
