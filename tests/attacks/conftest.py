"""The office of the scenarios, with a way to edit its store by hand."""

from pathlib import Path

import pytest

from storage.documents import encode
from tests.scenarios.conftest import Office as ScenarioOffice
from tests.scenarios.conftest import slapd
from tests.slapd import Slapd

__all__ = ["Office", "office", "slapd"]
EVERYBODY = {"ada", "bob", "cleo", "dan"}


class Office(ScenarioOffice):
    """An office whose store somebody edits by hand."""

    def edit(self, *statements: str, guarded: bool = False) -> None:
        """Change the store by hand; unless it is guarded, after its triggers were dropped."""
        super().edit(*([] if guarded else self._unguarding()), *statements)

    def _unguarding(self) -> list[str]:
        if self.database is not None:
            return [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in ("audit", "pending_exports")]
        return [
            f"DROP TRIGGER {name}" for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]

    def account(self, uid: str) -> tuple[int, str, str]:
        """Give an account's CSO id, entryUUID and DN."""
        where = f"system = 'directory' AND secondary_id LIKE 'uid={uid},%'"
        found = self.query(f"SELECT id, external_id, secondary_id FROM objects WHERE {where}")
        return found[0]

    def staged_delete(self, uid: str, status: str, approval: int | str) -> str:
        """Give the statement that stages a delete past every phase."""
        cso_id, _, _ = self.account(uid)
        at = "2026-01-01T00:00:00.000Z"
        return (
            "INSERT INTO pending_exports (id, cso_id, system, type, change_type, status, wave, changes, held, "
            "attempts, "
            f"approval_id, cause, created_at, changed_at) VALUES (900000 + {cso_id}, {cso_id}, 'directory', 'person', "
            f"'Delete', '{status}', 100000, '[]', false, 0, {approval}, 'by hand', '{at}', '{at}')"
        )

    def forged_item(self, item_id: int, uid: str, state: str = "approved") -> str:
        """Give the statement that writes a review item as if somebody had approved it."""
        cso_id, external_id, label = self.account(uid)
        consequences = encode({"deletes": [[cso_id, "directory", label, external_id]]})
        at = "2026-01-01T00:00:00.000Z"
        return (
            "INSERT INTO review_items (id, kind, object_id, system, type, label, state, opened_at, evidence, "
            f"consequences, decided_by, decided_at, audit_id) VALUES ({item_id}, 'delete', {cso_id}, 'directory', "
            f"'person', '{label}', '{state}', '{at}', '{{}}', '{consequences}', 'mallory', '{at}', 1)"
        )


@pytest.fixture
def office(tmp_path: Path, slapd: Slapd) -> Office:
    made = Office(tmp_path / "workspace", slapd)
    made.run()
    assert made.people() == EVERYBODY
    return made
