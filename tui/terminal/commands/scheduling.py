"""When profiles are to run: tell it, and let systemd start them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tui import feed
from tui.presentation.display import display
from tui.presentation.moments import local_time, since_when
from tui.terminal.command_groups import command_group
from tui.terminal.context import (
    CONFIG,
    NO_START,
    USAGE,
    ConfigOption,
    JsonOption,
    before_a_command,
    carry_out,
    fail,
    open_workspace,
)
from tui.terminal.printing import complain, say, write_json, write_table

schedule = command_group("When profiles are to run: tell it, let systemd start them.")

ForUser = Annotated[bool, typer.Option("--user", help="Units of your own, and not the machine's.")]
To = Annotated[Path | None, typer.Option("--to", help="Another folder for the units.")]
_ENDED = {
    "2": "its configuration or its command line is wrong",
    "4": "it could not begin",
    "5": "it was interrupted",
}
"""What exit statuses mean that nobody was told of by the run itself."""
_TOLD_BY_THE_RUN = "3"


@schedule.callback(invoke_without_command=True)
def list_schedule(context: typer.Context, config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """List the profiles: when each ran last, when it is to run next, and which are late."""
    if context.invoked_subcommand is not None:
        before_a_command(config, json=as_json)
        return
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.scheduled(workspace))
    if as_json:
        write_json(found)
        return
    if not found:
        say("No profile is configured.")
        return
    write_table(["profile", "at", "last", "result", "next", ""], [_row(one) for one in found])


def _row(one: feed.Document) -> tuple[str, ...]:
    last = one["last"]
    late = f"late {since_when(one['late_since'])}" if one["late_since"] else "late"
    return (
        display(one["profile"]),
        ", ".join(one["at"]) or (f"every {one['every']}" if one["every"] else "by hand"),
        local_time(last["started_at"]) if last else "never",
        ("running" if one["running"] else last["result"] or "interrupted") if last else "",
        local_time(one["next"]) if one["next"] else "",
        late if one["late"] else "",
    )


@schedule.command()
def install(
    for_user: ForUser = False,
    to: To = None,
    spread: Annotated[
        int, typer.Option("--spread", min=0, max=45, help="Over how many minutes starts are spread.")
    ] = 2,
    config: ConfigOption = CONFIG,
) -> None:
    """Write a systemd timer for every profile that has a time; what was written before is written anew."""
    workspace = open_workspace(config)
    place = feed.units.place_of(for_user=for_user, folder=to)
    try:
        units = feed.units.units_of(workspace, config, _command(), place, spread)
        paths = feed.units.install(units, config, place)
    except feed.DecisionRefused as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(_cannot(error, for_user=for_user), NO_START)
    for path in paths:
        say(str(path))
    own = " --user" if for_user else ""
    timers = " ".join(path.name for path in paths if path.suffix == ".timer")
    say("")
    say("Let systemd begin with it:")
    say(f"    systemctl{own} daemon-reload && systemctl{own} enable --now {timers}")
    if for_user:
        say("    loginctl enable-linger    # so that they run while you are not logged in")


@schedule.command()
def remove(for_user: ForUser = False, to: To = None, config: ConfigOption = CONFIG) -> None:
    """Take the units away that `install` has written for this configuration."""
    place = feed.units.place_of(for_user=for_user, folder=to)
    own = " --user" if for_user else ""
    try:
        paths = feed.units.remove(config, place)
    except OSError as error:
        fail(_cannot(error, for_user=for_user), NO_START)
    if not paths:
        say(f"{place.folder}: holds no units for this configuration")
        return
    for path in paths:
        say(f"removed {path}")
    timers = " ".join(path.name for path in paths if path.suffix == ".timer")
    say(f"    systemctl{own} disable --now {timers}; systemctl{own} daemon-reload")


@schedule.command(hidden=True)
def tell(unit: Annotated[str, typer.Argument()], config: ConfigOption = CONFIG) -> None:
    """Tell people, as `[notify]` says, that a scheduled run failed: systemd calls it, and says how that ended."""
    status = os.environ.get("MONITOR_EXIT_STATUS", "")
    if status == _TOLD_BY_THE_RUN:
        return
    result = os.environ.get("MONITOR_SERVICE_RESULT", "") or "failure"
    why = _ENDED.get(status, f"it ended with {result}" + (f" ({status})" if status else ""))
    service = os.environ.get("MONITOR_UNIT", "")
    where = f"; see 'journalctl -u {service}'" if service else ""
    try:
        failures = feed.tell_failure_of(config, unit, why + where)
    except feed.ConfigurationError as error:
        fail(f"nobody can be told: {error}", USAGE)
    for failure in failures:
        complain(display(failure))
    raise typer.Exit(1 if failures else 0)


def _command() -> list[str]:
    """Give what starts this very program."""
    script = Path(sys.executable).parent / "interlock"
    return [str(script)] if script.exists() else [sys.executable, "-m", "tui"]


def _cannot(error: OSError, *, for_user: bool) -> str:
    told = f"{error.filename}: {error.strerror}"
    return told if for_user else f"{told}; the machine's units need root: use sudo, or --user for your own"
