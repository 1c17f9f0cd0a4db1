"""Paths into a SCIM resource: `userName`, `name.familyName`, `emails[type eq "work"].value` (RFC 7644 §3.5.2).

Names of attributes are the same whatever their case (RFC 7643 §2.1).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

Resource = dict[str, Any]
_NAME = r"[A-Za-z$][A-Za-z0-9_$-]*"
_PATH = re.compile(
    rf"(?:(?P<urn>urn:.+):)?(?P<name>{_NAME})(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>{_NAME}))?", re.IGNORECASE
)
_TERM = re.compile(
    rf'\s*(?P<name>{_NAME})\s+eq\s+(?P<value>"(?:[^"\\]|\\.)*"|true|false|-?\d+(?:\.\d+)?)\s*', re.IGNORECASE
)
_AND = re.compile(r"and\b", re.IGNORECASE)
DEFAULT = "value"
"""The sub-attribute that is meant where none is named."""


class Path(NamedTuple):
    """A path, taken apart."""

    text: str
    urn: str | None
    """The schema extension that the attribute belongs to."""
    name: str
    terms: tuple[tuple[str, Any], ...]
    """What an element of a multi-valued attribute has to hold."""
    sub: str | None

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Read a path. Raises `ValueError`."""
        return _parsed(text)

    @property
    def element(self) -> str:
        """Give the path of the elements themselves, without what is asked of them."""
        whole = f"{self.urn}:{self.name}" if self.urn else self.name
        return whole if not self.terms else f"{whole}[{' and '.join(_term(*one) for one in self.terms)}]"

    @property
    def top(self) -> str:
        """Give the path of the attribute itself."""
        return f"{self.urn}:{self.name}" if self.urn else self.name

    def holds(self, element: Any) -> bool:
        """Tell whether an element is one of those that are meant."""
        return isinstance(element, dict) and all(_same(get(element, name), value) for name, value in self.terms)

    def raw(self, resource: Resource) -> Any:
        """Give what a resource holds as the attribute itself."""
        return get(resource if self.urn is None else get(resource, self.urn), self.name)

    def values(self, resource: Resource) -> list[Any]:
        """Give the values that a resource has there."""
        found = self.raw(resource)
        values: list[Any] = []
        for element in found if isinstance(found, list) else [found]:
            held = self._held(element)
            values += held if isinstance(held, list) else [held]
        return [one for one in values if one is not None]

    def _held(self, element: Any) -> Any:
        """Give what is meant of one element; None where that is nothing."""
        if isinstance(element, dict):
            return get(element, self.sub or DEFAULT) if self.holds(element) else None
        is_plain = not self.terms and (self.sub is None or self.sub == DEFAULT)
        return element if is_plain else None

    def put(self, resource: Resource, values: list[Any], *, many: bool) -> None:
        """Let a resource hold just these values there; what stands beside them stays."""
        home = resource if self.urn is None else resource.setdefault(key_of(resource, self.urn), {})
        key = key_of(home, self.name)
        _set(home, key, self._becomes(home.get(key), values, many=many))
        if self.urn is not None and not home:
            resource.pop(key_of(resource, self.urn))

    def _becomes(self, held: Any, values: list[Any], *, many: bool) -> Any:
        """Give what an attribute becomes that holds something; None where it is to go."""
        if self.terms:
            return self._with_element(held, values[0] if values else None)
        if many:
            return values if self.sub is None else _elements(held, self.sub, values)
        first = values[0] if values else None
        if self.sub is None:
            return first
        inner: Resource = dict(held) if isinstance(held, dict) else {}
        _set(inner, key_of(inner, self.sub), first)
        return inner or None

    def _with_element(self, held: Any, value: Any) -> list[Any]:
        """Give the elements of an attribute, of which those that are meant hold a value, or none there any more."""
        elements = [dict(one) if isinstance(one, dict) else one for one in held or []]
        if value is not None and not any(map(self.holds, elements)):
            elements.append(dict(self.terms))
        kept = []
        for one in elements:
            if self.holds(one):
                _set(one, key_of(one, self.sub or DEFAULT), value)
            if value is not None or not self._is_empty(one):
                kept.append(one)
        return kept

    def _is_empty(self, element: Any) -> bool:
        """Tell whether one of the elements that are meant says nothing but which it is."""
        names = {"primary", *(name.lower() for name, _ in self.terms)}
        return self.holds(element) and all(key.lower() in names for key in element)


def _elements(held: Any, sub: str, values: list[Any]) -> list[Any]:
    """Give the elements of an attribute that has some values: those that are there as they are, then new ones."""
    known = {orjson.dumps(get(one, sub)): one for one in held or [] if isinstance(one, dict)}
    return [known.get(orjson.dumps(value), {sub: value}) for value in values]


def _set(home: Resource, key: str, value: Any) -> None:
    if value is None or value == []:
        home.pop(key, None)
    else:
        home[key] = value


@lru_cache(maxsize=2_000)
def _parsed(text: str) -> Path:
    found = _PATH.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no path, such as name.familyName or emails[type eq \"work\"].value")
    terms = tuple(_terms(found["filter"], text)) if found["filter"] else ()
    return Path(text, found["urn"], found["name"], terms, found["sub"])


def _terms(text: str, path: str) -> list[tuple[str, Any]]:
    terms, at = [], 0
    while True:
        found = _TERM.match(text, at)
        if found is None:
            raise ValueError(f"'{path}': in the brackets may stand NAME eq VALUE, and more of these after 'and'")
        raw = found["value"]
        terms.append((found["name"], orjson.loads(raw.lower() if raw[0] in "tTfF" else raw)))
        at = found.end()
        if at == len(text):
            return terms
        more = _AND.match(text, at)
        if more is None:
            raise ValueError(f"'{path}': in the brackets may stand NAME eq VALUE, and more of these after 'and'")
        at = more.end()


def _term(name: str, value: Any) -> str:
    return f"{name} eq {quoted(value)}"


def quoted(value: Any) -> str:
    """Write a value as a filter takes it."""
    return orjson.dumps(value).decode()


def _same(held: Any, wanted: Any) -> bool:
    if isinstance(held, str) and isinstance(wanted, str):
        return held.casefold() == wanted.casefold()
    return bool(held == wanted)


def get(home: Any, name: str) -> Any:
    """Give what an object holds under a name, whatever its case; None for what is no object."""
    if not isinstance(home, dict):
        return None
    return home.get(name) if name in home else home.get(key_of(home, name))


def key_of(home: Resource, name: str) -> str:
    """Give the name under which an object holds something; the name itself where it holds nothing so called."""
    if name in home:
        return name
    lower: Callable[[str], str] = str.lower
    return next((key for key in home if lower(key) == lower(name)), name)
