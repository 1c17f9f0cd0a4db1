"""Read entries: searches in pages, with the next page asked for while the last one is made use of."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.base import ImportedObject, ImportPage, Unchanged
from engine.connectors.entries import EntryReader, Read
from engine.connectors.ldap import ber
from engine.connectors.ldap.active_directory import id_filter, is_exact
from engine.connectors.ldap.bases import Within
from engine.connectors.ldap.filters import escaped
from engine.connectors.ldap.link import MOST, MOST_OF_ONE, DirectoryLink, Filling, Search, Unfit, find
from engine.connectors.ldap.messages import Control, Entry, Result
from engine.connectors.ldap.options import LdapObjectOptions
from engine.connectors.ldap.ranges import rest_of
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.results import LIMITS, NO_SUCH_OBJECT, explain_result
from engine.connectors.ldap.schema import Schema, read_schema
from engine.connectors.ldap.session import PAGED, Session
from engine.errors import CannotConnect, ConnectionLost
from engine.values import dn
from storage.fingerprints import Fingerprints, Scope, fingerprint_of, scope_of

_NOWHERE = frozenset({0, NO_SUCH_OBJECT, 34})
"""Results that leave no doubt about what is there, and what is not."""
_PASSING = frozenset({51, 52})
"""Results that say nothing of the search itself: the server is busy, or going down."""

MOST_TIMES = 10
"""How many times as many entries as were asked for a page may hold: some servers do not take the size too seriously."""


class Incomplete(NamedTuple):
    """Why the rest of a search is missing."""

    reason: str


Pages = Iterator[list[Entry] | Incomplete]


def class_filter(settings: ObjectTypeConfig) -> str:
    """Give the filter that finds the entries of a type: those with all of its object classes."""
    options = settings.options
    classes = "".join(f"(objectClass={escaped(name)})" for name in options.object_class)
    return f"(&{classes}{options.filter if isinstance(options, LdapObjectOptions) else ''})"


def base_of(system: SystemConfig, settings: ObjectTypeConfig) -> str:
    """Give the DN below which the entries of a type stand."""
    base: str = settings.options.base or system.options.base
    return base


def read_pages(session: Session, search: Search, size: int) -> Pages:
    """Search in pages; one of very large entries comes in parts.

    A limit, a page that the server does not find its way back to, or one that comes again, ends it as incomplete.
    Raises `CannotConnect` where the base does not exist, `ConnectionLost` (also where pages come, and no entry for as
    long as the session waits) or `Unfit`.
    """
    link, paging = session.link, session.offers.has(PAGED)
    search = search._replace(most=max(size * MOST_TIMES, MOST_OF_ONE)) if paging else search
    number = link.start(_paged(search, size, b"") if paging else search)
    turning = Turning(session)
    first = True
    while True:
        cookie: bytes | None = None
        for part in turning.parts(link, number):
            problem = part.problem
            if part.result is not None and problem is None:
                cookie = _cookie(part.result)
                problem = _problem(session, search, part.result, cookie, first=first)
                if problem is None and cookie:
                    number = link.start(_paged(search, size, cookie))
            yield part.entries
            if problem is not None:
                yield problem
                return
        if not cookie:
            return
        first = False


def _paged(search: Search, size: int, cookie: bytes) -> Search:
    value = ber.sequence([ber.integer(size), ber.octets(cookie)])
    return search._replace(controls=[*search.controls, Control(PAGED, critical=False, value=value)])


class Part(NamedTuple):
    """A page, or a part of it."""

    entries: list[Entry]
    result: Result | None
    """How the page ended; None where more of it follows."""
    problem: Incomplete | None = None
    """Why the search does not lead on."""


class Turning:
    """Turns the pages of one search, as long as that leads on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._empty = 0.0
        """For how many seconds pages came without an entry."""
        self._begun: set[bytes] = set()
        """The DNs with which pages began."""

    def parts(self, link: DirectoryLink, number: int) -> Iterator[Part]:
        """Give the entries of one answer, and with the last of them its result.

        Raises `ConnectionLost` after too many seconds without an entry.
        """
        began, filling = monotonic(), Filling(link, MOST)
        entries: list[Entry] = []
        problem: Incomplete | None = None
        is_first = True
        for batch in link.answers(number):
            entries += [one for one in batch if type(one) is Entry]
            result = batch[-1] if isinstance(batch[-1], Result) else None
            if result is None and not (entries and filling.is_full(len(entries))):
                continue
            if is_first:
                is_first, problem = False, self._problem(entries)
                self._judge(entries, began)
            yield Part(entries, result, problem)
            entries = []

    def page(self, link: DirectoryLink, number: int) -> tuple[list[Entry], Result]:
        """Collect the entries of one answer. Raises what `parts` raises."""
        entries: list[Entry] = []
        for part in self.parts(link, number):
            entries += part.entries
            if part.result is not None:
                return entries, part.result
        raise ConnectionLost("a search ended without its result")

    def _judge(self, entries: list[Entry], began: float) -> None:
        """Count the seconds in which pages came without an entry. Raises `ConnectionLost`."""
        self._empty = 0.0 if entries else self._empty + monotonic() - began
        if self._empty > self._session.options.timeout:
            raise ConnectionLost(
                f"{self._session.options.url} gave pages without entries for {self._session.options.timeout:g} s, and "
                "said each time that there is more: look into its log, or set a longer timeout"
            )

    def _problem(self, entries: list[Entry]) -> Incomplete | None:
        """Tell a page that came before: cookies say nothing, as some servers give the same for all of a search."""
        if not entries:
            return None
        if entries[0].dn in self._begun:
            shown = entries[0].dn.decode(errors="replace")
            told = f"{self._session.options.url} gave the page that begins with '{shown}' again: look into its log"
            return Incomplete(told)
        self._begun.add(entries[0].dn)
        return None


