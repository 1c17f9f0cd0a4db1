"""The connector space, the metaverse and what is to be sent: what is so now, and what was until it went."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text, false

from storage.tables.base import Number, metadata, only

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Number, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("external_id", Text),
    Column("secondary_id", Text),
    Column("secondary_key", Text),
    Column("partition", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("mvo_id", Number),
    Column("joined_by", Text),
    Column("due", Boolean, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("sought_by", Text),
    Column("name", Text, nullable=False, server_default=""),
    Index("objects_by_external_id", "system", "type", "external_id", unique=True),
    Index(
        "objects_by_secondary",
        "system",
        "secondary_key",
        "type",
        **only("secondary_key IS NOT NULL"),
    ),
    Index("objects_by_status", "system", "type", "status", "partition"),
    Index("objects_by_mvo", "mvo_id", **only("mvo_id IS NOT NULL")),
    Index("objects_due", "id", **only("due = 1", "due")),
    Index(
        "objects_waiting_to_be_seen",
        "system",
        **only("kept = 1 OR sought_by IS NOT NULL", "kept OR sought_by IS NOT NULL"),
    ),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", Number, primary_key=True),
    Column("object_id", Number, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("external_id", Text),
    Column("secondary_id", Text),
    Column("attributes", Text, nullable=False),
    Column("mvo_id", Number),
    Column("review_id", Number),
    Column("at", Text, nullable=False),
    Column("restored_as", Number),
    Column("secondary_key", Text),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Index("tombstones_by_object", "object_id"),
    Index("tombstones_by_time", "system", "at"),
    Index("tombstones_by_external_id", "system", "type", "external_id"),
)

metaverse = Table(
    "metaverse",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("contributors", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("delete_after", Text),
    Column("approval_id", Number),
    Column("due", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("deletion_cause", Text),
    Index("metaverse_due", "id", **only("due = 1", "due")),
    Index("metaverse_grace", "delete_after", **only("delete_after IS NOT NULL")),
    Index("metaverse_by_type", "type"),
    Index("metaverse_deleted", "type", **only("deleted = 1", "deleted")),
)

join_keys = Table(
    "join_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("attributes", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("object_id", Number, primary_key=True),
    Index("join_keys_by_object", "owner", "object_id"),
    sqlite_with_rowid=False,
)

given_values = Table(
    "given_values",
    metadata,
    Column("mvo_type", Text, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("mvo_id", Number, primary_key=True),
    Column("value", Text, nullable=False),
    Column("made_of", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    Column("is_alias", Boolean, nullable=False),
    Index("given_values_by_mvo", "mvo_id"),
    Index("given_values_ended", "mvo_type", "attribute", "until", **only("until IS NOT NULL")),
    sqlite_with_rowid=False,
)

references = Table(
    "mvo_references",
    metadata,
    Column("mvo_id", Number, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("target_id", Number, primary_key=True),
    Index("references_to", "target_id"),
    sqlite_with_rowid=False,
)

owed = Table(
    "owed_references",
    metadata,
    Column("id", Number, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("owner_id", Number, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    Index("owed_once", "direction", "owner_id", "attribute", "system", "key", unique=True),
    Index("owed_untold", "direction", "owner_id", **only("told = 0", "NOT told")),
)

wanted = Table(
    "wanted",
    metadata,
    Column("cso_id", Number, primary_key=True, autoincrement=False),
    Column("marks", Text, nullable=False),
)

owed_passwords = Table(
    "owed_passwords",
    metadata,
    Column("cso_id", Number, primary_key=True, autoincrement=False),
    Column("since", Text, nullable=False),
    Column("why", Text, nullable=False),
)

leaving = Table(
    "leaving",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("mvo_id", Number, nullable=False),
    Column("since", Text),
    Column("gone_at", Text),
    Column("next_at", Text),
    Index("leaving_due", "next_at", **only("next_at IS NOT NULL")),
)

rule_marks = Table(
    "rule_marks",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)

pending_exports = Table(
    "pending_exports",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("cso_id", Number, ForeignKey("objects.id"), nullable=False, unique=True),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("change_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("wave", Number, nullable=False),
    Column("changes", Text, nullable=False),
    Column("new_secondary_id", Text),
    Column("held", Boolean, nullable=False),
    Column("attempts", Number, nullable=False),
    Column("next_retry_at", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("approval_id", Number),
    Column("cause", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("interim_id", Text),
    CheckConstraint(
        "change_type <> 'Delete' OR status = 'AwaitingApproval' OR approval_id IS NOT NULL",
        name="no_delete_without_approval",
    ),
    Index("exports_in_order", "system", "status", "wave", "id"),
)
