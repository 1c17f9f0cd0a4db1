"""Stages in the review: what an item shows of how an object leaves, and which moment an approval covers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from engine.labels import label_of
from engine.rules.compiled import DELETE, DISABLE, DISCONNECT, MOVE, Leaving, Rules, Stage
from engine.rules.leaving import Going, due_at, last_delete
from engine.values import zones
from engine.workspace import Workspace
from storage import clock, leaving, metaverse
from storage.leaving import Departure
from storage.records import Cso, ReviewItem
from storage.store import Transaction

Shown = list[Any]
"""`[CSO id, system, label, primary external id, since, [[what a stage does, seconds after], …], asked at start]`.

Without `since`, it begins to leave when that is approved.
"""
Moment = tuple[str | None, float]
"""Of a delete: since when its object leaves, and how many seconds after that it is due."""
_DONE = {DISABLE: "disabled", MOVE: "moved", DELETE: "deleted", DISCONNECT: "let go of"}


def shown(cso: Cso, how: Leaving, since: str | None) -> Shown:
    """Give what an item shows of how an object leaves."""
    stages = [[stage.do, stage.after.total_seconds()] for stage in how.stages]
    asked_at_start = how.stages[-1].asks_at_start
    return [cso.id, cso.system, label_of(cso), cso.external_id, since, stages, asked_at_start]


def moments(consequences: Mapping[str, Any]) -> dict[int, Moment]:
    """Give for which moment each staged delete was shown: CSO id → moment."""
    return {
        one[0]: (one[4], one[5][-1][1]) for one in consequences.get("stages", []) if one[5] and one[5][-1][0] == DELETE
    }


def covers_moment(item: ReviewItem, cso: Cso, going: Going) -> bool:
    """Tell whether an approval is for a delete at just the moment at which it is due now.

    Without stages there is no such moment, neither shown nor now.
    """
    was = moments(item.consequences).get(cso.id)
    stage = last_delete(going.leaving)
    if was is None or stage is None or not going.leaving.is_staged:
        return was is None and not going.leaving.is_staged
    since, after = was
    if after != stage.after.total_seconds():
        return False
    # without a beginning it was shown for a departure that the approval itself lets begin
    return since == going.since or (since is None and going.since >= (item.decided_at or "~"))


def has_come(item: ReviewItem, cso: Cso, approved_at: str) -> bool:
    """Tell whether the day that an approval is for has come, by nothing but what it showed and when it was given."""
    moment = moments(item.consequences).get(cso.id)
    if moment is None:
        return True
    since, after = moment
    return due_at(since or approved_at, Stage(DELETE, timedelta(seconds=after))) <= clock.now()


async def read_departures(tx: Transaction, rules: Rules, csos: Iterable[Cso]) -> dict[int, Departure]:
    """Read since when some CSOs are leaving, where rules have stages."""
    return await leaving.get(tx, {cso.id: cso.mvo_id for cso in csos}) if rules.have_stages else {}


async def stages_of(tx: Transaction, workspace: Workspace, csos: list[Cso]) -> dict[int, Shown]:
    """Give what the review shows of how some objects leave that are leaving, in stages."""
    departures = await read_departures(tx, workspace.rules, csos)
    if not departures:
        return {}
    types = {mvo.id: mvo.type for mvo in await metaverse.get(tx, {one.mvo_id for one in departures.values()})}
    found: dict[int, Shown] = {}
    for cso in csos:
        known = departures.get(cso.id)
        how = workspace.rules.leaving.get(types.get(cso.mvo_id or 0, ""), {}).get((cso.system, cso.type))
        if known is not None and known.since is not None and how is not None and how.is_staged:
            found[cso.id] = shown(cso, how, known.since)
    return found


class Step(NamedTuple):
    """A stage with its moment."""

    does: str
    """In a word: `disabled`, `moved`, `deleted`, `let go of`."""
    at: str
    day: str
    """The moment in the time zone: the day, with the time where it is not a whole number of days after."""
    is_past: bool


def steps(since: str, stages: Iterable[tuple[str, float]]) -> list[Step]:
    """Give the stages of what leaves since a moment, each with its own."""
    now = clock.now()
    found = []
    for do, seconds in stages:
        at = due_at(since, Stage(do, timedelta(seconds=seconds)))
        form = "%Y-%m-%d %H:%M" if seconds % timedelta(days=1).total_seconds() else "%Y-%m-%d"
        found.append(Step(_DONE[do], at, zones.local(datetime.fromisoformat(at)).strftime(form), at <= now))
    return found


def sentence(entry: Shown, decided_at: str | None = None) -> str:
    """Say in which stages an object leaves, such as `disabled now, deleted on 2026-12-26 if you approve`."""
    since, asked_at_start = entry[4] or decided_at, entry[6]
    listed = steps(since or clock.now(), entry[5])
    said = [f"{one.does} {'now' if since is None and one.is_past else f'on {one.day}'}" for one in listed]
    if entry[5][-1][0] == DELETE:
        said[-1] += " if you approve" if asked_at_start or listed[-1].is_past else ", asked about then"
    return ", ".join(said)
