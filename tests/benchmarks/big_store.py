"""A store as a large site has it, filled directly: a million objects, a hundred thousand pending exports."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from storage.store import Store
from tui.demo.people import people
from tui.demo.workspace import make_workspace

AT = "2026-03-02T08:00:00.000Z"
FIRST = ("Ada", "Emma", "Noah", "Žofie", "Łukasz", "Anna", "Kate", "Jack")
LAST = ("Lovelace", "Moore", "Nolan", "Núñez", "Fjørtoft", "Ellis", "Hopper", "Reed")
DEPARTMENTS = ("Sales", "Board", "Finance", "Support", "Logistics", "Engineering", "Legal")
CHANGES = ("Create", "Update", "Update", "Delete")
STATUSES = ("Pending", "Pending", "Exported", "ExportNotConfirmed", "Failed")


def make_big_store(folder: Path, objects: int = 1_000_000, exports: int = 100_000) -> Path:
    """Make a workspace with a store of that size and give its configuration."""
    config = make_workspace(folder, list(people(20)), demo=False)
    store = folder / "interlock.db"
    asyncio.run(Store.open(store).close())
    connection = sqlite3.connect(store, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    half = objects // 2
    _insert(connection, "objects", _objects(half))
    _insert(connection, "metaverse", _metaverse(half))
    _insert(connection, "pending_exports", _exports(half, exports))
    _insert(connection, "review_items", _reviews(5000))
    _insert(connection, "transitions", _transitions(half))
    _insert(connection, "runs", _runs(200))
    _insert(connection, "steps", _steps(200))
    _insert(connection, "item_errors", _errors(2000))
    connection.executemany(
        "INSERT INTO counters VALUES (?, ?)",
        [(name, 10 * objects) for name in ("objects", "metaverse", "exports", "review")],
    )
    connection.execute("COMMIT")
    connection.close()
    return config


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[tuple[Any, ...]]) -> None:
    first = next(rows)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")][
        : len(first)
    ]  # the rest has defaults
    marks = ", ".join("?" * len(first))
    names = ", ".join(f'"{name}"' for name in columns)
    into = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    connection.execute(into, first)
    connection.executemany(into, rows)


def _text(document: object) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _person(number: int) -> dict[str, list[str]]:
    first, last = FIRST[number % 8], LAST[number // 8 % 8]
    return {
        "employee_id": [f"E{number:07}"],
        "first_name": [first],
        "last_name": [last],
        "title": ["Specialist"],
        "department": [DEPARTMENTS[number % 7]],
        "location": ["København"],
        "email": [f"{first}.{last}.{number}@example.org".lower()],
        "phones": [f"+49 30 {number:07}", f"+49 171 {number:07}"],
        "start_date": ["2021-04-06"],
        "contract": ["permanent"],
        "status": ["active"],
        "cost_centre": [str(number % 9999)],
    }


def _name(number: int) -> str:
    return f"{FIRST[number % 8]} {LAST[number // 8 % 8]}"


def _dn(number: int) -> str:
    return f"uid=u{number:07},ou={DEPARTMENTS[number % 7]},ou=people,dc=example,dc=org"


def _objects(half: int) -> Iterator[tuple[Any, ...]]:
    head: tuple[str | None, ...]
    for number in range(1, half + 1):
        text = _text(_person(number))
        status = "Obsolete" if number <= 5000 else "Normal"
        head = ("hr", "person", f"E{number:07}", None, None, "", status)
        yield (number, *head, text, number, number, "projection", 0, 0, AT, AT, None, _name(number))
    for number in range(1, half + 1):
        dn = _dn(number)
        text = _text({**_person(number), "entryUUID": [f"{number:08}-0000-4000-8000-000000000000"]})
        head = ("directory", "person", f"{number:08}-0000-4000-8000-000000000000", dn, dn, "", "Normal")
        yield (half + number, *head, text, number, number, "provisioning", 0, 0, AT, AT, None, _name(number))


def _metaverse(half: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, half + 1):
        found = _person(number) | {"display_name": [_name(number)]}
        by = {name: [number, "people from hr"] for name in found}
        yield (number, "person", _text(found), _text(by), 0, None, None, 0, AT, AT)


def _exports(half: int, count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        change = CHANGES[number % 4]
        status = "AwaitingApproval" if change == "Delete" else STATUSES[number % 5]
        failed = status in ("Failed", "ExportNotConfirmed")
        error = ("constraint-violation", "the server refused it: 'title' is too long") if failed else (None, None)
        changes = _text([["title", ["Chief Specialist"], [], True, "Pending", None]])
        head = (number, half + number, "directory", "person", change, status, 1, changes, None, 0)
        yield (*head, 2 if failed else 0, None, *error, None, "flow of rule 'people to the directory'", AT, AT)


def _reviews(count: int) -> Iterator[tuple[Any, ...]]:
    evidence = _text({"last_seen_at": AT, "last_seen_in_run": 1, "missing_since": AT, "missing_in_run": 2})
    for number in range(1, count + 1):
        deletes = [[500_000 + number, "directory", _dn(number), f"{number:08}-0000-4000-8000-000000000000"]]
        found = _text({"mvo": number, "mvo_deleted": True, "grace_seconds": 0, "deletes": deletes})
        head = (number, "absence", number, "hr", "person", f"E{number:07}", "open", 2, AT, evidence, found)
        yield (*head, None, None, None, None, None)


def _transitions(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        yield (number, AT, "cso", number, "hr", f"E{number:07}", None, "Normal", 1, None, "imported for the first time")


def _runs(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        ended = f"2026-03-02T08:00:{number % 60:02}.500Z"
        yield (
            number,
            "nightly",
            "ada",
            "signalbox",
            1,
            AT,
            ended,
            "success",
            None,
            100_000 - number * 100,
            number * 25,
        )


def _steps(count: int) -> Iterator[tuple[Any, ...]]:
    number = 0
    for run in range(1, count + 1):
        for position, (phase, system) in enumerate((("import", "hr"), ("sync", ""), ("evaluate", "")), 1):
            number += 1
            ended = f"2026-03-02T08:00:{run % 60:02}.400Z"
            yield (
                number,
                run,
                position,
                phase,
                system,
                AT,
                ended,
                "success",
                500_000,
                500_000,
                '{"unchanged": 500000}',
                "",
            )


def _errors(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        words = ("dn-not-determined", "the DN needs 'department', which is empty", "give the object that value")
        yield (number, number % 600 + 1, *words, "directory", "person", f"E{number:07}", f"line {number}", number)


if __name__ == "__main__":
    print(make_big_store(Path(sys.argv[1]), *(int(text) for text in sys.argv[2:])))
