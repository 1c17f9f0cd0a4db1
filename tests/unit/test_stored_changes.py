"""The changes of an export are read when they are asked for, and are what a list of them is."""

from storage.documents import encode
from storage.records import AttributeChange, ChangeStatus, ExportStatus
from storage.stored_changes import StoredChanges

CHANGES = [
    AttributeChange("cn", ["Ada"], [], True, ChangeStatus.PENDING),
    AttributeChange("mail", ["a@b"], ["c@d"], False, ChangeStatus.EXPORTED, ["e@f"]),
]
DOCUMENT = encode(list(map(list, CHANGES)))


def test_they_are_what_was_written():
    found = StoredChanges(DOCUMENT, ExportStatus.PENDING)
    assert list(found) == CHANGES
    assert found == CHANGES
    assert found == CHANGES
    assert found == StoredChanges(DOCUMENT, ExportStatus.PENDING)
    assert found != CHANGES[:1]
    assert (len(found), found[0], found[1:]) == (2, CHANGES[0], CHANGES[1:])
    assert found[1].status is ChangeStatus.EXPORTED


def test_those_of_what_was_written_as_a_whole_were_all_written():
    found = StoredChanges(DOCUMENT, ExportStatus.EXPORTED)
    assert [one.status for one in found] == [ChangeStatus.EXPORTED] * 2
    assert found != CHANGES


def test_nothing_is_read_before_it_is_asked_for():
    assert StoredChanges("no document", ExportStatus.PENDING) is not None
