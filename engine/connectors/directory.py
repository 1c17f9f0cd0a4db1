"""What connectors to directories share: types by object class, typed values, the naming attribute."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

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
MOST_DESCRIPTIONS = 10_000
"""How many attribute descriptions a reader remembers; options could make any number of them."""


class DirectoryObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a directory."""

    object_class: list[str]
    """The object classes of an entry of this type; all of them are given to a created one."""
    base: str | None = None
    """The part of the directory in which the type's entries stand, where it is not the system's base."""


Described = tuple[str | None, Callable[[bytes], Any], bool]
"""What an attribute description means: the attribute's name if it is used, how to read it, whether it is the id."""


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
        self._described: dict[bytes, Described] = {}

    def read(self, entry_dn: str, raw: Mapping[str, Sequence[bytes]], position: str) -> ImportedObject:
        """Make the object of an entry; `raw` has names in lower case."""
        listed = ((name.encode(), found) for name, found in raw.items())
        return self.read_listed(entry_dn, listed, position)

    def read_listed(
        self, entry_dn: str, listed: Iterable[tuple[bytes, Sequence[bytes]]], position: str
    ) -> ImportedObject:
        """Make the object of an entry whose attributes are given as a directory describes them."""
        external_id: str | None = None
        attributes: Attributes = {}
        wrong = ""
        for description, found in listed:
            name, read, is_id = self._described.get(description) or self._describe(description)
            if not found:
                continue
            if is_id:
                external_id = found[0].decode(errors="replace")
            if name is not None:
                try:
                    attributes[name] = [read(value) for value in found]
                except InvalidValue as error:
                    wrong = wrong or f"'{name}': {error}"
        one = ImportedObject(self.type, external_id, attributes, entry_dn, position)
        try:
            dn.key(entry_dn)
        except dn.InvalidDn as error:
            wrong = str(error)
        if external_id is None:
            one.error = self._missing_id(entry_dn)
        elif wrong:
            one.error = ObjectError("syntax-violation", wrong, "correct the value in the directory")
        if one.error is not None:
            one.attributes = {}
        return one

    def _describe(self, description: bytes) -> Described:
        """Find out once what an attribute description means; a transfer option (RFC 4522) is no other attribute."""
        key = description.decode(errors="replace").lower()
        name, kind = self._names.get(key) or self._names.get(key.removesuffix(";binary")) or (None, "text")
        found = (name, values.bytes_parser(kind), key == self._external_id)
        if len(self._described) < MOST_DESCRIPTIONS:
            self._described[description] = found
        return found

    def _missing_id(self, entry_dn: str) -> ObjectError:
        return ObjectError(
            "missing-external-id",
            f"'{entry_dn}' has no {self._external_id}",
            "let the directory give it, or export it with operational attributes",
        )


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
