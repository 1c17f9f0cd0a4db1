"""A server that takes e-mail, for whoever sends some."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from engine.configuration.base import Model
from engine.configuration.secrets import Secret


class MailServerConfig(Model):
    """How e-mail is handed over."""

    host: str
    """The server that takes the mail."""
    port: int | None = Field(None, ge=1, le=65_535)
    """By default 465 with `tls = "tls"`, 587 with `starttls`, 25 without."""
    sender: str = Field(alias="from")
    """Whom the mail is from."""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    """How the connection is encrypted."""
    ca_file: Path | None = None
    """Who vouches for its certificate, where the system does not."""
    user: str | None = None
    """Whom to log in as."""
    password: Secret | None = None
    """With which password."""

    @model_validator(mode="after")
    def _password_goes_encrypted(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' go together")
        if self.password is not None and self.tls == "none":
            raise ValueError('a password goes over an encrypted connection only: tls = "starttls" or "tls"')
        refuse_unprintable(self.sender)
        return self


def refuse_unprintable(*addresses: str) -> None:
    """Refuse addresses that would break a header. Raises `ValueError`."""
    if any(not address.isprintable() for address in addresses):
        raise ValueError("an address holds a character that no address has")
