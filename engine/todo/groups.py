"""The groups of what waits for a person: gathered from everywhere, counted, and each with where to look."""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from storage.todo import Acknowledgement


class Kind(StrEnum):
    """What a group is made of, in the order in which groups are told."""

    RUN = "run"
    """Steps that ended before their time, and profiles that are late."""
    HELD = "held"
    """Batches that a gate holds."""
    REVIEW = "review"
    """Review items."""
    EXPORT = "export"
    """Exports that failed, or that somebody holds."""
    PASSWORD = "password"  # noqa: S105 - a kind of group
    """Accounts whose passwords nobody got."""
    ERROR = "error"
    """Errors of single objects in the last step of their kind."""
    DRIFT = "drift"
    """Drift that a rule only reports."""
    REFERENCE = "reference"
    """References that are owed."""
    WARNING = "warning"
    """Warnings of the last step of their kind."""
    NOTIFICATION = "notification"
    """People who were not told."""


class Group(NamedTuple):
    """Things that wait for a person for the same reason."""

    key: str
    """What it is, the same from run to run."""
    kind: Kind
    system: str
    number: int
    what: str
    """In a sentence, without its number of things."""
    since: str
    """When the first of them began to wait; empty where that is not known."""
    advice: str
    list_kind: str
    """The list in which they stand: `review`, `exports`, `errors`, `runs`; empty where there is none."""
    filter_line: str
    """How that list is filtered to show them."""
    example: str = ""
    """The name of one of them."""
    acknowledged: Acknowledgement | None = None
    """Who knows of it: of as many as there are, or of fewer."""

    @property
    def id(self) -> str:
        """Give a short name for it, the same from run to run."""
        return f"todo-{blake2b(self.key.encode(), digest_size=4).hexdigest()}"

    @property
    def is_acknowledged(self) -> bool:
        """Tell whether somebody knows of all of it; what has grown since is told as ever."""
        return self.acknowledged is not None and self.number <= self.acknowledged.covers


def counted(count: int, one: str, many: str = "") -> str:
    """Give a number with what it counts, such as `1 person` or `1,204 exports`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def in_order(groups: Iterable[Group]) -> list[Group]:
    """Give groups as they are told: what nobody knows of first, then by kind, the largest first."""
    kinds = list(Kind)
    return sorted(groups, key=lambda one: (one.is_acknowledged, kinds.index(one.kind), -one.number, one.key))


def filtered(**columns: str) -> str:
    """Give the line of a filter, such as `state:open system:hr`."""
    return " ".join(f'{name}:"{value}"' if " " in value else f"{name}:{value}" for name, value in columns.items())
