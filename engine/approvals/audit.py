"""What goes into the audit log: every decision, release, join by hand, run, and change of the configuration."""

import asyncio
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple

from engine.configuration.models import Config, RolesConfig
from engine.errors import DecisionRefused, NotAllowed
from engine.roles import Role, role_among
from engine.workspace import Workspace
from storage import audit, exports, reviews
from storage.audit import AuditEntry, StoredEntry
from storage.documents import decode, encode
from storage.errors import StorePutBack
from storage.mark import Mark
from storage.records import ReviewItem
from storage.store import Transaction

CONFIGURATION = "configuration"
APPROVED, APPROVED_FIRST = "approve", "approve-first"
TAKES_BACK = ("withdraw", "keep", "defer")
"""Decisions after which what was approved before them is not approved any more."""
OLDER = "is an older store than the one that was here"
FEWEST_LETTERS = 3
"""Of a reason."""
FIRST_OF_CJK = 0x2E80
"""From here on a letter may be a word."""
TOLD_EVERY = 500
"""Entries after which it is told how many are proved."""
FIELDS = AuditEntry._fields[1:]


class Fault(NamedTuple):
    """What is wrong at one place of the log."""

    entry_id: int
    what: str


class Verdict(NamedTuple):
    """What `verify` found: how many entries there are, the hash of the last, and every fault."""

    entries: int
    head: str
    faults: list[Fault]


async def record(
    tx: Transaction, workspace: Workspace, *, operator: str, action: str, subject: str, details: dict[str, Any]
) -> int:
    """Write down what somebody did, and before it how the configuration has changed since it was last written down.

    Raises `StorePutBack` where an older file stands in the store's place: nothing may be done with it until somebody
    has said so (`interlock store restore`); `DecisionRefused` for a reason that is none.
    """
    refuse_no_reason(details.get("reason", ""))
    if said := await said_of_older(tx, workspace):
        raise StorePutBack(said)
    await _record_configuration(tx, workspace.config, operator)
    return await audit.append(tx, operator=operator, action=action, subject=subject, details=details)


def refuse_no_reason(reason: str) -> None:
    """Raise `DecisionRefused` where a reason is given that says nothing, such as `x`, or a number."""
    letters = sum(2 if ord(char) >= FIRST_OF_CJK else 1 for char in reason if char.isalpha())
    if reason.strip() and letters < FEWEST_LETTERS:
        raise DecisionRefused(f"'{reason}' is no reason: say in words why, for whoever reads the audit log")


async def said_of_older(tx: Transaction, workspace: Workspace) -> str:
    """Say that the store is older than the one that was here, and what to do; nothing where it is not."""
    newer = await audit.put_back(tx)
    return await _said_of(tx, workspace, newer) if newer is not None else ""


async def _said_of(tx: Transaction, workspace: Workspace, newer: Mark) -> str:
    """Say what an older store would undo, and what to do."""
    last = await audit.newest(tx)
    ends = f"it ends with audit-{last.id} of {last.at[:19]}Z" if last else "it holds no decision"
    live = len(await reviews.that_still_allow(tx))
    unsent = sum(count for *_, count in await exports.counts(tx))
    return (
        f"{workspace.store.name}: {OLDER}: {ends}, and audit-{newer.entry} of "
        f"{newer.at[:19]}Z was written since. What was decided and sent since is not in it: {live:,} of its approvals "
        f"may have been withdrawn, {unsent:,} of its exports may have been sent. Nothing was done. Put the newer file "
        "back; or go on with this one by 'interlock store restore --reason TEXT': its approvals are void then, and "
        "deletes and creates that it has not sent are asked again"
    )


async def _record_configuration(tx: Transaction, config: Config, operator: str) -> None:
    now = decode(encode(_flat(config.model_dump(mode="json", by_alias=True, exclude={"folder"}))))
    last = await audit.newest(tx, CONFIGURATION)
    before = last.details.get(CONFIGURATION, {}) if last else {}
    if now == before:
        return
    _refuse_other_roles(before, now, operator)
    changed = {
        key: [before.get(key), now.get(key)] for key in sorted({*before, *now}) if before.get(key) != now.get(key)
    }
    details = {"changed": changed if last else {}, "configuration": now}
    subject = f"{len(changed)} keys changed" if last else "first seen"
    await audit.append(tx, operator=operator, action=CONFIGURATION, subject=subject, details=details)


def _refuse_other_roles(before: dict[str, Any], now: dict[str, Any], operator: str) -> None:
    """Raise `NotAllowed` where a configuration changes the roles that the log knows, unless an administrator does."""
    known, wanted = ({key: found[key] for key in found if key.startswith("roles.")} for found in (before, now))
    if not known or known == wanted:
        return
    roles = RolesConfig.model_validate({key.removeprefix("roles."): names for key, names in known.items()})
    if role_among(roles, operator) < Role.ADMINISTRATOR:
        raise NotAllowed(
            f"{operator} is no administrator of this store, and the configuration changes its [roles]: an "
            "administrator has to use it first, by a run or a decision"
        )


