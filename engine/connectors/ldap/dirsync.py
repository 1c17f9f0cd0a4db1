"""What changed in Active Directory: by DirSync, or by update sequence numbers where an account may not use that."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from engine.connectors.ldap import ber
from engine.connectors.ldap.access_log import Log
from engine.connectors.ldap.link import Search, find
from engine.connectors.ldap.messages import Control, Entry, Result
from engine.connectors.ldap.reading import Incomplete, Turning, read_pages
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.results import explain_result
from engine.connectors.ldap.session import DIRSYNC, Session
from engine.errors import ConnectionLost
from engine.values.windows import guid_text
from storage.documents import decode, encode

SHOW_DELETED = "1.2.840.113556.1.4.417"
"""Tombstones are found as well (MS-ADTS §3.1.1.3.4.1.14)."""
MOST_BYTES = 1_000_000
PAGE = 1000
NOT_GRANTED = frozenset({8, 50, 53})
"""Results that say that this account may not use DirSync."""
NOTHING = "(&(objectGUID=\\00)(!(objectClass=*)))"


class DirectoryChanges:
    """The changes of the domain that a controller holds; a mark is a text that only this class reads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _domain(self) -> str:
        return next(iter(self._session.offers.root.get("defaultnamingcontext", ())), "")

    @property
    def _server(self) -> str:
        return next(iter(self._session.offers.root.get("dsservicename", ())), "")

    def offer(self) -> str:
        """Tell how the server says what changed; empty where it does not."""
        if not self._domain:
            return ""
        return "DirSync" if self._session.offers.has(DIRSYNC) else "update sequence numbers (uSNChanged)"

    def last(self) -> str | None:
        """Give a mark of this moment; None where there is none."""
        usn = encode({"usn": self._highest(), "server": self._server})
        if not self._session.offers.has(DIRSYNC):
            return usn
        found = self._dirsync(NOTHING, ["objectGUID"], b"")
        return encode({"dirsync": found[1].hex()}) if not isinstance(found, Result) else usn

    def since(self, mark: str, filters: Iterable[str], attributes: Iterable[str]) -> Log | str:
        """Give what was changed and deleted since a mark, of what any of some filters finds; a text says why not."""
        before: dict[str, Any] = decode(mark)
        either = f"(|(isDeleted=TRUE){''.join(filters)})"  # a tombstone keeps little to find it by
        if "dirsync" in before:
            return self._by_dirsync(before, either, attributes)
        if before.get("server") != self._server:
            return "another domain controller answers than did then, and each has numbers of its own"
        return self._by_number(before, either)

    # -------------------------------------------------------------- DirSync (MS-ADTS §3.1.1.3.4.1.3)

    def _by_dirsync(self, before: dict[str, Any], either: str, attributes: Iterable[str]) -> Log | str:
        wanted = sorted({*attributes, "objectGUID", "isDeleted", "name", "parentGUID"})
        found = self._dirsync(either, wanted, bytes.fromhex(before["dirsync"]))
        if isinstance(found, Result):
            return explain_result(found).message
        return _log(found[0], encode({"dirsync": found[1].hex()}))

    def _dirsync(self, filter_: str, attributes: list[str], cookie: bytes) -> tuple[list[Entry], bytes] | Result:
        """Follow DirSync to its end: what it gives, and the next cookie; the result where it is refused."""
        entries: list[Entry] = []
        turning = Turning(self._session)
        while True:
            value = ber.sequence([ber.integer(0), ber.integer(MOST_BYTES), ber.octets(cookie)])
            control = Control(DIRSYNC, critical=True, value=value)
            search = Search(self._domain, filter_, attributes, controls=[control])
            link = self._session.link
            found, result = turning.page(link, link.start(search))
            if result.code != 0:
                return result
            entries += found
            more, cookie = _answer(result)
            if not more:
                return entries, cookie

    # -------------------------------------------------------------- update sequence numbers (MS-ADTS §3.1.1.1.9)

    def _by_number(self, before: dict[str, Any], either: str) -> Log | str:
        now = encode({"usn": self._highest(), "server": self._server})
        later = f"(uSNChanged>={int(before['usn']) + 1})"
        search = Search(self._domain, f"(&{later}{either})", ["objectGUID", "isDeleted"])
        gone = search._replace(filter=f"(&{later}(isDeleted=TRUE))", controls=[Control(SHOW_DELETED, critical=True)])
        entries: list[Entry] = []
        for one in (search, gone):
            for page in read_pages(self._session, one, PAGE):
                if isinstance(page, Incomplete):
                    return page.reason
                entries += page
        return _log(entries, now)

    def _highest(self) -> int:
        search = Search("", "(objectClass=*)", ["highestCommittedUSN"], BASE)
        found, _ = self._session.read(lambda link: find(link, search))
        for one in found:
            if isinstance(one, Entry) and one.attributes:
                with suppress(ValueError, IndexError):
                    return int(one.attributes[0][1][0])
        raise ConnectionLost(f"'{self._session.name}': the server does not tell its highest update sequence number")


def _answer(result: Result) -> tuple[bool, bytes]:
    """Read the control of an answer: whether there is more, and the cookie to go on with."""
    for control in result.controls:
        if control.oid == DIRSYNC and control.value is not None:
            with suppress(ber.WireError, IndexError):
                heads = ber.inside(control.value)
                return ber.number(control.value, heads[0]) != 0, ber.text(control.value, heads[2])
    raise ConnectionLost("the answer to DirSync has no cookie that can be read")


def _log(entries: list[Entry], last: str) -> Log:
    touched, deleted = dict[str, None](), dict[str, None]()
    for entry in entries:
        held = {name.decode(errors="replace").lower(): values for name, values in entry.attributes}
        if len(raw := (held.get("objectguid") or [b""])[0]) != 16:
            continue
        gone = [value.upper() for value in held.get("isdeleted", [])] == [b"TRUE"]
        (deleted if gone else touched)[guid_text(raw)] = None
    return Log([one for one in touched if one not in deleted], list(deleted), last)
