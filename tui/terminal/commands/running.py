"""Run profiles and single steps, stop them, and tell where everything stands."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.moments import local_time
from tui.terminal.commands.monitoring import write_metrics
from tui.terminal.commands.notifying import tell_people
from tui.terminal.context import CONFIG, NO_START, USAGE, ConfigOption, JsonOption, carry_out, fail, open_workspace
from tui.terminal.log import Log
from tui.terminal.printing import complain, err, log_in_json, out, say, write_json, write_table
from tui.terminal.progress import Teller, tell_waiting

LogFormat = Literal["text", "json"]
LogOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="INTERLOCK_LOG_FORMAT",
        help="How the run is told: for people, or as JSON lines on standard error.",
    ),
]
Phase = Literal["import", "delta", "sync", "evaluate", "export", "confirm", "detect"]


def run(
    profile: Annotated[str | None, typer.Argument(help="A configured profile; without one, the whole cycle.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin at this step: 'sync', 'export directory', or its number.")
    ] = None,
    planned: Annotated[
        bool,
        typer.Option("--planned", help="Run what 'plan --keep' planned, if nothing has moved; say where it differed."),
    ] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    log: LogOption = "text",
) -> None:
    """Run a profile: its steps one after the other, stopped where a gate says so."""
    if log == "json":
        log_in_json()
    workspace = open_workspace(config)
    try:
        plans = feed.plans_of(workspace, profile)
    except feed.UnknownId as error:
        fail(str(error), USAGE)
    first = position_of(plans, start) if start is not None else 0
    name = profile or "whole cycle"
    if planned:
        work = _as_planned(workspace, config, profile, plans[first:], first, as_json=as_json, log=log)
    else:
        work = execute(workspace, name, plans[first:], as_json=as_json, log=log, config=config, first=first)
    raise typer.Exit(carry_out(workspace, work))


async def _as_planned(
    workspace: feed.Workspace,
    config: Path,
    profile: str | None,
    plans: list[feed.StepPlan],
    first: int,
    *,
    as_json: bool,
    log: LogFormat,
) -> int:
    """Run what was planned, and say where the run differed."""
    try:
        carrying = await feed.planning.CarryingOut.begin(workspace, config, profile, first)
    except feed.planning.CannotFollow as error:
        fail(str(error), NO_START)
    try:
        name = profile or "whole cycle"
        status = await execute(
            workspace, name, plans, as_json=as_json, log=log, config=config, first=first, follow=carrying.tell
        )
    finally:
        await carrying.close()
    for one in carrying.differences:
        complain(f"{one.step}: {display(one.says)}")
    if not as_json and not carrying.differences:
        say("The run did what was planned.")
    return status


def position_of(plans: list[feed.StepPlan], start: str) -> int:
    """Find a step by its name, the first of that name, or by its number from 1 on; end where there is none."""
    names = [str(plan) for plan in plans]
    if start in names:
        return names.index(start)
    if start.isascii() and start.isdigit() and 1 <= int(start) <= len(names):
        return int(start) - 1
    numbered = ", ".join(f"{number} {name}" for number, name in enumerate(names, 1))
    return fail(f"'{start}' is no step of this profile; its steps are: {numbered}", USAGE)


def step(
    phase: Annotated[Phase, typer.Argument(help="The phase.")],
    system: Annotated[str | None, typer.Argument(help="The system; without one, every system it fits.")] = None,
    place: Annotated[int, typer.Option("--place", help="Its number in the profile it belongs to.", hidden=True)] = 0,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    log: LogOption = "text",
) -> None:
    """Run one phase, then stop."""
    if log == "json":
        log_in_json()
    workspace = open_workspace(config)
    plans = _plans_of_step(workspace, phase, system)
    name = f"step {phase} {system or ''}".strip()
    work = execute(workspace, name, plans, as_json=as_json, log=log, config=config, first=place - 1)
    raise typer.Exit(carry_out(workspace, work))


def _plans_of_step(workspace: feed.Workspace, phase: str, system: str | None) -> list[feed.StepPlan]:
    if phase in ("sync", "evaluate"):
        if system is not None:
            fail(f"'{phase}' works on the whole metaverse and names no system", USAGE)
        return [feed.StepPlan(phase)]
    systems = list(workspace.config.systems)
    if system is not None:
        if system not in systems:
            fail(f"no system '{system}' is configured; there are: {', '.join(systems)}", USAGE)
        return [feed.StepPlan(phase, system)]
    exported = {name for name, _ in workspace.rules.target_types()}
    return [
        feed.StepPlan(phase, name) for name in systems if phase in ("import", "delta", "detect") or name in exported
    ]


async def execute(
    workspace: feed.Workspace,
    profile: str,
    plans: list[feed.StepPlan],
    *,
    as_json: bool = False,
    log: LogFormat = "text",
    briefly: bool = False,
    config: Path | None = None,
    first: int = 0,
    follow: Callable[[feed.Event], Awaitable[None]] | None = None,
) -> int:
    """Execute a run in this process, tell it (briefly: without what waits), and give its exit status.

    `first` is the place of its first step in the profile, below 0 where it belongs to none.

    With the configuration's place, people are told what it leaves for them, as that says. `follow` is given each event.
    """
    feed.tune_interpreter()
    control = feed.Control()
    operator = feed.current_operator()
    _listen_to_signals(control, operator)
    teller = Log(workspace) if log == "json" else Teller(workspace, quiet=as_json)
    result = None
    try:
        async for event in feed.execute_run(workspace, profile, plans, operator, control, first):
            await teller.tell(event)
            if follow is not None:
                await follow(event)
            if isinstance(event, feed.RunFinished):
                result = event.result
    except feed.StoreError as error:
        if not teller.run_id:
            raise
        complain(str(error))
        return feed.exit_status(feed.StepResult.INTERRUPTED)
    finally:
        teller.close()
    if config is not None and result is not None:
        await tell_people(workspace, config, control.run_id)
        await write_metrics(workspace)
    if as_json:
        write_json(await feed.run_document(workspace, control.run_id))
    elif not briefly and log == "text":
        tell_waiting(await feed.status(workspace))
    return feed.exit_status(result) if result is not None else 5


def _listen_to_signals(control: feed.Control, operator: str) -> None:
    """Stop at a page boundary when asked to; go on when only the line is lost."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        control.stop_requested_by = operator
        complain("stopping at the next page boundary; once more ends it at once")
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def go_on_silently() -> None:
        nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of the process
        out.file = err.file = nowhere

    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGHUP, go_on_silently)


