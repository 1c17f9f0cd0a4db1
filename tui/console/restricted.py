"""A console that reaches nothing but itself: under a forced command of SSH, or where the configuration says so."""

import os
from collections.abc import Mapping, MutableMapping

WHY_NO_FILES = "this console writes no files: it was opened by a key that reaches nothing else"
WHY_NO_TERMINAL = "this key opens the console and nothing else; ask for a terminal: ssh -t"

_PREFIXES = ("TEXTUAL", "PYTHON", "LD_", "SSL", "OPENSSL", "JUPYTER", "GCONV", "_TYPER", "_INTERLOCK")
"""Textual imports a module and writes files by what it finds in its variables; ssl writes its keys to SSLKEYLOGFILE."""
_NAMES = frozenset(
    {"BROWSER", "EDITOR", "VISUAL", "PAGER", "ENV", "BASH_ENV", "IFS", "TMPDIR", "TEMP", "TMP", "INTERLOCK_CONFIG"}
    | {"FORCE_COLOR", "ESCDELAY", "SQLITE_TMPDIR", "LOCPATH", "NLSPATH"}
)


def is_restricted(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this process looks like a forced command: whoever is at the other end has this program alone.

    sshd tells of one by SSH_ORIGINAL_COMMAND, but only where another was asked for; so a line of SSH on which the
    operator is named counts as well, and INTERLOCK_RESTRICTED.
    """
    named = bool(environ.get("SSH_CONNECTION")) and bool(environ.get("INTERLOCK_OPERATOR"))
    wished = environ.get("INTERLOCK_RESTRICTED", "") not in ("", "0")
    return named or wished or "SSH_ORIGINAL_COMMAND" in environ


def forget_dangerous(environ: MutableMapping[str, str] = os.environ) -> None:
    """Drop the variables by which whoever sets them could reach a file, a module or a program.

    Call it before Textual is imported. What Python itself has read when it started is out of reach: the forced command
    is `python -I -m tui` for that, and sshd hands such variables on only where its AcceptEnv names them.
    """
    for name in list(environ):
        if name.startswith(_PREFIXES) or name in _NAMES:
            del environ[name]
