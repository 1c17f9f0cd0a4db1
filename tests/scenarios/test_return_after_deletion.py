"""Somebody comes back after everything of theirs was deleted: a new person with a new account."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_who_returns_after_deletion_gets_a_new_account(office: Office) -> None:
    office.run()
    before, mvo = office.person("bob"), office.mvo("2")

    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    office.run()
    assert "bob" not in office.people()
    assert "there is no" in office("show", mvo, status=2)

    office.hr["2"] = row
    office.run()

    after = office.person("bob")
    assert after["entryUUID"] != before["entryUUID"]
    assert after["mail"] == before["mail"]
    assert office.mvo("2") != mvo
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    office.settled()
