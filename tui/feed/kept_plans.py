"""The plan that is kept beside a store: watched while it is made, looked through, asked for what has moved since."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from engine.planning import carrying_out
from engine.planning.keeping import WHOLE
from engine.workspace import Workspace
from storage import kept_plans
from storage.errors import StoreError
from storage.kept_plans import COLUMNS, Total, Wanted
from storage.list_values import SAMPLE, frequent, proposed
from storage.lists import UnknownColumn
from storage.patterns import compiled
from storage.store import Store
from tui.feed.lists import SUGGESTED, Document

__all__ = ["AttributeTotal", "KeptPlan", "Total", "Wanted"]


class AttributeTotal(NamedTuple):
    """How many objects of a type get, change or lose an attribute in a step."""

    step: int
    system: str
    type: str
    name: str
    set: int
    changed: int
    emptied: int


class KeptPlan:
    """Follows the newest plan of a store, whoever makes it."""

    def __init__(self, workspace: Workspace, config: Path) -> None:
        self._workspace = workspace
        self._config = config
        self._file: Store | None = None
        self._seen: int | None = None
        self._counted: list[Total] = []
        self.about: Document | None = None
        """What the plan is about, and how it ended; None where there is none."""
        self.steps: list[Document] = []
        self.totals: list[Total] = []
        """Of whole objects, once it has ended."""
        self.attributes: list[AttributeTotal] = []
        self.going_on = False
        self.stop_requested_by: str | None = None
        self.moved: list[str] = []
        """What has moved since it was made."""

    async def look(self) -> bool:
        """Read what is new of the plan; tell whether anything is. Raises `StoreError`."""
        place = kept_plans.newest(self._workspace.store.place)
        if place != (self._file.place.beside if self._file else None):
            await self.close()
            self._file = kept_plans.opened(place) if place else None
            self._seen, self.about, self.moved = None, None, []
        if self._file is None:
            return False
        version = await self._file.changes()
        if version != self._seen:
            await self._read(self._file)
            self._seen = version
            return True
        was, self.going_on = self.going_on, self.about is not None and kept_plans.is_going_on(self.about)
        return was != self.going_on

    async def _read(self, file: Store) -> None:
        async with file.reading() as tx:
            found = await kept_plans.about(tx)
            self.steps = await kept_plans.steps(tx)
            self._counted = await kept_plans.totals(tx)
        self.about, self.stop_requested_by = found or (None, None)
        self.going_on = self.about is not None and kept_plans.is_going_on(self.about)
        self.totals = [one for one in self._counted if not one.attribute]
        self.attributes = _by_attribute(one for one in self._counted if one.attribute)

    async def look_around(self) -> bool:
        """Look whether anything that the plan was made from has moved; tell whether that is new."""
        before = self.moved
        if self.about is not None and self.about["run"] is None:
            self.moved = await carrying_out.moved(self._workspace, self._config, self.about)
        else:
            self.moved = []
        return self.moved != before

    def is_of(self, profile: str | None, first: int) -> bool:
        """Tell whether it is of the steps of a profile from one on."""
        return self.about is not None and (self.about["profile"], self.about["first"]) == (profile, first)

    def why_not(self) -> str:
        """Say why it cannot be carried out; nothing where it can be."""
        return carrying_out.why_not(self.about, self.moved) if self.about is not None else "there is no plan yet"

    async def request_stop(self, operator: str) -> None:
        """Ask whoever makes the plan to stop. Raises `StoreError`."""
        if self._file is not None:
            async with self._file.transaction() as tx:
                await kept_plans.request_stop(tx, operator)

    async def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            await file.close()

    # Its changes ----------------------------------------------------------------------------------------------------

    def refuse(self, wanted: Wanted) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for what cannot be asked."""
        _refuse_unknown(wanted)
        for term in wanted.terms:
            if term.pattern:
                compiled(term.text)

    async def page(self, wanted: Wanted, *, after: int = 0, skip: int = 0, limit: int = 100) -> list[Document]:
        """Read changes, each with `key` and `place`. Raises `UnknownColumn`, `InvalidPattern` or `StoreError`."""
        _refuse_unknown(wanted)
        async with self._opened().reading() as tx:
            found = await kept_plans.page(tx, wanted, after=after, skip=skip, limit=limit)
        return [{**one.document, "key": one.id, "place": one.id, "step": one.step} for one in found]

    async def count(self, wanted: Wanted) -> int:
        """Count changes."""
        _refuse_unknown(wanted)
        async with self._opened().reading() as tx:
            return await kept_plans.count(tx, wanted)

    async def rank(self, wanted: Wanted, place: int) -> int:
        """Count the changes before a place."""
        _refuse_unknown(wanted)
        async with self._opened().reading() as tx:
            return await kept_plans.rank(tx, wanted, place)

    async def keys(self, wanted: Wanted) -> list[int]:
        """List the numbers of changes."""
        _refuse_unknown(wanted)
        async with self._opened().reading() as tx:
            return await kept_plans.keys(tx, wanted)

    async def suggest(self, wanted: Wanted, column: str | None, begin: str) -> list[str]:
        """Give columns of a list that begin so, or values of one of them, the most frequent first.

        Names and DNs are those of its first changes, all else whatever it holds. Raises `StoreError`.
        """
        if column is None:
            return proposed(_columns(wanted), begin, SUGGESTED)
        name = column.lower()
        if name not in _columns(wanted):
            return []
        if name in ("name", "dn"):
            async with self._opened().reading() as tx:
                found = await kept_plans.page(tx, wanted._replace(terms=()), after=0, skip=0, limit=SAMPLE)
            return proposed(frequent(Counter(str(one.document[name]) for one in found)), begin, SUGGESTED)
        return proposed(frequent(_values(self._counted, wanted, name)), begin, SUGGESTED)

    def _opened(self) -> Store:
        if self._file is None:
            raise StoreError("the plan is not there any more")
        return self._file


