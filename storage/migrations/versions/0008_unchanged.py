"""In which state a system was when an import read it, so that what has not changed is not read again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; what was imported before is read once more."""
    op.add_column("imports", sa.Column("state", sa.Text()))
    op.add_column("imports", sa.Column("read_by", sa.Integer()))
    waiting = sa.text("kept = 1 OR sought_by IS NOT NULL")
    op.create_index("objects_waiting_to_be_seen", "objects", ["system"], sqlite_where=waiting)
