"""Whether what stands beside systems and rules can be kept: who is told, who may what, where figures go."""

import grp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.configuration.models import Config
from engine.connectors.base import CheckLine
from engine.monitoring.metrics_file import why_unwritable


def setting_lines(config: Config) -> Iterator[tuple[str, CheckLine]]:
    """Give what is wrong with `[notify]`, `[roles]` and `[metrics]`: (table, line)."""
    if "notify" in config.model_fields_set:
        yield from (("notify", CheckLine(False, "command", told)) for told in _of_command(config))
    yield from (("roles", CheckLine(False, name, told)) for name, told in _of_groups(config))
    file = config.metrics.file
    if file is not None and (told := why_unwritable(config.folder / file)):
        yield "metrics", CheckLine(False, "file", f"{config.folder / file}: {told}")


def _of_command(config: Config) -> Iterator[str]:
    command = config.notify.command
    if not command:
        if config.notify.mail is None:
            yield "nobody is told: neither a command nor [notify.mail] is given"
        return
    if not _can_be_started(command[0], config.folder):
        yield f"'{command[0]}' is no program that can be started here"


def _can_be_started(program: str, folder: Path) -> bool:
    """Tell whether a program is there; a name with a slash is looked for from the configuration's folder."""
    if os.sep not in program:
        return shutil.which(program) is not None
    path = folder / program
    return path.is_file() and os.access(path, os.X_OK)


def _of_groups(config: Config) -> Iterator[tuple[str, str]]:
    """Give the groups that the operating system does not know: nobody has a role by them."""
    if config.roles is None:
        return
    for role, named in config.roles.model_dump().items():
        for name in named:
            if name.startswith("@") and not _is_group(name[1:]):
                yield role, f"this machine knows no group '{name[1:]}': nobody is {role} by it"


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
