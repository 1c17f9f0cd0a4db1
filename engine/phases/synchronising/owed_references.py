"""Phase 1, owed references: paid when what they name is there, told once while it is not."""

from collections.abc import AsyncIterator, Iterable
from functools import partial

from engine.contributions.joined import mvos_of
from engine.contributions.references import meant_type
from engine.errors import ObjectError
from engine.events import Progress
from engine.labels import label_of
from engine.phases.synchronising.flowing import recompute
from engine.statistics import Statistic
from engine.step import Step
from storage import metaverse, objects, references
from storage.records import Cso
from storage.references import IN, Owed
from storage.store import Transaction


async def follow_gone(tx: Transaction, step: Step, mvo_ids: Iterable[int]) -> None:
    """Compute again whoever refers to MVOs that are deleted, or that a connector has left."""
    referring = await references.referrers(tx, mvo_ids)
    await recompute(tx, step, referring)
    await metaverse.set_due(tx, referring, due=True)


async def pay_references(step: Step) -> AsyncIterator[Progress]:
    """Compute again whoever owes a reference that can be paid by now."""
    for system, settings in step.workspace.config.systems.items():
        after = 0
        while True:
            ids = await step.in_page(
                partial(_pay_next, step=step, system=system, types=list(settings.objects), after=after)
            )
            if not ids:
                break
            after = ids[-1]
            yield step.progress()


async def _pay_next(tx: Transaction, step: Step, system: str, types: list[str], after: int) -> list[int]:
    """Compute the next ones again that owe a reference which can be paid, and give the CSOs' ids."""
    ids = await references.payable_inbound(tx, system, types, after, step.page_size)
    csos = await objects.get(tx, ids)
    await references.replace_owed(tx, IN, [cso.id for cso in csos if cso.mvo_id is None], [])
    await recompute(tx, step, mvos_of(csos))
    still = await references.still_owing(tx, IN, ids)
    step.statistics[Statistic.REFERENCES_PAID] += len(set(ids) - still)
    return ids


async def tell_owed(step: Step) -> AsyncIterator[Progress]:
    """Tell, once each, which references name an object that is not there."""
    while True:
        async with step.page() as tx:
            rows = await references.untold(tx, IN, step.page_size)
            csos = {cso.id: cso for cso in await objects.get(tx, {row.owner_id for row in rows})}
            named = await _named(tx, step, rows)
            for row in rows:
                if (cso := csos.get(row.owner_id)) is not None:
                    _tell(step, row, cso, named.get((row.system, row.key), []))
            await references.mark_told(tx, rows)
        if not rows:
            return
        yield step.progress()


def _tell(step: Step, row: Owed, cso: Cso, named: list[tuple[str, int]]) -> None:
    """Tell why a reference is owed: it names nothing, or several objects of the type that is meant."""
    kind = meant_type(step.workspace, cso, row.attribute)
    several = [one for one in named if kind in (None, one[0])]
    error = _ambiguous(row, several) if len(several) > 1 else _unresolved(row)
    step.warned(error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system)


async def _named(tx: Transaction, step: Step, rows: list[Owed]) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """Give what owed references name by an id that more than one object has."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for system in {row.system for row in rows} & set(step.workspace.config.systems):
        types = list(step.workspace.config.systems[system].objects)
        keys = {row.key for row in rows if row.system == system}
        named = await references.joined_objects(tx, system, types, keys, by_secondary=False)
        found |= {(system, key): objects_ for key, objects_ in named.items()}
    return found


def _ambiguous(row: Owed, named: list[tuple[str, int]]) -> ObjectError:
    several = ", ".join(f"{kind} mvo-{mvo_id}" for kind, mvo_id in named[:5])
    return ObjectError(
        "ambiguous-reference",
        f"'{row.attribute}' names '{row.key}', and that is the id of {len(named)} objects of '{row.system}': {several}",
        f'say which type it names: refers_to = {{ {row.attribute} = "{named[0][0]}" }}',
    )


def _unresolved(row: Owed) -> ObjectError:
    return ObjectError(
        "unresolved-reference",
        f"'{row.attribute}' names '{row.key}', which is no object of '{row.system}' that is joined to the metaverse",
        "nothing has to be done if it comes later: it is owed until then; if it never will, correct it at the source",
    )
