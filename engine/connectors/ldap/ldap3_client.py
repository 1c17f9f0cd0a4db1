"""ldap3's own reader and writer behind the same seam: slower, and there where ours does not apply."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException

from engine.connectors.ldap import ber, requests
from engine.connectors.ldap.connecting import close
from engine.connectors.ldap.link import Add, Delete, Modify, Rename, Request, Search
from engine.connectors.ldap.messages import Control, Entry, Intermediate, Message, Reference, Result
from engine.errors import ConnectionLost

_VERBS = {
    requests.ADD: ldap3.MODIFY_ADD,
    requests.DELETE: ldap3.MODIFY_DELETE,
    requests.REPLACE: ldap3.MODIFY_REPLACE,
}
_BY_LDAP3 = (LDAPException, OSError, LookupError, ValueError, TypeError, AttributeError)
"""What ldap3 raises when a connection breaks, or when it cannot read what came."""


class Ldap3Link:
    """A `DirectoryLink` that leaves everything to ldap3, one operation after the other."""

    kind = "ldap3"

    def __init__(self, connection: Any) -> None:
        """Take a bound connection with the synchronous strategy."""
        self._connection = connection
        self._searches: list[Search] = []

    def start(self, search: Search) -> int:
        self._searches.append(search)
        return len(self._searches) - 1

    def answers(self, number: int) -> Iterator[list[Message]]:
        search = self._searches[number]
        scope = ldap3.BASE if search.scope == requests.BASE else ldap3.SUBTREE
        try:
            self._connection.search(
                search.base,
                search.filter,
                scope,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(search.attributes),
                controls=_given(search.controls),
            )
            found = [_message(number, one) for one in self._connection.response or []]
            result = _result(number, self._connection.result)
        except _BY_LDAP3 as error:
            raise _lost(error) from error
        yield [*found, result]

    def execute(self, requests: Iterable[Request], in_flight: int) -> Iterator[tuple[int, Result]]:
        for index, request in enumerate(requests):
            try:
                self._send(request)
                result = _result(index, self._connection.result)
            except _BY_LDAP3 as error:
                raise _lost(error) from error
            yield index, result

    def close(self) -> None:
        close(self._connection)

    def _send(self, request: Request) -> None:
        connection = self._connection
        match request:
            case Add(dn, attributes, controls):
                connection.add(dn, attributes=dict(attributes), controls=_given(controls))
            case Modify(dn, changes, controls):
                told: dict[str, list[tuple[str, list[bytes]]]] = {}
                for verb, name, values in changes:
                    told.setdefault(name, []).append((_VERBS[verb], values))
                connection.modify(dn, told, controls=_given(controls))
            case Rename(dn, rdn, delete_old, superior, controls):
                connection.modify_dn(
                    dn, rdn, delete_old_dn=delete_old, new_superior=superior, controls=_given(controls)
                )
            case Delete(dn, controls):
                connection.delete(dn, controls=_given(controls))


def _lost(error: Exception) -> ConnectionLost:
    return ConnectionLost(f"the connection broke, or ldap3 could not read what came: {error or type(error).__name__}")


def _given(controls: Sequence[Control]) -> list[tuple[str, bool, bytes | None]] | None:
    return [(control.oid, control.critical, control.value) for control in controls] or None


def _message(number: int, one: dict[str, Any]) -> Message:
    controls = _read(one.get("controls"))
    match one["type"]:
        case "searchResEntry":
            held = [(name.encode(), list(values)) for name, values in one["raw_attributes"].items()]
            return Entry(number, bytes(one["raw_dn"]), held, controls)
        case "searchResRef":
            return Reference(number, [url.encode() for url in one["uri"]], controls)
        case _:
            name, value = one.get("responseName"), one.get("responseValue")
            return Intermediate(number, name.encode() if isinstance(name, str) else name, value, controls)


def _result(number: int, result: dict[str, Any]) -> Result:
    return Result(
        number,
        int(result["result"]),
        str(result.get("dn") or "").encode(),
        str(result.get("message") or "").encode(),
        [url.encode() for url in result.get("referrals") or ()],
        controls=_read(result.get("controls")),
    )


def _read(controls: dict[str, Any] | None) -> tuple[Control, ...]:
    """Give controls with their values as they were sent; those of pages are decoded by ldap3, and encoded again."""
    found = []
    for oid, one in (controls or {}).items():
        value = one["value"]
        if isinstance(value, dict) and "cookie" in value and "size" in value:
            value = ber.sequence([ber.integer(value["size"]), ber.octets(value["cookie"])])
        found.append(Control(oid, bool(one["criticality"]), value if isinstance(value, bytes) else None))
    return tuple(found)
