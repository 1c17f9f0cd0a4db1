"""What was looked at, and what was found."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from engine.connectors.base import Connector, ImportedObject, ImportEnd, ImportRequest, ImportRestart
from storage.records import Attributes

NOBODY = "interlock-conformance-nobody"
"""What nobody is called."""
SHOWN = 3
"""How many of those that break a promise are named."""


@dataclass(slots=True, frozen=True)
class Finding:
    """One promise of the protocol, whether it was kept, and what was seen."""

    promise: str
    kept: bool | None
    """None where it could not be tried."""
    saw: str


def kept(promise: str, saw: str) -> Finding:
    """Give a promise that was kept."""
    return Finding(promise, True, saw)


def broken(promise: str, saw: str) -> Finding:
    """Give a promise that was not."""
    return Finding(promise, False, saw)


def untried(promise: str, why: str) -> Finding:
    """Give a promise that could not be tried."""
    return Finding(promise, None, why)


def judged(promise: str, wrong: Iterable[str], saw: str) -> Finding:
    """Give a promise that is kept unless something is wrong."""
    found = list(wrong)
    if not found:
        return kept(promise, saw)
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return broken(promise, "; ".join(found[:SHOWN]) + more)


class Imported:
    """What an import gave."""

    def __init__(self) -> None:
        self.objects: list[ImportedObject] = []
        self.pages: list[int] = []
        self.deleted = 0
        self.end: ImportEnd | None = None

    def by_id(self) -> dict[tuple[str, str], ImportedObject]:
        """Give the objects that have an id, each by its type and id."""
        return {(one.type, one.external_id): one for one in self.objects if one.external_id is not None}


async def imported(connector: Connector, request: ImportRequest) -> Imported:
    """Import, and give what counts of it: what comes before a new beginning does not. Raises `StepFailed`."""
    found = Imported()
    async for event in connector.import_objects(request):
        if found.end is not None:
            found.pages.append(-1)  # something after the end
        if isinstance(event, ImportEnd):
            found.end = event
        elif isinstance(event, ImportRestart):
            found = Imported()
        else:
            found.objects += event.objects
            found.deleted += len(event.deleted)
            found.pages.append(len(event.objects) + len(event.deleted))
    return found


def same_values(left: Attributes, right: Attributes) -> bool:
    """Tell whether two objects hold the same, in whatever order."""
    return _sorted(left) == _sorted(right)


def _sorted(attributes: Attributes) -> dict[str, list[str]]:
    return {name: sorted(map(repr, values)) for name, values in attributes.items() if values}


def nobody_like(known: str | None) -> str:
    """Give an id that nobody has, of the form that a known one has."""
    if known is not None and len(known) == 36 and known.count("-") == 4:
        return "00000000-0000-4000-8000-000000000000"
    return "999999999" if known is not None and known.isdigit() else NOBODY


Findings = AsyncIterator[Finding]
