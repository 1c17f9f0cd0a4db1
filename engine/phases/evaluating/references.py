"""Phase 2, references: what is referred to is written as the DN, or the id, of its account in the target."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from engine.errors import ObjectError
from engine.events import Progress
from engine.labels import label_of_mvo
from engine.phases.evaluating.desired_state import NO_VALUE, Desired
from engine.phases.evaluating.drift import without
from engine.phases.evaluating.page import Decisions
from engine.step import Step
from engine.workspace import Workspace
from storage import metaverse, references
from storage.records import Attributes, Mvo
from storage.references import OUT, Address, Owed
from storage.store import Transaction

Addresses = dict[tuple[str, int], str]
"""(System, MVO) → what its account there is referred to by."""


async def read_addresses(tx: Transaction, workspace: Workspace, wanted: list[Desired]) -> Addresses:
    """Look up what the accounts that some wanted objects refer to are called in their targets."""
    sought: dict[str, set[int]] = {}
    for desired in wanted:
        for _, flow in desired.referring():
            sought.setdefault(desired.target[0], set()).update(desired.mvo.attributes.get(flow.copies or "", ()))
    found: Addresses = {}
    for system, mvo_ids in sought.items():
        types = workspace.config.systems[system].objects
        with_dns = {kind for kind in types if workspace.is_dn(system, kind)}
        for address in await references.addresses(tx, system, mvo_ids):
            if (text := _name_of(address, has_dn=address.type in with_dns)) is not None:
                found.setdefault((system, address.mvo_id), text)
    return found


def fill_references(desired: Desired, addresses: Addresses) -> tuple[Desired, list[Owed]]:
    """Give a wanted object with its references; what has no account in the target yet is owed."""
    flows = desired.referring()
    if not flows:
        return desired, []
    filled: Attributes = {}
    left: dict[str, str] = {}
    owed: list[Owed] = []
    for rule, flow in flows:
        values = filled[flow.attribute] = []
        for mvo_id in desired.mvo.attributes.get(flow.copies or "", ()):
            text = addresses.get((desired.target[0], mvo_id))
            if text is not None:
                values.append(text)
                continue
            owner = (desired.mvo.id, flow.attribute, desired.target[0], str(mvo_id))
            owed.append(Owed(OUT, *owner, told=not rule.tells_unresolved))
        if not values and flow.is_silent:
            left[flow.attribute] = NO_VALUE
    attributes = {name: one for name, one in (desired.attributes | filled).items() if name not in left}
    return replace(desired, attributes=attributes, left=desired.left | left), owed


def leave_owed(decided: Decisions, desired: Desired, owed: list[Owed]) -> Desired:
    """Leave alone what an account that is adopted now owes: whom it refers to may be adopted later in the same step.

    Else a process that dies in between would leave it staged to be cleared, though it is right.
    """
    if not owed:
        return desired
    names = frozenset(one.attribute for one in owed)
    decided.put_off[desired.mvo.id, desired.target] = names
    decided.still_due.add(desired.mvo.id)
    return without(desired, names)


def _name_of(address: Address, *, has_dn: bool) -> str | None:
    """Give what an account is referred to by: its DN, the new one where it is being renamed, or its external id."""
    if has_dn:
        return address.new_secondary_id or address.secondary_id
    return address.external_id


async def owe(tx: Transaction, workspace: Workspace, mvos: Iterable[Mvo], owed: list[Owed]) -> None:
    """Write down what the page's MVOs owe to the targets, and drop what is paid."""
    referring = {
        kind
        for kind, targets in workspace.rules.outbound.items()
        if any(flow.refers for rules in targets.values() for rule in rules for flow in rule.flows)
    }
    owing = [mvo.id for mvo in mvos if mvo.type in referring]
    if owing:
        await references.replace_owed(tx, OUT, owing, owed)


async def tell_owed(step: Step) -> AsyncIterator[Progress]:
    """Tell, once each, which references name an MVO that has no account in the target."""
    while True:
        async with step.page() as tx:
            rows = await references.untold(tx, OUT, step.page_size)
            ids = {row.owner_id for row in rows} | {int(row.key) for row in rows}
            mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, ids)}
            for row in rows:
                if (owner := mvos.get(row.owner_id)) is not None:
                    step.warned(
                        _unresolved(row, mvos.get(int(row.key))),
                        object_type=owner.type,
                        label=label_of_mvo(owner),
                        system=row.system,
                    )
            await references.mark_told(tx, rows)
        if not rows:
            return
        yield step.progress()


def _unresolved(row: Owed, named: Mvo | None) -> ObjectError:
    who = label_of_mvo(named) if named else f"mvo-{row.key}"
    return ObjectError(
        "unresolved-reference",
        f"'{row.attribute}' names {who}, which has no account in '{row.system}'",
        "nothing has to be done if it is to get one: the reference is owed until then; "
        'if it never will, unresolved = "ignore" on the rule says so',
    )
