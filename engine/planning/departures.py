"""Tell which accounts begin to leave in a step, with the days of their stages, and which do so no more."""

from engine.approvals.stages import steps
from engine.labels import label_of
from engine.planning.records import AttributeDiff, PlannedChange
from engine.rules.compiled import Leaving
from engine.workspace import Workspace
from storage import leaving, metaverse, objects, plans
from storage.labels import name_of
from storage.leaving import Departure
from storage.plans import Told, Touched
from storage.records import Cso, Mvo
from storage.store import Transaction

PAGE = 1000


async def tell_departures(tx: Transaction, workspace: Workspace, step_id: int, phase: str) -> None:
    """Tell every account whose leaving has begun, ended, or been put at another day, page by page."""
    after = 0
    while touched := await plans.touched_departures(tx, step_id, after, PAGE):
        after = touched[-1].id
        csos = {cso.id: cso for cso in await objects.get(tx, [one.id for one in touched])}
        now = await leaving.get(tx, {cso.id: cso.mvo_id for cso in csos.values()})
        people = {mvo.id: mvo for mvo in await metaverse.get(tx, {cso.mvo_id for cso in csos.values() if cso.mvo_id})}
        told: list[Told] = []
        for one in touched:
            cso = csos.get(one.id)
            change = _change(workspace, phase, one, now.get(one.id), cso, people) if cso is not None else None
            if change is not None:
                told.append(Told(change.document()))
        await plans.tell(tx, step_id, told)


def _change(
    workspace: Workspace,
    phase: str,
    touched: Touched[Departure],
    now: Departure | None,
    cso: Cso,
    people: dict[int, Mvo],
) -> PlannedChange | None:
    old, new = (one.since if one is not None else None for one in (touched.before, now))
    mvo = people.get(cso.mvo_id or 0)
    how = workspace.rules.leaving.get(mvo.type, {}).get((cso.system, cso.type)) if mvo else None
    if old == new or mvo is None or how is None:
        return None
    before, after = _days(how, old), _days(how, new)
    diffs = [AttributeDiff(name, before.get(name, []), after.get(name, [])) for name in {**before, **after}]
    name = name_of(cso.attributes) or name_of(mvo.attributes) or label_of(cso)
    operation = "leave" if new else "stay"
    return PlannedChange(
        phase, cso.system, cso.type, f"cso-{cso.id}", name, cso.secondary_id or "", operation, "", "", diffs
    )


def _days(how: Leaving, since: str | None) -> dict[str, list[str]]:
    """Give the days of the stages of what leaves since a moment: `deleted` → the day."""
    if since is None:
        return {}
    listed = steps(since, [(stage.do, stage.after.total_seconds()) for stage in how.stages])
    return {one.does: [one.day] for one in listed}
