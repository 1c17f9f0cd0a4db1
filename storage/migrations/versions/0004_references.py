"""References between objects, those that are owed, and what was last wanted of each target object."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mvo_references",
        sa.Column("mvo_id", sa.Integer(), primary_key=True),
        sa.Column("attribute", sa.Text(), primary_key=True),
        sa.Column("target_id", sa.Integer(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("references_to", "mvo_references", ["target_id"])
    op.create_table(
        "owed_references",
        sa.Column("direction", sa.Text(), primary_key=True),
        sa.Column("owner_id", sa.Integer(), primary_key=True),
        sa.Column("attribute", sa.Text(), primary_key=True),
        sa.Column("system", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("owed_untold", "owed_references", ["direction", "owner_id"], sqlite_where=sa.text("told = 0"))
    op.create_table(
        "wanted",
        sa.Column("cso_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("marks", sa.Text(), nullable=False),
    )
