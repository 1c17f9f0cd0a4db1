"""Numbers for owed references, by which a list of them is read page by page: the oldest has the lowest."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Make the table anew, with what is owed in the order in which it came."""
    op.execute("CREATE TABLE owed_before AS SELECT * FROM owed_references")
    op.drop_table("owed_references")  # with its index, and the name of its key
    op.create_table(
        "owed_references",
        sa.Column("id", _NUMBER, sa.Identity(always=False), primary_key=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("owner_id", _NUMBER, nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
    )
    names = "direction, owner_id, attribute, system, key, since, told"
    op.execute(
        f"INSERT INTO owed_references ({names}) SELECT {names} FROM owed_before "  # noqa: S608 - nothing of it is given
        "ORDER BY since, direction, owner_id, attribute, system, key"
    )
    op.drop_table("owed_before")
    op.create_index(
        "owed_once", "owed_references", ["direction", "owner_id", "attribute", "system", "key"], unique=True
    )
    op.create_index(
        "owed_untold",
        "owed_references",
        ["direction", "owner_id"],
        sqlite_where=sa.text("told = 0"),
        postgresql_where=sa.text("NOT told"),
    )
