"""The fingerprints of a system's records in pieces, of which memory holds one at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables anew; until the next import of a system nothing is known of its records."""
    op.drop_table("fingerprints")
    op.create_table(
        "fingerprints",
        sa.Column("system", sa.Text(), primary_key=True),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
    )
    op.create_table(
        "fingerprint_pieces",
        sa.Column("system", sa.Text(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
    )
