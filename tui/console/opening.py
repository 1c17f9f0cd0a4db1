"""What is on screen while the workspace is being opened: the frame of the Line, still dark."""

from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.screen import Screen

from tui.console.widgets.lines import Lines
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs

PHASES = ("1 import", "2 evaluate", "3 export", "4 confirm", "5 detect")


class OpeningScreen(Screen[Any]):
    """The first frame."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        self._config = config

    def compose(self) -> ComposeResult:
        """Show the track with every lamp dark."""
        yield Lines([[(" Interlock", "strong")]], id="tabs")
        lamps = "   ".join(f"{glyphs().idle} {phase}" for phase in PHASES)
        yield Lines(
            [[], [(f" {lamps}", "dim")], [], [(f" opening {display(self._config, 60)}", "dim")]],
            id="facts",
        )
