"""What sets missing objects apart is said: a department, a branch, the end of the file; and nothing that does not."""

import asyncio
from pathlib import Path

from engine.gates.limits import Part
from engine.phases.detecting.common_traits import in_common
from storage.store import Store
from storage.tables import objects
from tests.stored import put

Rows = list[dict[str, object]]


def said_of(tmp_path: Path, rows: Rows, missing: set[int]) -> list[str]:
    """Store some people and ask what those with some ids have in common."""

    async def ask() -> list[str]:
        async with Store.open(tmp_path / "interlock.db") as store:
            async with store.transaction() as tx:
                await put(tx, objects, *rows)
            async with store.reading() as tx:
                return await in_common(tx, Part("hr", "person"), missing)

    return asyncio.run(ask())


def people(count: int, **more: object) -> Rows:
    """Give people in no order but that of their ids: names and departments go round."""
    names = ["Zoe", "Adam", "Mia", "Kim", "Bo", "Yan", "Cy"]
    departments = ["IT", "Sales", "Legal"]
    return [
        {
            "external_id": f"E{number}",
            "attributes": {
                "department": [departments[number % 3]],
                "name": [names[number % 7]],
                "status": ["active"],
            },
            **more,
        }
        for number in range(1, count + 1)
    ]


def test_a_department_is_named_and_what_everybody_has_is_not(tmp_path: Path) -> None:
    rows = people(60)
    missing = {number for number in range(1, 61) if number % 3 == 1}
    assert said_of(tmp_path, rows, missing) == ["20 of the 20 have department Sales; nobody else has it"]


def test_some_others_with_the_same_are_counted(tmp_path: Path) -> None:
    missing = {number for number in range(1, 61) if number % 3 == 1} - {1, 28}
    (said,) = said_of(tmp_path, people(60), missing)
    assert said == "18 of the 18 have department Sales; 2 others have it too"


def test_the_end_of_a_file_is_seen_as_such(tmp_path: Path) -> None:
    said = said_of(tmp_path, people(60), set(range(41, 61)))
    assert said[0] == (
        "they are the last 20 of 60 in the order in which they first came: the file may have been cut off"
    )
    assert "by their external id" in said[1]


def test_external_ids_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    rows = list(reversed(people(120)))  # E120 came first, E99 in the middle
    missing = {number for number, row in enumerate(rows, 1) if int(str(row["external_id"])[1:]) > 90}
    said = said_of(tmp_path, rows, missing)
    assert "they are the last 30 of 120 by their external id: the file may have been cut off" in said
    assert "they are the first 30 of 120 in the order in which they first came: the file may have been cut off" in said


def test_the_end_of_the_alphabet_is_seen(tmp_path: Path) -> None:
    rows = people(70)
    missing = {number for number, row in enumerate(rows, 1) if row["attributes"]["name"][0] in ("Zoe", "Yan")}  # type: ignore[index]
    said = said_of(tmp_path, rows, missing)
    assert said[0] == "they are the last 20 of 70 in the alphabet: the file may have been cut off"


def test_a_branch_of_the_tree_is_named(tmp_path: Path) -> None:
    rows = [
        {**row, "secondary_id": f"uid=p{number},ou={'Leavers' if number % 2 else 'People'},dc=x"}
        for number, row in enumerate(people(40), 1)
    ]
    said = said_of(tmp_path, rows, {number for number in range(1, 41) if number % 2})
    assert said == ["20 of the 20 have the parent ou=leavers,dc=x; nobody else has it"]


def test_a_few_and_everybody_say_nothing(tmp_path: Path) -> None:
    assert said_of(tmp_path / "..", people(60), {1, 4, 7, 10}) == []
    assert said_of(tmp_path, people(10), set(range(1, 11))) == []


def test_whoever_came_with_the_import_is_no_other(tmp_path: Path) -> None:
    async def ask() -> list[str]:
        async with Store.open(tmp_path / "interlock.db") as store:
            async with store.transaction() as tx:
                await put(tx, objects, *people(40))
            async with store.reading() as tx:
                return await in_common(tx, Part("hr", "person", "", 20), set(range(11, 21)))

    said = asyncio.run(ask())
    assert "they are the last 10 of 20 in the order in which they first came: the file may have been cut off" in said
