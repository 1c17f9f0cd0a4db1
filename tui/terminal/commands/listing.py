"""List and show what the store keeps."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tui import feed
from tui.presentation import display, tones
from tui.terminal.context import CONFIG, USAGE, ConfigOption, JsonOption, carry_out, fail, open_workspace, readable
from tui.terminal.printing import complain, write_facts, write_json, write_table

SystemOption = Annotated[str | None, typer.Option("--system", help="Only of this system.")]
StatusOption = Annotated[str | None, typer.Option("--status", help="Only in this status.")]
SearchOption = Annotated[str | None, typer.Option("--search", help="Only where this text occurs.", callback=readable)]
LimitOption = Annotated[int | None, typer.Option("--limit", help="At most this many; 0 for all.", min=0)]
Cells = Callable[[feed.Document], Sequence[Any]]

DEFAULT_LIMIT = 100


def _changes(row: feed.Document) -> str:
    names = [change["name"] for change in row["changes"]]
    return ", ".join(dict.fromkeys((["dn"] if row["new_secondary_id"] else []) + names))


COLUMNS: dict[str, tuple[list[str], Cells]] = {
    "objects": (
        ["id", "system", "type", "status", "object", "mvo"],
        lambda row: [
            row["id"],
            row["system"],
            row["type"],
            row["status"],
            row["label"],
            f"mvo-{row['mvo_id']}" if row["mvo_id"] else "",
        ],
    ),
    "metaverse": (
        ["id", "type", "name", "attributes", "state"],
        lambda row: [
            row["id"],
            row["type"],
            row["label"],
            len(row["attributes"]),
            "deleted" if row["deleted"] else f"deleted from {row['delete_after']}" if row["delete_after"] else "",
        ],
    ),
    "exports": (
        ["id", "system", "change", "status", "object", "attributes", "tries", "error"],
        lambda row: [
            row["id"],
            row["system"],
            tones.kind_of_change(row),
            row["status"] + (" (held)" if row["held"] else ""),
            row["label"],
            display.display(_changes(row), 60),
            row["attempts"],
            row["error_code"] or "",
        ],
    ),
    "review": (
        ["id", "asks about", "system", "object", "state", "consequences"],
        lambda row: [
            row["id"],
            row["kind"],
            row["system"],
            row["label"],
            row["state"],
            asked(row) + consequences(row),
        ],
    ),
    "runs": (
        ["id", "profile", "operator", "started", "result"],
        lambda row: [row["id"], row["profile"], row["operator"], row["started_at"], row["result"] or "running"],
    ),
    "transitions": (
        ["at", "object", "transition", "why"],
        lambda row: [
            row["at"][5:19].replace("T", " "),
            f"{row['system']}: {row['label']}",
            f"{row['entity']} {row['from_status'] or '·'} → {row['to_status'] or tones.became(row)[0]}",
            row["reason"],
        ],
    ),
    "deleted": (
        ["id", "at", "system", "object", "approved by", "restored as"],
        lambda row: [
            row["id"],
            row["at"][:16].replace("T", " "),
            row["system"],
            row["label"],
            row["by"] or "",
            f"cso-{row['restored_as']}" if row["restored_as"] else "",
        ],
    ),
}


def asked(row: feed.Document) -> str:
    """Say what a decision means where that is no plain absence or delete."""
    evidence = row["evidence"]
    if row["kind"] == "identity":
        names = ", ".join(evidence["after"])
        return f"keep: the same person; approve: the old one is gone, this one is new ({names} changed); "
    return f"there again after rev-{evidence['there_again'][2]}; " if evidence.get("there_again") else ""


def consequences(row: feed.Document) -> str:
    """Say in one line what a decision would lead to."""
    found, parts = row["consequences"], []
    if found.get("mvo_deleted"):
        grace = f" after {found['grace_seconds'] // 86400} days" if found.get("grace_seconds") else ""
        parts.append(f"deletes {feed.person_of(found)}{grace}")
    parts += _of_accounts(row)
    if leaves := [label for _, label, _ in found.get("referring", [])] + [
        label for _, _, label, *_ in found.get("groups", [])
    ]:
        parts.append(f"leaves {', '.join(leaves[:3])}" + (f" and {len(leaves) - 3} more" if len(leaves) > 3 else ""))
    parts += [f"creates {label} in '{system}' again" for _, system, label, _ in found.get("recreated", [])]
    parts += _what_stays(found)
    if others := [f"{label} of '{system}'" for _, system, label in found.get("together_with", [])]:
        parts.append(f"all of it only together with {', '.join(others)}, missing too")
    return "; ".join(parts) or "nothing else"


def _what_stays(found: feed.Document) -> list[str]:
    """Say by which other rows a person stays, and what it loses or gets otherwise."""
    rows = [f"{label} of '{system}'" for _, system, label in found.get("stays_by", [])]
    recalled = [_recalled(found, name) for name in found.get("recalled", [])]
    parts = [f"only this row goes: {feed.person_of(found)} stays by {', '.join(rows)}"] if rows else []
    return [*parts, f"recalls {', '.join(recalled)}"] if recalled else parts


def _recalled(found: feed.Document, name: str) -> str:
    """Say of an attribute that is taken back what it becomes, where somebody else gives it."""
    before, after = found.get("becomes", {}).get(name, ((), ()))
    if before == after:
        return name
    was, now = (", ".join(map(str, values[:3])) or "nothing" for values in (before, after))
    return f"{name} ({was} → {now})"


def _of_accounts(row: feed.Document) -> list[str]:
    """Say what becomes of objects in targets."""
    found = row["consequences"]
    return [
        *(f"deletes {label} in '{system}'" for _, system, label, _ in found.get("deletes", [])),
        *(f"disables {label} in '{system}'" for _, system, label, _ in found.get("disabled", [])),
        *(f"leaves {label} in '{system}' alone" for _, system, label, _ in found.get("left_alone", [])),
        *(f"{label} in '{system}': {said}" for _, system, label, said in feed.stages_in(row)),
    ]


def _check_words(workspace: feed.Workspace, kind: str, system: str | None, status: str | None) -> None:
    """Refuse a system or a status that cannot occur: an empty list would look like an answer."""
    known = feed.STATUSES.get(kind, ())
    if status is not None and known and status not in known:
        fail(f"no status '{status}' here; there are: {', '.join(known)}", USAGE)
    seen = list(workspace.config.metaverse if kind == "metaverse" else workspace.config.systems)
    if system is not None and system not in seen:
        complain(f"'{system}' is not configured; there are: {', '.join(seen)}")


def write_listing(
    kind: str,
    config: Path,
    *,
    as_json: bool,
    system: str | None = None,
    status: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> None:
    """Write a listing as a table, or whole as JSON."""
    workspace = open_workspace(config)
    _check_words(workspace, kind, system, status)
    most = limit if limit is not None else 0 if as_json else DEFAULT_LIMIT

    async def collect() -> list[feed.Document]:
        rows = feed.listing(workspace, kind, system=system, status=status, search=search, limit=most + 1 if most else 0)
        return [row async for row in rows]

    rows = carry_out(workspace, collect())
    shown = rows[:most] if most else rows
    if as_json:
        write_json([{name: value for name, value in row.items() if name != "key"} for row in shown])
        return
    headings, cells = COLUMNS[kind]
    write_table(headings, (cells(row) for row in shown))
    if len(rows) > len(shown):
        complain(f"these are the first {most:,}; --limit 0 lists all of them")


def objects(
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    status: StatusOption = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the connected system objects."""
    write_listing("objects", config, as_json=as_json, system=system, status=status, search=search, limit=limit)


