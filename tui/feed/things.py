"""One thing whole: an object, an export, a review item, a run, with everything that is known of it."""

from collections.abc import Sequence

from engine.approvals.stages import sentence
from engine.labels import label_of, label_of_mvo, with_references
from engine.values import dn
from engine.workspace import Workspace
from storage import exports, metaverse, objects, references, reviews, runs, tombstones, transitions
from storage.records import BatchState, Cso, PendingExport, ReviewItem, ReviewState
from storage.store import Transaction
from tui.feed.lists import Document, export_document
from tui.feed.naming import names_in, told_by, with_names


class UnknownId(LookupError):
    """There is no such object, export, review item or run."""


async def show(workspace: Workspace, text: str) -> Document:
    """Give one thing whole by its id: `cso-1`, `mvo-1`, `exp-1`, `rev-1`, `run-1`. Raises `UnknownId`."""
    kind, _, number = text.partition("-")
    readers = {"cso": _show_cso, "exp": _show_export, "rev": _show_review, "run": _show_run}
    if kind not in (*readers, "mvo") or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise UnknownId(f"'{text}' is no id: cso-1, mvo-1, exp-1, rev-1 or run-1 are")
    async with workspace.store.reading() as tx:
        found = await (_show_mvo(tx, workspace, int(number)) if kind == "mvo" else readers[kind](tx, int(number)))
    if found is None:
        raise UnknownId(f"there is no {text}")
    return found


async def names_of(workspace: Workspace, found: Document) -> dict[str, str]:
    """Name what a thing that was read tells of by ids: whom it is joined to, and what its history gives as reasons."""
    texts = [told_by(move) for move in found.get("transitions", [])]
    texts += [f"mvo-{found['mvo_id']}"] if found.get("mvo_id") else []
    texts += [f"{error['message']} {error['advice']}" for error in found.get("errors", [])]
    async with workspace.store.reading() as tx:
        return await names_in(tx, texts)


async def called(workspace: Workspace, thing: str) -> str:
    """Give what a person calls a thing: its name before its id, else its id alone. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        return with_names(thing, await names_in(tx, [thing]))


async def _show_cso(tx: Transaction, cso_id: int) -> Document | None:
    csos = await objects.get(tx, [cso_id])
    history = [move._asdict() for move in await transitions.of(tx, "cso", [cso_id])]
    if not csos:
        return {"id": f"cso-{cso_id}", "removed": True, "transitions": history} if history else None
    staged = (await exports.of_objects(tx, [cso_id])).get(cso_id)
    return {
        **csos[0]._asdict(),
        "id": f"cso-{cso_id}",
        "label": label_of(csos[0]),
        "pending_export": {**export_document(staged), "id": f"exp-{staged.id}"} if staged else None,
        "reviews": [{"id": f"rev-{item.id}", "state": item.state} for item in await reviews.all_of(tx, cso_id)],
        "owed": await _owed(tx, references.IN, cso_id),
        "transitions": history,
    }


async def _owed(tx: Transaction, direction: str, owner_id: int) -> list[Document]:
    """Give the references of one thing that wait for what they name."""
    rows = await references.owed_by(tx, direction, owner_id)
    prefix = "mvo-" if direction == references.OUT else ""
    return [{"attribute": row.attribute, "system": row.system, "names": prefix + row.key} for row in rows]


async def _show_mvo(tx: Transaction, workspace: Workspace, mvo_id: int) -> Document | None:
    mvos = await metaverse.get(tx, [mvo_id])
    if not mvos:
        return None
    joined = await objects.joined_to(tx, [mvo_id])
    declared = workspace.declared_mvo(mvos[0].type)
    return {
        **mvos[0]._asdict(),
        "id": f"mvo-{mvo_id}",
        "label": label_of_mvo(mvos[0]),
        "attributes": with_references(mvos[0], declared),
        "owed": await _owed(tx, references.OUT, mvo_id),
        "joined": [
            {
                "id": f"cso-{one.id}",
                "system": one.system,
                "label": label_of(one),
                "status": one.status,
                "by": one.joined_by,
            }
            for one in joined
        ],
    }


async def _show_export(tx: Transaction, export_id: int) -> Document | None:
    found = await exports.get(tx, [export_id])
    history = [move._asdict() for move in await transitions.of(tx, "export", [export_id])]
    if not found:
        return {"id": f"exp-{export_id}", "gone": True, "transitions": history} if history else None
    export = found[0]
    cso = (await objects.get(tx, [export.cso_id]))[0]
    return {**_staged(cso, export), "transitions": history}


async def _show_review(tx: Transaction, item_id: int) -> Document | None:
    items = await reviews.get(tx, [item_id])
    if not items:
        return None
    history = [move._asdict() for move in await transitions.of(tx, "review", [item_id])]
    csos = await objects.get(tx, [items[0].object_id])
    gone = [] if csos else await tombstones.of_object(tx, items[0].object_id)
    last = (csos or gone)[0].attributes if csos or gone else None
    document = items[0]._asdict()
    leaves = [f"{label} in {system}: {said}" for _, system, label, said in stages_in(document)]
    return {
        **document,
        **({"leaves": leaves} if leaves else {}),
        "id": f"rev-{item_id}",
        "attributes": last,
        "elsewhere": await _elsewhere(tx, csos[0]) if csos else [],
        "transitions": history,
    }


async def _elsewhere(tx: Transaction, cso: Cso) -> list[Document]:
    """Give what else its person is joined to: where it is still alive."""
    joined = await objects.joined_to(tx, [cso.mvo_id] if cso.mvo_id is not None else [])
    return [
        {"id": f"cso-{one.id}", "system": one.system, "label": label_of(one), "status": one.status, "by": one.joined_by}
        for one in joined
        if one.id != cso.id
    ]


async def _show_run(tx: Transaction, run_id: int) -> Document | None:
    run = await runs.get(tx, run_id)
    if run is None:
        return None
    return {
        **run._asdict(),
        "id": f"run-{run_id}",
        "steps": [step._asdict() for step in await runs.steps_of(tx, run_id)],
        "errors": [{"step": step, **error._asdict()} for step, error in await runs.errors_of(tx, run_id)],
        "held": [batch._asdict() for batch in await reviews.held(tx, run_id)],
        "stopped": [
            batch._asdict() for batch in await reviews.stopped_in(tx, run_id) if batch.state != BatchState.HELD
        ],
    }


async def course(workspace: Workspace, text: str) -> Document:
    """Give what is staged in any system for the person that a thing is about, and how all of that came to be so.

    `staged` are exports, each change with what is there `now`; `transitions` are in no order. Raises `UnknownId` or
    `StoreError`.
    """
    found = await show(workspace, text)
    async with workspace.store.reading() as tx:
        csos = {one.id: one for one in await _all_of_person(tx, found)}
        staged = await exports.of_objects(tx, csos)
        moves = await transitions.of(tx, "cso", csos)
        moves += await transitions.of(tx, "export", [one.id for one in staged.values()])
        names = await names_in(tx, (told_by(move._asdict()) for move in moves))
    history = {move.id: move._asdict() for move in moves}
    history |= {move["id"]: move for move in found.get("transitions", [])}
    others = [_staged(csos[cso_id], export) for cso_id, export in staged.items() if f"exp-{export.id}" != text]
    return {"id": text, "staged": others, "transitions": list(history.values()), "names": names}


async def _all_of_person(tx: Transaction, found: Document) -> list[Cso]:
    """Give the object that a thing is about, if it is there, and all that are joined to the same person."""
    kind, _, number = found["id"].partition("-")
    if kind == "mvo":
        return await objects.joined_to(tx, [int(number)])
    about = {"exp": found.get("cso_id"), "rev": found.get("object_id")}.get(kind, int(number))
    csos = await objects.get(tx, [about] if about is not None else [])
    persons = [one.mvo_id for one in csos if one.mvo_id is not None]
    return csos + [one for one in await objects.joined_to(tx, persons) if one.id != about]


def _staged(cso: Cso, export: PendingExport) -> Document:
    """Give an export of an object, each change with what is there now."""
    changes = [{**change._asdict(), "now": cso.attributes.get(change.name, [])} for change in export.changes]
    return {**export._asdict(), "id": f"exp-{export.id}", "label": label_of(cso), "changes": changes}


def stages_in(item: Document) -> list[tuple[int, str, str, str]]:
    """Give what leaves in stages by a review item: CSO id, system, label, and in which stages."""
    at = item["decided_at"] if item["state"] in (ReviewState.APPROVED, ReviewState.CARRIED_OUT) else None
    return [(one[0], one[1], one[2], sentence(one, at)) for one in item["consequences"].get("stages", [])]


def person_of(consequences: Document) -> str:
    """Name the metaverse object that a review item's consequences are about; an older item has no label of it."""
    return str(consequences.get("mvo_label") or f"mvo-{consequences['mvo']}")


