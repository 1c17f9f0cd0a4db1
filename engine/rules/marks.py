"""Marks of rules: under which name it is kept what a set of objects was last synchronised under."""

INBOUND, OUTBOUND = "in ", "out "
"""How the names of the marks of rules begin, by their direction."""
REMEMBERED = "remembered values"
"""The name of the mark of which unique values are remembered."""


def inbound(system: str, object_type: str) -> str:
    """Give the name of the mark of the rules that read a system's type."""
    return f"in {system}.{object_type}"


def outbound(mvo_type: str) -> str:
    """Give the name of the mark of the rules that read a type of the metaverse."""
    return f"out {mvo_type}"


def is_of_rules(name: str) -> bool:
    """Tell whether a mark is of the rules that read a type."""
    return name.startswith((INBOUND, OUTBOUND))


def read_by(name: str) -> tuple[str, str]:
    """Give whose rules the mark is of: a system and its type, or "metaverse" and a type of it."""
    direction, _, what = name.partition(" ")
    if direction == "out":
        return "metaverse", what
    system, _, object_type = what.partition(".")
    return system, object_type


def keys(owner: str) -> str:
    """Give the name of the mark of the keys that an owner has."""
    return f"keys {owner}"


def clock(rules: str) -> str:
    """Give the name of the mark of what the clock showed to some rules."""
    return f"clock {rules}"


def lookups(rules: str) -> str:
    """Give the name of the mark of the lookup tables as some rules last read them."""
    return f"lookups {rules}"


def deletion(mvo_type: str) -> str:
    """Give the name of the mark of a type's deletion rule."""
    return f"deletion {mvo_type}"


def group(name: str) -> str:
    """Give the name of the mark of a computed group."""
    return f"group {name}"
