"""Connect to a directory server and bind, with ldap3; TLS is verified by Python's own `ssl`, chain and host name."""

import ssl
from math import ceil
from pathlib import Path
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException

from engine.connectors.ldap import results
from engine.connectors.ldap.options import LdapOptions
from engine.errors import CannotConnect, CredentialsRefused

REFUSED = frozenset({7, 8, 13, 48, 49, 50})
"""Results of a bind that another attempt would not change."""


class VerifyingTls(ldap3.Tls):  # type: ignore[misc]
    """ldap3's TLS with a context of our own: its default takes any certificate, and its host check knows no IP SANs."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Encrypt a connection's socket. Raises `ssl.SSLError` unless chain and host name are right."""
        connection.socket = self._context.wrap_socket(
            connection.socket, do_handshake_on_connect=do_handshake, server_hostname=self._host
        )


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
            context.load_cert_chain(folder / options.client_certificate, folder / options.client_key)
        except OSError as error:
            raise CredentialsRefused(f"'{name}': client_certificate or client_key cannot be used: {error}") from error
    return context


def connect(name: str, options: LdapOptions, folder: Path) -> Any:
    """Give a bound connection of ldap3. Raises `CannotConnect` or `CredentialsRefused`."""
    password = options.password.reveal(folder) if options.password else None
    if password and not (options.encrypted or options.stays_here) and options.plaintext == "refused":
        raise CredentialsRefused(
            f"'{name}': the password would go unencrypted to {options.host}; "
            'use ldaps:// or tls = "starttls" (or plaintext = "allowed", if you must)'
        )
    tls = VerifyingTls(tls_context(name, options, folder), options.host) if options.encrypted else None
    connection: Any = None
    try:
        connection = _made(options, tls, password)
        connection.open()
        if options.tls == "starttls":
            connection.start_tls()
        connection.bind()
    except (LDAPException, OSError) as error:
        _drop(connection)
        raise CannotConnect(f"'{name}': no connection to {options.url}: {_reason(error)}") from error
    except Exception as error:
        # ldap3 lets whatever its decoder stumbles over through
        _drop(connection)
        raise CannotConnect(
            f"'{name}': what answers at {options.url} does not speak LDAP: {type(error).__name__}"
        ) from None
    _check_bound(name, options, connection)
    return connection


def _made(options: LdapOptions, tls: VerifyingTls | None, password: str | None) -> Any:
    local = options.scheme == "ldapi"
    server = ldap3.Server(
        f"ldapi://{options.host}" if local else options.host,
        port=None if local else options.port,
        use_ssl=options.scheme == "ldaps",
        tls=tls,
        get_info=ldap3.NONE,
        connect_timeout=options.timeout,
    )
    external = options.sasl == "external"
    return ldap3.Connection(
        server,
        user=options.bind_dn,
        password=password,
        authentication=ldap3.SASL if external else None,
        sasl_mechanism=ldap3.EXTERNAL if external else None,
        sasl_credentials="" if external else None,
        client_strategy=ldap3.SYNC,
        check_names=False,
        auto_referrals=False,
        auto_encode=False,
        return_empty_attributes=False,
        receive_timeout=ceil(options.timeout),  # whole seconds, or it fails to pack them (2.9.1)
    )


def _reason(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"its certificate is not to be trusted: {text}; set ca_file, or correct the host name in url"
    return text


def _check_bound(name: str, options: LdapOptions, connection: Any) -> None:
    result = connection.result or {}
    code = result.get("result", 0)
    if code == 0:
        return
    close(connection)
    error = results.explain(int(code), str(result.get("message") or ""))
    if code in REFUSED:
        who = options.bind_dn or ("SASL EXTERNAL" if options.sasl == "external" else "anonymous")
        raise CredentialsRefused(f"'{name}': {who}: {error.message}; {error.advice}")
    raise CannotConnect(f"'{name}': {error.message}; {error.advice}")


def close(connection: Any) -> None:
    """Unbind and close a connection; one that is broken already is let go."""
    try:
        connection.unbind()
    except (LDAPException, OSError):
        _drop(connection)  # the server is gone already, and ldap3 keeps its end open


def _drop(connection: Any) -> None:
    """Close the socket that ldap3 leaves open when it could not connect."""
    if connection is not None and connection.socket is not None:
        connection.socket.close()


def is_plain(connection: Any) -> bool:
    """Tell whether what goes over a connection's socket is LDAP as it is: nothing of SASL signs or seals it."""
    if connection.sasl_mechanism in (None, ldap3.EXTERNAL):
        return True
    return not (connection._digest_md5_kis or connection.sasl_mechanism == ldap3.GSSAPI)
