"""What runs did: their steps, what went wrong in them, what imports saw, what changed its status, who was told."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, Table, Text, false

from storage.tables.base import Number, metadata

runs = Table(
    "runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Number, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("result", Text),
    Column("stop_requested_by", Text),
    Column("backlog", Number),
    Column("waiting", Number),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run_id", Number, ForeignKey("runs.id"), nullable=False),
    Column("position", Number, nullable=False),
    Column("phase", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("result", Text),
    Column("done", Number, nullable=False),
    Column("total", Number),
    Column("statistics", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index("steps_by_run", "run_id", "position"),
)

item_errors = Table(
    "item_errors",
    metadata,
    Column("id", Number, primary_key=True),
    Column("step_id", Number, ForeignKey("steps.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("object_id", Number),
    Column("is_warning", Boolean, nullable=False, server_default=false()),
    Column("mvo_id", Number),
    Index("item_errors_by_step", "step_id"),
    Index("item_errors_by_code", "code", "step_id"),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Number, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("run_id", Number, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Number, nullable=False),
    Column("process", Text, nullable=False),
    Column("heartbeat_at", Text, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("step_id", Number, ForeignKey("steps.id"), primary_key=True),
    Column("system", Text, nullable=False),
    Column("full", Boolean, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("partitions", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("sightings", LargeBinary),
    Column("known_up_to", Number),
    Column("watermark", Text),
    Column("looked_for", Text, nullable=False, server_default="{}"),
    Column("state", Text),
    Column("read_by", Number),
    Index("imports_by_system", "system", "step_id"),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("system", Text, primary_key=True),
    Column("step_id", Number, nullable=False),
    Column("reading", Text, nullable=False),
    Column("since", Text, nullable=False),
)

fingerprint_pieces = Table(
    "fingerprint_pieces",
    metadata,
    Column("system", Text, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("records", LargeBinary, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Number, nullable=False),
    Column("process", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("heartbeat_at", Text, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("step_id", Number, primary_key=True, autoincrement=False),
    Column("run_id", Number, nullable=False),
    Column("owner", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("worker", Text),
    Column("refusal", Text),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", Number, nullable=False),
    Column("system", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("step_id", Number),
    Column("operator", Text),
    Column("reason", Text, nullable=False),
    Index("transitions_of", "entity", "entity_id"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Text, nullable=False),
    Column("run_id", Number, nullable=False),
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("failure", Text, nullable=False),
)
