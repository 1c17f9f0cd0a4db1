"""What can be configured of a database."""

import re
from datetime import timedelta
from typing import Self

from pydantic import Field, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from engine.configuration.models import Model
from engine.configuration.secrets import Secret
from engine.configuration.values import Duration
from engine.values.addresses import shown

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_PASSWORDS = frozenset({"password", "passwd", "pwd", "sslpassword"})
"""What drivers take a password by, behind the address."""


class SqlOptions(Model):
    """`[systems.NAME]` with `connector = "sql"`."""

    url: str
    """`postgresql://USER@HOST/DATABASE`, `mysql://…`, `mariadb://…`, `sqlite:///FILE`; others as SQLAlchemy writes
    them. What follows a `?` goes to the driver: `sslmode=verify-full`."""
    password: Secret | None = None
    """The password, which never stands in the address."""
    timeout: Duration = timedelta(minutes=1)
    """How long the database may take for an answer."""
    overlap: Duration = timedelta(minutes=5)
    """How far before the last change a delta import begins: for clocks, and for transactions that ended late."""

    @field_validator("url")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        try:
            url = make_url(text)
        except ArgumentError:
            raise ValueError(
                f"{shown(text)} is no address of a database, such as postgresql://user@host/database"
            ) from None
        if url.password is not None or any(name.lower() in _PASSWORDS for name in url.query):
            raise ValueError("a password does not belong into the address; name its place by 'password'")
        return text


class ManyOptions(Model):
    """`[systems.NAME.objects.TYPE.many.ATTRIBUTE]`: the values of an attribute, a row each, in a table of their own."""

    table: str
    """The table, with its schema before a dot if it needs one; a part with a dot stands in double quotes."""
    key: str
    """Its column that names the object: what the object has as its external id."""
    value: str
    """Its column with the value."""


class ChangeTableOptions(Model):
    """`[systems.NAME.objects.TYPE.change_table]`: where every change is written down, such as by triggers."""

    table: str
    """The table, with its schema before a dot if it needs one; a part with a dot stands in double quotes."""
    key: list[str] = Field(min_length=1)
    """Its columns with the key of the row that was changed, in the order of the type's own key."""
    sequence: str
    """Its column with a number that only grows."""


class SqlObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a database."""

    table: str | None = None
    """The table, or view, with its schema before a dot if it needs one; a part with a dot stands in double quotes."""
    query: str | None = None
    """A SELECT instead: its columns are the attributes; it cannot be written."""
    key: list[str] = Field(default_factory=list)
    """The columns that are the external id together, `DE/7`; by default the one column that is called as that is."""
    many: dict[str, ManyOptions] = Field(default_factory=dict)
    """Attributes with many values, in tables of their own."""
    changed: str | None = None
    """A column that only grows, such as `updated_at`: `delta` reads what it shows as changed. It cannot see deletes."""
    change_table: ChangeTableOptions | None = None
    """A table of changes: `delta` reads the rows it names, and sees that one is gone."""

    @field_validator("query")
    @classmethod
    def _only_reads(cls, text: str | None) -> str | None:
        if text is None:
            return None
        plain = _QUOTED.sub("''", _COMMENT.sub(" ", text)).strip()
        if not re.match(r"(?i)(select|with)\b", plain) or ";" in plain.rstrip(";").rstrip():
            raise ValueError("a query is one SELECT, and nothing else")
        return _COMMENT.sub(" ", text).strip().rstrip(";").strip()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name either a 'table' or a 'query'")
        if self.changed is not None and self.change_table is not None:
            raise ValueError("'changed' and 'change_table' are two ways to tell the same: name one")
        return self
