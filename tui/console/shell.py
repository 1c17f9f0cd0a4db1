"""What a screen asks of the console around it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from tui.presentation.pieces import Line

if TYPE_CHECKING:
    from tui.console.remembered import Remembered
    from tui.console.session import Session


class Shell(Protocol):
    """The console, as its screens know it."""

    session: "Session | None"
    message: tuple[str, str] | None

    @property
    def remembered(self) -> "Remembered":
        """What is kept for whoever uses the console."""
        ...

    @property
    def ascii(self) -> bool:
        """Whether the terminal shows ASCII alone."""
        ...

    @property
    def restricted(self) -> bool:
        """Whether the console reaches nothing but itself."""
        ...

    @property
    def armed(self) -> bool:
        """Whether keys may change anything."""
        ...

    @property
    def current_mode(self) -> str:
        """The name of the screen that is shown."""
        ...

    def mode_badge(self) -> Line:
        """Say whether keys may change anything, and for how long."""
        ...

    def freshness(self) -> Line:
        """Say how old the facts on screen are."""
        ...

    def say(self, text: str, tone: str = "") -> None:
        """Tell something at the foot of the screen."""
        ...

    def act(self, doing: str, work: Callable[[], Awaitable[str]]) -> None:
        """Carry out a change beside the loop, and say what became of it."""
        ...

    def open_thing(self, thing: str) -> None:
        """Open a thing by its id."""
        ...

    def open_plan(self) -> None:
        """Show what the next keys of the Line would do."""
        ...

    def choose_profile(self, name: str) -> None:
        """Show the steps of another profile on the Line."""
        ...

    def open_deleted(self) -> None:
        """List what is gone."""
        ...

    def reload(self) -> None:
        """Use the configuration as its files have it by now."""
        ...

    def open_more(self, name: str) -> None:
        """Show one of the screens that no digit leads to, by its name."""
        ...

    def open_rules(self, name: str = "") -> None:
        """List the rules, or show the one of a name."""
        ...

    async def show_list(self, name: str, line: str, back_to: str = "") -> None:
        """Show a list, with nothing open over it, filtered; `esc` then leads back to the screen that led there."""
        ...

    def find(self, name: str, text: str) -> None:
        """Show a list of what holds a text."""
        ...

    def action_show_screen(self, name: str) -> None:
        """Show one of the ten screens."""
        ...
