"""`[notify]`: who is told when something waits for a person."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from engine.configuration.base import Model
from engine.configuration.secrets import Secret

Event = Literal["waiting", "gate", "given-up", "failed"]
EVENTS: tuple[Event, ...] = ("waiting", "gate", "given-up", "failed")


class MailConfig(Model):
    """`[notify] mail`: the server that takes e-mail, and for whom it is."""

    host: str
    """The server that takes the mail."""
    port: int | None = Field(None, ge=1, le=65_535)
    """By default 465 with `tls = "tls"`, 587 with `starttls`, 25 without."""
    sender: str = Field(alias="from")
    """Whom the mail is from."""
    to: list[str] = Field(min_length=1)
    """Whom it is for."""
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
        if any(not address.isprintable() for address in (self.sender, *self.to)):
            raise ValueError("an address holds a character that no address has")
        return self


class NotifyConfig(Model):
    """`[notify]`: a command, e-mail or both, when something starts to wait for a person."""

    command: list[str] = Field(default_factory=list)
    """A program and its arguments; it gets a JSON document on standard input."""
    mail: MailConfig | None = None
    """Send e-mail, by this server."""
    on: list[Event] = Field(default_factory=lambda: [*EVENTS])
    """`waiting`: review items or held batches that were not there before; `gate`: a gate stopped the run;
    `given-up`: it gave exports up; `failed`: a run that `interlock schedule` starts could not begin, or died."""
    review_hint: str = "interlock"
    """How to get to the review, such as `ssh -t interlock@sync.example.org`."""