def stop(config: ConfigOption = CONFIG) -> None:
    """Ask the run that is going on to stop: at its next page boundary, or while it waits for a system."""
    workspace = open_workspace(config)
    asked = carry_out(workspace, feed.request_stop(workspace))
    say(f"run-{asked[0]} stops at its next page boundary" if asked else "no run is going on")


def status(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Tell where everything stands: systems, exports, open runs, what waits for a person."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.status(workspace))
    if as_json:
        write_json(found)
        return
    _tell_first(workspace, found)
    if found["systems"]:
        rows = [(one["system"], one["type"], one["status"], f"{one['objects']:,}") for one in found["systems"]]
        write_table(["system", "type", "status", "objects"], rows)
        for one in found["metaverse"]:
            say(f"metaverse: {one['objects']:,} {one['type']}")
    else:
        say("Nothing was imported yet: 'interlock run' walks the whole cycle.")
    if found["exports"]:
        say("")
        rows = [
            (one["system"], one["change"], one["status"] + (" (held)" if one["held"] else ""), f"{one['exports']:,}")
            for one in found["exports"]
        ]
        write_table(["system", "change", "status", "exports"], rows)
    if again := found["there_again"]:
        was = "objects that were deleted are" if again != 1 else "object that was deleted is"
        say(f"{again:,} {was} there again: interlock review", "bold")
    if owed := found["owed_references"]:
        say(f"{owed:,} reference{'s are' if owed != 1 else ' is'} owed: interlock owed")
    _tell_paces(found)
    _tell_workers(found)
    for one in found["open_runs"]:
        say(f"run-{one['id']} ({one['profile']}) is open since {one['started_at']}, by {one['operator']}")
    for one in found["failed_notifications"]:
        say(f"nobody was told of run-{one['run_id']} by {one['channel']}: {display(one['failure'])}", "bold")
    tell_waiting(found)


def _tell_first(workspace: feed.Workspace, found: feed.Document) -> None:
    """Tell what is wrong with the store, and who asks."""
    if found["older_store"]:
        say(display(found["older_store"]), "bold")
    if workspace.config.roles:
        say(f"operator {display(found['operator'])}: {found['role']}")


def _tell_paces(found: feed.Document) -> None:
    """Tell of the systems that take exports only at times, slowly, or a few, and of what waits for that."""
    for one in found["paces"]:
        kept = f": {one['kept_back']}" if one["kept_back"] else ""
        say(f"'{one['system']}' has {one['limits']}{kept}", "bold" if kept else "")


def _tell_workers(found: feed.Document) -> None:
    """Tell of the workers that have not left."""
    for one in found["workers"]:
        gone = f"{'does not answer' if one['hangs'] else 'died'}: last heard of {local_time(one['heard_of'])}"
        there = "is there" if one["alive"] else gone
        say(f"worker '{display(one['name'])}' on {display(one['host'])} {there}", "" if one["alive"] else "bold")


def _key_lines(workspace: feed.Workspace) -> list[tuple[str, feed.CheckLine]]:
    """Tell what is wrong with the keys of the console."""
    if not (keys := workspace.config.console.keys):
        return []
    from tui.console.key_reference import slips  # noqa: PLC0415 - it loads every screen

    return [("console", feed.CheckLine(False, "keys", told)) for told in slips(keys)]


def check(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Validate the configuration and test every connection."""
    workspace = open_workspace(config)

    async def collect() -> list[tuple[str, feed.CheckLine]]:
        return [line async for line in feed.check(workspace)]

    lines = [*_key_lines(workspace), *carry_out(workspace, collect())]
    good = all(line.ok for _, line in lines)
    if as_json:
        write_json(
            [{"system": name, "ok": line.ok, "subject": line.subject, "message": line.message} for name, line in lines]
        )
    else:
        say(f"{config}: {len(workspace.config.systems)} systems, {len(workspace.config.rules)} rules")
        for name, line in lines:
            say(f"{'ok  ' if line.ok else 'FAIL'}  {name}: {line.subject}: {line.message}", "" if line.ok else "bold")
    raise typer.Exit(0 if good else 4)
