"""Plan: tell what a run would do, and write nothing anywhere."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer
from rich.cells import cell_len

from tui import feed
from tui.feed import planning
from tui.presentation.display import display, values
from tui.terminal.commands.running import position_of
from tui.terminal.context import CONFIG, INTERRUPTED, NO_START, USAGE, ConfigOption, JsonOption, fail
from tui.terminal.printing import complain, escaped, out, say
from tui.terminal.progress import Teller

SHOWN = 10
"""How many objects of each step are shown, unless more are asked for."""
SHOWN_ATTRIBUTES = 20
"""How many attributes of one object are shown."""


def plan(
    profile: Annotated[str | None, typer.Argument(help="A configured profile; without one, the whole cycle.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin at this step: 'sync', 'export directory', or its number.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write all of it to FILE: .csv or .ldif.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", help="Show at most this many objects of each step; 0 for all.", min=0)
    ] = SHOWN,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="WHO", help="Tell of one object alone, and of what is joined to it: mvo-1, text."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep it beside the store, for the console, and for run --planned.")
    ] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell what a run would do, object by object; nothing is written anywhere."""
    if keep and only is not None:
        fail("--keep keeps all of a plan, and --only tells of one person: give one of them", USAGE)
    work = _plan(config, profile, start, _Told(out_file, limit, only, as_json, keep))
    try:
        raise typer.Exit(asyncio.run(_ending_cleanly(work)))
    except feed.ConfigurationError as error:
        fail(str(error), USAGE)
    except (feed.UnknownId, planning.CannotWrite) as error:
        fail(str(error), USAGE)
    except (feed.StoreError, OSError) as error:
        fail(str(error), NO_START)
    except (KeyboardInterrupt, asyncio.CancelledError):
        fail("the plan was stopped; nothing was written", INTERRUPTED)


async def _ending_cleanly(work: Coroutine[Any, Any, int]) -> int:
    """Take the copies away even if the process is told to end."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    return await task


class _Told(NamedTuple):
    """What is told of the plan, and where."""

    out_file: Path | None
    limit: int
    only: str | None
    as_json: bool
    keep: bool


async def _plan(config: Path, profile: str | None, start: str | None, told: _Told) -> int:
    async with planning.planning(config) as found:
        steps = feed.plans_of(found.workspace, profile)
        first = position_of(steps, start) if start is not None else 0
        steps = steps[first:]
        if told.out_file is not None:
            planning.refuse_unfit(told.out_file, config, found)
        name = profile or "whole cycle"
        if not told.as_json:
            _introduce(found, name)
        operator = feed.current_operator()
        if told.keep:
            async with planning.keeping(found, config, profile, first, steps, operator) as keeper:
                await _carry_out(found, name, steps, keeper, as_json=told.as_json)
                await keeper.finish()
        else:
            await _carry_out(found, name, steps, as_json=told.as_json)
        await _write(found, name, told)
        return feed.exit_status(found.result)


async def _write(found: planning.Plan, name: str, told: _Told) -> None:
    if told.only is not None:
        await planning.narrow(found, told.only)
    count = await planning.write_plan(found, name, told.out_file) if told.out_file is not None else 0
    if told.as_json:
        await _write_json(found, name)
    else:
        await _tell(found, told.limit)
    if told.out_file is not None:
        complain(f"{told.out_file}: the changes of {count:,} objects", "")


def _introduce(found: planning.Plan, profile: str) -> None:
    say(f"What '{profile}' would do:", "bold")
    if found.is_new:
        say(f"    there is no store at {display(found.store.name)} yet; the plan begins with an empty one")


async def _carry_out(
    found: planning.Plan,
    profile: str,
    steps: list[feed.StepPlan],
    keeper: planning.Keeping | None = None,
    *,
    as_json: bool,
) -> None:
    feed.tune_interpreter()
    teller = Teller(found.workspace, quiet=as_json, more="interlock plan --json")
    try:
        async for event in found.run(profile, steps, feed.current_operator()):
            await teller.tell(event)
            if keeper is not None:
                await keeper.tell(event)
    finally:
        teller.close()


async def _write_json(found: planning.Plan, profile: str) -> None:
    """Write one document; the changes go out as they are read."""
    whole = orjson.dumps(planning.plan_document(found, profile), option=orjson.OPT_INDENT_2)
    head = escaped(whole).rstrip(b"}").rstrip()
    stream = sys.stdout.buffer
    stream.write(head + b',\n  "changes": [')
    comma = b"\n"
    async for change in found.changes():
        stream.write(comma + escaped(orjson.dumps(change.document())))
        comma = b",\n"
    stream.write(b"\n  ]\n}\n")
    stream.flush()


async def _tell(found: planning.Plan, limit: int) -> None:
    """Tell the changes of each step, the first of many."""
    for number, step in enumerate(found.steps):
        if not step.changes:
            continue
        say("")
        say(f"{step}: {step.changes:,} objects", "bold")
        async for change in found.changes(number, limit):
            _tell_change(change)
        if limit and step.changes > limit:
            say(f"  … and {step.changes - limit:,} more: --limit 0 shows, --out FILE writes all of them")
    say("")
    if not any(step.changes for step in found.steps):
        say(f"Nothing would change of {display(found.only.label)}." if found.only else "Nothing would change.")
    if found.waiting:
        say(f"{found.waiting:,} would wait in the review.")
    say("This is a plan: nothing was written, neither to the store nor to any system.", "bold")


def _tell_change(change: planning.PlannedChange) -> None:
    """Tell one object: a line with its name, one with its DN, and one for each attribute."""
    width = max(out.width, 40)
    head = f"  {change.told} "
    say(head + display(change.name, max(width - len(head), 20)))
    if change.dn and change.dn != change.name:
        say(f"      {display(change.dn, width - 6)}", "dim")
    shown = change.attributes[:SHOWN_ATTRIBUTES]
    names = [display(one.name, 24) for one in shown]
    widest = max(map(len, names), default=0)
    for name, one in zip(names, shown, strict=True):
        first, *more = _values(one.old, one.new, width - 6 - widest - 2)
        say(f"      {name:<{widest}}  {first}")
        for line in more:
            say(f"      {'':<{widest}}  {line}")
    if len(change.attributes) > len(shown):
        say(f"      … and {len(change.attributes) - len(shown)} more attributes")


def _values(old: list[object], new: list[object], room: int) -> list[str]:
    """Tell what an attribute had and has: `old → new` on one line, or else `- old` above `+ new`."""
    before, after = values(old), values(new)
    if old and new and cell_len(before) + cell_len(after) + 3 <= room:
        return [f"{before} → {after}"]
    sides = (("-", old), ("+", new))
    return [f"{sign} {values(side, room - 2)}" for sign, side in sides if side] or ["-"]
