"""Who is at the keyboard: every decision and every run carries a person's name."""

import getpass
import os


def current_operator() -> str:
    """Give the operator's login.

    `INTERLOCK_OPERATOR`, as a forced SSH command sets it, then `SUDO_USER`, then the user of the process.
    """
    named = os.environ.get("INTERLOCK_OPERATOR") or os.environ.get("SUDO_USER")
    if named:
        return named.encode(errors="replace").decode()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
