"""Delta imports: what a server says has changed since a watermark, by content synchronisation or by its access log.

Only what a server explicitly says was deleted counts as deleted. A server that can only list what is still there
(the present phase of RFC 4533 §3.3.2) gives no delta: everything is read instead, and the five gates decide.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.configuration.models import SystemConfig
from engine.connectors.base import Deleted, ImportedObject, ImportEnd, ImportPage, ImportRequest
from engine.connectors.ldap import content_sync
from engine.connectors.ldap.access_log import AccessLog, Log
from engine.connectors.ldap.active_directory import GUID, id_filter, id_of_guid
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.dirsync import DirectoryChanges
from engine.connectors.ldap.link import Filling, Search, Unfit, find, texts_of
from engine.connectors.ldap.messages import Entry, Intermediate, Message, Result
from engine.connectors.ldap.reading import Reading, base_of
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.results import explain_result
from engine.connectors.ldap.session import SYNC, Session
from engine.errors import ConnectionLost
from engine.values.attribute_descriptions import usual
from storage.documents import decode, encode, fingerprint

ID = "entryuuid"
"""The external id by which servers tell what was deleted; Active Directory's is another."""
AT_ONCE = 50
"""How many entries are looked up in one search."""


class NoDelta(NamedTuple):
    """Why everything has to be read."""

    reason: str


Changes = Iterator[ImportPage | ImportEnd | NoDelta]


