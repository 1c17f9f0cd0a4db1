"""A store that was put back to an earlier state is noticed, and undoes nothing that was decided or sent since."""

import shutil
from pathlib import Path

import pytest

from tests.attacks.conftest import EVERYBODY, Office

pytestmark = pytest.mark.usefixtures("store_files")  # files are put back


def _copied(office: Office) -> Path:
    copy = office.folder / "copy.db"
    office("store", "backup", str(copy))
    return copy


def _put_back(office: Office, copy: Path) -> None:
    """Copy an older file over the store, as an administrator in a hurry does."""
    for ending in ("-wal", "-shm"):
        (office.folder / f"interlock.db{ending}").unlink(missing_ok=True)
    shutil.copy(copy, office.folder / "interlock.db")


def _two_approved(office: Office) -> list[str]:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = office.hr["3"]["status"] = "left"
    office.run(None)
    items = [str(one["id"]) for one in office.json("review")]
    _decide(office, "approve", items)
    return items


def _decide(office: Office, what: str, items: list[str]) -> None:
    office("review", what, *items, "--reason", "as agreed", "--count", str(len(items)))


@pytest.mark.parametrize("how", ["by hand", "restored"])
def test_an_approval_that_was_withdrawn_since_is_void(office: Office, how: str) -> None:
    items = _two_approved(office)
    copy = _copied(office)
    _decide(office, "withdraw", items)
    if how == "by hand":
        _put_back(office, copy)
        said = office("run", status=3)
        assert "is an older store than the one that was here" in said
        assert "2 of its approvals may have been withdrawn" in said
        assert "older store" in office("review", "withdraw", items[0], "--reason", "as agreed", status=3)
        assert "older store" in office("status")
        office("store", "restore", "--reason", "the disk died")
    else:
        assert "2 approvals are void" in office("store", "restore", str(copy), "--reason", "the disk died")
    office.run(None)
    assert office.people() == EVERYBODY
    assert {one["state"] for one in office.json("review")} == {"open"}
    assert "restore-store" in {one["action"] for one in office.json("audit", "show")}
    office("audit", "verify")


def test_a_create_that_was_sent_since_is_not_sent_again_unasked(office: Office) -> None:
    office.hires("7", "Grace Hopper")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    copy = _copied(office)
    office("step", "export", "directory")
    office.slapd.tool("ldapdelete", "uid=grace,ou=people,dc=example,dc=org")  # and somebody had it deleted for a reason
    _put_back(office, copy)
    office("run", status=3)
    said = office("store", "restore", "--reason", "the disk died")
    run = said.split("run-")[1].split()[0].rstrip(".")
    office.run(None)
    assert "grace" not in office.people()
    office("review", "release", f"run-{run}", "--count", "1", "--reason", "seen")
    office.run(None)
    assert "grace" in office.people()


def test_the_store_that_was_here_is_kept_and_is_no_older_one(office: Office) -> None:
    copy = _copied(office)
    office.run()
    office("store", "restore", str(copy), "--reason", "an exercise")
    (kept,) = office.folder.glob("interlock.db.replaced-*")
    _put_back(office, kept)
    assert "older store" in office("run", status=3), "the restore itself was decided since"


def test_a_store_is_not_restored_from_what_is_none(office: Office) -> None:
    (office.folder / "no.db").write_text("nothing of a store")
    before = office.people()
    for file in ("no.db", "missing.db"):
        office("store", "restore", str(office.folder / file), "--reason", "as agreed", status=4)
    assert office.people() == before
    office("store", "restore", "--reason", "as agreed", status=2)
    office.run()


def test_a_store_that_is_gone_is_not_begun_anew_unasked(office: Office) -> None:
    for path in office.folder.glob("interlock.db*"):
        if not path.name.endswith(".mark"):
            path.unlink()
    for command in (("run",), ("status",), ("check",)):
        said = office(*command, status=None)
        assert "restore it from a backup" in said, said
    assert not (office.folder / "interlock.db").exists()
    (office.folder / "interlock.db.mark").unlink()
    office.run(None)
    assert office.people() == EVERYBODY


@pytest.mark.parametrize("left", ["missing", "back"])
def test_nobody_is_created_whom_no_source_gives_any_more(office: Office, left: str) -> None:
    office.hires("7", "Grace Hopper")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    row = office.hr.pop("7")
    office("step", "import", "hr")
    office("step", "detect", "hr")
    said = office("step", "export", "directory")
    assert "no source gives its person any more" in said
    assert "grace" not in office.people()
    if left == "back":
        office.hr["7"] = row
        office.run()
        assert "grace" in office.people()
    else:
        office.approve_all()
        office.run()
        assert "grace" not in office.people()
        assert office.json("exports") == []
