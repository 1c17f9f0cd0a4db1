"""What a list is asked for, and the rows that lists alone give."""

from typing import Any, NamedTuple

from storage.records import PendingExport

Place = tuple[Any, int]
"""Where a row stands in the order of its list: the value it is sorted by, and its id."""


class Term(NamedTuple):
    """One thing that the rows of a list must have: a text, anywhere or in one column; inverted, must not have."""

    text: str
    column: str | None = None
    inverted: bool = False
    whole: bool = False
    """The text is a name, an id or a value as a whole, and no part of one."""
    pattern: bool = False
    """The text is a regular expression."""


class Query(NamedTuple):
    """What a list shows: its kind, the terms that all hold, its order, and for `errors` the id of the run.

    `staying` are the ids of review items that are shown whatever has become of their state.
    """

    kind: str
    terms: tuple[Term, ...] = ()
    sort: str | None = None
    descending: bool = False
    within: int | None = None
    staying: tuple[int, ...] = ()


class ListedError(NamedTuple):
    """An item error with the step that met it."""

    id: int
    run_id: int
    step_id: int
    phase: str
    code: str
    message: str
    advice: str
    system: str
    type: str
    label: str
    position: str
    object_id: int | None
    is_warning: bool
    mvo_id: int | None


class ListedExport(NamedTuple):
    """A pending export with what a person, and what the system calls its CSO."""

    export: PendingExport
    label: str
    known_as: str