def _cookie(result: Result) -> bytes | None:
    """Give the cookie of the next page, empty after the last one, None where the server does not page."""
    for control in result.controls:
        if control.oid == PAGED and control.value is not None:
            try:
                return ber.text(control.value, ber.inside(control.value)[1])
            except (ber.WireError, IndexError) as error:
                raise Unfit(f"a page's control cannot be read: {error}") from error
    return None


def _problem(
    session: Session, search: Search, result: Result, cookie: bytes | None, *, first: bool
) -> Incomplete | None:
    """Tell why there is no next page, or this one is not whole, though nobody said that it is the last."""
    if result.code == 0:
        lost = not first and cookie is None
        return Incomplete(f"{search.base}: the server lost its place between two pages") if lost else None
    told = f"{search.base}: {explain_result(result).message}"
    if result.code == NO_SUCH_OBJECT and first:
        raise CannotConnect(f"'{session.name}': the base '{search.base}' does not exist")
    if result.code in _PASSING or (first and result.code not in LIMITS):
        raise ConnectionLost(f"'{session.name}': {told}")
    return Incomplete(told)


class Reading:
    """Reads the entries of a system's types as objects."""

    def __init__(self, session: Session, system: SystemConfig) -> None:
        self._session = session
        self._system = system
        self._schema: Schema | None = None

    def _other_names(self, name: str) -> list[str]:
        """Give what the server's schema calls an attribute besides; read when the first unknown name comes."""
        if self._schema is None:
            self._schema = read_schema(self._session.beside)
        return self._schema.names_of(name)

    def search_for(self, kind: str, used: frozenset[str]) -> Search:
        """Give the search that finds every entry of a type, with what is used of it."""
        settings = self._system.objects[kind]
        wanted = sorted({*used, settings.external_id} - {"dn"})
        offers = self._session.offers
        return Search(base_of(self._system, settings), class_filter(settings), wanted, controls=offers.manage())

    def pages(
        self, kind: str, used: frozenset[str], size: int, known: Fingerprints
    ) -> Iterator[ImportPage | Incomplete]:
        """Read the entries of a type, as many at a time as are stored at once: the server's pages may be smaller.

        Entries whose fingerprint is known are not read. Raises what `read_pages` raises.
        """
        search, make = self.search_for(kind, used)._replace(read_attributes=_as_it_came), self.maker(kind, used)
        filling = Filling(self._session.link, size)
        scope = scope_of(kind.encode())
        page: list[ImportedObject] = []
        unchanged: list[Unchanged] = []
        for found in read_pages(self._session, search, min(size, self._session.options.page_size)):
            if isinstance(found, Incomplete):
                yield ImportPage(page, unchanged=unchanged)
                yield found
                return
            for entry in found:
                one = _recalled(entry, scope, known, make)
                (unchanged if isinstance(one, Unchanged) else page).append(one)  # type: ignore[arg-type]
            if filling.is_full(len(page) + len(unchanged)):
                yield ImportPage(page, unchanged=unchanged)
                page, unchanged = [], []
        if page or unchanged:
            yield ImportPage(page, unchanged=unchanged)

    def maker(self, kind: str, used: frozenset[str]) -> "Maker":
        """Give what makes objects of a type's entries."""
        settings = self._system.objects[kind]
        reader = EntryReader(kind, settings, used, names=self._other_names, tell=self._session.tell)
        return Maker(kind, reader, base_of(self._system, settings), self._session)

    def one(
        self, kind: str, external_id: str | None, secondary_id: str | None, used: frozenset[str]
    ) -> ImportedObject | None:
        """Look one entry up by its primary id, or else by its DN."""
        search, make = self.search_for(kind, used), self.maker(kind, used)
        found: list[ImportedObject] = []
        if external_id is not None:
            found = self._with_id(search, self._system.objects[kind], external_id, make)
        if not found and secondary_id is not None:
            at = search._replace(base=secondary_id, scope=BASE, filter="(objectClass=*)")
            found = [make(entry) for entry in self._find(at)]
        return found[0] if found else None

    def _with_id(
        self, search: Search, settings: ObjectTypeConfig, external_id: str, make: "Maker"
    ) -> list[ImportedObject]:
        """Find the entries with an external id; a value that can be written in many ways is looked for in all."""
        found = [make(entry) for entry in self._find(search._replace(filter=id_filter(settings, external_id)))]
        if found or is_exact(settings):
            return found
        every = search._replace(filter=f"(&{search.filter}({settings.external_id}=*))")
        return self._session.read(lambda _: self._among(every, external_id, make))

    def _among(self, search: Search, external_id: str, make: "Maker") -> list[ImportedObject]:
        """Read what a search finds, one page after the other, and give the entries with an external id."""
        found: list[ImportedObject] = []
        for page in read_pages(self._session, search, self._session.options.page_size):
            if isinstance(page, Incomplete):
                raise ConnectionLost(f"'{self._session.name}': {page.reason}")
            found += [one for one in map(make, page) if one.external_id == external_id]
        return found

    def is_there(self, kind: str, external_id: str, entry_dn: str) -> bool:
        """Tell whether a DN names the entry with an external id."""
        settings = self._system.objects[kind]
        search = Search(entry_dn, "(objectClass=*)", [settings.external_id], BASE)
        if is_exact(settings):
            search = search._replace(filter=id_filter(settings, external_id), attributes=["1.1"])
            return bool(self._entries(search))
        make = self.maker(kind, frozenset())
        return any(make(entry).external_id == external_id for entry in self._entries(search))

    def exists(self, name: str) -> bool:
        """Tell whether a name names an entry."""
        return bool(self._entries(Search(name, "(objectClass=*)", ["1.1"], BASE)))

    def _entries(self, search: Search) -> list[Entry]:
        found, _ = find(self._session.link, search)
        return [one for one in found if isinstance(one, Entry)]

    def _find(self, search: Search) -> list[Entry]:
        found, result = self._session.read(lambda link: find(link, search))
        if result.code not in _NOWHERE:
            raise ConnectionLost(f"'{self._session.name}': {search.base}: {explain_result(result).message}")
        return [one for one in found if isinstance(one, Entry)]


