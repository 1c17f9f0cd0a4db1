"""What `interlock check` tells of a directory server: how it is reached, what it may be asked, read and written for."""

import ssl
import uuid
from collections.abc import Iterator

from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.base import CheckLine
from engine.connectors.directory_types import is_secret
from engine.connectors.ldap import results
from engine.connectors.ldap.filters import compiled
from engine.connectors.ldap.link import Add, Modify, Request, Search, Unfit, find
from engine.connectors.ldap.messages import Control, Entry, Result
from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.reading import Incomplete, Reading, base_of, read_pages
from engine.connectors.ldap.requests import ADD, BASE
from engine.connectors.ldap.schema import read_schema
from engine.connectors.ldap.session import ASSERTION, PAGED, PERMISSIVE, TREE_DELETE, Session
from engine.errors import ConnectionLost
from engine.values import dn
from engine.values.attribute_descriptions import normal, usual

NO_OPERATION = "1.3.6.1.4.1.4203.666.5.2"
"""Carry a request out as far as to its effect, and not further (OpenLDAP); a server that cannot refuses it."""
WOULD_HAVE = 16654
"""The result of a request that would have succeeded."""
CANNOT_TELL = frozenset({12, 17, 19, 21, 34, 53, 64, 65})
"""Results that say something of the request or its values, and nothing of what the account may do (RFC 4511 §4.1.9)."""
OPERATIONAL = frozenset(
    {
        "structuralobjectclass",
        "entryuuid",
        "entrycsn",
        "creatorsname",
        "createtimestamp",
        "modifiersname",
        "modifytimestamp",
    }
)
"""What OpenLDAP itself adds to an entry, in lower case."""
REFERRAL, UNWILLING = 10, 53
READ_ONLY = ("operation restricted", "shadow context", "read-only", "read only", "readonly")
"""What servers say that take no writes (OpenLDAP's `readonly` and its replicas, 389 Directory Server)."""
MAY_NOT = frozenset({50, 8, 13, 123})
Told = tuple[bool, str]
"""Whether something is as it should be, and what was found."""
SAMPLE = 5
"""Entries that are read of each type."""
_MEANINGS = (
    (PAGED, "paging", "any number of entries can be read", "a search ends at the server's size limit"),
    (
        ASSERTION,
        "assertions",
        "an entry that took another's place is noticed, not written",
        "an entry is looked at before it is written",
    ),
    (PERMISSIVE, "permissive modify", "values that are there already are no error", "such values are looked at again"),
    (TREE_DELETE, "tree delete", "delete_children takes one request", "delete_children deletes from the leaves on"),
)


def check_lines(session: Session, system: SystemConfig, reading: Reading, delta: str) -> Iterator[CheckLine]:
    """Look at an open session, and change nothing. `delta` says by what the server tells what has changed."""
    options: LdapOptions = system.options
    yield CheckLine(True, "connection", f"{options.url} as {options.who}")
    yield CheckLine(True, "TLS", _encryption(session, options))
    yield CheckLine(True, "client", f"read and written by {session.link.kind}")
    for base in dict.fromkeys(base_of(system, settings) for settings in system.objects.values()):
        _, result = find(session.link, Search(base, "(objectClass=*)", ["1.1"], BASE))
        message = base if result.code == 0 else f"{base}: {results.explain_result(result).message}"
        yield CheckLine(result.code == 0, "base", message)
    writing: dict[str, Told] = {}
    for kind, settings in system.objects.items():
        yield from _may_read(session, reading, kind, settings)
        base = base_of(system, settings)
        if session.offers.is_active_directory:
            ok, told = _may_write_in_domain(session, base, settings)
        else:
            ok, told = writing[base] = writing.get(base) or _may_write(session, base)
        yield CheckLine(ok, "write", f"{kind}: {told}")
    for control, name, meaning, without in _MEANINGS:
        lacking = without
        if control == ASSERTION and session.offers.is_active_directory:
            lacking = "entries are named by their objectGUID, wherever they stand"
        told = f"offered: {meaning}" if session.offers.has(control) else f"not offered: {lacking}"
        yield CheckLine(True, name, told)
    told = f"by {delta}" if delta else "not offered by the server: every import reads everything"
    yield CheckLine(True, "delta import", told)


def _encryption(session: Session, options: LdapOptions) -> str:
    socket = session.wire.socket if session.wire else None
    if isinstance(socket, ssl.SSLSocket):
        peer = socket.getpeercert() or {}
        names = [str(part[0][1]) for part in peer.get("issuer", ()) if part]
        until = peer.get("notAfter", "")
        return f"{socket.version()}, certificate by {names[-1] if names else 'nobody named'}, good until {until}"
    return "none: the connection does not leave this machine" if options.stays_here else "none: everybody can listen"


