"""What connectors to directories share: types by object class, typed values, the naming attribute."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator

from engine import dn, values
from engine.config import Model, ObjectTypeConfig
from engine.connectors import ber, wire
from engine.connectors.active_directory import READABLE
from engine.connectors.base import ImportedObject
from engine.errors import ObjectError
from engine.values import InvalidValue
from storage.records import Attributes

SERVER_ASSIGNED = frozenset({"entryuuid", "objectguid", "nsuniqueid", "dn"})
"""What a directory gives to its entries by itself, and nobody writes."""
NEVER_READ = frozenset(
    {
        *("userpassword", "authpassword", "pwdhistory", "userpkcs12", "olcrootpw", "oathsecret"),
        *("krbprincipalkey", "krbmkey", "sambantpassword", "sambalmpassword", "sambapasswordhistory"),
        *("unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials"),
        *("ms-mcs-admpwd", "mslaps-password", "mslaps-encryptedpassword", "mslaps-encryptedpasswordhistory"),
    }
)
"""Passwords and keys, in lower case: they never enter the store, whatever the configuration names."""


def is_secret(name: str) -> bool:
    """Tell whether an attribute, with its options or without, holds passwords or keys."""
    return name.partition(";")[0].lower() in NEVER_READ


def why_no_flow(attribute: str) -> str | None:
    """Say why no rule may flow to an attribute of a directory."""
    if is_secret(attribute):
        return f"'{attribute}' is never read, so what a rule writes there could not be confirmed: see initial_password"
    if attribute.lower() == "objectclass":
        return "the object classes of an entry are those of its type's object_class"
    return None


MOST_DESCRIPTIONS = 10_000
"""How many attribute descriptions a reader remembers; options could make any number of them."""


_RANGE = re.compile(rb"([^;]+);range=(\d+)-(\d+|\*)", re.IGNORECASE)


def part_of(description: bytes) -> tuple[str, int | None] | None:
    """Read a description such as `member;range=0-1499`: the attribute, and where the next part begins, if any does.

    None for a description without a range (MS-ADTS §3.1.1.3.1.3.3).
    """
    found = _RANGE.fullmatch(description)
    if found is None:
        return None
    return found[1].decode(errors="replace"), None if found[3] == b"*" else int(found[3]) + 1


def _a_dn(base: str) -> str:
    dn.parse(base)
    return base


Base = Annotated[str, AfterValidator(_a_dn)]
"""The DN below which entries stand; empty for all there are."""


class DirectoryObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a directory."""

    object_class: list[str]
    """The object classes of an entry of this type; all of them are given to a created one."""
    base: Base | None = None
    """The part of the directory in which the type's entries stand, where it is not the system's base."""


Described = tuple[str | None, Callable[[bytes], Any], bool]
"""What an attribute description means: the attribute's name if it is used, how to read it, whether it is the id."""
Headed = tuple[int, Described]
"""How many bytes a single value has, and what the description before it means."""


class Read(NamedTuple):
    """What was read of an entry's attributes."""

    external_id: str | None
    attributes: Attributes
    wrong: str
    """Which value does not have its attribute's type, and why."""
    unread: tuple[tuple[str, int], ...] = ()
    """Attributes of which the server gave only the first values, and the number of the next."""