def _as_it_came(data: bytes, position: int, limit: int) -> bytes:
    """Give the attributes of an entry unread."""
    return data[position:limit]


def _recalled(entry: Entry, scope: Scope, known: Fingerprints, make: "Maker") -> ImportedObject | Unchanged:
    """Make the object of an entry that came unread, unless its fingerprint is known."""
    if not isinstance(entry.attributes, bytes):  # from a link that reads by itself
        return make(entry)
    fingerprint = fingerprint_of(scope, b"%d %b%b" % (len(entry.dn), entry.dn, entry.attributes))
    if cso_id := known.cso_of(fingerprint):
        return Unchanged(fingerprint, cso_id)
    return make(entry, fingerprint)


class Maker:
    """Makes the objects of one type from the entries of a search."""

    def __init__(self, kind: str, reader: EntryReader, base: str, session: Session) -> None:
        self._kind = kind
        self._reader = reader
        self._within = Within(base)
        self._partition = dn.key(base)
        self._session = session

    def __call__(self, entry: Entry, fingerprint: bytes | None = None) -> ImportedObject:
        """Make the object of an entry; it has the fingerprint, unless more than the entry had to be read for it.

        Raises `Unfit` for what cannot be read.
        """
        name, wrong = dn.from_bytes(entry.dn)
        read = self._read(entry.attributes)
        fingerprint = None if read.unread else fingerprint
        for attribute, start in read.unread:
            rest = rest_of(self._session.beside, name, attribute, start)
            read = self._reader.add_rest(read, attribute, rest)
        one = self._reader.object_of(name, read._replace(wrong=wrong or read.wrong), name)
        one.partition, one.fingerprint = self._partition, fingerprint
        if one.error is None and not self._within(name):
            one.attributes, one.error = {}, self._within.error_of(name, self._kind)
        return one

    def _read(self, attributes: Any) -> Read:
        """Read the attributes of an entry, be they as they came or taken apart already. Raises `Unfit`."""
        if not isinstance(attributes, bytes):
            return self._reader.read_listed(attributes)
        try:
            return self._reader.read_encoded(attributes, 0, len(attributes))
        except ber.WireError as error:
            raise Unfit(str(error)) from error
        except IndexError:
            raise Unfit("a value ends after the message") from None
