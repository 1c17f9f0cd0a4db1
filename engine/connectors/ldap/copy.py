"""Copy what a directory server holds into an LDIF file, so that a plan has a directory of its own to write to."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.configuration.external_ids import kind_of
from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.base import Copy, ExportOperation, ExportResult
from engine.connectors.directory_types import SERVER_ASSIGNED, is_secret
from engine.connectors.ldap.active_directory import READABLE
from engine.connectors.ldap.bases import Within
from engine.connectors.ldap.messages import Entry
from engine.connectors.ldap.reading import Incomplete, Pages, base_of, class_filter
from engine.connectors.ldap.trees import units_above
from engine.connectors.ldif.connector import LdifConnector, LdifOptions
from engine.connectors.ldif.directory import LdifDirectory, TypeOf
from engine.connectors.ldif.format import write_entry
from engine.errors import CannotConnect, ObjectError
from engine.values import dn
from engine.values.attribute_descriptions import usual
from engine.values.typed import AttributeType
from storage.scratch import EntryTree, TreeEntry

Search = Callable[[str, str, Sequence[str]], Pages]
"""Takes base, filter and attributes."""


def copy_directory(
    name: str, system: SystemConfig, folder: Path, used: Mapping[str, frozenset[str]], search: Search
) -> Copy:
    """Copy the entries of every type with the attributes that are used, and of all others the object classes.

    The others have to be there because they are parents, have something below them, or hold a name. Secrets are
    not read. Raises what the search raises.
    """
    tree, missing = EntryTree([]), []
    try:
        for kind, settings in system.objects.items():
            names = ["objectClass", settings.external_id, *(one for one in used[kind] if not is_secret(one))]
            pages = search(base_of(system, settings), class_filter(settings), names)
            missing += _take(tree, pages, settings, base_of(system, settings))
        for base in _tops({base_of(system, settings) for settings in system.objects.values()}):
            _take(tree, search(base, _others(system), ["objectClass"]), None, base)
        path = folder / f"{name}.ldif"
        with path.open("wb") as file:
            file.write(b"version: 1\n\n")
            file.writelines(tree.blocks())
    finally:
        tree.close()
    return Copy(_connector(name, system, path), "; ".join(missing))


def _tops(bases: set[str]) -> list[str]:
    """Give the bases that do not stand below another."""
    keys = {dn.key(base): base for base in bases}
    return [base for key, base in keys.items() if not any(dn.is_within(key, other) for other in keys if other != key)]


def _others(system: SystemConfig) -> str:
    """Give the filter that finds what is of no type; types below bases of their own do not cover the whole."""
    if any(settings.options.base for settings in system.objects.values()):
        return "(objectClass=*)"
    return f"(!(|{''.join(map(class_filter, system.objects.values()))}))"


def _take(tree: EntryTree, pages: Pages, settings: ObjectTypeConfig | None, base: str) -> list[str]:
    """Put entries into the tree that are not there yet, and stand below the base; give why some are missing."""
    missing: list[str] = []
    within = Within(base)
    try:
        for page in pages:
            if isinstance(page, Incomplete):
                missing.append(page.reason)
                break
            for entry in page:
                name = dn.from_bytes(entry.dn)[0]
                try:
                    key = dn.key(name)
                except dn.InvalidDn as error:
                    missing.append(str(error))
                    continue
                if not within(name):
                    continue  # an error of the import, which takes nothing of it either
                if tree.find(key) is None:
                    tree.put(TreeEntry(key, dn.parent(key), None, dn.depth(key), _block(entry, settings)))
    except CannotConnect:
        return missing  # no such base: nothing stands below it, and a create may make it
    return missing


def _block(entry: Entry, settings: ObjectTypeConfig | None) -> bytes:
    """Write an entry down with every object class of its type: a server finds it by those it implies, too."""
    lines = [(name.decode(errors="replace"), value) for name, found in entry.attributes for value in found]
    if settings is not None:
        held = {value.lower() for name, value in lines if usual(name) == "objectclass"}
        implied = [name.encode() for name in settings.options.object_class if name.lower().encode() not in held]
        lines += [("objectClass", name) for name in implied]
        assigned = usual(settings.external_id)
        if assigned in SERVER_ASSIGNED and assigned != "entryuuid":
            lines += [("entryUUID", _id_value(settings, value)) for name, value in lines if usual(name) == assigned]
    name, _ = dn.from_bytes(entry.dn)
    return write_entry(name, lines)


def _id_value(settings: ObjectTypeConfig, raw: bytes) -> bytes:
    """Give an external id as the copy holds it: readable where it is read as text."""
    readable = READABLE.get(usual(settings.external_id)) if kind_of(settings) == "text" else None
    try:
        return readable(raw).encode() if readable else raw
    except ValueError:
        return raw


def _connector(name: str, system: SystemConfig, path: Path) -> "_DirectoryCopy":
    """Make the connector of the copy; whatever the server calls its objects is the `entryUUID` there."""
    types = {
        kind: _with_entry_uuid(settings) if usual(settings.external_id) in SERVER_ASSIGNED else settings
        for kind, settings in system.objects.items()
    }
    options = LdifOptions(path=path, base=system.options.base)
    copied = system.model_copy(update={"options": options, "objects": types})
    return _DirectoryCopy(name, copied, path.parent, create_parents=system.options.create_parents)


def _with_entry_uuid(settings: ObjectTypeConfig) -> ObjectTypeConfig:
    types = settings.attributes | {"entryUUID": AttributeType(kind_of(settings))}
    return settings.model_copy(update={"external_id": "entryUUID", "attributes": types})


class _DirectoryCopy(LdifConnector):
    """A directory in a file that finds entries as a server does: by their DNs, and only if they are who is meant."""

    def __init__(self, name: str, system: SystemConfig, folder: Path, *, create_parents: bool) -> None:
        super().__init__(name, system, folder)
        self._directory = _LateDirectory(self.path, dict(system.objects), self._type_of, create_parents=create_parents)

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        moved = await asyncio.to_thread(lambda: [one for one in operations if self._has_moved(one)])
        error = ObjectError(
            "missing-object", "the entry does not exist", "import the directory to see what became of it"
        )
        ids = {one.id for one in moved}
        results = await super().export([one for one in operations if one.id not in ids])
        return [*(ExportResult(one.id, error=error) for one in moved), *results]

    def _has_moved(self, operation: ExportOperation) -> bool:
        if operation.external_id is None or operation.secondary_id is None:
            return False
        found = self._directory.find(operation.type, operation.external_id, None)
        return found is not None and dn.key(found.dn) != dn.key(operation.secondary_id)


class _LateDirectory(LdifDirectory):
    """Writes its file when it is closed: nobody else reads it meanwhile, and one that is lost with the plan may be."""

    _takes_excerpts = False
    _unsaved = False

    def __init__(
        self, path: Path, types: dict[str, ObjectTypeConfig], type_of: TypeOf, *, create_parents: bool
    ) -> None:
        super().__init__(path, types, type_of)
        self._create_parents = create_parents

    def _need_parent(self, tree: EntryTree, entry_dn: str) -> None:
        missing = [unit for unit in units_above(entry_dn) if tree.find(dn.key(unit)) is None]
        if self._create_parents and missing and tree.find(dn.key(dn.parent(missing[-1]))) is not None:
            for unit in reversed(missing):
                lines = {"objectClass": [b"organizationalUnit"], "ou": [dn.own_rdn(unit)[0][1].encode()]}
                self._put(tree, unit, lines | {"entryUUID": [str(uuid.uuid4()).encode()]}, {})
        super()._need_parent(tree, entry_dn)

    def _save(self, tree: EntryTree) -> None:
        self._unsaved = True

    def close(self) -> None:
        """Write the file if it has changed, and drop the index."""
        if self._unsaved and self._tree is not None:
            self._unsaved = False
            super()._save(self._tree)
        super().close()