class EntryReader:
    """Turns the entries of one type into objects."""

    def __init__(self, object_type: str, settings: ObjectTypeConfig, used: frozenset[str]) -> None:
        self.type = object_type
        self._external_id = settings.external_id.lower()
        self._names = {
            name.lower(): (name, settings.type_of(name).kind)
            for name in sorted(used)
            if not is_secret(name) and name.lower() != "dn"
        }
        self._described: dict[bytes, Described] = {}
        self._trusted: dict[bytes, Described] = {}
        """The same for values of which is known already that they are short and hold no NUL byte."""
        self._heads: dict[bytes, Headed] = {}
        """The same by all the bytes that come before a single short value: its length, names, tags, other lengths."""

    def read(self, entry_dn: str, raw: Mapping[str, Sequence[bytes]], position: str) -> ImportedObject:
        """Make the object of an entry; `raw` has names in lower case."""
        return self.object_of(entry_dn, self.read_listed((name.encode(), held) for name, held in raw.items()), position)

    def object_of(self, entry_dn: str, found: Read, position: str) -> ImportedObject:
        """Make the object of an entry whose attributes were read."""
        one = ImportedObject(self.type, found.external_id, found.attributes, entry_dn, position)
        wrong = found.wrong
        try:
            dn.key(entry_dn)
        except dn.InvalidDn as error:
            wrong = str(error)
        if found.external_id is None:
            one.error = self._missing_id(entry_dn)
        elif wrong:
            one.error = ObjectError("syntax-violation", wrong, "correct the value in the directory")
        if one.error is not None:
            one.attributes = {}
        return one

    def read_listed(self, listed: Iterable[tuple[bytes, Sequence[bytes]]]) -> Read:
        """Read attributes that are given as a directory describes them."""
        external_id: str | None = None
        attributes: Attributes = {}
        wrong = ""
        unread: list[tuple[str, int]] = []
        for description, found in listed:
            name, read, is_id = self._described.get(description) or self._describe(description)
            if not found:
                continue
            if is_id:
                external_id = self._id_text(found[0])
            if name is not None:
                try:
                    attributes[name] = [read(value) for value in found]
                except InvalidValue as error:
                    wrong = wrong or f"'{name}': {error}"
                if (part := part_of(description)) is not None and part[1] is not None:
                    unread.append((name, part[1]))
        return Read(external_id, attributes, wrong, tuple(unread))

    def add_rest(self, read: Read, name: str, rest: Iterable[bytes]) -> Read:
        """Add the values of an attribute that were not read with the entry."""
        parse = values.bytes_parser(self._names[name.lower()][1])
        try:
            read.attributes[name] += [parse(value) for value in rest]
        except InvalidValue as error:
            return read._replace(wrong=f"'{name}': {error}")
        return read

    def read_encoded(self, data: bytes, position: int, limit: int) -> Read:
        """Read attributes from the PartialAttributeList that stands between two positions (RFC 4511 §4.5.2).

        Raises `WireError`. What `wire.read_attributes` and `read_listed` give, in a third of the time for nearly
        every entry: those of short values without a NUL byte.
        """
        if limit - position <= values.MAX_LENGTH and data.find(b"\0", position, limit) < 0:
            try:
                if (found := self._read_short(data, position, limit)) is not None:
                    return found
            except (InvalidValue, UnicodeDecodeError, IndexError):
                pass  # the thorough way says what is wrong
        return self.read_listed(wire.read_attributes(data, position, limit))

    def _read_short(self, data: bytes, position: int, limit: int) -> Read | None:
        """Read an entry that has only known attributes with short values; None for any other."""
        tag, position, stop = ber.element(data, position, limit)
        if tag != ber.SEQUENCE or stop != limit:
            return None
        external_id: str | None = None
        attributes: Attributes = {}
        known = self._trusted
        heads = self._heads
        while position < limit:
            start = position + 4
            at = start + data[position + 3]
            if (headed := heads.get(data[position : at + 4])) is not None:
                length, (name, read, is_id) = headed
                position = at + 4 + length
                value = read(data[at + 4 : position])
                if name is not None:
                    attributes[name] = [value]
                if is_id:
                    external_id = value
                continue
            size = data[position + 1]
            stop = at + 2 + data[at + 1]
            described = known.get(data[start:at])
            if (
                described is None
                or data[position] != ber.SEQUENCE
                or size > 127
                or data[position + 2] != ber.OCTET_STRING
                or data[at] != ber.SET
                or stop != position + 2 + size
                or stop > limit
                or stop == at + 2
            ):
                return None
            name, read, is_id = described
            held = []
            if at + 4 + data[at + 3] == stop and data[at + 2] == ber.OCTET_STRING and len(heads) < MOST_DESCRIPTIONS:
                heads[data[position : at + 4]] = data[at + 3], described
            at += 2
            while at < stop:
                end = at + 2 + data[at + 1]
                if data[at] != ber.OCTET_STRING or end > stop:
                    return None
                held.append(read(data[at + 2 : end]))
                at = end
            if is_id:
                external_id = held[0]
            if name is not None:
                attributes[name] = held
            position = stop
        return Read(external_id, attributes, "") if position == limit else None

    def _describe(self, description: bytes) -> Described:
        """Find out once what an attribute description means; a transfer option (RFC 4522) is no other attribute."""
        key = description.decode(errors="replace").lower()
        part = part_of(description)
        plain = part[0].lower() if part else key.removesuffix(";binary")
        name, kind = self._names.get(key) or self._names.get(plain) or (None, "text")
        is_id = key == self._external_id
        readable = READABLE.get(key) if kind == "text" else None
        found = (name, _readable(readable) if readable else values.bytes_parser(kind), is_id)
        if len(self._described) < MOST_DESCRIPTIONS:
            self._described[description] = found
            text = kind in ("text", "reference") and readable is None
            if part is None and (text or not is_id or readable):
                self._trusted[description] = (name, bytes.decode, is_id) if text else found
        return found

    def _id_text(self, raw: bytes) -> str:
        readable = READABLE.get(self._external_id)
        try:
            return readable(raw) if readable else raw.decode(errors="replace")
        except ValueError:
            return raw.hex()

    def _missing_id(self, entry_dn: str) -> ObjectError:
        return ObjectError(
            "missing-external-id",
            f"'{entry_dn}' has no {self._external_id}",
            "let the directory give it, or export it with operational attributes",
        )


def _readable(write: Callable[[bytes], str]) -> Callable[[bytes], str]:
    def read(raw: bytes) -> str:
        try:
            return write(raw)
        except ValueError as error:
            raise InvalidValue(str(error)) from error

    return read


def old_rdn_goes(old_dn: str, new_dn: str) -> bool:
    """Tell whether a rename takes the old RDN's values away: not where another attribute names the entry now.

    A `cn` that no longer names its entry is still its `cn`, and the object class may require one.
    """
    old, new = ({name.lower() for name, _ in dn.own_rdn(text)} for text in (old_dn, new_dn))
    return old <= new


def entry_attributes(
    entry_dn: str, settings: ObjectTypeConfig, attributes: Attributes
) -> list[tuple[str, list[bytes]]]:
    """Give what a created entry holds: its object classes, its attributes, and the values its RDN names."""
    options: DirectoryObjectOptions = settings.options
    written = {
        name: list(map(values.bytes_writer(settings.type_of(name).kind), found))
        for name, found in attributes.items()
        if found and name.lower() not in SERVER_ASSIGNED
    }
    for name, value in dn.own_rdn(entry_dn):
        if value.encode() in written.get(name, ()):
            continue
        named = {name.lower(): name for name in written}
        held = written.setdefault(named.get(name.lower(), name), [])
        if value.casefold() not in {one.decode(errors="replace").casefold() for one in held}:
            held.append(value.encode())
    return [("objectClass", [name.encode() for name in options.object_class]), *written.items()]
