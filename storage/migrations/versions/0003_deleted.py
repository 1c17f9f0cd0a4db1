"""An index of the metaverse objects that are deleted: a large metaverse is counted without reading all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index."""
    op.create_index("metaverse_deleted", "metaverse", ["type"], sqlite_where=sa.text("deleted = 1"))
