"""What the look before deleting lets pass is what it held, and it counts whatever has left."""

from tests.attacks.conftest import EVERYBODY, Office


def _decide(office: Office, what: str, *ids: str, status: int = 0) -> str:
    return office("review", what, *ids, "--reason", "as agreed", "--count", str(len(ids)), status=status)


def _two_leave(office: Office) -> list[str]:
    office.systems["directory"]["deletions"] = {"max_count": 1, "max_percent": 100}
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = office.hr["3"]["status"] = "left"
    office.run(None)
    return [str(one["id"]) for one in office.json("review")]


def test_a_release_is_for_what_was_approved_then(office: Office) -> None:
    items = _two_leave(office)
    _decide(office, "approve", *items)
    office.run(3)
    run = office.json("runs", "--limit", "1")[0]["id"]
    office("review", "release", run, "--count", "2", "--reason", "seen")
    _decide(office, "withdraw", *items)
    items = [str(one["id"]) for one in office.json("review")]
    office.run(None)
    _decide(office, "approve", *items)
    office.run(None)
    assert office.people() == EVERYBODY


def test_a_held_batch_is_not_released_for_what_is_approved_later(office: Office) -> None:
    items = _two_leave(office)
    _decide(office, "approve", *items)
    office.run(3)
    run = office.json("runs", "--limit", "1")[0]["id"]
    _decide(office, "withdraw", *items)
    items = [str(one["id"]) for one in office.json("review")]
    office("review", "release", run, "--count", "2", "--reason", "seen", status=None)
    _decide(office, "approve", *items)
    office.run(None)
    assert office.people() == EVERYBODY


def test_deletes_that_no_import_has_proved_yet_count_too(office: Office) -> None:
    first, second = _two_leave(office)
    _decide(office, "approve", first)
    office("step", "export", "directory")
    assert len(office.people()) == 3
    _decide(office, "approve", second)
    office("step", "export", "directory", status=3)
    assert len(office.people()) == 3


def test_a_type_is_counted_whole_though_its_base_was_moved(office: Office) -> None:
    items = _two_leave(office)
    _decide(office, "approve", *items)
    office.edit("UPDATE objects SET partition = 'ou=elsewhere' WHERE system = 'directory' AND id % 2 = 1")
    said = office("step", "export", "directory", status=3)
    assert f"2 of {len(EVERYBODY)} " in said
