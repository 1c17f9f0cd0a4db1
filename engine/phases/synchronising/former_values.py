"""Phase 1, unique values that follow what they are made of: which ones people had, and whose they are until when."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from engine.rules import marks
from engine.rules.compiled import UniqueValue
from engine.rules.generated import value_key
from engine.workspace import Workspace
from storage import clock, given_values, runs
from storage.documents import decode, encode
from storage.given_values import GivenValue
from storage.records import Attributes, Mvo
from storage.store import Transaction

FORMER = "former value"
"""What stands as the contributor of the values that somebody had."""
Past = dict[int, list[GivenValue]]
"""MVO → the values of one attribute that it has and had."""


async def read_past(tx: Transaction, unique: UniqueValue, mvo_type: str, mvos: Iterable[Mvo]) -> Past:
    """Read which values MVOs of a type have and had, where that makes a difference."""
    ids = [mvo.id for mvo in mvos if mvo.type == mvo_type] if unique.is_remembered else []
    return await given_values.of(tx, mvo_type, unique.attribute, ids)


def is_outdated(unique: UniqueValue, past: Past, mvo: Mvo, value: str) -> bool:
    """Tell whether an MVO has a value that was made of something else than it holds now.

    What nobody has written down was there before the rule: it stays.
    """
    given = next((one for one in past.get(mvo.id, []) if one.until is None and one.key == value_key(value)), None)
    if given is None:
        return False
    now = _made_of(unique, mvo)
    return any(given.made_of[name] != values for name, values in now.items() if name in given.made_of)


def _made_of(unique: UniqueValue, mvo: Mvo) -> Attributes:
    return {name: mvo.attributes.get(name, []) for name in unique.follows}


@dataclass(slots=True)
class Remembered:
    """What has to be written down of the values that MVOs have and had."""

    known: list[GivenValue] = field(default_factory=list)
    forgotten: list[GivenValue] = field(default_factory=list)
    aliases: dict[int, list[str]] = field(default_factory=dict)
    """MVO → the former values that are kept, the latest first."""


class Without(NamedTuple):
    """MVOs that have no value of their own choice."""

    lost: Collection[int]
    """Somebody else took theirs before their account was created: they never had it."""
    kept: Collection[int]
    """Nothing else was free: they keep what they had, and are to have another."""


def remember(unique: UniqueValue, mvo_type: str, past: Past, mvos: Iterable[Mvo], without: Without) -> Remembered:
    """Work out what is known from now on of the values that MVOs of a type have and had."""
    found = Remembered()
    if not unique.is_remembered:
        return found
    at = clock.now()
    for mvo in mvos:
        if mvo.type != mvo_type or mvo.deleted or mvo.in_grace:
            continue
        before = past.get(mvo.id, [])
        now = _by_now(unique, before, mvo, at, without)
        aliases = _kept(unique, now, at)
        now = [one._replace(is_alias=one in aliases) for one in now]
        found.known += [one for one in now if one not in before]
        found.forgotten += [one for one in before if one.key not in {other.key for other in now}]
        found.aliases[mvo.id] = [one.value for one in aliases]
    return found


def _by_now(unique: UniqueValue, before: list[GivenValue], mvo: Mvo, at: str, without: Without) -> list[GivenValue]:
    """Give the values that an MVO has and had: what it has no more ends, unless it never had it."""
    held = mvo.attributes.get(unique.attribute, [])
    key = value_key(str(held[0])) if held else None
    past = [one for one in before if one.key != key and not (one.until is None and mvo.id in without.lost)]
    ended = [one._replace(until=one.until or at) for one in past]
    if key is None:
        return ended
    now = GivenValue(mvo.type, unique.attribute, key, mvo.id, str(held[0]), _made_of(unique, mvo), at)
    own = next((one for one in before if one.key == key), None)
    return [*ended, now if own is None else _again(own, now, is_kept=mvo.id in without.kept)]


def _again(own: GivenValue, now: GivenValue, *, is_kept: bool) -> GivenValue:
    """Give a value that its owner has, or had and has once more, as it is from now on."""
    made_of = own.made_of if is_kept else now.made_of
    return now._replace(made_of=made_of, since=own.since if own.until is None else now.since)


def _kept(unique: UniqueValue, values: list[GivenValue], at: str) -> list[GivenValue]:
    """Give the former values that are aliases, the latest first."""
    since = clock.later(at, -unique.keep_old.total_seconds())
    former = [one for one in values if one.until is not None and one.until > since]
    return sorted(former, key=lambda one: (one.until or "", one.key), reverse=True)


def with_aliases(unique: UniqueValue, mvo: Mvo, aliases: list[str] | None) -> Mvo:
    """Give an MVO with the former values that are kept; None leaves it as it is."""
    if unique.aliases is None or aliases is None:
        return mvo
    attributes = {name: values for name, values in mvo.attributes.items() if name != unique.aliases}
    contributors = {name: by for name, by in mvo.contributors.items() if name != unique.aliases}
    if aliases:
        attributes[unique.aliases] = list(aliases)
        contributors[unique.aliases] = [None, FORMER]
    return mvo._replace(attributes=attributes, contributors=contributors)


async def reserved(tx: Transaction, unique: UniqueValue, mvo_type: str, keys: set[str]) -> dict[str, list[int]]:
    """Give whose some values are although they may have given them up: key → MVOs, gone ones too."""
    if not unique.is_remembered:
        return {}
    kept = max(unique.keep_old, unique.reserve, timedelta())
    return await given_values.owners(tx, mvo_type, unique.attribute, keys, clock.after(-kept.total_seconds()))


async def forget_old(tx: Transaction, workspace: Workspace) -> None:
    """Forget what was given up so long ago that nobody keeps it, and all of a value that no rule remembers any more."""
    kept = {
        (mvo_type, unique.attribute): max(unique.keep_old, unique.reserve).total_seconds()
        for mvo_type, generated in workspace.rules.unique.items()
        for unique in generated
        if unique.is_remembered
    }
    for place, seconds in kept.items():
        await given_values.forget_ended(tx, *place, clock.after(-seconds))
    before, now = await runs.rule_mark(tx, marks.REMEMBERED), encode(sorted(kept))
    if before != now:
        for mvo_type, attribute in {(one[0], one[1]) for one in decode(before or "[]")} - kept.keys():
            await given_values.forget(tx, mvo_type, attribute)
        await runs.set_rule_mark(tx, marks.REMEMBERED, now)
