"""What calls a deletion off, as people read it."""

from typing import Any

import pytest

from engine.rules.lifecycle import what_calls_off

BY_A_SOURCE = {"rule": "authoritative_source_gone", "trigger": "any", "gone": ["hr", "crew"], "by": []}


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (None, ""),
        ({"rule": "last_connector_gone"}, "a connector that joins it"),
        ({"rule": "last_connector_gone", "another_person": True}, "its return under another number"),
        (BY_A_SOURCE, "its return in hr and crew"),
        (BY_A_SOURCE | {"trigger": "all"}, "its return in hr or crew"),
    ],
)
def test_what_calls_a_deletion_off_is_said(cause: Any, words: str) -> None:
    assert what_calls_off(cause) == words
