"""What is not written, though it could be: files that are cut or gone, groups that no directory would hold."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation
from engine.connectors.files import Refused, gone, unreadable
from engine.connectors.ldif.changed_values import changed_values
from engine.errors import CannotConnect
from engine.values.attribute_descriptions import normal
from storage.records import AttributeChange, ChangeType

_END = 65_536
"""How many bytes of a file's end are looked at: more than its last line, or enough to see that it is no comment."""
_MEMBERS = {b"groupofnames": "member", b"groupofuniquenames": "uniquemember"}
"""Object classes that must have a member (RFC 4519, 3.5 and 3.6), by which attribute."""


def refuse_empty_group(
    entry_dn: str,
    attributes: Mapping[str, Sequence[bytes]],
    changes: Sequence[AttributeChange],
    settings: ObjectTypeConfig,
) -> None:
    """Raise `Refused` for a group that would be without a member once it is changed, as a server would."""
    names = {normal(name): name for name in attributes}
    classes = {value.lower() for value in attributes.get(names.get("objectclass", ""), ())}
    for object_class in classes & _MEMBERS.keys():
        member = _MEMBERS[object_class]
        held = list(attributes.get(names.get(member, ""), ()))
        for change in changes:
            if normal(change.name) == member:
                held = [b"one more"] if change.add else changed_values(settings, held, change)
        if not held:
            told = f"'{entry_dn}' would be a {object_class.decode()} without a member"
            raise Refused("schema-violation", told, "let somebody be in it, or let it go")


def refuse_unfit(path: Path, operations: Sequence[ExportOperation]) -> None:
    """Refuse a file that is gone with those in it, and one that is cut: what is written behind that would hide it.

    Raises `CannotConnect`.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(size - _END, 0))
            end = file.read()
    except FileNotFoundError as error:
        if any(one.change_type != ChangeType.CREATE for one in operations):
            raise gone(path) from error
        return
    except OSError as error:
        raise unreadable(path, error) from error
    if end and not end.endswith((b"\n", b"\r")) and not end.splitlines()[-1].startswith(b"#"):  # as the reader tells
        told = "the file ends in the middle of an entry, without a line end; complete it, or put a whole one there"
        raise CannotConnect(f"{path}: {told}; nothing was written")
