"""Decide: the review, and the queue of pending exports."""

from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tui import feed
from tui.commands.listing import LimitOption, SearchOption, StatusOption, SystemOption, write_listing
from tui.context import CONFIG, USAGE, ConfigOption, JsonOption, carry_out, fail, open_workspace, readable
from tui.display import display
from tui.output import complain, say

review = typer.Typer(help="What waits for a person: list it, approve, keep, defer, withdraw, release.")
exports = typer.Typer(help="The queue of pending exports: list it, retry, hold, discard.")

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="One or more ids, such as rev-3.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the decision.", callback=readable)]


@review.callback(invoke_without_command=True)
def list_review(
    context: typer.Context,
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    status: Annotated[
        str | None, typer.Option("--status", help="open, approved, kept, deferred, carried-out, … or all.")
    ] = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a decision, or what is in a state."""
    context.obj = config
    if context.invoked_subcommand is None:
        write_listing("review", config, as_json=as_json, system=system, status=status, search=search, limit=limit)
        if not as_json:
            _list_held(config)


def _list_held(config: Path) -> None:
    workspace = open_workspace(config)
    for batch in carry_out(workspace, feed.status(workspace))["waiting"]["held_batches"]:
        say(f"held in run-{batch['run_id']} by {batch['gate']}: {display(batch['arithmetic'])}")


@review.command()
def approve(
    ids: Ids,
    reason: Reason,
    count: Annotated[int | None, typer.Option("--count", help="How many these are, for more than a handful.")] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Approve: the next sync disconnects, evaluation stages the deletes, export sends them."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.review.approve(workspace, numbers(ids, "rev"), operator=operator, reason=reason, count=count)
    _decide(workspace, "rev", work, "approved")


@review.command()
def keep(ids: Ids, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Keep: nothing happens to it, and it is not proposed again until it was seen and went missing again."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.review.keep(workspace, numbers(ids, "rev"), operator=operator, reason=reason)
    _decide(workspace, "rev", work, "kept")


@review.command()
def defer(
    ids: Ids,
    reason: Reason,
    until: Annotated[str, typer.Option("--for", help="How long, such as 12h, 7d, 2w.")] = "7d",
    config: ConfigOption = CONFIG,
) -> None:
    """Defer: it waits again after some time."""
    workspace = open_workspace(config)
    work = feed.review.defer(
        workspace, numbers(ids, "rev"), operator=feed.current_operator(), reason=reason, until=until
    )
    _decide(workspace, "rev", work, "deferred")


@review.command()
def withdraw(ids: Ids, reason: Reason, config: ConfigOption = CONFIG) -> None:
    """Withdraw an approval that has not been carried out."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.review.withdraw(workspace, numbers(ids, "rev"), operator=operator, reason=reason)
    _decide(workspace, "rev", work, "open again")


@review.command()
def release(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run whose gate held objects, such as run-3.")],
    count: Annotated[int, typer.Option("--count", help="How many objects it holds: the number, typed.")],
    reason: Reason,
    config: ConfigOption = CONFIG,
) -> None:
    """Let what a gate held in one run go into the review."""
    workspace = open_workspace(config)
    work = feed.review.release(
        workspace, numbers([run], "run")[0], count=count, operator=feed.current_operator(), reason=reason
    )
    _, marked = carry_out(workspace, work)
    say(f"{marked:,} objects are obsolete now and wait in the review; nothing was deleted")


@exports.callback(invoke_without_command=True)
def list_exports(
    context: typer.Context,
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    status: StatusOption = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the pending exports."""
    if context.invoked_subcommand is None:
        write_listing("exports", config, as_json=as_json, system=system, status=status, search=search, limit=limit)


@exports.command()
def retry(ids: Ids, config: ConfigOption = CONFIG) -> None:
    """Send again with the next export step; held exports are let go."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.queue.retry(workspace, numbers(ids, "exp"), operator=operator)
    _decide(workspace, "exp", work, "sent with the next export")


@exports.command()
def hold(ids: Ids, config: ConfigOption = CONFIG) -> None:
    """Do not send until it is retried."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.queue.hold(workspace, numbers(ids, "exp"), operator=operator)
    _decide(workspace, "exp", work, "held")


@exports.command()
def discard(ids: Ids, config: ConfigOption = CONFIG) -> None:
    """Drop what was not sent."""
    workspace = open_workspace(config)
    operator = feed.current_operator()
    work = feed.queue.discard(workspace, numbers(ids, "exp"), operator=operator)
    _decide(workspace, "exp", work, "discarded")


def numbers(ids: Sequence[str], kind: str) -> list[int]:
    """Read ids as `rev-3` or `3`; end with the reason where they are none."""
    texts = [text.removeprefix(f"{kind}-") for text in ids]
    for given, text in zip(ids, texts, strict=True):
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            fail(f"'{given}' is no id: {kind}-1 is", USAGE)
    return [int(text) for text in texts]


def _decide(workspace: feed.Workspace, kind: str, work: Awaitable[Sequence[Any]], done: str) -> None:
    """Carry a decision out and say for each thing what became of it; status 1 if any was refused."""

    async def decided() -> Sequence[Any]:
        return await work

    outcomes = carry_out(workspace, decided())
    refused = [outcome for outcome in outcomes if outcome.refusal]
    for outcome in outcomes:
        if outcome.refusal:
            complain(f"refused: {kind}-{outcome[0]} {display(outcome.label)}: {outcome.refusal}")
        else:
            say(f"{display(outcome.label)}: {done}")
    raise typer.Exit(1 if refused else 0)
