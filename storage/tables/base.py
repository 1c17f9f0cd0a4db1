"""What all tables belong to."""

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, text

metadata = MetaData()

Number = Integer().with_variant(BigInteger(), "postgresql")
"""An id or a count: 64 bits, whichever database."""

ONLY = "only"
"""The key under which an index has its condition for PostgreSQL."""


def only(condition: str, postgresql: str | None = None) -> dict[str, Any]:
    """Let an index have only the rows of a condition, as each database knows it again in a query.

    That of PostgreSQL is only kept: naming it as SQLAlchemy does would load all that this has for PostgreSQL.
    """
    return {"sqlite_where": text(condition), "info": {ONLY: postgresql or condition}}