class Delta:
    """What changed in one system; a watermark is a text that only this class reads."""

    def __init__(self, session: Session, system: SystemConfig, reading: Reading) -> None:
        self._session = session
        self._system = system
        self._reading = reading
        self._log = AccessLog(session, system.options.base)
        self._domain = DirectoryChanges(session)

    def offer(self) -> str:
        """Tell how the server says what changed; empty where it does not."""
        known = GUID if self._session.offers.is_active_directory else ID
        if any(usual(settings.external_id) != known for settings in self._system.objects.values()):
            return ""
        if known == GUID:
            return self._domain.offer()
        if self._session.offers.has(SYNC):
            return "content synchronisation (syncrepl)"
        return f"the access log {self._log.base}" if self._log.base else ""

    def mark(self, request: ImportRequest) -> str | None:
        """Give the watermark of this moment, before anything is read; None where the server has none."""
        found: dict[str, Any] = {"for": self._fingerprint(request)}
        if not self.offer():
            return None
        if self._session.offers.is_active_directory:
            last = self._domain.last()
            return encode({"for": found["for"], "domain": last}) if last else None
        if self._session.offers.has(SYNC):
            found["cookies"] = {kind: self._cookie(kind) for kind in request.types}
            if all(found["cookies"].values()):
                return encode(found)
        if (last := self._log.last()) is not None:
            return encode({"for": found["for"], "log": last})
        return None

    def _fingerprint(self, request: ImportRequest) -> str:
        """Give what a watermark is good for: another server, other types or attributes need everything once."""
        searches = [self._reading.search_for(kind, used) for kind, used in sorted(request.types.items())]
        told = [f"{one.base}\0{one.filter}\0{','.join(one.attributes)}" for one in searches]
        return fingerprint(self._session.options.url, *told).hex()

    def _cookie(self, kind: str) -> str | None:
        """Make a cookie of the contextCSN, as OpenLDAP writes them (slapd's `rid=…,csn=…`)."""
        above = self._session.context_of(base_of(self._system, self._system.objects[kind]))
        if above is None:
            return None
        search = Search(above, "(objectClass=*)", ["contextCSN"], BASE)
        found, _ = self._session.read(lambda link: find(link, search))
        values = texts_of(found, "contextCSN")
        return f"rid=000,csn={';'.join(values)}" if values else None

    def changes(self, request: ImportRequest, size: int) -> Changes:
        """Give what changed since the request's watermark, then an `ImportEnd`; or why that cannot be told."""
        mark = decode(request.watermark or "{}")
        if mark.get("for") != self._fingerprint(request):
            yield NoDelta("the configuration asks for something else than it did then")
        elif "cookies" in mark and self._session.offers.has(SYNC):
            yield from self._by_sync(request, mark, size)
        elif "log" in mark:
            yield from self._by_log(request, mark, "log", self._log.since(mark["log"]), size)
        elif "domain" in mark and self._session.offers.is_active_directory:
            searches = [self._reading.search_for(kind, used) for kind, used in request.types.items()]
            names = {name for one in searches for name in one.attributes}
            changed = self._domain.since(mark["domain"], (one.filter for one in searches), names)
            yield from self._by_log(request, mark, "domain", changed, size)
        else:
            yield NoDelta("the server does not offer content synchronisation any more")

    # -------------------------------------------------------------- content synchronisation

    def _by_sync(self, request: ImportRequest, mark: dict[str, Any], size: int) -> Changes:
        cookies = dict(mark["cookies"])
        for kind, used in request.types.items():
            search = self._reading.search_for(kind, used)
            search = search._replace(controls=[*search.controls, content_sync.request(cookies[kind])])
            for event in self._refresh(kind, used, search, size):
                if isinstance(event, str):
                    cookies[kind] = event or cookies[kind]
                else:
                    yield event
                    if isinstance(event, NoDelta):
                        return
        yield ImportEnd(complete=True, full=False, watermark=encode(mark | {"cookies": cookies}))

    def _refresh(
        self, kind: str, used: frozenset[str], search: Search, size: int
    ) -> Iterator[ImportPage | NoDelta | str]:
        """Follow one refresh: pages, then the new cookie (empty if nothing is new); or why there is no delta."""
        make = self._reading.maker(kind, used)
        objects: list[ImportedObject] = []
        deleted: list[Deleted] = []
        link = self._session.link
        filling = Filling(link, size)
        for batch in link.answers(link.start(search)):
            for message in batch:
                try:
                    read = _read(message)
                except WireError as error:
                    raise Unfit(str(error)) from error
                if isinstance(read, NoDelta | str):
                    if objects or deleted:
                        yield ImportPage(objects, deleted=deleted)
                    yield read
                    return
                deleted += self._deleted(kind, read)
                if isinstance(message, Entry) and not read:
                    objects.append(make(message))
            if filling.is_full(len(objects) + len(deleted)):
                yield ImportPage(objects, deleted=deleted)
                objects, deleted = [], []
        raise ConnectionLost(f"'{self._session.name}': the refresh stopped before its end")

    # -------------------------------------------------------------- a log of who was changed, and who was deleted

    def _by_log(self, request: ImportRequest, mark: dict[str, Any], key: str, log: Log | str, size: int) -> Changes:
        """Read anew whoever was changed, and give whoever was deleted; the mark is kept under its key."""
        if isinstance(log, str):
            yield NoDelta(log)
            return
        for kind, used in request.types.items():
            if log.deleted:
                yield ImportPage([], deleted=self._deleted(kind, log.deleted))
            for page in self._named(kind, used, log.touched, size):
                yield ImportPage(page)
        yield ImportEnd(complete=True, full=False, watermark=encode(mark | {key: log.last}))

    def _deleted(self, kind: str, ids: list[str]) -> list[Deleted]:
        """Say of some GUIDs which objects they are."""
        return [Deleted(kind, id_of_guid(self._system.objects[kind], one)) for one in ids]

    def _named(self, kind: str, used: frozenset[str], ids: list[str], size: int) -> Iterator[list[ImportedObject]]:
        """Read those entries of a type that have some ids, page by page."""
        search = self._reading.search_for(kind, used)
        make = self._reading.maker(kind, used)
        settings = self._system.objects[kind]
        filling = Filling(self._session.link, size)
        found: list[ImportedObject] = []
        for start in range(0, len(ids), AT_ONCE):
            either = "".join(id_filter(settings, id_of_guid(settings, one)) for one in ids[start : start + AT_ONCE])
            named = search._replace(filter=f"(&{search.filter}(|{either}))")
            messages, result = find(self._session.link, named)
            if result.code != 0:
                raise ConnectionLost(f"'{self._session.name}': {explain_result(result).message}")
            found += [make(one) for one in messages if isinstance(one, Entry)]
            if filling.is_full(len(found)):
                yield found
                found = []
        if found:
            yield found


def _read(message: Message) -> list[str] | NoDelta | str:
    """Tell what one message of a refresh means: who was deleted, the new cookie at the end, or no delta."""
    match message:
        case Entry():
            state, identity = content_sync.state(message.controls) or (content_sync.MODIFY, "")
            return [identity] if state == content_sync.DELETE else []
        case Intermediate(name=content_sync.INFO, value=bytes(value)):
            told = content_sync.info(value)
            if told.present:
                return NoDelta("the server keeps no record of what was deleted since (see syncprov-sessionlog)")
            return told.deleted
        case Result():
            return _ended(message)
        case _:
            return []


def _ended(result: Result) -> NoDelta | str:
    if result.code != 0:
        return NoDelta(explain_result(result).message)
    done = content_sync.done(result.controls)
    if done is None:
        return NoDelta("the server took the search for an ordinary one")
    if not done.deletes:
        return NoDelta("the server keeps no record of what was deleted since (see syncprov-sessionlog)")
    if done.cookie == "":
        return NoDelta("the server does not know where the last import ended")
    return done.cookie or ""
