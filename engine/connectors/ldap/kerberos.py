"""Bind by Kerberos: SASL's mechanism GSSAPI (RFC 4752); both sides prove who they are, and no layer of its own is used.

TLS encrypts what follows; the ticket is bound to its channel (RFC 5929, `tls-server-end-point`).
"""

import hashlib
import ssl
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from engine.connectors.ldap import ber
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.messages import Result
from engine.errors import CannotConnect, CredentialsRefused

_GOES_ON = 14
"""saslBindInProgress."""
_NO_LAYER = 1
_UNREACHABLE = ("Cannot contact any KDC", "Cannot find KDC")
_SIGNED_BY = {
    b"\x2a\x86\x48\xce\x3d\x04\x03\x03": "sha384",  # ecdsa-with-SHA384
    b"\x2a\x86\x48\xce\x3d\x04\x03\x04": "sha512",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c": "sha384",  # sha384WithRSAEncryption
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d": "sha512",
}
"""Algorithms of signatures (RFC 5758, 4055) whose hash a channel is bound by; of all others it is SHA-256."""
Ask = Callable[[bytes], Result]
"""Sends the credentials of one step, and gives the server's answer."""


class Ticket(NamedTuple):
    """Who we are for Kerberos, and to whom we speak."""

    host: str
    principal: str = ""
    """Our own name; by default that of the tickets, or the first of the keytab."""
    keytab: Path | None = None
    """What tickets are asked for with; by default those of the process are taken (`kinit`)."""


def bind_by_ticket(ticket: Ticket, encrypted: ssl.SSLSocket | None, ask: Ask) -> Result:
    """Bind; give the server's last answer. Raises `CredentialsRefused` or `CannotConnect`, or what `ask` raises."""
    try:
        import gssapi  # noqa: PLC0415 - an extra
    except ImportError as error:
        told = f'sasl = "gssapi" takes Kerberos\' library: pip install interlock[kerberos] ({error})'
        raise CannotConnect(told) from None
    library: Any = gssapi
    try:
        return _bind(library, ticket, encrypted, ask)
    except library.exceptions.GSSError as error:
        told = f"Kerberos: {_plain(error)}"
        if any(words in told for words in _UNREACHABLE):
            raise CannotConnect(told) from error
        raise CredentialsRefused(f"{told}; look at the keytab, or at 'klist'") from error


def _bind(gssapi: Any, ticket: Ticket, encrypted: ssl.SSLSocket | None, ask: Ask) -> Result:
    context = gssapi.SecurityContext(
        name=gssapi.Name(f"ldap@{ticket.host}", gssapi.NameType.hostbased_service),
        creds=_credentials(gssapi, ticket),
        mech=gssapi.MechType.kerberos,
        flags=[gssapi.RequirementFlag.mutual_authentication, gssapi.RequirementFlag.integrity],
        usage="initiate",
        channel_bindings=_bindings(gssapi, encrypted),
    )
    result = ask(context.step() or b"")
    while result.code == _GOES_ON and not context.complete:
        result = ask(context.step(result.name or b"") or b"")
    if result.code == 0:
        raise WireError("a bind by Kerberos that is said to be done before the server has proved who it is")
    if result.code != _GOES_ON:
        return result
    layers = context.unwrap(result.name or b"").message
    if len(layers) != 4:
        raise WireError("a bind by Kerberos that does not end as RFC 4752 says")
    if not layers[0] & _NO_LAYER:
        raise CannotConnect('the server wants the connection encrypted: use ldaps:// or tls = "starttls"')
    return ask(context.wrap(bytes((_NO_LAYER, 0, 0, 0)), False).message)


def _credentials(gssapi: Any, ticket: Ticket) -> Any:
    """Give our credentials: from the keytab, in a cache of memory, or those that the process has."""
    name = gssapi.Name(ticket.principal, gssapi.NameType.kerberos_principal) if ticket.principal else None
    if ticket.keytab is None:
        return gssapi.Credentials(name=name, usage="initiate")
    _refuse_open(ticket.keytab)
    store = {"client_keytab": f"FILE:{ticket.keytab}", "ccache": f"MEMORY:{uuid.uuid4().hex}"}
    return gssapi.Credentials(name=name, usage="initiate", store=store)


def _refuse_open(keytab: Path) -> None:
    """Refuse a keytab that others can read: it is as good as a password. Raises `CredentialsRefused`."""
    try:
        mode = stat.S_IMODE(keytab.stat().st_mode)
    except OSError as error:
        raise CredentialsRefused(f"keytab {keytab}: {error.strerror or error}") from error
    if mode & 0o077:
        raise CredentialsRefused(f"keytab {keytab}: others can read it; chmod 600 {keytab}")


def _bindings(gssapi: Any, encrypted: ssl.SSLSocket | None) -> Any:
    """Give what binds a ticket to the TLS channel: the hash of the server's certificate."""
    certificate = encrypted.getpeercert(binary_form=True) if encrypted is not None else None
    if certificate is None:
        return None
    digest = hashlib.new(_hash_of(certificate), certificate).digest()
    return gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + digest)


def _hash_of(certificate: bytes) -> str:
    """Give the hash by which a certificate's channel is bound (RFC 5929 §4.1)."""
    try:
        _, algorithm, _ = ber.inside(certificate)
        _, start, stop = ber.elements(certificate, algorithm[1], algorithm[2])[0]
    except (WireError, ValueError, IndexError):
        return "sha256"
    return _SIGNED_BY.get(certificate[start:stop], "sha256")


def _plain(error: Exception) -> str:
    """Give what the library says, in one line and without its numbers."""
    told = getattr(error, "gen_message", lambda: str(error))()
    return " ".join(str(told).split())