def _columns(wanted: Wanted) -> tuple[str, ...]:
    """Give what the changes of a list can be filtered by."""
    return COLUMNS if wanted.attribute is not None else tuple(name for name in COLUMNS if name != "becomes")


def _values(totals: Iterable[Total], wanted: Wanted, column: str) -> Counter[str]:
    """Count the changes of a list by the values of a column that totals tell of."""
    stay = wanted.attribute is not None
    attribute = "" if column == "operation" else wanted.attribute or ""
    found = Counter[str]()
    for one in totals:
        kinds = ((wanted.system, one.system), (wanted.type, one.type), (None if stay else wanted.told, one.what))
        is_meant = (one.step, one.attribute) == (wanted.step, attribute) and all(
            meant in (None, held) for meant, held in kinds
        )
        if is_meant and not (stay and one.what.partition(" ")[0] in WHOLE):
            found[str(getattr(one, column, one.what))] += one.objects
    return found


def _refuse_unknown(wanted: Wanted) -> None:
    known = _columns(wanted)
    for term in wanted.terms:
        if term.column is not None and term.column.lower() not in known:
            raise UnknownColumn(f"no column '{term.column}' here; there are: {', '.join(known)}")


def _by_attribute(told: Iterable[Total]) -> list[AttributeTotal]:
    """Give one total for each attribute; first those that are emptied most, then those that touch most objects."""
    found: dict[tuple[int, str, str, str], dict[str, int]] = {}
    for one in told:
        found.setdefault((one.step, one.system, one.type, one.attribute), {})[one.what] = one.objects
    totals = [
        AttributeTotal(*key, counts.get("set", 0), counts.get("changed", 0), counts.get("emptied", 0))
        for key, counts in found.items()
    ]
    return sorted(totals, key=lambda one: (-one.emptied, -(one.set + one.changed), one.step, one.name))
