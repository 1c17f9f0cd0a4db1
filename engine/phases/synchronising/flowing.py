"""Phase 1, flows: metaverse objects are computed from all that is joined to them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from engine.contributions.contexts import Contexts
from engine.contributions.flowing import contribute
from engine.contributions.followed import make_followers_due
from engine.contributions.joined import by_mvo
from engine.contributions.references import read_references
from engine.contributions.rows import ContributorFailed
from engine.errors import ObjectError
from engine.phases.join_index import index_mvos, keep_former_keys
from engine.phases.synchronising.computed_groups import move_members
from engine.phases.synchronising.page import tell
from engine.phases.synchronising.references import keep_edges, owe
from engine.phases.synchronising.unique_values import keep_or_give_values, tell_nothing_is_free
from engine.statistics import Statistic
from engine.step import Step
from storage import clock, given_values, metaverse, objects
from storage.records import Cso, Mvo
from storage.references import Owed
from storage.store import Transaction


@dataclass(slots=True, frozen=True)
class Known:
    """What the page around it knows already, where MVOs are computed within one."""

    contexts: Contexts
    csos: dict[int, Cso] = field(default_factory=dict)
    new: list[Mvo] = field(default_factory=list)
    """MVOs that are projected; they are stored once their attributes are known."""
    names_lost: Collection[tuple[int, str]] = ()
    """MVOs, each with an attribute whose generated value somebody else took before their account was created."""
    failed: Collection[int] = ()
    """CSOs of which it is told already what is wrong with them."""


@dataclass(slots=True)
class _Computed:
    """MVOs as they are to be, and what was found on the way."""

    after: list[Mvo] = field(default_factory=list)
    owing: set[int] = field(default_factory=set)
    """CSOs whose owed references are known anew."""
    owed: list[Owed] = field(default_factory=list)
    failures: dict[int, tuple[Cso, ObjectError]] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Flowed:
    """What became of some MVOs: the CSOs that waited for one of them, and those that something is wrong with."""

    woken: set[int]
    failed: set[int]


async def recompute(tx: Transaction, step: Step, mvo_ids: set[int], known: Known | None = None) -> Flowed:
    """Compute MVOs from all that is joined to them; write those that changed, with their keys and references.

    Whoever is in a grace period stays as it is.
    """
    known = known or Known(Contexts(step.workspace))
    new = {mvo.id for mvo in known.new}
    joined = by_mvo(await objects.joined_to(tx, mvo_ids, known.csos))
    before = [*known.new, *await metaverse.get(tx, mvo_ids - new)]
    computed = await _compute(tx, step, known.contexts, before, joined)
    given = await keep_or_give_values(tx, step, known.contexts, known.names_lost, before, computed.after)
    without_value = {cso.id for mvo, _ in given.nothing_free for cso in joined.get(mvo.id, ()) if cso.id in known.csos}
    tell(step, [one for cso_id, one in computed.failures.items() if cso_id not in known.failed])
    tell_nothing_is_free(step, given.nothing_free)
    for one in given.remembered:
        await given_values.drop(tx, one.forgotten)
        await given_values.put(tx, one.known)
    present = {cso.id for csos in joined.values() for cso in csos}
    woken = await _write(tx, step, list(zip(before, given.mvos, strict=True)), new, present)
    await owe(tx, computed.owing, computed.owed)
    await move_members(tx, step, given.mvos)
    return Flowed(woken, without_value | computed.failures.keys())


async def _compute(
    tx: Transaction, step: Step, contexts: Contexts, before: list[Mvo], joined: dict[int, list[Cso]]
) -> _Computed:
    """Compute what MVOs get from what is joined to them; one that cannot be computed stays as it is."""
    workspace = step.workspace
    references = await read_references(tx, workspace, [cso for csos in joined.values() for cso in csos])
    found = _Computed(owing=set(references.referring))
    for mvo in before:
        own = joined.get(mvo.id, [])
        try:
            got = None if mvo.in_grace else contribute(workspace, contexts, references, mvo, own)
        except ContributorFailed as failed:
            found.failures.setdefault(failed.cso.id, (failed.cso, failed.failure.error))
            found.owing.difference_update(cso.id for cso in own)
            got = None
        if got is None:
            found.after.append(mvo)
            continue
        found.after.append(mvo._replace(attributes=got.attributes, contributors=got.contributors))
        found.owed += got.owed
    return found


async def _write(
    tx: Transaction, step: Step, pairs: list[tuple[Mvo, Mvo]], new: set[int], present: set[int]
) -> set[int]:
    """Store the MVOs that are new or hold something else now, with their keys; give the CSOs that waited for those."""
    changed = _changed(step, pairs, new)
    await metaverse.add(tx, [mvo for mvo in changed if mvo.id in new])
    await metaverse.change(tx, [mvo for mvo in changed if mvo.id not in new])
    woken = await index_mvos(tx, step, changed, new)
    changes = [(old, mvo) for old, mvo in pairs if old != mvo]
    await keep_former_keys(tx, step, [one for one in changes if one[1].id not in new], present)
    await keep_edges(tx, step, changes)
    if step.workspace.rules.followed:
        await make_followers_due(tx, step.workspace.rules, changes)
    return woken


def _changed(step: Step, pairs: list[tuple[Mvo, Mvo]], new: set[int]) -> list[Mvo]:
    """Give the MVOs that are new or hold something else now, for evaluation to look at, and count them."""
    at = clock.now()
    changed: list[Mvo] = []
    for old, mvo in pairs:
        same = old.attributes == mvo.attributes and old.contributors == mvo.contributors
        flowed = Statistic.CONNECTORS_WITHOUT_FLOW_UPDATES if same else Statistic.CONNECTORS_WITH_FLOW_UPDATES
        step.statistics[flowed] += 1
        if not same or mvo.id in new:
            changed.append(mvo._replace(due=True, changed_at=at))
    return changed
