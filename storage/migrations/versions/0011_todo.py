"""What people have acknowledged of what waits for somebody, which item errors are warnings, and whom they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table and the columns; what was written before counts as an error."""
    op.create_table(
        "acknowledgements",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("covers", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.add_column("item_errors", sa.Column("is_warning", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    op.add_column("item_errors", sa.Column("mvo_id", sa.Integer()))
    op.create_index("item_errors_by_code", "item_errors", ["code", "step_id"])