def metaverse(
    config: ConfigOption = CONFIG,
    object_type: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the metaverse objects."""
    write_listing("metaverse", config, as_json=as_json, system=object_type, search=search, limit=limit)


def runs(
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    status: StatusOption = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs, newest first."""
    write_listing("runs", config, as_json=as_json, system=system, status=status, search=search, limit=limit)


def transitions(
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    status: StatusOption = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the status transitions, newest first."""
    write_listing("transitions", config, as_json=as_json, system=system, status=status, search=search, limit=limit)


def deleted(
    config: ConfigOption = CONFIG,
    system: SystemOption = None,
    search: SearchOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the objects that are gone, newest first: from what, under whose approval, restored as what."""
    write_listing("deleted", config, as_json=as_json, system=system, search=search, limit=limit)


def show(
    thing: Annotated[str, typer.Argument(metavar="ID", help="cso-1, mvo-1, exp-1, rev-1 or run-1.")],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show one object, export, review item or run, whole."""
    workspace = open_workspace(config)
    found = carry_out(workspace, feed.show(workspace, thing))
    if as_json:
        write_json(found)
    else:
        write_facts(_in_words(found))


def _in_words(found: feed.Document) -> feed.Document:
    """Call an export a rename that is one: the thing itself, or the one that is pending for it."""
    if "new_secondary_id" in found and "change_type" in found:
        return {**found, "change_type": tones.kind_of_change(found)}
    pending = found.get("pending_export")
    return {**found, "pending_export": _in_words(pending)} if pending else found