def _flat(table: Any, path: str = "") -> dict[str, Any]:
    """Give a document as `dotted.key` → value; secrets are not in it, for the configuration only names them."""
    if isinstance(table, dict):
        parts: Iterable[tuple[Any, Any]] = table.items()
    elif isinstance(table, list) and any(isinstance(one, dict) for one in table):
        parts = ((one.get("name", index) if isinstance(one, dict) else index, one) for index, one in enumerate(table))
    else:
        return {path: table}
    return {
        key: value
        for name, inner in parts
        for key, value in _flat(inner, f"{path}.{name}" if path else str(name)).items()
    }


def seal_of(item: ReviewItem) -> str:
    """Give what an approval holds on to of an item: a hash of what it asks about, and of the consequences it shows."""
    shown = [item.id, item.kind, item.object_id, item.consequences]
    return sha256(encode(shown).encode()).hexdigest()[:32]


async def verified_approvals(tx: Transaction, items: Iterable[ReviewItem], action: str = APPROVED) -> set[int]:
    """Give those of some review items whose approval stands in the audit log, unbent, for just what the item shows.

    With another action, `approve-first`, those that one of two people has approved, and in whose name.

    Whoever edits the store by hand writes no such entry: what they approved so is not approved. Nor is what was taken
    back since; so that this is known, the log has to be whole from the approval's entry to its end.
    """
    listed = {item.id: (item, item.audit_id) for item in items if item.audit_id is not None}
    if not listed:
        return set()
    entries = await audit.whole_end(tx, min(audit_id for _, audit_id in listed.values()))
    given = {entry.id: entry for entry in entries if entry.action == action}
    taken_back = {item: entry.id for entry in entries if entry.action in TAKES_BACK for item in _items_of(entry)}
    return {
        number
        for number, (item, audit_id) in listed.items()
        if audit_id in given and _is_for(given[audit_id], item) and taken_back.get(str(number), 0) < audit_id
    }


def _is_for(entry: AuditEntry, item: ReviewItem) -> bool:
    """Tell whether an approval was given for just what an item shows, and in the name that the item says."""
    shown = _items_of(entry).get(str(item.id)) == seal_of(item)
    return shown and (entry.action == APPROVED or entry.operator == item.first_by)


def _items_of(entry: AuditEntry) -> dict[str, Any]:
    """Give the review items that a decision was about, each with what it showed."""
    found = entry.details.get("items")
    return found if isinstance(found, dict) else {}


async def verify(tx: Transaction, seal: str | None = None, tell: Callable[[int], None] = lambda _: None) -> Verdict:
    """Prove the log whole: every entry as its hash says, none missing, none out of order.

    With a seal, the hash of an entry that was kept elsewhere, also that its end was not cut off. `tell` hears now and
    then how many entries are proved.
    """
    faults: list[Fault] = []
    count, head, last_id, sealed = 0, "", 0, seal is None
    async for entry in audit.rows(tx):
        count += 1
        faults += _faults(entry, last_id, head)
        last_id, head = entry.id, entry.fields[-1] or ""
        sealed = sealed or head == seal
        if count % TOLD_EVERY == 0:
            tell(count)
            await asyncio.sleep(0)  # whoever else waits for the loop is not kept waiting
    if not sealed:
        faults.append(Fault(last_id + 1, f"no entry has the hash of the seal {seal}: its end was cut off"))
    return Verdict(count, head, faults)


def _faults(entry: StoredEntry, last_id: int, head: str) -> list[Fault]:
    """Tell what is wrong with an entry, knowing the one before it."""
    found = []
    if entry.id > last_id + 1:
        found.append(Fault(last_id + 1, _missing(last_id + 1, entry.id - 1)))
    elif entry.id <= last_id:
        found.append(Fault(entry.id, f"it stands after entry {last_id}, out of order"))
    names = [name for name, text in zip(FIELDS, entry.fields, strict=True) if text is None]
    if names:
        found.append(Fault(entry.id, f"it was edited: {', '.join(names)} cannot be read"))
    elif not audit.is_whole(entry):
        found.append(Fault(entry.id, "it was edited: it is not what its hash says"))
    if entry.fields[-2] != head:
        before = f"entry {last_id} as that stands" if last_id else "the beginning of the log"
        found.append(Fault(entry.id, f"it does not follow {before}: one of the two was replaced or moved"))
    return found


def _missing(first: int, last: int) -> str:
    return f"it is missing, and all up to entry {last}" if last > first else "it is missing"
