"""Who is at the keyboard: every decision and every run carries a person's name."""

import getpass
import os
import unicodedata

from engine.values.folding import folded


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


def same_seat(one: str, other: str, *, by_key: bool) -> bool:
    """Tell whether two approvals come from one seat, as their entries of the audit log tell their sessions.

    That is one user of the operating system; where people are told apart by their keys, one connection or process.
    """
    (first, first_user), (second, second_user) = _parts(one), _parts(other)
    return first == second if by_key else first_user == second_user


def _parts(session: str) -> tuple[str, str]:
    """Split what the audit log keeps of a session: the connection, or the process where there is none, and the user."""
    place, _, user = session.partition("uid ")
    connection, _, process = place.rpartition("process ")
    return connection or process, user


def _bare(name: str) -> str:
    """Give a name without what two ways to write it can differ in."""
    return "".join(letter for letter in folded(name) if unicodedata.category(letter)[0] not in "CZ")
