"""Entries of a directory as objects: what attribute descriptions mean, typed values, external ids."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ImportedObject
from engine.connectors.directory_types import is_secret
from engine.connectors.ldap import ber, messages
from engine.connectors.ldap.active_directory import READABLE
from engine.errors import ObjectError
from engine.values import dn, typed
from engine.values.attribute_descriptions import is_deleted, is_language, normal, those_of, usual
from engine.values.typed import InvalidValue
from storage.records import Attributes

MOST_DESCRIPTIONS = 10_000
"""How many attribute descriptions a reader remembers; options could make any number of them."""
_TEXTS = frozenset({"text", "reference"})
_RANGE = re.compile(rb"([^;]+);range=(\d+)-(\d+|\*)", re.IGNORECASE)


def part_of(description: bytes) -> tuple[str, int | None] | None:
    """Read a description such as `member;range=0-1499`: the attribute, and where the next part begins, if any does.

    None for a description without a range (MS-ADTS §3.1.1.3.1.3.3).
    """
    found = _RANGE.fullmatch(description)
    if found is None:
        return None
    return found[1].decode(errors="replace"), None if found[3] == b"*" else int(found[3]) + 1


def _rest_of(name: str, description: bytes) -> list[tuple[str, int]]:
    """Give the name of an attribute with the number of its next value, where the server gave only the first."""
    part = part_of(description)
    return [] if part is None or part[1] is None else [(name, part[1])]


Described = tuple[str | None, Callable[[bytes], Any], bool]
"""What an attribute description means: the attribute's name if it is used, how to read it, whether it is the id."""
Headed = tuple[int, Described]
"""How many bytes a single value has, and what the description before it means."""
Failed = tuple[str | None, bool, InvalidValue]
"""An attribute that could not be read: its name if it is used, whether it is the id, and why."""
Names = Callable[[str], Iterable[str]]
"""Gives other names of an attribute."""
Tell = Callable[[str], None]


class Read(NamedTuple):
    """What was read of an entry's attributes."""

    external_id: str | None
    attributes: Attributes
    wrong: str
    """Which value does not have its attribute's type, and why."""
    unread: tuple[tuple[str, int], ...] = ()
    """Attributes of which the server gave only the first values, and the number of the next."""
    unreadable_id: str = ""
    """Why the external id cannot be read as what it is declared."""


