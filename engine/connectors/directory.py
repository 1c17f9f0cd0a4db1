"""What connectors to directories share: types by object class, typed values, the naming attribute."""

from collections.abc import Mapping, Sequence

from engine import dn, values
from engine.config import Model, ObjectTypeConfig
from engine.connectors.base import ImportedObject
from engine.errors import ObjectError
from engine.values import InvalidValue
from storage.records import Attributes

SERVER_ASSIGNED = frozenset({"entryuuid", "objectguid", "nsuniqueid", "dn"})
"""What a directory gives to its entries by itself, and nobody writes."""
NEVER_READ = frozenset({"userpassword", "unicodepwd", "krbprincipalkey", "sambantpassword", "olcrootpw"})
"""Secrets never enter the store, whatever the configuration names."""


class DirectoryObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a directory."""

    object_class: list[str]
    """The object classes of an entry of this type; all of them are given to a created one."""
    base: str | None = None
    """The part of the directory in which the type's entries stand, where it is not the system's base."""


class EntryReader:
    """Turns the entries of one type into objects."""

    def __init__(self, object_type: str, settings: ObjectTypeConfig, used: frozenset[str]) -> None:
        self.type = object_type
        self._external_id = settings.external_id.lower()
        self._names = {
            name.lower(): (name, settings.type_of(name).kind)
            for name in sorted(used)
            if name.lower() not in NEVER_READ and name.lower() != "dn"
        }

    def read(self, entry_dn: str, raw: Mapping[str, Sequence[bytes]], position: str) -> ImportedObject:
        """Make the object of an entry; `raw` has names in lower case."""
        found = raw.get(self._external_id)
        external_id = found[0].decode(errors="replace") if found else None
        one = ImportedObject(self.type, external_id, {}, entry_dn, position)
        if external_id is None:
            one.error = ObjectError(
                "missing-external-id",
                f"'{entry_dn}' has no {self._external_id}",
                "let the directory give it, or export it with operational attributes",
            )
            return one
        try:
            dn.parse(entry_dn)
            one.attributes = self._attributes(raw)
        except (InvalidValue, dn.InvalidDn) as error:
            one.error = ObjectError("syntax-violation", str(error), "correct the value in the directory")
        return one

    def _attributes(self, raw: Mapping[str, Sequence[bytes]]) -> Attributes:
        attributes: Attributes = {}
        for key, (name, kind) in self._names.items():
            if not (found := raw.get(key)):
                continue
            try:
                attributes[name] = [values.parse_bytes(kind, value) for value in found]
            except InvalidValue as error:
                raise InvalidValue(f"'{name}': {error}") from error
        return attributes


def old_rdn_goes(old_dn: str, new_dn: str) -> bool:
    """Tell whether a rename takes the old RDN's values away: not where another attribute names the entry now.

    A `cn` that no longer names its entry is still its `cn`, and the object class may require one.
    """
    old, new = (({name.lower() for name, _ in dn.parse(dn.rdn(text))[0]}) for text in (old_dn, new_dn))
    return old <= new


def entry_attributes(
    entry_dn: str, settings: ObjectTypeConfig, attributes: Attributes
) -> list[tuple[str, list[bytes]]]:
    """Give what a created entry holds: its object classes, its attributes, and the values its RDN names."""
    options: DirectoryObjectOptions = settings.options
    written = {
        name: [values.to_bytes(settings.type_of(name).kind, value) for value in found]
        for name, found in attributes.items()
        if found and name.lower() not in SERVER_ASSIGNED
    }
    named = {name.lower(): name for name in written}
    for name, value in dn.parse(dn.rdn(entry_dn))[0]:
        held = written.setdefault(named.get(name.lower(), name), [])
        if value.casefold() not in {one.decode(errors="replace").casefold() for one in held}:
            held.append(value.encode())
    return [("objectClass", [name.encode() for name in options.object_class]), *written.items()]
