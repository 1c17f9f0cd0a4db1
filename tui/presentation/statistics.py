"""The figures of a step in words."""

from collections.abc import Mapping

_ONE = {
    "adds": "add",
    "updates": "update",
    "renames": "rename",
    "deletes": "delete",
    "failures": "failure",
    "joins": "join",
    "projections": "projection",
    "connectors": "connector",
    "disconnectors": "disconnector",
    "references": "reference",
    "disconnects": "disconnect",
    "exports": "export",
    "identities": "identity",
}


def in_words(statistics: Mapping[str, int]) -> str:
    """Tell what was counted, but for what did not happen: `1 add, 12 updates`."""
    return ", ".join(f"{count:,} {called(name, count)}" for name, count in statistics.items() if count)


def called(name: str, count: int) -> str:
    """Give what so many of a statistic are called: of its nouns, the first is what is counted."""
    if count != 1:
        return name
    plural = next((word for word in name.split() if word in _ONE), "")
    return name.replace(plural, _ONE[plural], 1) if plural else name
