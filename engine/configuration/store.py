"""`[store]`: where everything is kept."""

from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from engine.configuration.base import Model
from engine.configuration.secrets import Secret
from engine.configuration.values import TimeZone
from engine.values.addresses import has_slash_in_password


class StoreConfig(Model):
    """`[store]`: where everything is kept."""

    path: Path = Path("interlock.db")
    """The SQLite file; it is made with mode 0600."""
    url: str | None = Field(None, json_schema_extra={"pattern": "^postgres(ql)?://"})
    """Instead of a file, a database of a PostgreSQL server: `postgresql://USER@HOST/DATABASE`. What follows a `?` goes
    to libpq: `service=…`, `sslrootcert=…`, `passfile=…`. The server has to prove who it is (`sslmode=verify-full`),
    unless it is on this machine."""
    password: Secret | None = None
    """The password, which never stands in the address. Without one, libpq looks itself: a password file, a service
    file, a certificate."""
    timezone: TimeZone = "UTC"
    """Which day `today` is, and what is meant by dates and times that name no zone: such as `Europe/Berlin`."""

    @field_validator("url")
    @classmethod
    def _has_no_password(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            found = urlsplit(text)
            _ = found.port  # looked at as late as that
        except ValueError as error:
            raise ValueError(f"this is no address, such as postgresql://user@host/database: {error}") from None
        if found.scheme not in ("postgresql", "postgres") or not text.partition(":")[2].startswith("//"):
            raise ValueError("a store on a server is on PostgreSQL: postgresql://USER@HOST/DATABASE")
        held = found.password is not None or has_slash_in_password(found)
        if held or "password" in dict(parse_qsl(found.query)):
            raise ValueError("a password does not belong into the address; name its place by 'password'")
        return text

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if self.url is not None and "path" in self.model_fields_set:
            raise ValueError("name either a 'path' or a 'url': the store is in one place")
        if self.url is None and self.password is not None:
            raise ValueError("a 'password' goes with a 'url': a file has none")
        return self
