"""What each record of a system was when it was last read: one that is still the same is not read again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table; until the next import of a system nothing is known of its records."""
    op.create_table(
        "fingerprints",
        sa.Column("system", sa.Text(), primary_key=True),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
    )
