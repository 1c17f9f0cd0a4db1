"""Somebody edits the store by hand, with and without its triggers: no entry is deleted that nobody approved."""

import sqlite3

import psycopg
import pytest

from storage.documents import decode, encode
from tests.attacks.conftest import EVERYBODY, Office

pytestmark = pytest.mark.usefixtures("either_store")
REFUSED = (sqlite3.IntegrityError, psycopg.errors.CheckViolation)
"""What the store's own guards raise."""


def test_the_store_refuses_a_delete_that_is_staged_or_sent_without_an_approval(office: Office) -> None:
    for status in ("Pending", "Executing", "Exported"):
        with pytest.raises(REFUSED, match="approv"):
            office.edit(office.staged_delete("bob", status, 1), guarded=True)
    office.edit(office.staged_delete("bob", "AwaitingApproval", "NULL"), guarded=True)
    for status in ("Pending", "Executing"):
        with pytest.raises(REFUSED, match="no live approval covers this delete"):
            office.edit(f"UPDATE pending_exports SET status = '{status}', approval_id = 1", guarded=True)


def test_the_store_refuses_an_approval_of_another_object(office: Office) -> None:
    office.edit(office.forged_item(500, "ada"), guarded=True)
    with pytest.raises(REFUSED, match="no live approval covers this delete"):
        office.edit(office.staged_delete("bob", "Pending", 500), guarded=True)


@pytest.mark.parametrize("status", ["Pending", "ExportNotConfirmed"])
def test_a_delete_that_is_staged_past_the_triggers_is_not_sent(office: Office, status: str) -> None:
    office.edit(office.staged_delete("bob", status, 1))
    office.run(None)
    office.run(None)
    assert office.people() == EVERYBODY


def test_an_approval_that_was_never_given_is_none(office: Office) -> None:
    office.edit(office.forged_item(500, "bob"), office.staged_delete("bob", "Pending", 500))
    office.run(None)
    assert office.people() == EVERYBODY
    office.run(None)
    assert office.people() == EVERYBODY


def test_a_review_item_set_to_approved_by_hand_is_asked_again(office: Office) -> None:
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    office.edit("UPDATE review_items SET state = 'approved', decided_by = 'mallory', audit_id = 1")
    office.run(None)
    assert office.people() == EVERYBODY
    assert [(one["id"], one["state"]) for one in office.json("review")] == [(item["id"], "open")]
    office.approve_all()
    office.run()
    assert office.people() == EVERYBODY - {"bob"}


def _approve_bob(office: Office) -> int:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"
    office.run(None)
    (item,) = office.json("review")
    office("review", "approve", item["id"], "--reason", "left")
    return int(item["id"].removeprefix("rev-"))


def test_an_approval_whose_consequences_were_edited_covers_nothing(office: Office) -> None:
    item_id = _approve_bob(office)
    cso_id, external_id, label = office.account("ada")
    consequences = decode(office.query(f"SELECT consequences FROM review_items WHERE id = {item_id}")[0][0])
    consequences["deletes"].append([cso_id, "directory", label, external_id])
    office.edit(
        f"UPDATE review_items SET consequences = '{encode(consequences)}' WHERE id = {item_id}",
        office.staged_delete("ada", "Pending", item_id),
    )
    office.run(None)
    assert office.people() == EVERYBODY


def test_an_approval_is_for_one_object_and_not_for_another(office: Office) -> None:
    item_id = _approve_bob(office)
    office.edit(office.staged_delete("ada", "Pending", item_id))
    office.run(None)
    assert office.people() == EVERYBODY - {"bob"}


@pytest.mark.parametrize("what", ["external_id", "secondary_id", "both"])
def test_an_approved_object_that_is_made_another_deletes_no_other(office: Office, what: str) -> None:
    _approve_bob(office)
    bob, _, _ = office.account("bob")
    ada, external_id, label = office.account("ada")
    changes = {
        "external_id": f"external_id = '{external_id}'",
        "secondary_id": f"secondary_id = '{label}'",
        "both": f"external_id = '{external_id}', secondary_id = '{label}'",
    }[what]
    office.edit(
        f"UPDATE objects SET external_id = 'aside' WHERE id = {ada}", f"UPDATE objects SET {changes} WHERE id = {bob}"
    )
    office.run(None)
    office("step", "export", "directory", status=None)
    assert "ada" in office.people()


@pytest.mark.parametrize("with_its_mark", [False, True])
def test_an_approval_taken_out_of_the_audit_log_is_none(office: Office, with_its_mark: bool) -> None:
    _approve_bob(office)
    office.edit("DELETE FROM audit WHERE action = 'approve'")
    if with_its_mark:
        next(office.folder.glob("*.mark")).unlink()
        office.run(None)
    else:
        assert "older store" in office("run", status=3)
    assert office.people() == EVERYBODY


def test_a_withdrawn_approval_is_none(office: Office) -> None:
    item_id = _approve_bob(office)
    office("review", "withdraw", f"rev-{item_id}", "--reason", "a mistake")
    office.edit(f"UPDATE pending_exports SET status = 'Pending', approval_id = {item_id}")
    office.run(None)
    assert office.people() == EVERYBODY
