"""The tables: one row and one JSON document for each object, narrow index tables for what is looked up."""

from storage.tables.base import metadata
from storage.tables.review import acknowledgements, audit, held_batches, held_candidates, review_items
from storage.tables.runs import fingerprints, imports, item_errors, lease, notifications, runs, steps, transitions
from storage.tables.spaces import (
    counters,
    given_values,
    join_keys,
    leaving,
    metaverse,
    objects,
    owed,
    pending_exports,
    references,
    rule_marks,
    tombstones,
    wanted,
)

__all__ = [
    "acknowledgements",
    "audit",
    "counters",
    "fingerprints",
    "given_values",
    "held_batches",
    "held_candidates",
    "imports",
    "item_errors",
    "join_keys",
    "lease",
    "leaving",
    "metadata",
    "metaverse",
    "notifications",
    "objects",
    "owed",
    "pending_exports",
    "references",
    "review_items",
    "rule_marks",
    "runs",
    "steps",
    "tombstones",
    "transitions",
    "wanted",
]
