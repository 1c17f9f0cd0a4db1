"""`[notify]`: who is told when something waits for a person."""

from typing import Literal

from pydantic import Field, field_validator

from engine.configuration.base import Model
from engine.configuration.mail_server import MailServerConfig, refuse_unprintable

Event = Literal["waiting", "gate", "given-up", "failed"]
EVENTS: tuple[Event, ...] = ("waiting", "gate", "given-up", "failed")


class MailConfig(MailServerConfig):
    """`[notify] mail`: the server that takes e-mail, and for whom it is."""

    to: list[str] = Field(min_length=1)
    """Whom it is for."""

    @field_validator("to")
    @classmethod
    def _can_be_addresses(cls, addresses: list[str]) -> list[str]:
        refuse_unprintable(*addresses)
        return addresses


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