def _may_read(session: Session, reading: Reading, kind: str, settings: ObjectTypeConfig) -> Iterator[CheckLine]:
    search = reading.search_for(kind, frozenset())
    entries: list[Entry] = []
    try:
        for page in read_pages(session, search, SAMPLE):
            entries = [] if isinstance(page, Incomplete) else page
            break
    except Unfit as error:
        yield CheckLine(False, "read", f"{kind}: {error}")
        return
    if not entries:
        yield CheckLine(True, "read", f"{kind}: no entry with {search.filter} below {search.base} that may be seen")
        return
    named = sum(
        any(normal(name.decode(errors="replace")) == normal(settings.external_id) for name, _ in one.attributes)
        for one in entries
    )
    if named:
        yield CheckLine(True, "read", f"{kind}: entries are found, each with its {settings.external_id}")
    else:
        yield CheckLine(False, "read", f"{kind}: entries are found, but their {settings.external_id} may not be read")


def _may_write(session: Session, base: str) -> Told:
    """Try, without effect, whether entries may be created below a base."""
    probe = _twin(session, base)
    result = _tried(session, probe) if probe is not None else None
    if result is None or (result.code in CANNOT_TELL and not _is_read_only(result)):
        unmeant = _tried(session, _unmeant(base)) if session.offers.has(ASSERTION) else None
        result = unmeant if unmeant is not None and _is_read_only(unmeant) else result
    if probe is None and result is None:
        return True, f"not tried: {base} does not show all that OpenLDAP keeps"
    if result is None:
        return True, "not tried: ldap3 cannot read the answer"
    if _is_read_only(result):
        told = results.explain_result(result).message
        return False, f"the server takes no writes below {base}: point url at the one that does ({told})"
    if result.code == WOULD_HAVE:
        return True, f"entries may be created below {base} (tried without effect)"
    if result.code in CANNOT_TELL:
        return True, f"the server cannot tell whether entries may be created below {base}"
    error = results.explain_result(result, creating=True)
    return result.code not in MAY_NOT, f"creating an entry below {base} (tried without effect): {error.message}"


def _tried(session: Session, request: Request) -> Result | None:
    """Send a request that has no effect, and give what is answered; None where that cannot be read."""
    try:
        (_, result), *_ = session.beside.link.execute([request], 1)
    except ConnectionLost:  # ldap3 does not know the result, and its connection is of no use afterwards
        session.beside.close()
        return None
    return result


def _is_read_only(result: Result) -> bool:
    """Tell whether an answer means that this server is not the one to write to, such as a replica."""
    told = result.message.decode(errors="replace").lower()
    return result.code == REFERRAL or (result.code == UNWILLING and any(words in told for words in READ_ONLY))


def _unmeant(base: str) -> Request:
    """Give a change of the base that the server may only look at: it is asserted of an entry that is none."""
    nothing = Control(ASSERTION, critical=True, value=compiled("(!(objectClass=*))"))
    return Modify(base, [(ADD, "description", [b"interlock-check"])], [nothing])


def _twin(session: Session, base: str) -> Request | None:
    """Give a request without effect that creates an entry below the base; None where too little of that is known.

    The entry holds what the base holds, and no other attribute. A database that has never stored an attribute notes it
    when it first comes, and OpenLDAP's (back-mdb, 2.5) forgets that only by half if nothing came of the request: from
    then on it takes the attribute for another one.
    """
    found, _ = find(session.link, Search(base, "(objectClass=*)", ["*", "+"], BASE))
    held = [
        (name.decode(errors="replace"), list(values))
        for one in found
        if isinstance(one, Entry)
        for name, values in one.attributes
    ]
    rdn = dn.own_rdn(base) if base else []
    if len(rdn) != 1 or not {"objectclass", usual(rdn[0][0]), *OPERATIONAL} <= {usual(name) for name, _ in held}:
        return None
    value = f"interlock-check-{uuid.uuid4().hex[:12]}"
    server_owned = read_schema(session).read_only_among({name for name, _ in held})
    attributes = [
        (name, [value.encode()] if usual(name) == usual(rdn[0][0]) else values)
        for name, values in held
        if name not in server_owned and not is_secret(name)
    ]
    return Add(f"{rdn[0][0]}={value},{base}", attributes, [Control(NO_OPERATION, critical=True)])


def _may_write_in_domain(session: Session, base: str, settings: ObjectTypeConfig) -> Told:
    """Ask a domain controller what may be created below a base (MS-ADTS §3.1.1.4.5.21)."""
    found, _ = find(session.link, Search(base, "(objectClass=*)", ["allowedChildClassesEffective"], BASE))
    allowed = {
        value.decode(errors="replace").lower()
        for one in found
        if isinstance(one, Entry)
        for _, held in one.attributes
        for value in held
    }
    wanted = settings.options.object_class[-1]
    if wanted.lower() in allowed:
        return True, f"entries of class {wanted} may be created below {base}"
    return False, f"this account may not create entries of class {wanted} below {base}"
