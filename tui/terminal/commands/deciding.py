"""Decide: the review, and the queue of pending exports."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.foresight import foresight
from tui.presentation.releases import released
from tui.terminal.command_groups import command_group
from tui.terminal.commands.listing import LimitOption, SearchOption, StatusOption, SystemOption, write_listing
from tui.terminal.context import (
    CONFIG,
    USAGE,
    ConfigOption,
    JsonOption,
    before_a_command,
    carry_out,
    fail,
    numbers,
    open_workspace,
    readable,
    text_of,
)
from tui.terminal.printing import complain, say, write_json

review = command_group("What waits for a person: list it, approve, keep, defer, withdraw, release.")
exports = command_group("The queue of pending exports: list it, retry, hold, discard.")

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="One or more ids, such as exp-3.")]
SomeIds = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Ids, such as rev-3; or --filter.")]
FilterOption = Annotated[
    str | None,
    typer.Option("--filter", help="All that the line lets through, as in the console: 'system:hr smith !kind:delete'."),
]
CountOption = Annotated[int | None, typer.Option("--count", help="How many these are, for more than a handful.")]
SomeReason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the decision.", callback=text_of)]
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
    if context.invoked_subcommand is not None:
        before_a_command(config, system=system, status=status, search=search, limit=limit, json=as_json)
    else:
        write_listing("review", config, as_json=as_json, system=system, status=status, search=search, limit=limit)
        if not as_json:
            _list_held(config)


def _list_held(config: Path) -> None:
    workspace = open_workspace(config)
    for batch in carry_out(workspace, feed.status(workspace))["waiting"]["held_batches"]:
        say(f"held in run-{batch['run_id']} by {batch['gate']}: {display(batch['arithmetic'])}")


@review.command()
def approve(
    ids: SomeIds = None,
    reason: SomeReason = "",
    count: CountOption = None,
    chosen: FilterOption = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Approve: the next sync disconnects, evaluation stages the deletes, export sends them."""
    _decide_items(config, ids, chosen, feed.review.approve, "approved", reason=reason, count=count)


@review.command()
def keep(
    ids: SomeIds = None,
    reason: SomeReason = "",
    count: CountOption = None,
    chosen: FilterOption = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Keep: nothing happens to it, and it is not proposed again until it was seen and went missing again."""
    _decide_items(config, ids, chosen, feed.review.keep, "kept", reason=reason, count=count)


@review.command()
def defer(
    ids: SomeIds = None,
    reason: SomeReason = "",
    count: CountOption = None,
    chosen: FilterOption = None,
    until: Annotated[
        str, typer.Option("--for", "--until", help="How long, such as 12h, 7d, 2w; or until a day, such as 2027-01-31.")
    ] = "7d",
    config: ConfigOption = CONFIG,
) -> None:
    """Defer: it waits again after some time, or from a day on."""
    work = partial(feed.review.defer, until=until)
    _decide_items(config, ids, chosen, work, "deferred", reason=reason, count=count)


@review.command()
def withdraw(
    ids: SomeIds = None,
    reason: SomeReason = "",
    count: CountOption = None,
    chosen: FilterOption = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Take a decision back: an approval that has not been carried out, a deferral, or that somebody missing is kept."""
    _decide_items(config, ids, chosen, feed.withdraw, "open again", reason=reason, count=count)


@review.command("consequences")
def show_consequences(
    ids: SomeIds = None,
    chosen: FilterOption = None,
    limit: Annotated[int, typer.Option("--limit", help="How many trees are told; the totals are of all.", min=0)] = 20,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell what approving would lead to, across all systems: carried out on a copy, nothing is changed."""
    workspace = open_workspace(config)
    if bool(ids) == bool(chosen):
        fail("name items, such as rev-3, or choose them with --filter", USAGE)

    feed.tune_interpreter()

    async def foresee() -> feed.Foresight:
        found = numbers(ids or [], "rev") if ids else await feed.waiting_items(workspace, chosen or "")
        return await feed.foresee(config, found, limit)

    found = carry_out(workspace, foresee())
    if as_json:
        write_json(feed.foresight_document(found))
        return
    for line in foresight(feed.foresight_document(found)):
        say(line)


@review.command()
def release(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run whose gate held objects, such as run-3.")],
    count: Annotated[int, typer.Option("--count", help="How many objects it holds: the number, typed.")],
    reason: Reason,
    config: ConfigOption = CONFIG,
) -> None:
    """Let what a gate held in one run pass: what is missing goes into the review, what is to be sent may leave."""
    workspace = open_workspace(config)
    work = feed.release(
        workspace, numbers([run], "run")[0], count=count, operator=feed.current_operator(), reason=reason
    )
    batches, marked = carry_out(workspace, work)
    for sentence in released(batches, marked, "in the review"):
        say(sentence)


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
    if context.invoked_subcommand is not None:
        before_a_command(config, system=system, status=status, search=search, limit=limit, json=as_json)
    else:
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


def _decide_items(
    config: Path,
    ids: Sequence[str] | None,
    chosen: str | None,
    work: Callable[..., Awaitable[Sequence[Any]]],
    done: str,
    *,
    reason: str,
    count: int | None,
) -> None:
    """Decide about items that were named, or that a filter lets through; then their number is always wanted."""
    workspace = open_workspace(config)
    if bool(ids) == bool(chosen):
        fail("name items, such as rev-3, or choose them with --filter", USAGE)

    async def decide() -> Sequence[Any]:
        found = numbers(ids or [], "rev") if ids else await feed.waiting_items(workspace, chosen or "")
        if chosen and count != len(found):
            raise feed.DecisionRefused(f"the filter lets {len(found):,} through; say so with --count {len(found)}")
        return await work(workspace, found, operator=feed.current_operator(), reason=reason, count=count)

    _decide(workspace, "rev", decide(), done)


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
            say(f"{display(outcome.label)}: {getattr(outcome, 'note', '') or done}")
    raise typer.Exit(1 if refused else 0)
