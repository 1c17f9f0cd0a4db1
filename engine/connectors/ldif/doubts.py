"""What makes an entry of LDIF doubtful: two entries may have run together in it."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from engine.connectors.entries import EntryReader
from engine.values import dn
from engine.values.attribute_descriptions import normal, those_of, usual

_HIDDEN_DN = re.compile(rb"[^\r\n]{0,2}dn:(:|[^\r\n]*=)", re.IGNORECASE)
"""A line that reads like the first one of an entry, but for a byte or two before it."""

_STRAY_QUOTE = re.compile(r'(?<!\\)"')


def is_hidden_dn(line: bytes) -> bool:
    """Tell whether a line may once have been the first one of an entry."""
    return _HIDDEN_DN.match(line) is not None


def has_stray_quote(entry_dn: str) -> bool:
    """Tell whether a DN has a quote that is not escaped, as none has that a directory has written."""
    return _STRAY_QUOTE.search(entry_dn) is not None


def why_two(attributes: Mapping[str, Sequence[bytes]]) -> str:
    """Say why the values of two entries seem to stand in one: none holds an object class twice."""
    classes = attributes.get("objectclass", ())
    if len(set(map(bytes.lower, classes))) == len(classes):
        return ""
    return "two entries seem to have become one: it holds an object class twice; is a blank line missing?"


def ids_in(reader: EntryReader, id_name: str, attributes: Mapping[str, Sequence[bytes]]) -> list[str]:
    """Give every id that an entry holds; it should be one."""
    return [found for name, one in _held(_base(id_name), attributes) if (found := reader.external_id({name: [one]}))]


def ids_told(reader: EntryReader, id_name: str, entry_dn: str, attributes: Mapping[str, Sequence[bytes]]) -> set[str]:
    """Give every id that an entry holds or is called by: by a torn one they need not be the same."""
    called = dn.own_rdn(entry_dn) if _base(id_name) in map(usual, dn.rdn_names(entry_dn)) else ()
    by_name = {_called(reader, name, value) for name, value in called if usual(name) == _base(id_name)}
    return by_name.union(ids_in(reader, id_name, attributes))


def _held(base: str, attributes: Mapping[str, Sequence[bytes]]) -> list[tuple[str, bytes]]:
    """Give the values of an attribute, whatever its options, each with the name that it has there."""
    return [(name, value) for name in those_of(base, tuple(attributes)) for value in attributes[name]]


def why_nobody(reader: EntryReader, id_name: str, entry_dn: str, attributes: Mapping[str, Sequence[bytes]]) -> str:
    """Say why an entry is nobody's where it holds two ids, or holds one and is called by another."""
    base = _base(id_name)
    held = _held(base, attributes)
    if not held or (len(held) == 1 and _is_called_so(entry_dn, base, *held)):
        return ""
    ids = {_meant(found): found for found in ids_in(reader, id_name, attributes)}
    for name, value in dn.own_rdn(entry_dn) if ids and base in map(usual, dn.rdn_names(entry_dn)) else ():
        if usual(name) == base:
            ids.setdefault(_meant(_called(reader, name, value)), value)
    shown = ", ".join(sorted(map(repr, ids.values())))
    return f"it holds more than one '{id_name}': {shown}" if len(ids) > 1 else ""


def _called(reader: EntryReader, name: str, value: str) -> str:
    """Give the id by which an entry is called, as it would be read among its values."""
    return reader.external_id({name: [value.encode(errors="replace")]}) or value


def _is_called_so(entry_dn: str, base: str, held: tuple[str, bytes]) -> bool:
    """Tell whether an entry is called by the only id that it holds, or by something else than an id."""
    own = dn.rdn(entry_dn)
    name, _, value = own.partition("=")
    if "+" not in own and usual(name.strip()) != base:  # as nearly all are
        return True
    return (value.encode(errors="replace") == held[1] and usual(name) == base) or all(
        usual(name) != base for name in dn.rdn_names(entry_dn)
    )


@lru_cache(maxsize=4096)
def _base(description: str) -> str:
    return usual(normal(description).partition(";")[0])


def _meant(value: str) -> str:
    """Give the form in which a DN compares values."""
    return " ".join(value.casefold().split())
