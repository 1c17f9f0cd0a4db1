"""What a killed run left on its way is settled before evaluation looks: the first rerun writes today's values."""

import pytest

from tests.dying import killed
from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

pytestmark = pytest.mark.usefixtures("either_store")

SENT, STORED = 6, 7
"""The transactions of an export of one batch: its exports are marked as being sent, and what became of them kept."""
CREATE_STORED = 8
"""That of creates: while they are on their way, it is looked whether more follow."""


@pytest.mark.parametrize("written", [False, True])
def test_the_first_rerun_writes_what_is_wanted_today(office: Office, written: bool) -> None:
    _is_killed_while_sending(office, written=written)
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.person("bob")["title"] == ["Boss"]
    office.settled()


def test_what_was_written_before_the_kill_is_known_as_written(office: Office) -> None:
    _is_killed_while_sending(office, written=True)
    office("step", "evaluate")
    (export,) = office.json("exports")
    assert export["status"] == "Exported"


def test_what_was_not_written_is_to_be_sent_again(office: Office) -> None:
    _is_killed_while_sending(office, written=False)
    office("step", "evaluate")
    (export,) = office.json("exports")
    assert export["status"] == "Pending"


@pytest.mark.parametrize("joined", [True, False], ids=["join", "no join"])
def test_what_was_created_before_the_kill_is_known_by_all_that_was_planned(office: Office, joined: bool) -> None:
    if not joined:
        del office.rule("people to the directory")["join"]
    office.run()
    office.hires("7", "Zoe Quinn")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    assert killed(office, "step", "export", "directory", at=CREATE_STORED, after=False)
    zoe = office.person("zoe")
    office("step", "import", "directory")
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory'") == [(5,)], "it is no stranger's"
    office.run()
    assert office.person("zoe") == zoe
    office.settled()


def test_what_was_perhaps_created_is_not_whatever_has_its_name_since(office: Office) -> None:
    del office.rule("people to the directory")["join"]
    office.run()
    office.hires("7", "Zoe Quinn")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    assert killed(office, "step", "export", "directory", at=SENT, after=True)
    lines = ("objectClass: inetOrgPerson", "uid: zoe", "cn: Zoe Other", "sn: Other")
    office.slapd.add("\n".join([f"dn: uid=zoe,ou=people,{SUFFIX}", *lines]) + "\n")
    stranger = office.person("zoe")
    office("step", "import", "directory")
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory'") == [(6,)], "it is a stranger's"
    office.run(status=1)
    assert office.codes() == ["existing-object"]
    assert office.person("zoe") == stranger


def _is_killed_while_sending(office: Office, *, written: bool) -> None:
    """Change Bob's title, and die before it is sent, or before anybody notes that it was."""
    office.run()
    office.hr["2"]["title"] = "Lead"
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    at, after = (STORED, False) if written else (SENT, True)
    assert killed(office, "step", "export", "directory", at=at, after=after)
    assert office.query("SELECT status FROM pending_exports") == [("Executing",)]
    assert office.person("bob")["title"] == ["Lead" if written else "Clerk"]
