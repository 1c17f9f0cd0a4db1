"""Connect to a directory server and bind, before one deadline; TLS is verified by `ssl`, chain and host name."""

import ssl
import threading
from pathlib import Path

from engine.connectors.ldap import results
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.binding import Credentials, bind, start_tls
from engine.connectors.ldap.kerberos import Ticket
from engine.connectors.ldap.messages import Result
from engine.connectors.ldap.opening import open_socket
from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.patience import Abandoned, OutOfPatience, Patience
from engine.connectors.ldap.wire import Severed, Wire
from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused

REFUSED = frozenset({7, 8, 13, 48, 49, 50})
"""Results of a bind that another attempt would not change."""
REFERRAL = 10


def tls_context(name: str, options: LdapOptions, folder: Path) -> ssl.SSLContext:
    """Make the context that verifies the server, and shows the client's certificate where there is one.

    Raises `CannotConnect` or `CredentialsRefused` where a file cannot be used.
    """
    ca_file = folder / options.ca_file if options.ca_file else None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise CannotConnect(f"'{name}': ca_file {ca_file} cannot be used: {error}") from error
    context.hostname_checks_common_name = False
    if options.client_certificate and options.client_key:
        try:
            # with a password, of which there is none, nobody is asked for one at the terminal
            context.load_cert_chain(folder / options.client_certificate, folder / options.client_key, password="")
        except OSError as error:
            told = f"'{name}': client_certificate or client_key cannot be used: {error}; a key behind a password cannot"
            raise CredentialsRefused(told) from error
    return context


def connect(name: str, options: LdapOptions, folder: Path, stop: threading.Event) -> Wire:
    """Give a bound connection. Raises `CannotConnect` or `CredentialsRefused`, or `Abandoned` after a stop.

    All of it, the lookup of the host's name included, has `timeout` seconds.
    """
    who = _credentials(name, options, folder)
    context = tls_context(name, options, folder) if options.encrypted else None
    patience = Patience(options.timeout, stop)
    patience.fixed = True
    try:
        wire = Wire(open_socket(options, patience), options.url, patience)
    except OutOfPatience:
        raise CannotConnect(f"'{name}': no connection to {options.url} within {options.timeout:g} s") from None
    except OSError as error:
        raise CannotConnect(f"'{name}': no connection to {options.url}: {error}") from error
    try:
        _bind(name, options, wire, context, who)
    except BaseException:
        wire.close()
        raise
    patience.fixed = False
    return wire


def _credentials(name: str, options: LdapOptions, folder: Path) -> Credentials:
    """Give whom to bind as. Raises `CredentialsRefused` where the password may not go that way."""
    from ldap3.core.exceptions import LDAPException  # noqa: PLC0415 - slow to import, and needed only to connect
    from ldap3.protocol.sasl.sasl import sasl_prep  # noqa: PLC0415

    password = options.password.reveal(folder) if options.password else None
    if password and not (options.encrypted or options.stays_here) and options.plaintext == "refused":
        raise CredentialsRefused(
            f"'{name}': the password would go unencrypted to {options.host}; "
            'use ldaps:// or tls = "starttls" (or plaintext = "allowed", if you must)'
        )
    if options.sasl == "gssapi":
        return Credentials(ticket=_ticket(name, options, folder))
    if not options.bind_dn:
        return Credentials(external=options.sasl == "external")
    if not password:
        raise CredentialsRefused(f"'{name}': {options.bind_dn} has no password, and is nobody without: set password")
    try:
        prepared = sasl_prep(password)  # RFC 4513 §5.1.3
    except (LDAPException, ValueError) as error:
        raise CredentialsRefused(f"'{name}': the password holds a character that none may hold (RFC 4013)") from error
    return Credentials(options.bind_dn, prepared.encode())


def _ticket(name: str, options: LdapOptions, folder: Path) -> Ticket:
    """Give who we are for Kerberos. Raises `CredentialsRefused` where anybody on the way could take the connection."""
    if not (options.encrypted or options.stays_here) and options.plaintext == "refused":
        raise CredentialsRefused(
            f"'{name}': whoever is between us and {options.host} could read and change what follows the bind; "
            'use ldaps:// or tls = "starttls" (or plaintext = "allowed", if you must)'
        )
    return Ticket(options.host, options.principal or "", folder / options.keytab if options.keytab else None)


def _bind(name: str, options: LdapOptions, wire: Wire, context: ssl.SSLContext | None, who: Credentials) -> None:
    """Encrypt a connection where that is wanted, and bind on it."""
    try:
        refusal = None
        if context is not None and options.tls == "starttls":
            refusal = start_tls(wire, context, options.host)
        elif context is not None:
            wire.encrypt(context, options.host)
        if refusal is not None:
            raise CannotConnect(f"'{name}': {options.url} does not encrypt: {results.explain_result(refusal).message}")
        _check_bound(name, options, bind(wire, who))
    except Abandoned:
        raise
    except CredentialsRefused as error:
        raise CredentialsRefused(_named(name, error)) from error
    except CannotConnect as error:
        raise CannotConnect(_named(name, error)) from error
    except ssl.SSLError as error:
        raise CannotConnect(f"'{name}': no connection to {options.url}: {_reason(error, options, wire)}") from error
    except Severed as error:
        raise CannotConnect(f"'{name}': {error}{_certificate_wanted(options, wire)}") from error
    except ConnectionLost as error:
        raise CannotConnect(f"'{name}': {error}") from error
    except WireError as error:
        raise CannotConnect(
            f"'{name}': what answers at {options.url} does not speak LDAP ({error}): correct url"
        ) from None


def _named(name: str, error: Exception) -> str:
    text = str(error)
    return text if text.startswith(f"'{name}'") else f"'{name}': {text}"


def _reason(error: ssl.SSLError, options: LdapOptions, wire: Wire) -> str:
    text = str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {text}; set ca_file, or correct the host name in url"
    return text + _certificate_wanted(options, wire)


def _certificate_wanted(options: LdapOptions, wire: Wire) -> str:
    """Advise on a server that ends TLS before anybody is bound: few say that they want a certificate."""
    if options.client_certificate or not isinstance(wire.socket, ssl.SSLSocket):
        return ""
    return "; if it wants a certificate of ours, name one by client_certificate and client_key"


def _check_bound(name: str, options: LdapOptions, result: Result) -> None:
    if result.code == 0:
        return
    error = results.explain_result(result)
    if result.code in REFUSED:
        raise CredentialsRefused(f"'{name}': {options.who}: {error.message}; {error.advice}")
    if result.code == REFERRAL:
        elsewhere = b", ".join(result.referrals).decode(errors="replace") or "another server"
        raise CannotConnect(f"'{name}': {options.url} lets nobody bind, and refers to {elsewhere}: set url to that")
    raise CannotConnect(f"'{name}': {options.url}: {error.message}; {error.advice}")
