"""A name or an id that is meant exactly wins over longer ones that hold it: in `explain`, and in every search."""

import pytest

from tests.accounts_file import with_accounts
from tests.inside import Inside

PEOPLE = [
    ("10", "Adam", "Ada"),
    ("11", "Adamina", "1"),
    ("1", "Ada", "Adam"),
    ("E10", "E1x", ""),
    ("E1", "Eve", ""),
    ("20", "Sam", ""),
    ("21", "Sam", ""),
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    """People whose names and ids hold one another, longer ones first; nobody writes here."""
    people = [{"id": number, "name": name, "team": team} for number, name, team in PEOPLE]
    return with_accounts(tmp_path_factory.mktemp("names"), people)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ada", "Ada"), ("ada", "Ada"), ("1", "Ada"), ("10", "Adam"), ("E1", "Eve"), ("E10", "E1x"), ("adam", "Adam")],
)
def test_explain_takes_the_exact_one(office: Inside, text: str, name: str) -> None:
    assert office.json("explain", text)["label"].startswith(f"{name} (")


def test_an_account_is_found_by_its_dn_as_a_whole(office: Inside) -> None:
    assert "uid=1,dc=s" in office.json("explain", "UID=1, dc=s")["label"]


def test_parts_still_find_and_candidates_are_named(office: Inside) -> None:
    assert office.json("explain", "mina")["label"].startswith("Adamina")
    said = office("explain", "Sam", status=2)
    assert "'Sam' fits several objects: Sam (mvo-6), Sam (mvo-7); name one by its id" in said
    assert "Adam (mvo-1), Adamina (mvo-2)" in office("explain", "dam", status=2)


@pytest.mark.parametrize(("text", "first"), [("1", "1"), ("E1", "E1"), ("ada", "10")])
def test_a_search_lists_what_is_exact_first_and_nothing_twice(office: Inside, text: str, first: str) -> None:
    found = office.json("objects", "--system", "hr", "--search", text)
    assert found[0]["external_id"] == first
    ids = [one["id"] for one in found]
    assert len(ids) == len(set(ids))
    assert len(ids) == len(office.json("objects", "--system", "hr", "--search", text, "--limit", "0"))
    assert [one["id"] for one in office.json("objects", "--system", "hr", "--search", text, "--limit", "2")] == ids[:2]


def test_a_search_of_the_metaverse_too(office: Inside) -> None:
    assert office.json("metaverse", "--search", "E1")[0]["label"].startswith("Eve")
