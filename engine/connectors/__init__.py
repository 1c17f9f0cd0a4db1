"""Connectors: how a connected system is read and written. Third parties add one by an entry point."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from engine.connectors.base import Connector

GROUP = "interlock.connectors"


@cache
def _entries() -> dict[str, EntryPoint]:
    """List the connectors that are installed; looking for them reads every installed package."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def connector_names() -> list[str]:
    """Name the connectors that are installed."""
    return sorted(_entries())


def find_connector(name: str) -> type[Connector]:
    """Give the connector class of a name. Raises LookupError with the names there are."""
    found = _entries()
    if name not in found:
        raise LookupError(f"no connector '{name}'; there are: {', '.join(sorted(found))}")
    connector: type[Connector] = found[name].load()
    return connector