class EntryReader:
    """Turns the entries of one type into objects."""

    def __init__(
        self,
        object_type: str,
        settings: ObjectTypeConfig,
        used: frozenset[str],
        *,
        names: Names = lambda _name: (),
        tell: Tell = lambda _text: None,
    ) -> None:
        """Take a type and what is used of it; what a schema calls an attribute, and whom to tell what is left out."""
        self.type = object_type
        self._id_name = settings.external_id
        self._id = normal(settings.external_id)
        self._id_kind = external_ids.kind_of(settings)
        self._id_text = external_ids.writer(settings)
        self._keeps_empty = settings.keep_empty
        self._other_names = names
        self._tell = tell
        self._kinds: dict[str, str] = {}
        """By the name under which an attribute's values are read first: their kind."""
        self._names: dict[str, str] = {}
        """By the normal form of a description: that name."""
        self._twins: list[tuple[str, str]] = []
        """Other names that the configuration has for what is read already: (name that is read, other name)."""
        self._name_attributes(settings, used)
        self._described: dict[bytes, Described] = {}
        self._trusted: dict[bytes, Described] = {}
        """The same for values of which is known already that they are short and hold no NUL byte."""
        self._heads: dict[bytes, Headed] = {}
        """The same by all the bytes that come before a single short value: its length, names, tags, other lengths."""
        self._first: dict[str, bytes] = {}
        """By name: the description under which its values came first; what comes under another is added to them."""

    def _name_attributes(self, settings: ObjectTypeConfig, used: frozenset[str]) -> None:
        for name in sorted(used, key=lambda one: (one not in settings.attributes, one)):
            if is_secret(name) or name.lower() == "dn":
                continue
            kind = self._id_kind if normal(name) == self._id else settings.type_of(name).kind
            first = self._names.setdefault(normal(name), name)
            if first == name:
                self._kinds[name] = kind
            else:
                self._twins.append((first, name))

    def read(self, entry_dn: str, raw: Mapping[str, Sequence[bytes]], position: str, wrong: str = "") -> ImportedObject:
        """Make the object of an entry; `wrong` says what is wrong with it already."""
        found = self.read_listed([(name.encode(), held) for name, held in raw.items()])
        return self.object_of(entry_dn, found._replace(wrong=wrong or found.wrong), position)

    def external_id(self, raw: Mapping[str, Sequence[bytes]]) -> str | None:
        """Give the external id of an entry; None where it has none, or none that can be read."""
        named = those_of(self._id.partition(";")[0], tuple(raw))
        return self.read_listed([(name.encode(), raw[name]) for name in named]).external_id

    def object_of(self, entry_dn: str, found: Read, position: str) -> ImportedObject:
        """Make the object of an entry whose attributes were read."""
        one = ImportedObject(self.type, found.external_id, found.attributes, entry_dn, position)
        wrong = found.wrong
        try:
            dn.key(entry_dn)
        except dn.InvalidDn as error:
            wrong = str(error)
        if found.unreadable_id:
            one.external_id = None
            one.error = self._unreadable_id(entry_dn, found.unreadable_id)
        elif found.external_id is None:
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
        failed: list[Failed] = []
        unread: list[tuple[str, int]] = []
        for description, raw in listed:
            name, read, is_id = self._described.get(description) or self._describe(description)
            if name is None and not is_id:
                continue
            found = self._without_empty(raw, name, is_id) if b"" in raw else raw
            if not found:
                continue
            try:
                held = [read(found[0])] if len(found) == 1 else list(dict.fromkeys(map(read, found)))
            except InvalidValue as error:
                failed.append((name, is_id, error))
                continue
            if is_id and external_id is None:
                external_id = self._id_text(held[0])
            if name is not None:
                attributes[name] = list(dict.fromkeys(attributes[name] + held)) if name in attributes else held
                if b";" in description:
                    unread += _rest_of(name, description)
        self._copy_twins(attributes)
        return Read(external_id, attributes, self._wrong_in(failed), tuple(unread), _unreadable_id_in(failed))

    def _wrong_in(self, failed: list[Failed]) -> str:
        """Say what the first value is that could not be read, and why."""
        return next((f"'{name or self._id_name}': {error}" for name, _, error in failed), "")

    def _copy_twins(self, attributes: Attributes) -> None:
        """Give what was read under the other names that the configuration has for it as well."""
        for name, other in self._twins:
            if name in attributes:
                attributes[other] = attributes[name]

    def _without_empty(self, raw: Sequence[bytes], name: str | None, is_id: bool) -> Sequence[bytes]:
        """Leave out the empty values of an attribute, unless they are values of it."""
        if self._keeps_empty and not is_id and self._kinds.get(name or "") in ("text", "binary"):
            return raw
        return [value for value in raw if value]

    def add_rest(self, read: Read, name: str, rest: Iterable[bytes]) -> Read:
        """Add the values of an attribute that were not read with the entry."""
        parse = typed.bytes_parser(self._kinds[name])
        try:
            read.attributes[name] += [parse(value) for value in rest]
        except InvalidValue as error:
            return read._replace(wrong=f"'{name}': {error}")
        return read

    def read_encoded(self, data: bytes, position: int, limit: int) -> Read:
        """Read attributes from the PartialAttributeList that stands between two positions (RFC 4511 §4.5.2).

        Raises `WireError`. What `messages.read_attributes` and `read_listed` give, in a third of the time for nearly
        every entry: those of short values without a NUL byte.
        """
        if limit - position <= typed.MAX_LENGTH and data.find(b"\0", position, limit) < 0:
            try:
                if (found := self._read_short(data, position, limit)) is not None:
                    return found
            except (InvalidValue, UnicodeDecodeError, IndexError):
                pass  # the thorough way says what is wrong
        return self.read_listed(messages.read_attributes(data, position, limit))

    def _read_short(self, data: bytes, position: int, limit: int) -> Read | None:
        """Read an entry that has only known attributes with short values, each once; None for any other."""
        tag, position, stop = ber.element(data, position, limit)
        if tag != ber.SEQUENCE or stop != limit:
            return None
        identity: Any = None
        attributes: Attributes = {}
        heads = self._heads
        while position < limit:
            at = position + 4 + data[position + 3]
            if (headed := heads.get(data[position : at + 4])) is not None:
                length, (name, read, is_id) = headed
                position = at + 4 + length
                held = [read(data[at + 4 : position])]
            else:
                short = self._read_short_attribute(data, position, at, limit)
                if short is None:
                    return None
                held, (name, _, is_id), position = short
            if name in attributes:
                return None
            if is_id and identity is None:
                identity = held[0]
            if name is not None:
                attributes[name] = held
        if position != limit:
            return None
        self._copy_twins(attributes)
        return Read(None if identity is None else self._id_text(identity), attributes, "")

    def _read_short_attribute(
        self, data: bytes, position: int, at: int, limit: int
    ) -> tuple[list[Any], Described, int] | None:
        """Read a known attribute with short values, and where it stops; a single value teaches what comes before it."""
        described = self._trusted.get(data[position + 4 : at])
        stop = at + 2 + data[at + 1]
        if (
            described is None
            or data[position] != ber.SEQUENCE
            or data[position + 1] > 127
            or data[position + 2] != ber.OCTET_STRING
            or data[at] != ber.SET
            or stop != position + 2 + data[position + 1]
            or stop > limit
            or stop == at + 2
        ):
            return None
        read = described[1]
        held = []
        value = at + 2
        while value < stop:
            end = value + 2 + data[value + 1]
            if data[value] != ber.OCTET_STRING or end > stop or end == value + 2:
                return None
            held.append(read(data[value + 2 : end]))
            value = end
        if len(held) == 1 and len(self._heads) < MOST_DESCRIPTIONS:
            self._heads[data[position : at + 4]] = data[at + 3], described
        return held, described, stop

    def _describe(self, description: bytes) -> Described:
        """Find out once what an attribute description means."""
        part = part_of(description)
        text = part[0] if part else description.decode(errors="replace")
        name, is_id = self._meaning(text)
        kind = self._kinds[name] if name is not None else self._id_kind if is_id else ""
        found = (name, self._value_reader(text, kind), is_id)
        if len(self._described) < MOST_DESCRIPTIONS:
            self._described[description] = found
            used = name is not None or is_id
            first = not used or self._first.setdefault(name or "", description) == description
            if part is None and first:
                plain = kind in _TEXTS and usual(text.partition(";")[0]) not in READABLE
                self._trusted[description] = (name, bytes.decode, is_id) if plain else found
        return found

    def _value_reader(self, description: str, kind: str) -> Callable[[bytes], Any]:
        if not kind:
            return _nothing
        readable = READABLE.get(usual(description.partition(";")[0])) if kind == "text" else None
        return _readable(readable) if readable else typed.bytes_parser(kind)

    def _meaning(self, description: str) -> tuple[str | None, bool]:
        """Give the name of the attribute that a description belongs to, if that is used, and whether it is the id.

        A transfer option (RFC 4522) makes no other attribute, nor does any option that nobody named; a language tag
        does (RFC 3866).
        """
        base, *options = description.split(";")
        if is_deleted(options):
            return None, False
        languages = [option for option in options if is_language(option)]
        bare = ";".join([base, *languages])
        for name in (description, bare):
            if normal(name) in self._names or normal(name) == self._id:
                return self._names.get(normal(name)), normal(name) == self._id
        others = [base] if normal(base) in self._names else [*self._other_names(base)]
        for other in others:
            name = ";".join([other, *languages])
            if normal(name) in self._names or normal(name) == self._id:
                return self._names.get(normal(name)), normal(name) == self._id
        if languages and any(normal(other) in self._names for other in others):
            self._tell(f"'{bare}' was left out: a language is an attribute of its own; name it in a rule to read it")
        return None, False

    def _missing_id(self, entry_dn: str) -> ObjectError:
        return ObjectError(
            "missing-external-id",
            f"'{entry_dn}' has no {self._id_name}",
            "let the directory give it, or export it with operational attributes",
        )

    def _unreadable_id(self, entry_dn: str, why: str) -> ObjectError:
        return ObjectError(
            "syntax-violation",
            f"the external id of '{entry_dn}' cannot be read as {self._id_kind}: '{self._id_name}': {why}",
            f"correct it in the directory, or declare '{self._id_name}' as what it is",
        )


def _unreadable_id_in(failed: list[Failed]) -> str:
    """Say why the external id cannot be read, where it is among what cannot."""
    return next((str(error) for _, is_id, error in failed if is_id), "")


def _nothing(_raw: bytes) -> None:
    return None


def _readable(write: Callable[[bytes], str]) -> Callable[[bytes], str]:
    def read(raw: bytes) -> str:
        try:
            return write(raw)
        except ValueError as error:
            raise InvalidValue(str(error)) from error

    return read
