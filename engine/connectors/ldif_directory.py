"""A directory in one LDIF file that can be written: indexed on disk, replaced as a whole after each batch."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from engine import dn, values
from engine.config import ObjectTypeConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.directory import entry_attributes, old_rdn_goes
from engine.connectors.files import Stamp, changed_since, replacing, stamp
from engine.connectors.ldif_format import Entry, LdifError, parse_entry, read_blocks, write_entry
from engine.errors import CannotConnect, ConnectionLost, ObjectError
from storage.records import AttributeChange, ChangeType
from storage.scratch import DuplicateKey, EntryTree, TreeEntry

Raw = dict[str, list[bytes]]


class Refused(Exception):
    """The directory refuses an operation, as a server would."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.error = ObjectError(code, message, advice)


class LdifDirectory:
    """The entries of a file by DN and by entryUUID, in a temporary index, so that memory stays bounded."""

    def __init__(self, path: Path, types: dict[str, ObjectTypeConfig]) -> None:
        self.path = path
        self._types = types
        self._stamp: Stamp | None = None
        self._tree: EntryTree | None = None

    def close(self) -> None:
        """Drop the index; the file is as the last batch left it."""
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _load(self) -> EntryTree:
        """Index the file, anew if somebody else has changed it; a missing one is an empty directory."""
        if self._tree is not None and self._stamp is not None and not changed_since(self.path, self._stamp):
            return self._tree
        self.close()
        if not self.path.exists():
            self._tree = EntryTree([])
            return self._tree
        try:
            self._stamp = stamp(self.path)
            with self.path.open("rb") as file:
                self._tree = EntryTree(_tree_entry(entry, block) for entry, block in read_blocks(file))
        except (OSError, LdifError, dn.InvalidDn) as error:
            raise CannotConnect(f"{self.path}: cannot be read: {error}") from error
        except DuplicateKey as error:
            raise CannotConnect(f"{self.path}: a DN stands in it twice") from error
        return self._tree

    def find(self, external_id: str | None, secondary_id: str | None) -> Entry | None:
        """Look an entry up by its entryUUID, or else by its DN."""
        tree = self._load()
        block = tree.find_by_external_id(external_id.lower()) if external_id is not None else None
        if block is None and secondary_id is not None:
            block = tree.find(dn.key(secondary_id))
        return _parsed(block) if block else None

    def apply(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations and replace the file; what is reported as done is on the disk."""
        self._load()
        results = [self._execute(operation) for operation in operations]
        if any(result.error is None for result in results):
            self._save()
        return results

    def _execute(self, operation: ExportOperation) -> ExportResult:
        try:
            if operation.secondary_id is None:
                raise Refused("dn-not-determined", "the entry has no DN", "look at the rule's dn")
            match operation.change_type:
                case ChangeType.CREATE:
                    return ExportResult(operation.id, self._create(operation, operation.secondary_id))
                case ChangeType.DELETE:
                    self._delete(operation.secondary_id)
                case ChangeType.UPDATE:
                    self._update(operation, operation.secondary_id)
        except (Refused, dn.InvalidDn) as refusal:
            syntax = ObjectError("syntax-violation", str(refusal), "correct the rule's dn")
            return ExportResult(operation.id, error=refusal.error if isinstance(refusal, Refused) else syntax)
        return ExportResult(operation.id)

    def _create(self, operation: ExportOperation, entry_dn: str) -> str:
        tree = self._load()
        if tree.find(dn.key(entry_dn)) is not None:
            raise Refused("existing-object", f"'{entry_dn}' exists already", "join it by a rule")
        self._need_parent(entry_dn)
        external_id = str(uuid.uuid4())
        attributes = entry_attributes(entry_dn, self._types[operation.type], operation.attributes)
        raw = dict(attributes) | {"entryUUID": [external_id.encode()]}
        self._put(tree, entry_dn, raw, {})
        return external_id

    def _delete(self, entry_dn: str) -> None:
        tree = self._load()
        key = dn.key(entry_dn)
        if tree.find(key) is None:
            raise _missing(entry_dn)
        if tree.children(key, limit=1):
            raise Refused(
                "constraint-violation",
                f"'{entry_dn}' has entries below it",
                "delete or move what stands below it first",
            )
        tree.remove(key)

    def _update(self, operation: ExportOperation, entry_dn: str) -> None:
        tree = self._load()
        found = self.find(None, entry_dn)
        if found is None:
            raise _missing(entry_dn)
        raw: Raw = dict(found.attributes)
        if operation.new_secondary_id is not None:
            self._rename(tree, found, operation.new_secondary_id, raw)
            entry_dn = operation.new_secondary_id
        settings = self._types[operation.type]
        for change in operation.changes:
            name = change.name.lower()
            found.spelling.setdefault(name, change.name)
            raw[name] = _changed(settings, raw.get(name, []), change)
        self._put(tree, entry_dn, raw, found.spelling)

    def _rename(self, tree: EntryTree, entry: Entry, new_dn: str, raw: Raw) -> None:
        """Move an entry with all that stands below it; the old RDN's values go, the new one's come."""
        old_key, new_key = dn.key(entry.dn), dn.key(new_dn)
        if new_key != old_key and tree.find(new_key) is not None:
            raise Refused("existing-object", f"'{new_dn}' exists already", "give one of the two another name")
        if dn.is_within(new_key, old_key) and new_key != old_key:
            raise Refused("constraint-violation", f"'{entry.dn}' cannot move below itself", "correct the rule's dn")
        self._need_parent(new_dn)
        for name, value in dn.parse(dn.rdn(entry.dn))[0] if old_rdn_goes(entry.dn, new_dn) else []:
            kept = [one for one in raw.get(name.lower(), []) if one.decode(errors="replace") != value]
            raw[name.lower()] = kept
        for name, value in dn.parse(dn.rdn(new_dn))[0]:
            held = raw.setdefault(name.lower(), [])
            if value.encode() not in held:
                held.append(value.encode())
        tree.remove(old_key)
        self._move_children(tree, old_key, new_dn)

    def _move_children(self, tree: EntryTree, old_parent: str, new_parent: str) -> None:
        for key, block in tree.children(old_parent):
            child = _parsed(block)
            moved = f"{dn.rdn(child.dn)},{new_parent}"
            tree.remove(key)
            self._put(tree, moved, child.attributes, child.spelling)
            self._move_children(tree, key, moved)

    def _put(self, tree: EntryTree, entry_dn: str, raw: Raw, spelling: dict[str, str]) -> None:
        lines = ((spelling.get(name, name), value) for name, found in raw.items() for value in found)
        block = write_entry(entry_dn, lines)
        entry = Entry(entry_dn, {name.lower(): found for name, found in raw.items()}, 1, spelling)
        tree.put(_tree_entry(entry, block))

    def _need_parent(self, entry_dn: str) -> None:
        parent = dn.parent(entry_dn)
        if parent and self._load().find(dn.key(parent)) is None:
            raise Refused(
                "non-existent-parent",
                f"'{parent}' does not exist",
                "create it first, or provision it by a rule",
            )

    def _save(self) -> None:
        """Write every entry, parents before children, and take the old file's place."""
        tree = self._unchanged()
        try:
            with replacing(self.path) as file:
                file.write(b"version: 1\n\n")
                file.writelines(_separated(block) for block in tree.blocks())
        except OSError as error:
            self.close()
            raise ConnectionLost(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self._stamp = stamp(self.path)

    def _unchanged(self) -> EntryTree:
        changed = self._stamp is not None and changed_since(self.path, self._stamp)
        if changed or self._tree is None:
            self.close()
            raise ConnectionLost(f"{self.path}: was changed by another program while it was being written")
        return self._tree


def _tree_entry(entry: Entry, block: bytes) -> TreeEntry:
    key = dn.key(entry.dn)
    external_id = entry.first("entryUUID")
    return TreeEntry(key, dn.parent(key), external_id.lower() if external_id else None, dn.depth(key), block)


def _parsed(block: bytes) -> Entry:
    return parse_entry(block.splitlines(keepends=True), 1)


def _separated(block: bytes) -> bytes:
    return block if block.endswith(b"\n\n") else block.rstrip(b"\n") + b"\n\n"


def _changed(settings: ObjectTypeConfig, held: list[bytes], change: AttributeChange) -> list[bytes]:
    kind = settings.type_of(change.name).kind
    add = [values.to_bytes(kind, value) for value in change.add]
    if change.replace:
        return add
    removed = {values.to_bytes(kind, value) for value in change.remove}
    return [value for value in held if value not in removed] + [value for value in add if value not in held]


def _missing(entry_dn: str) -> Refused:
    return Refused(
        "missing-object",
        f"'{entry_dn}' does not exist",
        "import the directory again to see what became of it",
    )
