"""Groups of commands, whose help tells each in whole sentences."""

from typing import Any

import typer
from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """Commands below a command."""

    def told(self) -> list[tuple[str, str]]:
        """Give the names of the commands and what each is for, in order."""
        return [(name, _first_paragraph(one.help)) for name, one in self.commands.items() if not one.hidden]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as Typer calls it
        """Write them into the help of the group."""
        with formatter.section("Commands"):
            formatter.write_dl(self.told())


def command_group(what_for: str, *, no_args_is_help: bool = False) -> typer.Typer:
    """Make a group that says what it is for."""
    return typer.Typer(
        cls=CommandGroup,
        help=what_for,
        no_args_is_help=no_args_is_help,
        add_completion=False,
        rich_markup_mode=None,
    )


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())
