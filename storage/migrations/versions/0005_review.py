"""Gates by partition, a second person, the audit log, notifications; and triggers that let no delete by unapproved."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COVERED = """EXISTS (
    SELECT 1 FROM review_items AS item, json_each(item.consequences, '$.deletes') AS doomed
    WHERE item.id = NEW.approval_id AND item.state IN ('approved', 'carried-out')
    AND item.decided_by IS NOT NULL AND doomed.value ->> 0 = NEW.cso_id)"""
_TRIGGERS = (
    f"""CREATE TRIGGER delete_is_approved_when_staged BEFORE INSERT ON pending_exports
    WHEN NEW.change_type = 'Delete' AND NEW.status <> 'AwaitingApproval' AND NOT {_COVERED}
    BEGIN SELECT RAISE(ABORT, 'no live approval covers this delete'); END""",
    f"""CREATE TRIGGER delete_is_approved_when_sent BEFORE UPDATE ON pending_exports
    WHEN NEW.change_type = 'Delete' AND NEW.status IN ('Pending', 'Executing') AND NOT {_COVERED}
    BEGIN SELECT RAISE(ABORT, 'no live approval covers this delete'); END""",
    """CREATE TRIGGER audit_is_a_chain BEFORE INSERT ON audit
    WHEN NEW.previous IS NOT coalesce((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), '')
    OR NEW.id IS NOT coalesce((SELECT max(id) FROM audit), 0) + 1
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END""",
    """CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is not edited'); END""",
    """CREATE TRIGGER audit_is_not_pruned BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is not pruned'); END""",
)


def upgrade() -> None:
    """Make the tables, columns and triggers."""
    op.add_column("held_batches", sa.Column("partition", sa.Text(), nullable=False, server_default=""))
    op.add_column("held_batches", sa.Column("in_common", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("review_items", sa.Column("first_by", sa.Text()))
    op.add_column("review_items", sa.Column("audit_id", sa.Integer()))
    op.add_column("tombstones", sa.Column("restored_as", sa.Integer()))
    op.add_column("imports", sa.Column("known_up_to", sa.Integer()))
    op.create_index("review_by_decision", "review_items", ["decided_at"])
    op.create_index("tombstones_by_time", "tombstones", ["system", "at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
    )
    op.create_index("audit_by_action", "audit", ["action", "id"])
    op.create_table(
        "notifications",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
    )
    for trigger in _TRIGGERS:
        op.execute(trigger)
