"""Pages, counts and ranks of a list are what sorting and filtering all of its rows in Python gives."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from storage import list_words, lists
from storage.list_queries import ListedExport, Query, Term
from storage.place import ServerAddress
from storage.store import Store
from storage.tables import objects, pending_exports
from tests import stores
from tests.stored import AT, put
from tui.feed.lists import parse_filter

TEXT = st.text("aAbB%_*'\"\\ é:", max_size=4)
MAYBE = st.none() | TEXT
WORDS = {
    "system": ("hr", "HR", "dir", "dir2"),
    "type": ("person", "group"),
    "status": ("Normal", "Obsolete", "PendingProvisioning"),
    "change": ("Create", "Update", "Rename"),
}


def label_of(row: "Row") -> str:
    """Name an object as a person would: by its name, and by what its system calls it."""
    known_as = row["secondary_id"] or row["external_id"] or f"cso-{row['id']}"
    return known_as if row["name"] in ("", known_as) else f"{row['name']} ({known_as})"


OBJECTS = st.fixed_dictionaries(
    {
        "system": st.sampled_from(WORDS["system"]),
        "type": st.sampled_from(WORDS["type"]),
        "status": st.sampled_from(WORDS["status"]),
        "external_id": MAYBE,
        "secondary_id": MAYBE,
        "name": st.just("") | TEXT,
        "mvo_id": st.none() | st.integers(1, 3),
        "changed_at": st.sampled_from([AT, "2026-02-01T00:00:00.000Z"]),
        "attributes": st.dictionaries(
            st.sampled_from(["mail", "Mail", "note"]), st.lists(TEXT | st.integers(0, 20), min_size=1, max_size=2)
        ),
    }
)
EXPORTS = st.fixed_dictionaries(
    {
        "system": st.sampled_from(WORDS["system"]),
        "change_type": st.sampled_from(["Create", "Update"]),
        "new_secondary_id": st.none() | st.just("uid=b"),
        "status": st.sampled_from(["Pending", "Failed", "Exported"]),
        "attempts": st.integers(0, 2),
        "error_code": MAYBE,
        "error_message": MAYBE,
        "held": st.booleans(),
        "changes": st.lists(TEXT, max_size=1).map(
            lambda names: [[n, ["x"], [], False, "Pending", None] for n in names]
        ),
    }
)
Row = dict[str, Any]


def is_rename(row: Row) -> bool:
    """Tell whether an export gives an object that is there a new name."""
    return row["change_type"] == "Update" and row["new_secondary_id"] is not None


COLUMNS = {
    "objects": {
        "id": ("number", lambda row: [row["id"]]),
        "system": ("word", lambda row: [row["system"]]),
        "type": ("word", lambda row: [row["type"]]),
        "status": ("word", lambda row: [row["status"]]),
        "object": ("text", lambda row: [label_of(row)]),
        "external_id": ("text", lambda row: [row["external_id"]]),
        "secondary_id": ("text", lambda row: [row["secondary_id"]]),
        "mvo": ("number", lambda row: [row["mvo_id"]]),
        "changed_at": ("text", lambda row: [row["changed_at"]]),
    },
    "exports": {
        "id": ("number", lambda row: [row["id"]]),
        "system": ("word", lambda row: [row["system"]]),
        "change": ("word", lambda row: [row["change_type"], *["Rename"] * is_rename(row)]),
        "status": ("word", lambda row: [row["status"]]),
        "object": ("text", lambda row: [row["label"]]),
        "attempts": ("number", lambda row: [row["attempts"]]),
        "error": ("text", lambda row: [row["error_code"], row["error_message"]]),
        "held": ("flag", lambda row: [row["held"]]),
    },
}


def document(row: Row, name: str) -> str:
    return orjson.dumps(row[name], option=orjson.OPT_SORT_KEYS).decode()


def anywhere(kind: str, row: Row, text: str) -> bool:
    of_export = ("label", "error_code", "status")
    texts = [row[name] for name in (("external_id", "secondary_id") if kind == "objects" else of_export)]
    whole = document(row, "attributes" if kind == "objects" else "changes")
    escaped = orjson.dumps(text).decode()[1:-1]
    return escaped.lower() in whole.lower() or any(text.lower() in (one or "").lower() for one in texts)


def holds(kind: str, row: Row, term: Term) -> bool:
    text = term.text.lower()
    if term.column is None:
        return anywhere(kind, row, term.text)
    if term.column not in COLUMNS[kind]:
        found = [values for name, values in row["attributes"].items() if name.lower() == term.column.lower()]
        return any(text in str(value).lower() for values in found for value in values) if text else not found
    how, read = COLUMNS[kind][term.column]
    values = read(row)
    if not text:
        return values[0] is None or values[0] == "" or values[0] is False
    match how:
        case "number":
            return text.isdecimal() and values[0] == int(text)
        case "flag":
            return values[0] == {"yes": True, "1": True, "no": False}.get(text)
        case "word" if text.endswith("*"):
            return any(value.lower().startswith(text[:-1]) for value in values)
        case "word":
            return text in [value.lower() for value in values]
        case _:
            return any(text in (value or "").lower() for value in values)


def expected(rows: list[Row], query: Query) -> list[int]:
    """Give the ids of the rows in the filter, in order."""
    chosen = [row for row in rows if all(holds(query.kind, row, term) != term.inverted for term in query.terms)]
    read = COLUMNS[query.kind][query.sort or "id"][1]

    def place(row: Row) -> tuple[bool, Any, int]:
        value = read(row)[0]
        return (value is not None, value if value is not None else 0, row["id"])

    return [row["id"] for row in sorted(chosen, key=place, reverse=query.descending)]


@st.composite
def queries(draw: st.DrawFn, kind: str) -> Query:
    terms = []
    for _ in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from([None, *COLUMNS[kind], *(["MAIL", "note"] if kind == "objects" else [])]))
        texts = st.sampled_from(["", "1", "2", "yes", "no", "a", "A", "h*", "p*", "*"]) | TEXT
        if column in WORDS:
            texts = texts | st.sampled_from([word.upper() for word in WORDS[column]])
        text = draw(texts)
        if text or column:
            terms.append(Term(text, column, draw(st.booleans())))
    return Query(kind, tuple(terms), draw(st.sampled_from([None, *COLUMNS[kind]])), draw(st.booleans()))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def runner(request: pytest.FixtureRequest) -> Iterator[tuple[asyncio.Runner, Store]]:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        database = stores.Database() if request.param == "postgresql" else None
        store = Store.open(ServerAddress(database.url, Path(folder)) if database else Path(folder) / "a.db")
        yield runner, store
        runner.run(store.close())


async def compare(store: Store, csos: list[Row], exports: list[Row], query: Query, size: int) -> None:
    rows = csos if query.kind == "objects" else exports
    async with store.transaction() as tx:
        await tx.execute(delete(pending_exports))
        await tx.execute(delete(objects))
        await put(tx, objects, *csos)
        await put(tx, pending_exports, *({k: v for k, v in row.items() if k != "label"} for row in exports))
        wanted = expected(rows, query)
        assert await lists.keys(tx, query) == wanted
        assert await lists.count(tx, query) == len(wanted)
        walked: list[int] = []
        after = None
        while True:
            found = await lists.page(tx, query, after=after, limit=size)
            for number, (place, record) in enumerate(found, len(walked)):
                assert await lists.rank(tx, query, place) == number
                assert isinstance(record, ListedExport) == (query.kind == "exports")
                assert (record.export.id if isinstance(record, ListedExport) else record.id) == place[1]
            walked += [place[1] for place, _ in found]
            if len(found) < size:
                break
            after = found[-1][0]
        assert walked == wanted
        middle = len(wanted) // 2
        assert [place[1] for place, _ in await lists.page(tx, query, skip=middle, limit=size)] == wanted[middle:][:size]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["objects", "exports"]), st.integers(1, 5), st.sampled_from([0, list_words.RARE]))
def test_walking_pages_gives_what_python_gives(
    runner: Any, data: st.DataObject, kind: str, size: int, rare: int
) -> None:
    loop, store = runner
    csos: list[Row] = data.draw(st.lists(OBJECTS, max_size=12))
    seen: set[tuple[str, str, str | None]] = set()
    for number, row in enumerate(csos, 1):
        row["id"] = number
        identity = (row["system"], row["type"], row["external_id"])
        if identity in seen:
            row["external_id"] = None
        seen.add(identity)
    exports: list[Row] = []
    if kind == "exports":
        drawn: list[Row] = data.draw(st.lists(EXPORTS, min_size=len(csos), max_size=len(csos)))
        for number, (cso, row) in enumerate(zip(csos, drawn, strict=True), 1):
            exports.append({**row, "id": number, "cso_id": number, "label": label_of(cso)})
    with patch.object(list_words, "RARE", rare):
        loop.run(compare(store, csos, exports, data.draw(queries(kind)), size))


@given(st.text() | st.text('ab:!" \\'))
def test_any_line_can_be_read_as_a_filter(line: str) -> None:
    for term in parse_filter(line):
        assert term.text or term.column


WRITTEN = st.builds(
    Term, st.text("ab:!\\ é", min_size=1), st.none() | st.just("object"), st.booleans(), whole=st.just(False)
)


@given(st.lists(WRITTEN))
def test_terms_written_down_are_read_again(terms: list[Term]) -> None:
    line = " ".join(
        f'{"!" * one.inverted}{one.column + ":" if one.column else ""}{"~" * one.pattern}"{one.text}"' for one in terms
    )
    assert parse_filter(line) == tuple(terms)
