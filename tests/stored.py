"""Rows put straight into a store, for tests of what reads them."""

from typing import Any

from sqlalchemy import Table, insert

from storage.documents import encode
from storage.store import Transaction
from storage.tables import (
    item_errors,
    metaverse,
    objects,
    owed,
    pending_exports,
    review_items,
    runs,
    steps,
    transitions,
)

AT = "2026-01-02T03:04:05.000Z"
_DEFAULTS: dict[Table, dict[str, Any]] = {
    objects: {
        "system": "hr",
        "type": "person",
        "external_id": None,
        "secondary_id": None,
        "secondary_key": None,
        "partition": "",
        "status": "Normal",
        "attributes": {},
        "hash": 0,
        "mvo_id": None,
        "joined_by": None,
        "due": False,
        "kept": False,
        "created_at": AT,
        "changed_at": AT,
        "name": "",
    },
    metaverse: {
        "type": "person",
        "attributes": {},
        "contributors": {},
        "deleted": False,
        "delete_after": None,
        "approval_id": None,
        "due": False,
        "created_at": AT,
        "changed_at": AT,
    },
    owed: {"direction": "in", "attribute": "manager", "system": "hr", "since": AT, "told": False},
    pending_exports: {
        "system": "directory",
        "type": "person",
        "change_type": "Update",
        "status": "Pending",
        "wave": 1,
        "changes": [],
        "new_secondary_id": None,
        "held": False,
        "attempts": 0,
        "next_retry_at": None,
        "error_code": None,
        "error_message": None,
        "approval_id": None,
        "cause": "",
        "created_at": AT,
        "changed_at": AT,
    },
    review_items: {
        "kind": "absence",
        "object_id": 1,
        "system": "hr",
        "type": "person",
        "label": "",
        "state": "open",
        "run_id": None,
        "opened_at": AT,
        "evidence": {},
        "consequences": {},
        "decided_by": None,
        "decided_at": None,
        "reason": None,
        "deferred_until": None,
        "carried_out_at": None,
    },
    runs: {
        "profile": "cycle",
        "operator": "anna",
        "host": "h",
        "pid": 1,
        "started_at": AT,
        "ended_at": None,
        "result": None,
        "stop_requested_by": None,
    },
    steps: {
        "run_id": 1,
        "position": 0,
        "phase": "import",
        "system": "hr",
        "started_at": AT,
        "ended_at": None,
        "result": None,
        "done": 0,
        "total": None,
        "statistics": {},
        "message": "",
    },
    item_errors: {
        "step_id": 1,
        "code": "syntax-violation",
        "message": "",
        "advice": "",
        "system": "hr",
        "type": "person",
        "label": "",
        "position": "",
        "object_id": None,
    },
    transitions: {
        "at": AT,
        "entity": "cso",
        "entity_id": 1,
        "system": "hr",
        "label": "",
        "from_status": None,
        "to_status": None,
        "step_id": None,
        "operator": None,
        "reason": "",
    },
}


async def put(tx: Transaction, table: Table, *rows: dict[str, Any]) -> None:
    """Insert rows with ids from 1 on, what is not given being as usual; documents are encoded."""
    whole = [{"id": number, **_DEFAULTS[table], **row} for number, row in enumerate(rows, 1)]
    encoded = [{name: encode(v) if isinstance(v, dict | list) else v for name, v in row.items()} for row in whole]
    if encoded:
        await tx.execute(insert(table), encoded)
