"""A directory in one LDIF file that can be written: indexed on disk, replaced as a whole after each batch."""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, cast

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.directory_types import entry_attributes, old_rdn_goes
from engine.connectors.entries import EntryReader
from engine.connectors.files import Refused, Stamp, changed_since, gone, replacing, stamp, unreadable, unwritable
from engine.connectors.ldif.changed_values import changed_values
from engine.connectors.ldif.entry import Entry
from engine.connectors.ldif.excerpt import BYTES_EACH, Excerpt, Unusual, Wanted, append, wanted_by
from engine.connectors.ldif.format import LdifError, numbered, parse_entry, read_blocks, write_entry
from engine.connectors.ldif.new_entries import names_of_new, random_uuids
from engine.connectors.ldif.unfit import refuse_empty_group, refuse_unfit
from engine.errors import CannotConnect, ConnectionLost, ObjectError
from engine.values import dn
from engine.values.attribute_descriptions import normal, usual
from storage.records import ChangeType
from storage.scratch import DuplicateKey, EntryTree, TreeEntry

Raw = dict[str, list[bytes]]
TypeOf = Callable[[Entry], str | None]
"""Gives the object type that an entry has."""


class LdifDirectory:
    """The entries of a file by DN and by entryUUID, in a temporary index, so that memory stays bounded."""

    _takes_excerpts = True
    """Whether it may look for some entries alone, and write all others as they are."""

    def __init__(
        self, path: Path, types: dict[str, ObjectTypeConfig], type_of: TypeOf, bases: Mapping[str, str] | None = None
    ) -> None:
        """Take the file, its types, and below which DN, in its normal form, the entries of each may be written."""
        self.path = path
        self._types = types
        self._type_of = type_of
        self._bases = bases or {}
        self._readers = {kind: EntryReader(kind, settings, frozenset()) for kind, settings in types.items()}
        self._id_keys = {kind: _id_key_of(settings) for kind, settings in types.items()}
        self._stamp: Stamp | None = None
        self._tree: EntryTree | None = None
        self._uuids = random_uuids()
        self._is_written_here = False
        """Whether the file is as it was written from the index."""

    def close(self) -> None:
        """Drop the index; the file is as the last batch left it."""
        self._is_written_here = False
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _load(self) -> EntryTree:
        """Index the file, anew if somebody else has changed it; a missing one is an empty directory."""
        if self._tree is not None and not self._changed():
            return self._tree
        self.close()
        try:
            self._stamp = stamp(self.path) if self.path.exists() else None
            if self._stamp is None:
                self._tree = EntryTree([])
                return self._tree
            with self.path.open("rb") as file:
                self._tree = EntryTree(self._tree_entry(entry, block) for entry, block in read_blocks(file))
        except OSError as error:
            raise unreadable(self.path, error) from error
        except (LdifError, dn.InvalidDn) as error:
            raise CannotConnect(f"{self.path}: cannot be read: {error}") from error
        except DuplicateKey as error:
            raise CannotConnect(f"{self.path}: the DN '{error}' stands in it twice; remove one of the two") from error
        return self._tree

    def _changed(self) -> bool:
        return self.path.exists() if self._stamp is None else changed_since(self.path, self._stamp)

    def find(self, kind: str, external_id: str | None, secondary_id: str | None) -> Entry | None:
        """Look an entry up by its primary id, or else by its DN."""
        tree = self._load()
        if self._stamp is None:  # that nobody is there is no answer about anybody
            raise gone(self.path)
        found = self._with_id(tree, kind, external_id) if external_id is not None else []
        if not found and secondary_id is not None and (block := tree.find(dn.key(secondary_id))) is not None:
            found = [_parsed(block)]
        return found[0] if len(found) == 1 else None

    def _with_id(self, tree: EntryTree, kind: str, external_id: str) -> list[Entry]:
        """Give the entries with an id: those of its type, or, where none of them is, those that were of it."""
        found = [_parsed(block) for block in tree.find_by_external_id(self._id_key(kind, external_id))]
        return [one for one in found if self._type_of(one) == kind] or found

    def apply(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations and replace the file; what is reported as done is on the disk."""
        refuse_unfit(self.path, operations)
        if (excerpt := self._excerpt(operations)) is not None:
            with closing(excerpt):
                return self._apply(operations, excerpt.tree, lambda _: self._replace(excerpt.write))
        tree = self._load()
        return self._apply(operations, tree, lambda done: self._save_done(tree, done))

    def _apply(
        self,
        operations: Sequence[ExportOperation],
        tree: EntryTree,
        save: Callable[[Sequence[ExportOperation]], None],
    ) -> list[ExportResult]:
        """Execute operations on a tree, and let those be saved that were executed."""
        try:
            tree.look_up(names_of_new(operations))
            results = [self._execute(tree, operation) for operation in operations]
        except OSError as error:
            self.close()
            raise unwritable(self.path, error) from error
        done = {result.id for result in results if result.error is None}
        if not done and self._stamp is None:
            raise gone(self.path)
        if done:
            save([one for one in operations if one.id in done])
        return results

    def _excerpt(self, operations: Sequence[ExportOperation]) -> Excerpt | None:
        """Find the entries that operations are about, if they are few of many, and nothing about them is unusual."""
        if not self._takes_excerpts or (self._tree is not None and not self._changed()):
            return None
        try:
            before = stamp(self.path)
            if self.path.stat().st_size < BYTES_EACH * len(operations):
                return None
            wanted = wanted_by(operations, self._types)
            with self.path.open("rb") as file:
                excerpt = Excerpt(file, wanted, self._tree_entry)
        except (OSError, Unusual, DuplicateKey, LdifError, dn.InvalidDn):
            return None  # whoever reads all of it tells what is wrong
        if not self._holds_all(excerpt.tree, operations, wanted):
            excerpt.close()
            return None
        self.close()
        self._stamp = before
        return excerpt

    def _holds_all(self, tree: EntryTree, operations: Sequence[ExportOperation], wanted: Wanted) -> bool:
        """Tell whether a tree holds whom operations mean by their ids, and the children of whom they delete."""
        for one in operations:
            if one.external_id is None:
                continue
            found = self._with_id(tree, one.type, one.external_id)
            if not found:
                return False
            if one.change_type == ChangeType.DELETE and dn.key(found[0].dn) not in wanted.parents:
                return False
        return True

    def _execute(self, tree: EntryTree, operation: ExportOperation) -> ExportResult:
        try:
            if operation.secondary_id is None:
                raise Refused("dn-not-determined", "the entry has no DN", "look at the rule's dn")
            if operation.change_type == ChangeType.CREATE:
                self._need_base(operation.type, operation.secondary_id)
            if operation.new_secondary_id is not None:
                self._need_base(operation.type, operation.new_secondary_id)
            match operation.change_type:
                case ChangeType.CREATE:
                    return ExportResult(operation.id, self._create(tree, operation, operation.secondary_id))
                case ChangeType.DELETE:
                    self._delete(tree, self._locate(tree, operation, operation.secondary_id))
                case ChangeType.UPDATE:
                    self._update(tree, operation, self._locate(tree, operation, operation.secondary_id))
        except (Refused, dn.InvalidDn) as refusal:
            syntax = ObjectError("syntax-violation", str(refusal), "correct the rule's dn")
            return ExportResult(operation.id, error=refusal.error if isinstance(refusal, Refused) else syntax)
        return ExportResult(operation.id)

    def _create(self, tree: EntryTree, operation: ExportOperation, entry_dn: str) -> str | None:
        if tree.find(dn.key(entry_dn)) is not None:
            raise Refused("existing-object", f"'{entry_dn}' exists already", "join it by a rule")
        self._need_parent(tree, entry_dn)
        attributes = entry_attributes(entry_dn, self._types[operation.type], operation.attributes)
        refuse_empty_group(entry_dn, dict(attributes), (), self._types[operation.type])
        assigned = {"entryUUID": [next(self._uuids)]}
        self._put(tree, entry_dn, dict(attributes) | assigned, {})
        is_id = usual(self._types[operation.type].external_id) == "entryuuid"
        return self._readers[operation.type].external_id(assigned) if is_id else None

    def _locate(self, tree: EntryTree, operation: ExportOperation, entry_dn: str) -> Entry:
        """Find the entry that is meant: by its id where that is known, wherever it stands now."""
        if operation.external_id is not None:
            found = self._with_id(tree, operation.type, operation.external_id)
        else:
            found = [_parsed(block) for block in [tree.find(dn.key(entry_dn))] if block is not None]
        if not found:
            raise Refused(
                "missing-object", f"'{entry_dn}' does not exist", "import the directory to see what became of it"
            )
        if len(found) > 1:
            told = f"'{operation.external_id}' stands in the file more than once: {found[0].dn} and {found[1].dn}"
            raise Refused("duplicate-external-id", told, "give every entry its own id, or take one of them away")
        self._need_base(operation.type, found[0].dn)
        return found[0]

    def _need_base(self, kind: str, entry_dn: str) -> None:
        """Refuse to write outside the part of the directory in which the entries of a type stand."""
        base = self._bases.get(kind, "")
        if not dn.is_within(dn.key(entry_dn), base):
            told = f"'{entry_dn}' stands outside the base of '{kind}', '{base}'"
            raise Refused("constraint-violation", told, "correct the rule's dn, or the base in the configuration")

    def _delete(self, tree: EntryTree, found: Entry) -> None:
        entry_dn, key = found.dn, dn.key(found.dn)
        if tree.children(key, limit=1):
            raise Refused(
                "constraint-violation",
                f"'{entry_dn}' has entries below it",
                "delete or move what stands below it first",
            )
        tree.remove(key)

    def _update(self, tree: EntryTree, operation: ExportOperation, found: Entry) -> None:
        entry_dn = found.dn
        raw: Raw = dict(found.attributes)
        refuse_empty_group(entry_dn, raw, operation.changes, self._types[operation.type])
        if operation.new_secondary_id is not None:
            self._rename(tree, found, operation.new_secondary_id, raw)
            entry_dn = operation.new_secondary_id
        settings = self._types[operation.type]
        held = {normal(name): name for name in raw}
        for change in operation.changes:
            name = held.get(normal(change.name), change.name.lower())
            found.spelling.setdefault(name, change.name)
            raw[name] = changed_values(settings, raw.get(name, []), change)
        self._put(tree, entry_dn, raw, found.spelling)

    def _rename(self, tree: EntryTree, entry: Entry, new_dn: str, raw: Raw) -> None:
        """Move an entry with all that stands below it; the old RDN's values go, the new one's come."""
        old_key, new_key = dn.key(entry.dn), dn.key(new_dn)
        if new_key != old_key and tree.find(new_key) is not None:
            raise Refused("existing-object", f"'{new_dn}' exists already", "give one of the two another name")
        if dn.is_within(new_key, old_key) and new_key != old_key:
            raise Refused("constraint-violation", f"'{entry.dn}' cannot move below itself", "correct the rule's dn")
        self._need_parent(tree, new_dn)
        names = {normal(name): name for name in raw}
        for name, value in dn.own_rdn(entry.dn) if old_rdn_goes(entry.dn, new_dn) else []:
            written = names.get(usual(name), name.lower())
            raw[written] = [one for one in raw.get(written, []) if one.decode(errors="replace") != value]
        for name, value in dn.own_rdn(new_dn):
            held = raw.setdefault(names.get(usual(name), name.lower()), [])
            if value.encode() not in held:
                held.append(value.encode())
        tree.remove(old_key)
        self._move_children(tree, old_key, new_dn)

    def _need_parent(self, tree: EntryTree, entry_dn: str) -> None:
        parent = dn.parent(entry_dn)
        if parent and tree.find(dn.key(parent)) is None:
            advice = "create it first, or provision it by a rule"
            raise Refused("non-existent-parent", f"'{parent}' does not exist", advice)

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
        tree.put(self._tree_entry(entry, block))

    def _tree_entry(self, entry: Entry, block: bytes) -> TreeEntry:
        key = dn.key(entry.dn)
        kind = self._type_of(entry)
        external_id = self._readers[kind].external_id(entry.attributes) if kind is not None else None
        id_key = self._id_key(kind, external_id) if kind is not None and external_id is not None else None
        return TreeEntry(key, dn.parent(key), id_key, dn.depth(key), block)

    def _id_key(self, kind: str, external_id: str) -> str:
        """Give the text by which an id is found: types that are told apart by a filter share their attribute."""
        return self._id_keys[kind](external_id)

    def _save_done(self, tree: EntryTree, done: Sequence[ExportOperation]) -> None:
        """Save what operations have made: new entries alone behind the others, where those were written here."""
        if not self._is_written_here or any(one.change_type != ChangeType.CREATE for one in done):
            self._save(tree)
            return
        made = [tree.find(dn.key(one.secondary_id or "")) or b"" for one in done]
        self._replace(lambda old, new: append(old, new, made))

    def _save(self, tree: EntryTree) -> None:
        """Write every entry, parents before children, and take the old file's place."""

        def write(_old: BinaryIO | None, new: BinaryIO) -> None:
            new.write(b"version: 1\n\n")
            new.writelines(_separated(block) for block in tree.blocks())

        self._replace(write)
        self._is_written_here = True

    def _replace(self, write: Callable[[BinaryIO, BinaryIO], None]) -> None:
        """Let the file be written anew, from what it was, unless another program has changed it meanwhile."""
        self._refuse_changed()
        try:
            with replacing(self.path) as new, self._old() as old:
                write(old, cast("BinaryIO", new))
                self._refuse_changed()  # it may have become another one before its entries were copied
        except OSError as error:
            self.close()
            raise unwritable(self.path, error) from error
        self._stamp = stamp(self.path)

    def _refuse_changed(self) -> None:
        if self._changed():
            self.close()
            raise ConnectionLost(f"{self.path}: was changed by another program while it was being written")

    def _old(self) -> BinaryIO:
        return self.path.open("rb") if self.path.exists() else io.BytesIO()


def _id_key_of(settings: ObjectTypeConfig) -> Callable[[str], str]:
    name, write = normal(settings.external_id), external_ids.writer(settings)
    return lambda external_id: f"{name}\0{write(external_id)}"


def _parsed(block: bytes) -> Entry:
    return parse_entry(numbered(block))


def _separated(block: bytes) -> bytes:
    return block if block.endswith(b"\n\n") else block.rstrip(b"\n") + b"\n\n"
