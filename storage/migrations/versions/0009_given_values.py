"""Who was given which unique value, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table; the values that people have are written down when they are next synchronised."""
    op.create_table(
        "given_values",
        sa.Column("mvo_type", sa.Text(), primary_key=True),
        sa.Column("attribute", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("mvo_id", sa.Integer(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("made_of", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text()),
        sa.Column("is_alias", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("given_values_by_mvo", "given_values", ["mvo_id"])
    ended = sa.text("until IS NOT NULL")
    op.create_index("given_values_ended", "given_values", ["mvo_type", "attribute", "until"], sqlite_where=ended)
