"""What a program is given when it is looked at for a first configuration: its settings and its variables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tui import feed

PROGRAM = "program:"
"""What an address of a program begins with; its command follows."""
_SECRET = frozenset({"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY"})
"""How the names of variables end whose values are written into no file."""


def given_to_program(settings: Iterable[str], variables: Iterable[str], folder: Path) -> dict[str, Any]:
    """Give the keys of the system: settings as `NAME=VALUE`, variables likewise, or as `NAME` where they are secret.

    Raises `ValueError` for what is neither.
    """
    told = dict(_pair(one, folder) for one in settings)
    surroundings: dict[str, Any] = {}
    for one in variables:
        if "=" in one:
            name, value = _pair(one, folder)
            surroundings[name] = value
        else:
            surroundings[one] = {"env": one}
    return {**({"settings": told} if told else {}), **({"environment": surroundings} if surroundings else {})}


def secret_variables(variables: Iterable[str]) -> list[str]:
    """Give those variables whose value stands in the surroundings of Interlock alone."""
    return [one for one in variables if "=" not in one]


def _pair(written: str, folder: Path) -> tuple[str, str]:
    name, is_one, value = written.partition("=")
    if not name.strip() or not is_one:
        raise ValueError(f"'{written}' is no setting: write NAME=VALUE")
    if name.strip().upper().replace("-", "_").rpartition("_")[2] in _SECRET:
        told = f"'{name.strip()}' is secret, by its name: set a variable to it, and name that variable alone"
        raise ValueError(told)
    return name.strip(), feed.from_anywhere(value, folder)
