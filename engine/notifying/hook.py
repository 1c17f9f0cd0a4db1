"""A command that is told what waits: a JSON document on its standard input, and variables INTERLOCK_*."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.values.plain import plain

HANDED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""What a command gets of this environment: no secret that a connector reads from it."""


class HookFailed(Exception):
    """The command could not be started, failed or hung."""


def run_hook(command: Sequence[str], document: dict[str, Any], folder: Path, seconds: float) -> None:
    """Run a command and wait for its end; one that hangs is killed with all it has started. Raises `HookFailed`."""
    with tempfile.TemporaryFile(prefix="interlock-") as told:
        told.write(json.dumps(document, default=str).encode() + b"\n")
        told.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - what the configuration names
                command,
                cwd=folder,
                env=_environment(document),
                stdin=told,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise HookFailed(f"{command[0]} cannot be started: {error.strerror}") from error
    _wait(process, command[0], seconds)


def _wait(process: subprocess.Popen[bytes], name: str, seconds: float) -> None:
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise HookFailed(f"{name} took longer than {seconds:g} s and was killed") from None
    if status:
        raise HookFailed(f"{name} ended with status {status}")


def _environment(document: dict[str, Any]) -> dict[str, str]:
    """Give the variables of a command: what stands in them can be written to a terminal; the JSON is exact."""
    handed_on = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    told = {name: value for name, value in document.items() if isinstance(value, str | int)}
    return {**handed_on, **{f"INTERLOCK_{name.upper()}": plain(str(value)) for name, value in told.items()}}