async def gone(workspace: Workspace, keys: Sequence[int]) -> list[Document]:
    """Read what is gone, by the numbers of its list: the id and the system of each, and what a person called it."""
    async with workspace.store.reading() as tx:
        found = await tombstones.listed(tx, keys)
    return [{"id": f"cso-{one.gone.object_id}", "system": one.gone.system, "label": one.gone.label} for one in found]


_DEPARTMENTS = ("department", "departmentnumber", "department_number", "ou")
"""What a department is called, as it is written in small letters."""


async def items(workspace: Workspace, ids: Sequence[int]) -> list[Document]:
    """Read review items, in the order of their ids, as they stand now; with the department of what each is about."""
    async with workspace.store.reading() as tx:
        found: list[ReviewItem] = await reviews.get(tx, ids)
        doomed = {item.id: [one[0] for one in item.consequences.get("deletes", [])] for item in found}
        wanted = {item.object_id for item in found} | {cso_id for csos in doomed.values() for cso_id in csos}
        about = {cso.id: cso for cso in await objects.get(tx, wanted)}
    listed = sorted(found, key=lambda item: item.id)
    return [
        {
            **item._asdict(),
            "key": item.id,
            "id": f"rev-{item.id}",
            "department": _department(about.get(item.object_id)),
            "branches": _branches(workspace, [about[cso_id] for cso_id in doomed[item.id] if cso_id in about]),
        }
        for item in listed
    ]


def _department(cso: Cso | None) -> str:
    """Give the department of an object, as far as one of the usual attributes names it."""
    held = {name.casefold(): values for name, values in cso.attributes.items() if values} if cso else {}
    return next((str(held[name][0]) for name in _DEPARTMENTS if name in held), "")


def _branches(workspace: Workspace, csos: Sequence[Cso]) -> list[str]:
    """Give the branches of directories in which objects stand."""
    named = [cso.secondary_id for cso in csos if cso.secondary_id and workspace.is_dn(cso.system, cso.type)]
    return sorted({dn.parent(name) for name in named})
