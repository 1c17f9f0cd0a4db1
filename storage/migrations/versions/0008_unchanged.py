"""In which state a system was when an import read it, so that what has not changed is not read again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; what was imported before is read once more."""
    op.add_column("imports", sa.Column("state", sa.Text()))
    op.add_column("imports", sa.Column("read_by", sa.Integer()))
