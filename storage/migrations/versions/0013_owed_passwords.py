"""The accounts whose passwords somebody is to get, and has not got yet as far as is known."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table; of accounts that were created before nothing is known."""
    op.create_table(
        "owed_passwords",
        sa.Column("cso_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
    )
