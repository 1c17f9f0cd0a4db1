"""Since when accounts are leaving, and when their next stage is due."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table; who is leaving already begins when evaluation next looks at it."""
    op.create_table(
        "leaving",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("mvo_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Text()),
        sa.Column("gone_at", sa.Text()),
        sa.Column("next_at", sa.Text()),
    )
    op.create_index("leaving_due", "leaving", ["next_at"], sqlite_where=sa.text("next_at IS NOT NULL"))
