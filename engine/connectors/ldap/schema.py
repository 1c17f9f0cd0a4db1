"""A directory's schema (RFC 4512 §4.1): what object classes may hold, and what attributes are."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from engine.connectors.base import SchemaAttribute
from engine.connectors.ldap.link import Search, find
from engine.connectors.ldap.messages import Entry
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.session import Session
from engine.values.attribute_descriptions import usual

_TOKEN = re.compile(r"'[^']*'|[()$]|[^\s()$']+")
_FLAGS = frozenset(
    {"OBSOLETE", "SINGLE-VALUE", "COLLECTIVE", "NO-USER-MODIFICATION", "ABSTRACT", "STRUCTURAL", "AUXILIARY"}
)
_KINDS = {
    "1.3.6.1.4.1.1466.115.121.1.7": "boolean",
    "1.3.6.1.4.1.1466.115.121.1.12": "reference",
    "1.3.6.1.4.1.1466.115.121.1.24": "datetime",
    "1.3.6.1.4.1.1466.115.121.1.27": "integer",
    "1.3.6.1.4.1.1466.115.121.1.5": "binary",
    "1.3.6.1.4.1.1466.115.121.1.8": "binary",
    "1.3.6.1.4.1.1466.115.121.1.9": "binary",
    "1.3.6.1.4.1.1466.115.121.1.10": "binary",
    "1.3.6.1.4.1.1466.115.121.1.28": "binary",
    "1.3.6.1.4.1.1466.115.121.1.40": "binary",
    "1.2.840.113556.1.4.906": "integer",
}
"""Syntaxes (RFC 4517 §3.3; Large Integer is Active Directory's) as kinds of values; all others are text."""
_MATCHINGS = {
    "caseignorematch": "case_ignore",
    "caseignoreia5match": "case_ignore",
    "caseignorelistmatch": "case_ignore",
    "objectidentifiermatch": "case_ignore",
    "telephonenumbermatch": "telephone",
    "distinguishednamematch": "dn",
    "octetstringmatch": "octet",
}
"""Equality rules (RFC 4517 §4.2) in the configuration's words; all others are exact."""
ATTRIBUTES = ("attributeTypes", "objectClasses", "dITContentRules")
"""What is read of the subschema entry."""

Description = dict[str, list[str]]


def parse(text: str) -> Description:
    """Read one description: keyword → words, with `NAME` and flags; the identifier has the empty keyword."""
    tokens = [word for word in _TOKEN.findall(text) if word != "$"][1:-1]
    found: Description = {"": tokens[:1]}
    index = 1
    while index < len(tokens):
        keyword = tokens[index]
        index += 1
        words: list[str] = []
        if keyword not in _FLAGS and index < len(tokens):
            stop = index + 1
            if tokens[index] == "(":
                stop = _behind(tokens, index)
            words = [word.strip("'") for word in tokens[index:stop] if word not in ("(", ")")]
            index = stop
        found[keyword] = words
    return found


def _behind(tokens: list[str], index: int) -> int:
    """Give where a list ends; at the end of all where it never does."""
    try:
        return tokens.index(")", index) + 1
    except ValueError:
        return len(tokens)


class _Attribute(NamedTuple):
    name: str
    syntax: str
    equality: str
    single: bool
    read_only: bool


class Schema:
    """Attribute types, object classes, and the content rules that add to these, by any of their names."""

    def __init__(
        self,
        attribute_types: Iterable[str] = (),
        object_classes: Iterable[str] = (),
        content_rules: Iterable[str] = (),
    ) -> None:
        self._types = _by_name(attribute_types)
        self._classes = _by_name(object_classes)
        self._writable: set[str] = set()
        """Attributes of which is known already that the server does not set them alone."""
        self._comparable: dict[str, bool] = {}
        self._rules = _by_name(content_rules)

    def __bool__(self) -> bool:
        return bool(self._types)

    def read_only_among(self, names: AbstractSet[str]) -> set[str]:
        """Give those of some attributes that the server alone sets (NO-USER-MODIFICATION)."""
        if names <= self._writable:
            return set()
        read_only = {name for name in names if "NO-USER-MODIFICATION" in self._types.get(_plain(name), {})}
        self._writable |= names - read_only
        return read_only

    def knows(self, name: str) -> bool:
        """Tell whether an attribute is defined."""
        return _plain(name) in self._types

    def names_of(self, name: str) -> list[str]:
        """Give every name of an attribute, and its object identifier; none for one that is not defined."""
        found = self._types.get(_plain(name), {})
        return [*found.get("NAME", ()), *found.get("", ())]

    def usual(self, name: str) -> str:
        """Give the form in which the names of one attribute are equal."""
        return usual(next(iter(self.names_of(name)), name))

    def attributes_of(self, classes: Sequence[str]) -> list[SchemaAttribute]:
        """Describe what entries of some object classes must and may hold, and what the server keeps with all."""
        must, may = set[str](), set[str]()
        self._collect(classes, must, may)
        if not must | may:
            return []
        kept = (one["NAME"][0] for one in self._types.values() if one.get("NAME") and _is_operational(one))
        names = {self.usual(name): name for name in (*kept, *may, *must)}
        required = {self.usual(name) for name in must}
        return [self.describe(names[key], required=key in required) for key in sorted(names)]

    def _collect(self, classes: Sequence[str], must: set[str], may: set[str]) -> None:
        """Add what some classes must and may hold, with all that they derive from, however long that chain is."""
        left, seen = list(classes), set[str]()
        while left:
            name = left.pop().lower()
            found = self._classes.get(name)
            if found is None or name in seen:
                continue
            seen.add(name)
            rule = self._rules.get(name, {})  # Active Directory adds auxiliary classes here (RFC 4512 §4.1.6)
            for one in (found, rule):
                must.update(one.get("MUST", ()))
                may.update(one.get("MAY", ()))
            left += [*found.get("SUP", ()), *rule.get("AUX", ())]

    def compares(self, name: str) -> bool:
        """Tell whether the server can tell two values of an attribute from each other, and so remove a given one."""
        plain = _plain(name)
        if plain not in self._comparable:
            self._comparable[plain] = bool(self._resolve(plain).equality)
        return self._comparable[plain]

    def describe(self, name: str, *, required: bool = False) -> SchemaAttribute:
        """Describe an attribute; one that is not defined is text."""
        found = self._resolve(name)
        return SchemaAttribute(
            name,
            kind=_KINDS.get(found.syntax, "text"),
            multi=not found.single,
            matching=_MATCHINGS.get(found.equality.lower(), "exact"),
            required=required,
            read_only=found.read_only,
            syntax=found.syntax,
            names=tuple(self.names_of(name)),
        )

    def _resolve(self, name: str) -> _Attribute:
        """Give an attribute's own description, with what it takes over from its superiors."""
        syntax = equality = ""
        own = found = self._types.get(_plain(name), {})
        for _ in range(20):
            syntax = syntax or next(iter(found.get("SYNTAX", ())), "").partition("{")[0]
            equality = equality or next(iter(found.get("EQUALITY", ())), "")
            superior = next(iter(found.get("SUP", ())), "").lower()
            if superior not in self._types:
                break
            found = self._types[superior]
        return _Attribute(name, syntax, equality, "SINGLE-VALUE" in own, "NO-USER-MODIFICATION" in own)


def _plain(name: str) -> str:
    """Give an attribute's name without its options."""
    return name.partition(";")[0].lower()


def _is_operational(found: Description) -> bool:
    return found.get("USAGE", ["userApplications"]) != ["userApplications"]


def _by_name(descriptions: Iterable[str]) -> dict[str, Description]:
    found: dict[str, Description] = {}
    for text in descriptions:
        one = parse(text)
        for name in (*one[""], *one.get("NAME", ())):
            found[name.lower()] = one
    return found


def read_schema(session: Session) -> Schema:
    """Read what the server knows of attributes and object classes (RFC 4512 §4.2); nothing where it hides that."""
    _ = session.link
    at = next(iter(session.offers.root.get("subschemasubentry", ())), "")
    if not at:
        return Schema()
    search = Search(at, "(objectClass=*)", ATTRIBUTES, BASE)
    found, _result = session.read(lambda link: find(link, search))
    held = {
        name.decode(errors="replace").lower(): [value.decode(errors="replace") for value in values]
        for one in found
        if isinstance(one, Entry)
        for name, values in one.attributes
    }
    return Schema(*(held.get(name.lower(), ()) for name in ATTRIBUTES))
