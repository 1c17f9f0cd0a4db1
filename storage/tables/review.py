"""What waits for a person, and what persons decided."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from storage.tables.base import Number, metadata

review_items = Table(
    "review_items",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("object_id", Number, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Number),
    Column("opened_at", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("consequences", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Text),
    Column("reason", Text),
    Column("deferred_until", Text),
    Column("carried_out_at", Text),
    Column("first_by", Text),
    Column("audit_id", Number),
    Index("review_by_state", "state", "system", "id"),
    Index("review_by_object", "object_id"),
    Index("review_by_decision", "decided_at"),
)

held_batches = Table(
    "held_batches",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run_id", Number, nullable=False),
    Column("step_id", Number, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("missing", Number, nullable=False),
    Column("arithmetic", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("partition", Text, nullable=False, server_default=""),
    Column("in_common", Text, nullable=False, server_default="[]"),
    Column("digest", Text, nullable=False, server_default=""),
    Index("held_by_state", "state", "system"),
)

held_candidates = Table(
    "held_candidates",
    metadata,
    Column("batch_id", Number, ForeignKey("held_batches.id"), primary_key=True),
    Column("object_id", Number, primary_key=True),
    sqlite_with_rowid=False,
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("key", Text, primary_key=True),
    Column("covers", Number, nullable=False),
    Column("operator", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_by_action", "action", "id"),
)
