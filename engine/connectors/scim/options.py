"""What can be configured of a SCIM service."""

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from engine.configuration.models import Model
from engine.configuration.secrets import Secret
from engine.configuration.values import Duration
from engine.connectors.scim.paths import Path as ScimPath
from engine.values.addresses import has_port, refuse_password, shown


def _address(text: str) -> str:
    """Refuse what is no address, and an open line on which a token would go. Raises `ValueError`."""
    refuse_password(text)
    parts = urlsplit(text)
    host = parts.hostname
    if parts.scheme not in ("https", "http") or not host or not has_port(parts) or parts.query or parts.fragment:
        raise ValueError(f"{shown(text)} is no address of a service, such as https://app.example.org/scim/v2")
    if parts.scheme == "http" and not _is_here(host):
        raise ValueError(f"'{text}': over http anybody on the way can read the token; use https")
    return text.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OAuthOptions(Model):
    """`oauth` of a SCIM service: client credentials (RFC 6749 §4.4)."""

    token_url: str
    """Where a token is asked for."""
    client_id: str
    """Who asks."""
    client_secret: Secret
    """With which secret."""
    scope: str | None = None
    """What it is asked for."""

    _checked = field_validator("token_url")(_address)


class ScimOptions(Model):
    """`[systems.NAME]` with `connector = "scim"`."""

    url: str
    """The service's base, such as `https://app.example.org/scim/v2`."""
    token: Secret | None = None
    """A bearer token."""
    oauth: OAuthOptions | None = None
    """Where tokens are had from instead."""
    user: str | None = None
    """Or a user, for HTTP's basic authentication."""
    password: Secret | None = None
    """And that user's password."""
    ca_file: Path | None = None
    """Who vouches for the certificate of the service, where the system does not."""
    client_certificate: Path | None = None
    """Our certificate, with its chain."""
    client_key: Path | None = None
    """Its key, where that is not in the same file."""
    proxy: str | None = None
    """The proxy to go through: `http://HOST:PORT`."""
    proxy_user: str | None = None
    """Who we are to the proxy, where it wants to know."""
    proxy_password: Secret | None = None
    """With which password."""
    timeout: Duration = timedelta(minutes=1)
    """How long the service may take for an answer."""
    patience: Duration = timedelta(minutes=5)
    """How long it may ask to be asked later (429, 503) before the step gives up."""
    connections: int = Field(4, ge=1, le=32)
    """How many requests may be under way at once."""
    patch: bool = True
    """Whether what changes is sent by PATCH, where the service says that it has that; else all of the resource."""
    bulk: bool = True
    """Whether many objects are written with one request, where the service offers that."""
    overlap: Duration = timedelta(minutes=5)
    """How far before the last change a delta import begins: for clocks."""

    _checked = field_validator("url")(_address)

    @field_validator("proxy")
    @classmethod
    def _without_password(cls, address: str | None) -> str | None:
        if address is None:
            return None
        try:
            refuse_password(address)
        except ValueError:
            told = "no password belongs into the address of a proxy; name it by 'proxy_user' and 'proxy_password'"
            raise ValueError(told) from None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or not has_port(parts):
            raise ValueError(f"'{address}' is no proxy that is spoken to: http://HOST:PORT")
        return address

    def unused(self) -> list[str]:
        """Give what is not to be used of the service, whatever it offers."""
        return [name for name, used in (("patch", self.patch), ("bulk", self.bulk)) if not used]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.token is not None, self.oauth is not None, self.user is not None]
        if sum(ways) > 1:
            raise ValueError("name one way to sign in: 'token', 'oauth' or 'user'")
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together")
        if (self.proxy_user is None) != (self.proxy_password is None) or (self.proxy_user and not self.proxy):
            raise ValueError("'proxy', 'proxy_user' and 'proxy_password' belong together")
        return self


class ScimObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a SCIM service."""

    resource: str = "User"
    """The resource type, as the service calls it: `User`, `Group`."""
    paths: dict[str, str] = Field(default_factory=dict)
    """Attribute → its path: `work_mail = 'emails[type eq "work"].value'`; others are called as their paths."""

    @field_validator("paths")
    @classmethod
    def _can_be_read(cls, paths: dict[str, str]) -> dict[str, str]:
        for text in paths.values():
            ScimPath.parse(text)
        return paths
