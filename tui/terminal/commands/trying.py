"""Try an expression over an object."""

from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, carry_out, open_workspace, readable
from tui.terminal.printing import complain, say, write_json

ITEM_ERRORS = 1


def try_expression(
    expression: Annotated[
        str,
        typer.Argument(
            metavar="EXPRESSION",
            help="An attribute's name, what stands in {{ }}, or a text with it.",
            callback=readable,
        ),
    ],
    thing: Annotated[
        str, typer.Argument(metavar="ID", help="The object: mvo-12, cso-3, or a name that fits no other.")
    ],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Try an expression over an object: its value, of which type, and what it reads; nothing is written."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.try_expression(workspace, expression, thing))
    if as_json:
        write_json(found)
    else:
        _tell(found)
    if found["error"]:
        raise typer.Exit(ITEM_ERRORS)


def _tell(found: feed.Document) -> None:
    if found["error"]:
        complain(display(found["error"]))
    else:
        say(f"{display(_shown(found['value']))}  ({found['type']})", "bold")
    known_as = "" if found["id"] in found["label"] else f" ({found['id']})"
    say(f"of {display(found['label'])}{known_as}")
    for name, value in found["reads"].items():
        say(f"  {display(name)}: {display(_shown(value))}")


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, (list, tuple)):
        return " | ".join(map(str, value)) if value else "nothing"
    return str(value)
