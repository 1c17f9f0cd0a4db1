"""Further keys of a system that is looked at for a first configuration: a certificate of ours, a proxy, a time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tui import feed

_SECRET = ("password", "token", "secret")
"""How the names of keys end that hold secrets; one that ends in `key` names a file."""


def further_keys(settings: Iterable[str], folder: Path) -> dict[str, Any]:
    """Give the keys that are written `NAME=VALUE`. Raises `ValueError` for what is none, or is secret."""
    found = {}
    for written in settings:
        name, is_one, value = written.partition("=")
        if not name.strip() or not is_one:
            raise ValueError(f"'{written}' is no setting: write NAME=VALUE")
        if name.strip().endswith(_SECRET):
            raise ValueError(
                f"'{name.strip()}' is secret, by its name: set a variable to it, --password-env names that"
            )
        found[name.strip()] = feed.from_anywhere(value, folder)
    return found
