"""What can be configured of a directory server."""

import ipaddress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator

from engine.configuration.models import Model, ObjectTypeConfig
from engine.configuration.secrets import Secret
from engine.connectors.directory_types import Base, DirectoryObjectOptions
from engine.connectors.initial_passwords import PasswordPolicy
from engine.connectors.ldap.filters import compiled
from engine.values.addresses import has_port, refuse_password, shown

SCHEMES = {"ldap": 389, "ldaps": 636, "ldapi": 0}


class LdapObjectOptions(DirectoryObjectOptions):
    """`[systems.NAME.objects.TYPE]` of a directory server."""

    filter: str = ""
    """An LDAP filter that the type's entries fulfil besides, such as `(objectCategory=person)`."""
    initial_password: Literal["random"] | Secret | PasswordPolicy | None = None
    """The password that a created entry gets: `random`, which nobody knows; one that is kept as a secret; or one of its
    own, made by a policy and delivered once. By default none."""

    @field_validator("filter")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        if text:
            compiled(text)
        return text


class LdapOptions(Model):
    """`[systems.NAME]` with `connector = "ldap"`."""

    url: str
    """`ldap://HOST[:PORT]`, `ldaps://HOST[:PORT]`, or `ldapi://` with the path of a socket."""
    more_urls: list[str] = Field(default_factory=list)
    """Other servers that hold the same directory: when a step begins and `url` does not answer, the next one is
    asked. A step that has begun with one never goes on with another."""
    read_urls: list[str] = Field(default_factory=list)
    """Replicas that full imports read instead of `url`: the first that proves, by its contextCSN, that it has all that
    `url` has. What was written is looked for at `url`."""
    base: Base
    """The part of the directory to look at."""
    bind_dn: str | None = None
    """Whom to bind as."""
    password: Secret | None = None
    """With which password."""
    sasl: Literal["none", "external", "gssapi"] = "none"
    """`external` lets the server tell who we are: by the client's certificate, or by the process over `ldapi://`.
    `gssapi` binds by Kerberos."""
    principal: str | None = None
    """With `gssapi`, who we are: `interlock@EXAMPLE.ORG`; by default whose tickets they are, or whose keytab it is."""
    keytab: Path | None = None
    """With `gssapi`, the file that tickets are asked for with; by default those of the process are taken (`kinit`)."""
    tls: Literal["none", "starttls"] = "none"
    """`starttls` encrypts an `ldap://` connection; `ldaps://` is encrypted from the start."""
    ca_file: Path | None = None
    """Who vouches for the certificate of the server, where the system does not."""
    client_certificate: Path | None = None
    """The certificate that tells the server who we are."""
    client_key: Path | None = None
    """Its key."""
    plaintext: Literal["refused", "allowed"] = "refused"
    """Whether a password may go unencrypted to another machine."""
    timeout: float = Field(30, gt=0, le=3600)
    """Seconds for connecting and binding, and then for each step forward: an entry, a result. Nothing is waited for any
    longer, whatever else the server sends meanwhile."""
    reconnects: int = Field(2, ge=0, le=20)
    """How often connecting, and what only reads, is tried again."""
    reconnect_delay: float = Field(0.5, ge=0, le=60)
    """Seconds before it is tried again for the first time; twice as long each time after."""
    client: Literal["auto", "ldap3"] = "auto"
    """Who reads and writes: our own reader and writer wherever they apply, or ldap3's."""
    page_size: int = Field(1000, ge=1, le=5000)
    """How many entries the server is asked for at once."""
    in_flight: int = Field(64, ge=1, le=1024)
    """How many operations may wait for their answers."""
    chunk: int = Field(1000, ge=1)
    """How many values of an attribute are written at once."""
    create_parents: bool = False
    """Whether organizational units above a created entry are created where they are missing."""
    delete_children: bool = False
    """Whether deleting an entry deletes what stands below it."""

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        refuse_password(url)
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.netloc or not has_port(parts):
            raise ValueError(
                f"{shown(url)} is not a directory's address: ldap://HOST[:PORT], ldaps://HOST[:PORT] or "
                "ldapi://%2Fpath%2Fto%2Fsocket"
            )
        return url

    @field_validator("more_urls", "read_urls")
    @classmethod
    def _known_schemes(cls, urls: list[str]) -> list[str]:
        return [cls._known_scheme(url) for url in urls]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.sasl != "none" and (self.bind_dn or self.password):
            raise ValueError(f'with sasl = "{self.sasl}" the server knows who we are: leave out bind_dn and password')
        if self.sasl != "gssapi" and (self.principal or self.keytab):
            raise ValueError('principal and keytab go with sasl = "gssapi"')
        if (self.client_key is None) != (self.client_certificate is None):
            raise ValueError("client_certificate and client_key go together")
        schemes = {one.scheme for one in self.servers()} | {urlsplit(url).scheme for url in self.read_urls}
        if self.tls == "starttls" and schemes != {"ldap"}:
            raise ValueError('tls = "starttls" encrypts an ldap:// connection')
        return self

    @property
    def who(self) -> str:
        """Say as whom we bind."""
        if self.sasl == "gssapi":
            return f"{self.principal or 'whose tickets there are'} by Kerberos"
        return self.bind_dn or ("SASL EXTERNAL" if self.sasl == "external" else "anonymous")

    def servers(self) -> "list[LdapOptions]":
        """Give the options with each server's address alone, in the order in which they are tried."""
        return [self.model_copy(update={"url": url, "more_urls": []}) for url in (self.url, *self.more_urls)]

    @property
    def scheme(self) -> str:
        """The scheme of the address."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """The host's name or address; the socket's path with `ldapi://`."""
        parts = urlsplit(self.url)
        return unquote(parts.netloc) if parts.scheme == "ldapi" else parts.hostname or ""

    @property
    def port(self) -> int:
        """The port, where the scheme has one."""
        return (urlsplit(self.url).port if self.scheme != "ldapi" else 0) or SCHEMES[self.scheme]

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted before anything secret goes over it."""
        return self.scheme == "ldaps" or self.tls == "starttls"

    @property
    def stays_here(self) -> bool:
        """Whether the connection does not leave this machine."""
        try:
            return self.scheme == "ldapi" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def initial_password_of(settings: ObjectTypeConfig) -> Literal["random"] | Secret | PasswordPolicy | None:
    """Give the password that a created entry of a type gets, if it gets any."""
    options = settings.options
    return options.initial_password if isinstance(options, LdapObjectOptions) else None
