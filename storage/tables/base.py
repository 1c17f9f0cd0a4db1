"""What all tables belong to."""

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, text

metadata = MetaData()

Number = Integer().with_variant(BigInteger(), "postgresql")
"""An id or a count: 64 bits, whichever database."""


def only(condition: str, postgresql: str | None = None) -> dict[str, Any]:
    """Let an index have only the rows of a condition, as each database knows it again in a query."""
    return {"sqlite_where": text(condition), "postgresql_where": text(postgresql or condition)}
