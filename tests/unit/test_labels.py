"""What a person calls an object: a name from whatever its system writes names into, and then the id."""

import pytest

from storage.labels import labelled, name_of


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"displayName": ["Ada King"], "cn": ["aking"]}, "Ada King"),
        ({"Full Name": ["Ada King"], "mail": ["ada@example.org"]}, "Ada King"),
        ({"first_name": ["Ada"], "last_name": ["King"], "account_name": ["aking"]}, "Ada King"),
        ({"givenName": ["Ada"], "sn": ["King", "Byron"]}, "Ada King"),
        ({"sn": ["King"]}, "King"),
        ({"givenName": ["Ada"], "uid": ["aking"]}, "aking"),
        ({"display_name": [" "], "mail": ["ada@example.org"]}, "ada@example.org"),
        ({"cn": [7], "uid": ["aking"]}, "aking"),
        ({"ou": ["people"]}, ""),
        ({}, ""),
    ],
)
def test_a_whole_name_comes_first_then_its_parts_then_a_login(attributes: dict[str, list[object]], name: str) -> None:
    assert name_of(attributes) == name


def test_a_name_that_says_no_more_than_the_id_is_not_said_twice() -> None:
    assert labelled("aking", "aking") == "aking"
    assert labelled("", "aking") == "aking"
    assert labelled("Ada King", "aking") == "Ada King (aking)"
