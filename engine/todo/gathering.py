"""Gather what waits for a person, from the review, the gates, the queue, the last runs and what is owed."""

from engine.todo.groups import Group, Kind, counted, filtered, in_order
from engine.todo.runs import dead_runs, item_errors, late_profiles, reported_drift, stopped_steps
from engine.workspace import Workspace
from storage import notifications, owed_passwords, references, reviews, todo
from storage.owed_passwords import OwedPasswords
from storage.records import ExportStatus, HeldBatch, ReviewKind
from storage.store import Transaction
from storage.todo import AskedItems, StuckExports

_ASKED = {
    ReviewKind.ABSENCE.value: "missing in '{system}'",
    ReviewKind.DELETE.value: "to be deleted in '{system}': {cause}",
    ReviewKind.IDENTITY.value: "in '{system}' may be somebody else under the same id",
}
_DECIDE = "decide in the review: 'interlock review'"


async def gather(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Give everything that waits for a person, in groups, with what is acknowledged at the end."""
    found = [
        *await stopped_steps(tx, workspace),
        *await dead_runs(tx),
        *await late_profiles(tx, workspace),
        *(held_batch(batch) for batch in await reviews.held(tx)),
        *(_asked(items) for items in await todo.asked_items(tx)),
        *(_stuck(exports) for exports in await todo.stuck_exports(tx)),
        *(_password(owed) for owed in await owed_passwords.counted(tx)),
        *await item_errors(tx, workspace),
        *await reported_drift(tx),
        *await _owed(tx),
        *await _untold(tx, workspace),
    ]
    known = await todo.acknowledged(tx)
    return in_order(one._replace(acknowledged=known.get(one.key)) for one in found)


def held_batch(batch: HeldBatch) -> Group:
    """Give the group of what a gate holds."""
    return Group(
        f"held {batch.id} {batch.gate} {batch.system} {batch.type} {batch.partition}",
        Kind.HELD,
        batch.system,
        batch.missing,
        f"held by {batch.gate}: {batch.arithmetic}",
        batch.at,
        f"look at the run; 'interlock review release run-{batch.run_id}' lets them pass",
        "runs",
        filtered(id=f"run-{batch.run_id}"),
    )


def _asked(items: AskedItems) -> Group:
    what = _ASKED[items.kind].format(system=items.system, cause=items.cause or "it is wanted no more")
    if items.is_there_again:
        what = f"there again in '{items.system}', though deleted under an approval"
    columns = {"kind": items.kind, "system": items.system, "type": items.type}
    columns |= {"cause": items.cause} if items.cause else {}
    return Group(
        f"review {items.kind} {items.system} {items.type} {items.cause} {items.is_there_again}",
        Kind.REVIEW,
        items.system,
        items.number,
        what,
        items.since,
        _DECIDE,
        "review",
        filtered(**columns, again="yes" if items.is_there_again else "no"),
        items.example,
    )


def _stuck(exports: StuckExports) -> Group:
    said = f"such as: {exports.message}" if exports.differ else exports.message
    change, columns = exports.change.lower(), {"system": exports.system, "change": exports.change}
    if exports.is_held:
        what = f"held by hand: {change} in '{exports.system}', not sent until somebody lets it"
        advice, columns = "'interlock exports retry' lets go of them, 'discard' drops them", columns | {"held": "yes"}
    elif exports.status == ExportStatus.FAILED:
        what = f"{exports.code}: {change} in '{exports.system}' given up: {said}"
        advice = "put right what it says, then 'interlock exports retry', or 'discard'"
        columns |= {"status": exports.status.value, "error": exports.code}
    else:
        what = f"{exports.code}: {change} in '{exports.system}' will be tried again: {said}"
        advice, columns = "it may pass by itself; if not, put right what it says", columns | {"error": exports.code}
    return Group(
        f"export {exports.system} {exports.change} {exports.status} {exports.code} {exports.is_held}",
        Kind.EXPORT,
        exports.system,
        exports.number,
        what,
        exports.since,
        advice,
        "exports",
        filtered(**columns),
        exports.example,
    )


def _password(owed: OwedPasswords) -> Group:
    return Group(
        f"password {owed.system} {owed.why}",
        Kind.PASSWORD,
        owed.system,
        owed.number,
        f"in '{owed.system}' with a password that nobody got: {owed.why}",
        owed.since,
        f"'interlock password reset cso-{owed.first} --reason …' makes another; 'interlock password owed' lists all",
        "objects",
        filtered(system=owed.system, password_owed="yes"),  # noqa: S106 - a column of the list
        owed.example,
    )


async def _owed(tx: Transaction) -> list[Group]:
    """Tell of the references that are owed."""
    count, since = await references.owed_since(tx)
    if not count:
        return []
    what = "owed references: what they name is not there yet"
    advice = "'interlock owed' lists them; who comes later is entered by itself, what never will is to be corrected"
    return [Group("owed", Kind.REFERENCE, "", count, what, since or "", advice, "", "")]


async def _untold(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Tell of the channels over which nobody could be told."""
    settings = workspace.config.notify
    channels = {"command": bool(settings.command), "mail": settings.mail is not None}
    return [
        Group(
            f"notification {one.channel}",
            Kind.NOTIFICATION,
            "",
            1,
            f"nobody was told of run-{one.run_id} by {one.channel}: {one.failure}",
            one.at,
            "see [notify] in the configuration",
            "runs",
            filtered(id=f"run-{one.run_id}"),
        )
        for one in await notifications.failing(tx)
        if channels.get(one.channel, True)
    ]


def sentences(groups: list[Group], most: int) -> list[str]:
    """Say what waits that nobody has acknowledged, at most so many lines."""
    told = [one for one in groups if not one.is_acknowledged]
    lines = [f"{one.number:,} {one.what}" for one in told[:most]]
    if len(told) > most:
        lines.append(f"and {counted(len(told) - most, 'more group')}")
    return lines
