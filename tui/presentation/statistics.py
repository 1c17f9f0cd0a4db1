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
    return ", ".join(
        f"{count:,} {name if count != 1 else _singular(name)}" for name, count in statistics.items() if count
    )


def _singular(name: str) -> str:
    """Give what one of a statistic is called: of its nouns, the first is what is counted."""
    plural = next((word for word in name.split() if word in _ONE), "")
    return name.replace(plural, _ONE[plural], 1) if plural else name
