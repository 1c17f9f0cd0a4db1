"""The units by which systemd runs profiles at their times: a service and a timer for each, and one that tells failures.

What is written begins with a line that says for which configuration; only what begins so is ever written anew or taken
away.
"""

import os
import pwd
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.configuration.models import Config
from engine.errors import DecisionRefused
from engine.scheduling.times import calendars
from engine.workspace import Workspace

SYSTEM = Path("/etc/systemd/system")
"""Where the units of a machine are."""
MADE_BY = "# Written by 'interlock schedule install' for"
_PLAIN = re.compile(r"[A-Za-z0-9_./=+:@,-]+")


class Unit(NamedTuple):
    """A unit's file."""

    name: str
    text: str


class Place(NamedTuple):
    """For whom units are, and where: those of a machine, or of one user."""

    folder: Path
    is_of_machine: bool


def place_of(*, for_user: bool, folder: Path | None) -> Place:
    """Give where units go: a user's own, or the machine's, or any folder that is named."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Place(folder or (home / "systemd" / "user" if for_user else SYSTEM), is_of_machine=not for_user)


def units_of(workspace: Workspace, config: Path, command: Sequence[str], place: Place, spread: int) -> list[Unit]:
    """Give the units for every profile that has a time; `spread` is over how many minutes starts are spread.

    Raises `DecisionRefused` where no profile has a time, or two would have one unit.
    """
    config = config.resolve()
    timed = {name: profile for name, profile in workspace.config.profiles.items() if profile.at}
    if not timed:
        raise DecisionRefused('no profile says when it is to run: give one a time, such as at = "02:30"')
    prefix = prefix_of(config)
    found = [Unit(f"{prefix}-failed@.service", _failed(config, command, place))]
    for name, profile in timed.items():
        if not _safe(name):
            raise DecisionRefused(f"profile '{name}' needs a letter or a digit of ASCII in its name, to name units by")
        unit = f"{prefix}-{_safe(name)}"
        times = [one.systemd(workspace.config.store.timezone) for one in calendars(profile)]
        found.append(Unit(f"{unit}.service", _service(workspace, config, command, place, name)))
        found.append(Unit(f"{unit}.timer", _timer(config, name, times, spread)))
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DecisionRefused(f"two profiles would have one unit, {twice[0]}: give one of them another name")
    return found


def prefix_of(config: Path) -> str:
    """Give how the names of a configuration's units begin: by the folder that it stands in."""
    folder = _safe(config.resolve().parent.name)
    return "interlock" if folder in ("", "interlock") else f"interlock-{folder}"


def profile_of(config: Config, unit: str) -> str:
    """Give the profile that a unit is called by; the unit's own name where there is none any more."""
    return next((name for name in config.profiles if _safe(name) == unit), unit)


def install(units: Sequence[Unit], config: Path, place: Place) -> list[Path]:
    """Write units, and take away those written before for what is not there any more; give the files written.

    Raises `DecisionRefused` for a file that somebody else has written, or `OSError`.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    own = _own(config, place)
    paths = [place.folder / one.name for one in units]
    if foreign := [path for path in paths if path.exists() and path not in own]:
        told = "is there, and was not written by 'interlock schedule install' for this file"
        raise DecisionRefused(f"{foreign[0]}: {told}")
    for path in own:
        if path not in paths:
            path.unlink()
    for path, unit in zip(paths, units, strict=True):
        path.write_text(unit.text)
    return paths


def remove(config: Path, place: Place) -> list[Path]:
    """Take the units of a configuration away; give their files. Raises `OSError`."""
    own = _own(config, place)
    for path in own:
        path.unlink()
    return own


def _own(config: Path, place: Place) -> list[Path]:
    mark = f"{MADE_BY} {config.resolve()}\n"
    found = [*place.folder.glob("interlock*.service"), *place.folder.glob("interlock*.timer")]
    return sorted(path for path in found if path.is_file() and path.read_text(errors="replace").startswith(mark))


def _service(workspace: Workspace, config: Path, command: Sequence[str], place: Place, profile: str) -> str:
    folders = dict.fromkeys([config.parent, workspace.store.place.beside.resolve().parent])
    lines = [
        "[Unit]",
        f"Description=Interlock: profile {_escaped(profile)} of {_escaped(str(config))}",
        f"OnFailure={prefix_of(config)}-failed@{_safe(profile)}.service",
        *(["Wants=network-online.target", "After=network-online.target"] if place.is_of_machine else []),
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_escaped(str(config.parent))}",
        f"ExecStart={_line([*command, 'run', profile, '--config', str(config)])}",
        "# single objects may fail, which the run tells: it is no failure of the service",
        "SuccessExitStatus=1",
        "# asked to stop, a run ends at its next page",
        "KillMode=mixed",
        "TimeoutStopSec=5min",
        "# passwords that the configuration takes from the environment; mode 0600",
        f"EnvironmentFile=-{_escaped(str(config.parent / 'environment'))}",
        *(_hardening([str(one) for one in folders], config) if place.is_of_machine else []),
    ]
    return _file(config, lines)


def _failed(config: Path, command: Sequence[str], place: Place) -> str:
    lines = [
        "[Unit]",
        f"Description=Interlock: tell that profile %i of {_escaped(str(config))} failed",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_escaped(str(config.parent))}",
        f"ExecStart={_line([*command, 'schedule', 'tell', '--config', str(config)])} %i",
        f"EnvironmentFile=-{_escaped(str(config.parent / 'environment'))}",
        *(_hardening([str(config.parent)], config) if place.is_of_machine else []),
    ]
    return _file(config, lines)


def _timer(config: Path, profile: str, times: Sequence[str], spread: int) -> str:
    lines = [
        "[Unit]",
        f"Description=Interlock: profile {_escaped(profile)} of {_escaped(str(config))}",
        "",
        "[Timer]",
        *(f"OnCalendar={one}" for one in times),
        "# a time at which the machine was off is made up for",
        "Persistent=true",
        f"RandomizedDelaySec={spread}min",
        "AccuracySec=1min",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return _file(config, lines)


def _hardening(folders: Sequence[str], config: Path) -> list[str]:
    """Give what a machine's service may do: as whoever owns the configuration, and write where that is kept."""
    return [
        f"User={_owner(config)}",
        "UMask=0077",
        "NoNewPrivileges=true",
        "PrivateTmp=true",
        "ProtectSystem=full",
        f"ReadWritePaths={' '.join(map(_quoted, folders))}",
        "ProtectKernelTunables=true",
        "ProtectKernelModules=true",
        "ProtectControlGroups=true",
        "RestrictSUIDSGID=true",
    ]


def _owner(config: Path) -> str:
    number = config.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _file(config: Path, lines: Sequence[str]) -> str:
    return "\n".join([f"{MADE_BY} {config}", *lines, ""])


def _line(words: Sequence[str]) -> str:
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Give a word of a command line as systemd reads it (systemd.service(5), `COMMAND LINES`)."""
    escaped = _escaped(word).replace("$", "$$")
    return escaped if _PLAIN.fullmatch(word) else '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    """Give a text with no specifier in it (systemd.unit(5), `SPECIFIERS`)."""
    return text.replace("%", "%%")


def _safe(name: str) -> str:
    """Give a name of which nothing means anything in the name of a unit."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")
