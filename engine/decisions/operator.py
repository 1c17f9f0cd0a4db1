"""Who is at the keyboard: every decision and every run carries a person's name."""

import getpass
import os
import unicodedata


def current_operator() -> str:
    """Give the operator's login.

    `INTERLOCK_OPERATOR`, as a forced SSH command sets it, then `SUDO_USER`, then the user of the process.
    """
    for variable in ("INTERLOCK_OPERATOR", "SUDO_USER"):
        if named := os.environ.get(variable, "").strip():
            return named.encode(errors="replace").decode()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's: case, blanks, invisible and compatible characters make no second."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    """Give a name without what two ways to write it can differ in."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in folded if unicodedata.category(letter)[0] not in "CZ")
