"""The seam to an LDAP client: what reading and writing need of a bound connection, whoever speaks on it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from engine.connectors.base import PAGE_BYTES
from engine.connectors.ldap.messages import Control, Entry, Message, ReadAttributes, Result, read_attributes
from engine.connectors.ldap.requests import BASE, SUBTREE
from engine.values.attribute_descriptions import usual

MOST = 1_000_000
"""How many messages may answer a search that is not read in pages."""
MOST_OF_ONE = 100
"""How many messages may answer a search for one entry."""
Controls = Sequence[Control]
Modification = tuple[int, str, list[bytes]]
"""An operation of `requests`, an attribute, values."""


class Search(NamedTuple):
    """A search that follows neither aliases nor referrals."""

    base: str
    filter: str
    attributes: Sequence[str]
    scope: int = SUBTREE
    controls: Controls = ()
    read_attributes: ReadAttributes = read_attributes
    """Reads the attributes of the entries, where the link lets anybody else do that."""
    most: int = MOST
    """How many messages may answer it."""

    @property
    def allowed(self) -> int:
        """How many messages may answer it, be it for many entries or for one."""
        return MOST_OF_ONE if self.scope == BASE else self.most


class Add(NamedTuple):
    """Create an entry."""

    dn: str
    attributes: list[tuple[str, list[bytes]]]
    controls: Controls = ()


class Modify(NamedTuple):
    """Change an entry's attributes."""

    dn: str
    changes: list[Modification]
    controls: Controls = ()


class Rename(NamedTuple):
    """Give an entry another RDN, or another parent, or both."""

    dn: str
    rdn: str
    delete_old: bool
    superior: str | None = None
    controls: Controls = ()


class Delete(NamedTuple):
    """Delete an entry."""

    dn: str
    controls: Controls = ()


Request = Add | Modify | Rename | Delete


class Unfit(Exception):
    """The link cannot go on with what the server sends; another one may."""


class DirectoryLink(Protocol):
    """A bound connection. Everything but `start` waits; `ConnectionLost` and `Unfit` end its use.

    It waits as long as what comes leads on: an entry, a result. One search at a time: starting another one gives up
    what was not read of the last.
    """

    kind: str
    """Whose reader and writer it is, for a person."""

    @property
    def received(self) -> int:
        """How many bytes have come in all."""
        ...

    def start(self, search: Search) -> int:
        """Begin a search, and give the number by which its answers are asked for."""
        ...

    def answers(self, number: int) -> Iterator[list[Message]]:
        """Give what the server answers, in its order, some at a time; the last is the `Result`."""
        ...

    def execute(self, requests: Iterable[Request], in_flight: int) -> Iterator[tuple[int, Result]]:
        """Carry out requests that do not depend on each other; give (index, result) as the results come.

        The requests are made while others are waiting for their answers.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Filling:
    """Tells when what is read of a link fills a page: so many objects, or as many as come in `PAGE_BYTES` bytes."""

    def __init__(self, link: DirectoryLink, most: int) -> None:
        self._link = link
        self._most = most
        self._since = link.received

    def is_full(self, count: int) -> bool:
        """Tell whether so many objects, read since the last full page, fill one."""
        full = count >= self._most or self._link.received - self._since >= PAGE_BYTES
        if full:
            self._since = self._link.received
        return full


def find(link: DirectoryLink, search: Search) -> tuple[list[Message], Result]:
    """Give everything that a small search finds, and its result."""
    found: list[Message] = []
    for batch in link.answers(link.start(search)):
        found += batch
    result = found.pop()
    if not isinstance(result, Result):
        raise Unfit("a search ended without its result")
    return found, result


def texts_of(found: Iterable[Message], name: str) -> list[str]:
    """Give the values that an attribute has in all entries of an answer, as texts."""
    return [
        value.decode(errors="replace")
        for entry in found
        if isinstance(entry, Entry)
        for written, values in entry.attributes
        if usual(written.decode(errors="replace")) == usual(name)
        for value in values
    ]
