"""Phase 1, import: ids that change: a new id whose row names the one it had before is the same object.

Who claims to have been whom is noted while the system is read, and judged when all of it is there.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.errors import ObjectError
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.matching import Known
from engine.values.typed import InvalidValue
from storage import objects
from storage.documents import encode
from storage.imports import Sightings
from storage.records import Attributes, KnownCso
from storage.store import Transaction

Row = tuple[str, str]
"""The type and the external id of what came."""


class Claim(NamedTuple):
    """What a row says of whom it was before."""

    previous: tuple[str, ...]
    """The ids that it names, and that are somebody's."""
    csos: tuple[int, ...]
    """Whose they are."""
    own: int
    """Who is known under the id that the row has now; 0 where nobody is."""


class Verdict(NamedTuple):
    """What comes of a claim: whom the row takes over, or what is wrong; those that it names have been seen."""

    previous: tuple[str, ...]
    error: ObjectError | None


@dataclass(slots=True)
class Claims:
    """The claims of one import, and what comes of each."""

    rows: dict[Row, Claim] = field(default_factory=dict)
    blamed: set[int] = field(default_factory=set)
    """CSOs whose own row came with an error: it stands there all the same."""
    verdicts: dict[Row, Verdict] = field(default_factory=dict)

    def named(self) -> set[int]:
        """Give the CSOs that rows claim to be: they are not missing."""
        return {cso_id for one in self.rows.values() for cso_id in one.csos}

    def judge(self, seen: Sightings, *, whole: bool) -> None:
        """Judge all claims, once everything was read; `whole` says that whoever stands in the system has come."""
        count = Counter(cso_id for one in self.rows.values() for cso_id in one.csos)
        claiming = {one.own for one in self.rows.values() if one.own}
        present = {cso_id for cso_id in count if cso_id in seen or cso_id in self.blamed}
        for row, claim in self.rows.items():
            if claim.own and all(one in present and one not in claiming for one in claim.csos):
                continue  # who has that id now is somebody else, and stands there: it was this one's long ago
            reason = _why_not(claim, row[1], count, present, whole=whole)
            self.verdicts[row] = Verdict(claim.previous, None if reason is None else _conflict(row[1], claim, reason))
        self._hold_named(present)

    def _hold_named(self, present: set[int]) -> None:
        """Let the rows of those whom somebody new claims to be change nothing, either: whose they are is not known."""
        for (kind, now), claim in list(self.rows.items()):
            for previous, cso_id in zip(claim.previous, claim.csos, strict=True):
                if not claim.own and cso_id in present:
                    self.verdicts.setdefault((kind, previous), Verdict((), _named_by(previous, now)))

    def is_open(self) -> bool:
        """Tell whether anything is wrong with what some row claims."""
        return any(verdict.error is not None for verdict in self.verdicts.values())

    def error_of(self, one: Arrival) -> ObjectError | None:
        """Say what is wrong with what an object claims."""
        verdict = self.verdicts.get((one.type, one.external_id or ""))
        return verdict.error if verdict is not None else None

    def clear(self) -> None:
        """Begin anew."""
        self.rows.clear()
        self.blamed.clear()
        self.verdicts.clear()


def _why_not(claim: Claim, now: str, count: Counter[int], present: set[int], *, whole: bool) -> str | None:
    """Say why a row is not who it claims to have been; None where it is."""
    if claim.own:
        return f"'{now}' is known as another object"
    if len(claim.csos) > 1:
        return "these are several objects"
    if count[claim.csos[0]] > 1:
        return "another row names it, too"
    if claim.csos[0] in present:
        return f"'{claim.previous[0]}' stands there as a row of its own"
    return None if whole else "the import does not show whether that has a row of its own"


def _conflict(now: str, claim: Claim, reason: str) -> ObjectError:
    before = ", ".join(f"'{one}'" for one in claim.previous)
    return ObjectError(
        "previous-id-conflict",
        f"'{now}' says that it had the id {before} before, and {reason}",
        "nothing of it is taken over, and nobody counts as missing; correct it at the source, one change of an id at a "
        "time, and import the system to its end",
    )


