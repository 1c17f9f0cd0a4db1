"""Changes that follow each other are, taken together, one that leads to the same."""

from hypothesis import given
from hypothesis import strategies as st

from engine.pending_exports.changes import after_changes, combined
from storage.records import AttributeChange, ChangeStatus

VALUES = st.lists(st.sampled_from(list("abcd")), max_size=3, unique=True)
CHANGES = st.builds(
    AttributeChange,
    st.sampled_from(["phones", "title"]),
    VALUES,
    VALUES,
    st.booleans(),
    st.sampled_from([ChangeStatus.EXPORTED, ChangeStatus.PENDING]),
    st.none(),
)


def _apart(change: AttributeChange) -> AttributeChange:
    """Let a change not add what it removes, as no change does."""
    return change._replace(remove=[value for value in change.remove if value not in change.add])


@given(VALUES, st.lists(CHANGES.map(_apart), max_size=5))
def test_combined_changes_lead_to_the_same(held: list[str], changes: list[AttributeChange]) -> None:
    before = {"phones": held, "title": held[:1]}
    one_by_one, together = after_changes(before, changes), after_changes(before, combined(changes))
    assert {name: set(values) for name, values in one_by_one.items()} == {
        name: set(values) for name, values in together.items()
    }
    assert len({change.name for change in combined(changes)}) == len(combined(changes))
