"""Creates of people whom no source gives any more: they wait until one does, or until their person is gone."""

from engine.errors import ObjectError
from engine.labels import label_of
from engine.step import Step
from storage import accounts, metaverse
from storage.records import ChangeType, Cso, Mvo, PendingExport
from storage.store import Transaction

_GONE = ObjectError(
    "source-gone",
    "it is not created: no source gives its person any more",
    "decide about the person in the review; with the person's return it is created",
)


async def hold_sourceless(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Leave out the creates of those whom rules give, and of whom every source is gone or missing; they are told."""
    creates = {one.cso_id for one in found if one.change_type == ChangeType.CREATE}
    held = await _sourceless(tx, step, [csos[cso_id] for cso_id in creates])
    for cso_id in held:
        cso = csos[cso_id]
        step.warned(_GONE, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=step.system)
    step.done += len(held)
    return [one for one in found if one.cso_id not in held]


async def _sourceless(tx: Transaction, step: Step, planned: list[Cso]) -> set[int]:
    inbound = step.workspace.rules.inbound
    by_mvo = {cso.mvo_id: cso.id for cso in planned if cso.mvo_id is not None}
    links = await accounts.normal_links_to(tx, by_mvo)
    there = {mvo_id for mvo_id, system, object_type in links if (system, object_type) in inbound}
    alone = by_mvo.keys() - there  # hardly ever anybody: only of these is it asked who gives them
    return {by_mvo[mvo.id] for mvo in await metaverse.get(tx, alone) if _is_given(mvo)}


def _is_given(mvo: Mvo) -> bool:
    """Tell whether sources give an MVO; the metaverse makes computed groups by itself."""
    return any(cso_id is not None for cso_id, *_ in mvo.contributors.values())
