"""Try an expression over an object."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.context import CONFIG, USAGE, ConfigOption, JsonOption, carry_out, fail, open_workspace
from tui.terminal.printing import say, write_json


def try_expression(
    expression: Annotated[
        str, typer.Argument(metavar="EXPRESSION", help="As it stands in a rule, with or without '{{ }}'.")
    ],
    thing: Annotated[str, typer.Argument(metavar="ID", help="cso-1 or mvo-1, or text that finds a single object.")],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Evaluate an expression over one object: the value, its type, and what it reads; nothing is written."""
    workspace = open_workspace(config)
    found = carry_out(workspace, _trying(feed.try_expression(workspace, expression, thing)))
    if as_json:
        write_json(found)
    else:
        _tell(found)
    if found["error"]:
        raise typer.Exit(1)


async def _trying(work: Coroutine[Any, Any, feed.Document]) -> feed.Document:
    """End with the reason where the expression cannot be read."""
    try:
        return await work
    except feed.InvalidExpression as error:
        fail(str(error), USAGE)


def _tell(found: feed.Document) -> None:
    label = display(found["label"])
    say(label if found["id"] in label else f"{label} ({found['id']})", "bold")
    if found["error"]:
        say(f"  fails  {display(found['error'])}")
    else:
        values = found["value"] if isinstance(found["value"], list) else [found["value"]]
        say(f"  value  {'none' if found['type'] == 'absent' else ', '.join(display(str(one)) for one in values)}")
        say(f"  type   {found['type']}")
    read = [f"{display(name)} = {_shown(value)}" for name, value in found["reads"].items()]
    read += [f"{display(row)} is looked up" for row in found["looks_up"]]
    for number, line in enumerate(read or ["nothing of the object"]):
        say(f"  {'' if number else 'reads':<5}  {line}")


def _shown(value: Any) -> str:
    if value is None:
        return "absent"
    return ", ".join(display(str(one), 60) for one in (value if isinstance(value, list) else [value]))
