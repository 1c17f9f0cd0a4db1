"""What was left over when a run ended: pending exports, and items that waited in the review."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let runs remember it; those that ended before do not know."""
    op.add_column("runs", sa.Column("backlog", sa.Integer()))
    op.add_column("runs", sa.Column("waiting", sa.Integer()))
