"""Join, disconnect, exclude and include by hand; list what is owed; explain."""

from collections.abc import Coroutine
from typing import Annotated, Any, Literal

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.explanation import explanation
from tui.presentation.foresight import followed
from tui.terminal.commands.deciding import Reason
from tui.terminal.commands.listing import LimitOption
from tui.terminal.context import CONFIG, USAGE, ConfigOption, JsonOption, carry_out, fail, numbers, open_workspace
from tui.terminal.printing import complain, say, write_json, write_table

CsoId = Annotated[str, typer.Argument(metavar="CSO", help="A connected system object, such as cso-3.")]
MvoId = Annotated[str, typer.Argument(metavar="MVO", help="A metaverse object, such as mvo-1.")]
Verb = Literal["join", "disconnect", "exclude", "include", "restore"]
SHOWN = 100


def join(cso: CsoId, mvo: MvoId, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Join an object to a metaverse object by hand."""
    workspace = open_workspace(config)
    ids = numbers([cso], "cso")[0], numbers([mvo], "mvo")[0]
    _do(workspace, feed.manual_joins.join(workspace, *ids, operator=feed.current_operator(), reason=reason))


def disconnect(cso: CsoId, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Take an object away from its metaverse object; the rules may join it again."""
    workspace = open_workspace(config)
    number = numbers([cso], "cso")[0]
    _do(workspace, feed.manual_joins.disconnect(workspace, number, operator=feed.current_operator(), reason=reason))


def exclude(cso: CsoId, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Take an object away, and let no rule have it ever again."""
    workspace = open_workspace(config)
    number = numbers([cso], "cso")[0]
    _do(workspace, feed.manual_joins.exclude(workspace, number, operator=feed.current_operator(), reason=reason))


def include(cso: CsoId, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Let the rules have an excluded object again."""
    workspace = open_workspace(config)
    number = numbers([cso], "cso")[0]
    _do(workspace, feed.manual_joins.include(workspace, number, operator=feed.current_operator(), reason=reason))


def consequences(
    verb: Annotated[Verb, typer.Argument(metavar="WHAT", help="join, disconnect, exclude, include or restore.")],
    things: Annotated[
        list[str], typer.Argument(metavar="ID...", help="As for that command: cso-3 mvo-1, cso-3, rev-2.")
    ],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell what a decision by hand would lead to, on a copy; nothing is changed."""
    workspace = open_workspace(config)
    if len(things) != 1 + (verb == "join") and verb != "restore":
        fail(f"{verb} is about {'a cso and an mvo' if verb == 'join' else 'one cso'}", USAGE)
    kinds = ["rev" if thing.startswith("rev") and verb == "restore" else "cso" for thing in things]
    if verb == "join":
        kinds[1] = "mvo"
    ids = [(kind, numbers([thing], kind)[0]) for kind, thing in zip(kinds, things, strict=True)]
    feed.tune_interpreter()
    found = feed.follow_document(carry_out(workspace, feed.follow(config, verb, ids)))
    if as_json:
        write_json(found)
        return
    for line in followed(found):
        say(line)


def _do(workspace: feed.Workspace, work: Coroutine[Any, Any, str]) -> None:
    say(display(carry_out(workspace, work)))


def restore(
    thing: Annotated[str, typer.Argument(metavar="ID", help="A deleted target object, cso-12, or an approval, rev-3.")],
    reason: Reason,
    config: ConfigOption = CONFIG,
) -> None:
    """Create what was deleted again, from what it last held; the next export sends it."""
    workspace = open_workspace(config)
    kind = "rev" if thing.startswith("rev") else "cso"
    number = numbers([thing], kind)[0]
    operator = feed.current_operator()
    for one in carry_out(workspace, feed.restore(workspace, kind, number, operator=operator, reason=reason)):
        say(f"{display(one.label)} is staged again, as cso-{one.cso_id}")
        for line in one.staged:
            say(f"  {display(line)}")
        say("  what cannot come back:")
        for line in one.lost:
            say(f"    {display(line)}")


def owed(config: ConfigOption = CONFIG, limit: LimitOption = None, as_json: JsonOption = False) -> None:
    """List the references that are owed: what they name is not there yet."""
    workspace = open_workspace(config)
    most = limit if limit is not None else 0 if as_json else SHOWN
    rows = carry_out(workspace, feed.owed(workspace, most + 1 if most else 1_000_000))
    shown = rows[:most] if most else rows
    if as_json:
        write_json(shown)
        return
    cells = ([row["owner"], row["label"], row["attribute"], row["waits_because"]] for row in shown)
    write_table(["id", "object", "attribute", "waits because"], cells)
    if len(rows) > len(shown):
        complain(f"these are the first {most:,}; --limit 0 lists all of them")


def explain(
    thing: Annotated[str, typer.Argument(metavar="ID", help="cso-1 or mvo-1, or text that finds a single object.")],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell why an object looks as it does: rule by rule, who contributed what, what is staged, and what stopped it."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.explain(workspace, thing))
    if as_json:
        write_json(found)
    else:
        for line in explanation(found):
            say(line)
