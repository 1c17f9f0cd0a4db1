"""What imports look for, what causes a deletion, names in between, what our own deletes took away, and names."""

import json

import sqlalchemy as sa
from alembic import op

from storage.labels import name_of

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, and set the marks of drift that are no attribute's apart from those of attributes."""
    op.add_column("imports", sa.Column("looked_for", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("objects", sa.Column("sought_by", sa.Text()))
    op.add_column("held_batches", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    op.add_column("metaverse", sa.Column("deletion_cause", sa.Text()))
    op.add_column("pending_exports", sa.Column("interim_id", sa.Text()))
    op.add_column("tombstones", sa.Column("secondary_key", sa.Text()))
    op.add_column("objects", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("tombstones", sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    op.create_index("tombstones_by_external_id", "tombstones", ["system", "type", "external_id"])
    _rename_marks()
    _keep_names()


def _rename_marks() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT cso_id, marks FROM wanted WHERE marks LIKE '%\"dn\"%' OR marks LIKE '%\"told %'")
    )
    changed = []
    for cso_id, text in found.fetchall():
        marks = json.loads(text)
        renamed = {
            f"\0{name}" if name == "dn" or name.startswith("told ") else name: one for name, one in marks.items()
        }
        document = json.dumps(renamed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        changed.append({"id": cso_id, "marks": document})
    if changed:
        connection.execute(sa.text("UPDATE wanted SET marks = :marks WHERE cso_id = :id"), changed)


def _keep_names() -> None:
    connection = op.get_bind()
    after = 0
    while page := connection.execute(
        sa.text("SELECT id, attributes FROM objects WHERE id > :after ORDER BY id LIMIT 1000"), {"after": after}
    ).fetchall():
        after = page[-1].id
        named = [{"id": cso_id, "name": name_of(json.loads(text))} for cso_id, text in page]
        connection.execute(sa.text("UPDATE objects SET name = :name WHERE id = :id"), named)
