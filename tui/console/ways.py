"""The ways to what can be opened from anywhere: one thing, a list, and the screens that no digit leads to."""

from typing import TYPE_CHECKING, Any, cast

from textual.app import App

if TYPE_CHECKING:
    from tui.console.screens.line import LineScreen
    from tui.console.screens.listing import ListScreen


class Ways(App[Any]):
    """Opens things and lists over whatever is shown."""

    def open_thing(self, thing: str) -> None:
        """Open a thing by its id, one step further along the breadcrumb."""
        from tui.console.screens import screen_for  # noqa: PLC0415 - loaded with the screens

        self.push_screen(screen_for(thing))

    def find(self, name: str, text: str) -> None:
        """Show a list of what holds a text, all of it."""
        is_one_word = not any(char.isspace() or char in ':!~"' for char in text)
        line = text if is_one_word or '"' in text else f'"{text}"'
        self.run_worker(self.show_list(name, line), group="find", exit_on_error=False)

    def open_plan(self) -> None:
        """Show what the next keys of the Line would do."""
        self.run_worker(self._open_plan(), group="find", exit_on_error=False)

    async def _open_plan(self) -> None:
        await self._go_to_line()
        await self.screen.run_action("plan")

    def choose_profile(self, name: str) -> None:
        """Show the steps of another profile on the Line."""
        self.run_worker(self._choose_profile(name), group="find", exit_on_error=False)

    async def _choose_profile(self, name: str) -> None:
        await self._go_to_line()
        cast("LineScreen", self.screen).take_profile(name)

    async def _go_to_line(self) -> None:
        await self.switch_mode("line")
        await self.close_all()

    def open_deleted(self) -> None:
        """List what is gone."""
        from tui.console.screens.deleted import DeletedScreen  # noqa: PLC0415 - loaded with the screens

        self.push_screen(DeletedScreen())

    def open_more(self, name: str) -> None:
        """Show one of the screens that no digit leads to, by its name."""
        from tui.console.screens import MORE  # noqa: PLC0415 - loaded with the screens

        self.push_screen(MORE[name]())

    def open_rules(self, name: str = "") -> None:
        """List the rules, or show the one of a name."""
        from tui.console.screens.rules import RulesScreen  # noqa: PLC0415 - loaded with the screens

        self.push_screen(RulesScreen(name))

    async def show_list(self, name: str, line: str, back_to: str = "") -> None:
        """Show a list, with nothing open over it, filtered; `esc` then leads back to the screen that led there."""
        await self.switch_mode(name)
        await self.close_all()
        cast("ListScreen", self.screen).lead_here(line, back_to)

    async def close_all(self) -> None:
        """Close whatever is open over the screen of a digit."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()
