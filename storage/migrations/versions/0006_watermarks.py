"""Where a delta import can go on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("imports", sa.Column("watermark", sa.Text()))