def _named_by(previous: str, now: str) -> ObjectError:
    return ObjectError(
        "previous-id-conflict",
        f"'{now}' says that it had the id '{previous}' before, and this has it now",
        "if this is somebody new, let one import see the other one without it; if not, correct the other one at the "
        "source; until then nothing of it is taken over",
    )


async def note_claims(
    tx: Transaction, claims: Claims, system: str, settings: ObjectTypeConfig, known: Known, own: list[Arrival]
) -> dict[str, KnownCso]:
    """Note which objects of a page, all of one type, claim to have been somebody else who is known.

    Give those of whom nobody is known under their new id, by that, each with whom it claims to be.
    """
    kind = own[0].type
    claims.blamed |= _in_error(known, own)
    named = _named(settings, known, own)
    csos = await _known_under(tx, system, kind, named)
    before = await _named_before(tx, settings, known, named, csos)
    found: dict[str, KnownCso] = {}
    for now, previous in named.items():
        holder = known.by_external_id.get(now)
        if news := tuple(one for one in previous if one in csos and one not in before.get(now, ())):
            claims.rows[kind, now] = Claim(news, tuple(csos[one].id for one in news), holder.id if holder else 0)
            if holder is None:
                found[now] = csos[news[0]]
    return found


def _in_error(known: Known, own: list[Arrival]) -> set[int]:
    """Give those who are known under the ids of objects that came with an error."""
    ids = {one.external_id for one in own if one.error is not None}
    return {cso.id for external_id, cso in known.by_external_id.items() if external_id in ids}


async def _known_under(
    tx: Transaction, system: str, kind: str, named: dict[str, list[str]]
) -> dict[str | None, KnownCso]:
    """Give who is known under some previous ids."""
    texts = {text for found in named.values() for text in found}
    return {one.external_id: one for one in await objects.known_by_external_id(tx, system, kind, texts)}


def _named(settings: ObjectTypeConfig, known: Known, own: list[Arrival]) -> dict[str, list[str]]:
    """Give the previous ids that objects name, but for their own; what is unchanged says nothing new."""
    attribute = encode(settings.previous_id)
    named: dict[str, list[str]] = {}
    for one in own:
        now, cso = one.external_id, known.by_external_id.get(one.external_id or "")
        if now is None or attribute not in one.content.attributes or (cso and cso.hash == one.content.hash):
            continue
        if others := [text for text in _previous_of(settings, one.attributes()) if text != now]:
            named[now] = others
    return named


async def _named_before(
    tx: Transaction,
    settings: ObjectTypeConfig,
    known: Known,
    named: dict[str, list[str]],
    csos: dict[str | None, KnownCso],
) -> dict[str | None, frozenset[str]]:
    """Give, by their ids, what known objects named already when they were last seen, where that is somebody's."""
    concerned = [now for now, previous in named.items() if not csos.keys().isdisjoint(previous)]
    ids = [known.by_external_id[now].id for now in concerned if now in known.by_external_id]
    whole = await objects.get(tx, ids)
    return {cso.external_id: frozenset(_previous_of(settings, cso.attributes)) for cso in whole}


def _previous_of(settings: ObjectTypeConfig, attributes: Attributes) -> list[str]:
    """Give the previous ids of an object as external ids are kept; what can be none names nobody."""
    read: Callable[[str], str] = external_ids.reader(settings)
    texts: list[str] = []
    for value in attributes.get(settings.previous_id or "", ()):
        try:
            texts.append(read(str(value)))
        except InvalidValue:
            continue
    return list(dict.fromkeys(texts))


async def load_claimed(
    tx: Transaction, claims: Claims, system: str, kind: str, known: Known, own: list[Arrival]
) -> None:
    """Read whom the objects of a page were before, and put them beside those that are known under their ids."""
    verdicts = {one.external_id: claims.verdicts.get((kind, one.external_id or "")) for one in own}
    texts = {text for verdict in verdicts.values() if verdict for text in verdict.previous}
    if not texts:
        return
    csos = {one.external_id: one for one in await objects.known_by_external_id(tx, system, kind, texts)}
    for now, verdict in verdicts.items():
        if now is not None and verdict is not None:
            known.claimed[now] = [csos[text] for text in verdict.previous if text in csos]
