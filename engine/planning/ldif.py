"""A plan as LDIF change records (RFC 2849): what would be sent, in its order; everything else stands in comments."""

from collections.abc import Iterator

from engine.connectors.directory_types import DirectoryObjectOptions, entry_attributes, old_rdn_goes
from engine.connectors.ldif.format import write_change, write_comment
from engine.planning.records import AttributeDiff, PlannedChange
from engine.values import dn, typed
from engine.workspace import Workspace

Lines = list[tuple[str, bytes] | None]


def heading(profile: str) -> bytes:
    """Give what stands above the records."""
    lines = (
        f"What '{profile}' would send to directories; nothing of it was sent.",
        "Records are what would be carried out. What would be refused, waits for an approval or is not sent",
        "by these steps, and what no directory receives, is a comment.",
    )
    return b"version: 1\n" + b"".join(map(write_comment, lines)) + b"\n"


def records(workspace: Workspace, change: PlannedChange) -> bytes:
    """Give an export as records below a comment with its name, all of it comments if it is not sent.

    What is no export gives nothing: neither imports nor the metaverse are written to a directory.
    """
    if not change.outcome:
        return b""
    title = f"{change.told} of {change.name} ({change.system} {change.type}, {change.id})"
    known = workspace.config.systems.get(change.system)
    if known is None or change.type not in known.objects or not workspace.is_dn(change.system, change.type):
        return write_comment(title) + b"".join(_told(change)) + b"\n"
    found = b"".join(_records(workspace, change))
    if change.outcome == "sent":
        return write_comment(title) + found
    lines = found.rstrip(b"\n").split(b"\n") if found else []
    return write_comment(title) + b"".join(b"# " + line + b"\n" for line in lines) + b"\n"


def _told(change: PlannedChange) -> Iterator[bytes]:
    for one in change.attributes:
        yield write_comment(f"    {one.name}: {_joined(one.old)} -> {_joined(one.new)}")


def _joined(found: list[object]) -> str:
    return " | ".join(str(value) for value in found)


def _records(workspace: Workspace, change: PlannedChange) -> Iterator[bytes]:
    match change.operation:
        case "Create":
            yield write_change(change.dn, "add", _content(workspace, change))
        case "Delete":
            yield write_change(change.dn, "delete")
        case _:
            yield from _modified(workspace, change)


def _content(workspace: Workspace, change: PlannedChange) -> Lines:
    settings = workspace.object_type(change.system, change.type)
    attributes = {one.name: one.new for one in change.attributes}
    if isinstance(settings.options, DirectoryObjectOptions):
        found = entry_attributes(change.dn, settings, attributes)
    else:
        found = [(name, _raw(workspace, change, name, held)) for name, held in attributes.items()]
    return [(name, value) for name, held in found for value in held]


def _modified(workspace: Workspace, change: PlannedChange) -> Iterator[bytes]:
    """Give the rename, and then the other changes under the new name."""
    entry_dn = change.dn
    lines: Lines = []
    for one in change.attributes:
        if one.name == "dn":
            entry_dn = str(one.new[0])
            yield write_change(change.dn, "modrdn", _renamed(change.dn, entry_dn))
        else:
            lines += _modification(workspace, change, one)
    if lines:
        yield write_change(entry_dn, "modify", lines)


def _renamed(old: str, new: str) -> Lines:
    goes = b"1" if old_rdn_goes(old, new) else b"0"
    lines: Lines = [("newrdn", dn.rdn(new).encode()), ("deleteoldrdn", goes)]
    if dn.key(dn.parent(old)) != dn.key(dn.parent(new)):
        lines.append(("newsuperior", dn.parent(new).encode()))
    return lines


def _modification(workspace: Workspace, change: PlannedChange, one: AttributeDiff) -> Lines:
    """Replace a single value; add and remove exactly where there are many."""
    old, new = one.old, one.new
    if len(old) <= 1 and len(new) <= 1:
        return [*_verb("replace", one.name, _raw(workspace, change, one.name, new)), None]
    lines: Lines = []
    for verb, held in (
        ("delete", [value for value in old if value not in new]),
        ("add", [value for value in new if value not in old]),
    ):
        if held:
            lines += [*_verb(verb, one.name, _raw(workspace, change, one.name, held)), None]
    return lines


def _verb(verb: str, name: str, held: list[bytes]) -> Lines:
    return [(verb, name.encode()), *((name, value) for value in held)]


def _raw(workspace: Workspace, change: PlannedChange, name: str, held: list[object]) -> list[bytes]:
    kind = workspace.object_type(change.system, change.type).type_of(name).kind
    return [typed.to_bytes(kind, value) for value in held]
