"""The tables: one row and one JSON document for each object, narrow index tables for what is looked up."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("external_id", Text),
    Column("secondary_id", Text),
    Column("secondary_key", Text),
    Column("partition", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("mvo_id", Integer),
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
        sqlite_where=text("secondary_key IS NOT NULL"),
    ),
    Index("objects_by_status", "system", "type", "status", "partition"),
    Index("objects_by_mvo", "mvo_id", sqlite_where=text("mvo_id IS NOT NULL")),
    Index("objects_due", "id", sqlite_where=text("due = 1")),
)

metaverse = Table(
    "metaverse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("contributors", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("delete_after", Text),
    Column("approval_id", Integer),
    Column("due", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("deletion_cause", Text),
    Index("metaverse_due", "id", sqlite_where=text("due = 1")),
    Index("metaverse_grace", "delete_after", sqlite_where=text("delete_after IS NOT NULL")),
    Index("metaverse_by_type", "type"),
    Index("metaverse_deleted", "type", sqlite_where=text("deleted = 1")),
)

join_keys = Table(
    "join_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("attributes", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("object_id", Integer, primary_key=True),
    Index("join_keys_by_object", "owner", "object_id"),
    sqlite_with_rowid=False,
)

references = Table(
    "mvo_references",
    metadata,
    Column("mvo_id", Integer, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("target_id", Integer, primary_key=True),
    Index("references_to", "target_id"),
    sqlite_with_rowid=False,
)

owed = Table(
    "owed_references",
    metadata,
    Column("direction", Text, primary_key=True),
    Column("owner_id", Integer, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("since", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    Index("owed_untold", "direction", "owner_id", sqlite_where=text("told = 0")),
    sqlite_with_rowid=False,
)

wanted = Table(
    "wanted",
    metadata,
    Column("cso_id", Integer, primary_key=True, autoincrement=False),
    Column("marks", Text, nullable=False),
)

pending_exports = Table(
    "pending_exports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("cso_id", Integer, ForeignKey("objects.id"), nullable=False, unique=True),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("change_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("changes", Text, nullable=False),
    Column("new_secondary_id", Text),
    Column("held", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_retry_at", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("approval_id", Integer),
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

transitions = Table(
    "transitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("step_id", Integer),
    Column("operator", Text),
    Column("reason", Text, nullable=False),
    Index("transitions_of", "entity", "entity_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("result", Text),
    Column("stop_requested_by", Text),
    Column("backlog", Integer),
    Column("waiting", Integer),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("phase", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("result", Text),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("statistics", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index("steps_by_run", "run_id", "position"),
)

item_errors = Table(
    "item_errors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("step_id", Integer, ForeignKey("steps.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("object_id", Integer),
    Index("item_errors_by_step", "step_id"),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process", Text, nullable=False),
    Column("heartbeat_at", Text, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("step_id", Integer, ForeignKey("steps.id"), primary_key=True),
    Column("system", Text, nullable=False),
    Column("full", Boolean, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("partitions", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("sightings", LargeBinary),
    Column("known_up_to", Integer),
    Column("watermark", Text),
    Column("looked_for", Text, nullable=False, server_default="{}"),
    Index("imports_by_system", "system", "step_id"),
)

review_items = Table(
    "review_items",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("object_id", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Integer),
    Column("opened_at", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("consequences", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Text),
    Column("reason", Text),
    Column("deferred_until", Text),
    Column("carried_out_at", Text),
    Column("first_by", Text),
    Column("audit_id", Integer),
    Index("review_by_state", "state", "system", "id"),
    Index("review_by_object", "object_id"),
    Index("review_by_decision", "decided_at"),
)

held_batches = Table(
    "held_batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("step_id", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("gate", Text, nullable=False),
    Column("missing", Integer, nullable=False),
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
    Column("batch_id", Integer, ForeignKey("held_batches.id"), primary_key=True),
    Column("object_id", Integer, primary_key=True),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
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

notifications = Table(
    "notifications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("failure", Text, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("object_id", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("external_id", Text),
    Column("secondary_id", Text),
    Column("attributes", Text, nullable=False),
    Column("mvo_id", Integer),
    Column("review_id", Integer),
    Column("at", Text, nullable=False),
    Column("restored_as", Integer),
    Column("secondary_key", Text),
    Column("deleted", Boolean, nullable=False, server_default=text("0")),
    Index("tombstones_by_object", "object_id"),
    Index("tombstones_by_time", "system", "at"),
    Index("tombstones_by_external_id", "system", "type", "external_id"),
)

rule_marks = Table(
    "rule_marks",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)
