"""OpenLDAP's access log (slapo-accesslog): who was written, and who was deleted."""

import uuid
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from engine.connectors.ldap.link import Search, find
from engine.connectors.ldap.messages import Entry
from engine.connectors.ldap.reading import Incomplete, read_pages
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.session import Session

PAGE = 1000
_WRITES = "(objectClass=auditWriteObject)(reqResult=0)"


class Log(NamedTuple):
    """What was written since a moment: the entryUUIDs of what is still there, and of what was deleted."""

    touched: list[str]
    deleted: list[str]
    last: str


class PartlyReadable(Exception):
    """The server does not give the whole log."""


class AccessLog:
    """The log that a server names in the topmost entry of what it is about."""

    def __init__(self, session: Session, about: str) -> None:
        """Take a connection, and a DN below which the changes are of interest."""
        self._session = session
        self._about = about

    @cached_property
    def base(self) -> str:
        """The DN of the log; empty where there is none."""
        above = self._session.context_of(self._about)
        if above is None:
            return ""
        found, _ = self._session.read(lambda link: find(link, Search(above, "(objectClass=*)", ["auditContext"], BASE)))
        named = [_line(entry).get("auditcontext", "") for entry in found if isinstance(entry, Entry)]
        return next(iter(named), "")

    def last(self) -> str | None:
        """Give the moment of the latest write in the log; None where there is none, or no right to read all of it."""
        if not self.base:
            return None
        try:
            found = [line["reqstart"] for line in self._lines(f"(&{_WRITES})", ["reqStart"]) if "reqstart" in line]
        except PartlyReadable:
            return None
        return max(found, default=None)

    def since(self, moment: str) -> Log | str:
        """Give what was written from a moment on; a text says why that cannot be told."""
        if not self.base:
            return "the server keeps no access log any more"
        try:
            return self._since(moment)
        except PartlyReadable as error:
            return f"the access log cannot be read to its end: {error}"

    def _since(self, moment: str) -> Log | str:
        latest: dict[str, str] = {}
        last, known = moment, False
        for line in self._lines(f"(&{_WRITES}(reqStart>={moment}))", ["reqStart", "reqType", "reqEntryUUID"]):
            if (identity := line.get("reqentryuuid")) is None:
                return "the access log does not tell whom it is about"
            if not {"reqstart", "reqtype"} <= line.keys() or not is_uuid(identity):
                return "the access log holds what cannot be read"
            known = known or line["reqstart"] == moment
            last = max(last, line["reqstart"])
            latest[identity] = line["reqtype"]
        if not known:
            return "the access log does not reach back so far"
        deleted = [identity for identity, kind in latest.items() if kind == "delete"]
        return Log([identity for identity in latest if latest[identity] != "delete"], deleted, last)

    def _lines(self, filter_: str, names: list[str]) -> Iterator[dict[str, str]]:
        """Give what the log holds. Raises `PartlyReadable` where that is not all."""
        for page in read_pages(self._session, Search(self.base, filter_, names), PAGE):
            if isinstance(page, Incomplete):
                raise PartlyReadable(page.reason)
            yield from (_line(entry) for entry in page)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _line(entry: Entry) -> dict[str, str]:
    return {
        name.decode(errors="replace").lower(): values[0].decode(errors="replace")
        for name, values in entry.attributes
        if values
    }
