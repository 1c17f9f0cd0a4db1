"""Lists: what a filter finds, in which order rows stand, and that pages fit together."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from storage import list_values, lists
from storage.errors import StoreError
from storage.list_queries import Query, Term
from storage.lists import UnknownColumn
from storage.patterns import InvalidPattern
from storage.place import ServerAddress
from storage.store import Store
from storage.tables import (
    item_errors,
    metaverse,
    objects,
    owed,
    pending_exports,
    review_items,
    runs,
    steps,
    transitions,
)
from tests import stores
from tests.stored import put
from tui.feed.lists import COLUMNS, parse_filter

HOSTILE = ["100%", "it's", 'a"b', "back\\slash", "nul\0here", "_", "%", "'; DROP TABLE objects; --", "*", "\\u0041"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    folder = tmp_path_factory.mktemp("lists")
    database = stores.Database() if request.param == "postgresql" else None
    path = ServerAddress(database.url, folder) if database else folder / "a.db"
    hostile = [text.replace("\0", "\u2400") for text in HOSTILE] if database else HOSTILE
    """PostgreSQL holds no NUL."""

    async def fill() -> None:
        async with Store.open(path) as opened, opened.transaction() as tx:
            await put(
                tx,
                objects,
                {"external_id": "e1", "secondary_id": "cn=Zoë Ångström", "attributes": {"mail": ["zoe@x.org"]}},
                {"external_id": "e2", "system": "HR2", "status": "Obsolete", "attributes": {"Level": [12, True]}},
                {
                    "external_id": None,
                    "secondary_id": "cn=b",
                    "status": "PendingProvisioning",
                    "mvo_id": 7,
                    "name": "Bo",
                },
                {
                    "external_id": "E4",
                    "secondary_id": 'cn="q", ou=50%',
                    "attributes": {"note": ['say "hi"\\', "ÉCOLE"]},
                },
                {"external_id": "e5", "type": "group", "mvo_id": 12, "attributes": {"member": ["cn=mail,dc=x"]}},
                *({"external_id": text, "attributes": {"Hostile": [text]}} for text in hostile),
            )
            await put(
                tx,
                metaverse,
                {"attributes": {"name": ["Ada"], "Department": ["Engines"]}},
                {"attributes": {"name": ["Bob"]}, "deleted": True, "type": "group"},
                {"attributes": {"name": ["Engines"]}, "delete_after": "2026-03-01T00:00:00.000Z"},
            )
            await put(
                tx,
                pending_exports,
                {"cso_id": 1, "changes": [["mail", ["new@x.org"], [], True, "Pending", None]]},
                {"cso_id": 2, "error_code": "permission-denied", "error_message": "Not allowed", "attempts": 3},
                {"cso_id": 3, "change_type": "Create", "status": "Failed", "error_code": "syntax-violation"},
                {"cso_id": 4, "change_type": "Delete", "status": "AwaitingApproval", "held": True},
            )
            await put(
                tx,
                owed,
                {"owner_id": 1, "key": "E9"},
                {"owner_id": 7, "key": "12", "direction": "out", "attribute": "member", "system": "directory"},
                {"owner_id": 99, "key": "7", "direction": "out", "system": "directory"},
            )
            past, future = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
            await put(
                tx,
                review_items,
                {"label": "cn=open"},
                {"label": "cn=kept", "state": "kept", "decided_by": "anna"},
                {"label": "cn=due", "state": "deferred", "deferred_until": past, "kind": "delete"},
                {"label": "cn=later", "state": "deferred", "deferred_until": future},
            )
            await put(
                tx,
                runs,
                {"result": "success", "profile": "nightly"},
                {"result": "completed-sync-errors", "operator": "Bert"},
                {"profile": "hourly"},
            )
            await put(
                tx,
                steps,
                {},
                {"run_id": 2, "system": "directory", "phase": "export"},
                {"run_id": 3, "system": "", "phase": "sync"},
            )
            await put(
                tx,
                item_errors,
                {"label": "cn=x", "message": "too Long"},
                {"step_id": 2, "label": "cn=y", "code": "missing-object", "system": "directory"},
            )
            await put(
                tx,
                transitions,
                {"label": "cn=a", "to_status": "Normal", "reason": "import"},
                {
                    "label": "cn=a",
                    "from_status": "Normal",
                    "to_status": "Obsolete",
                    "reason": "gone",
                    "operator": "anna",
                },
                {"entity": "export", "label": "cn=b", "to_status": "Pending", "reason": "evaluated"},
            )

    asyncio.run(fill())
    yield path
    del database  # it goes with the last who has it


def ask(path: Path, work):
    async def run():
        async with Store.open(path) as opened, opened.reading() as tx:
            return await work(tx)

    return asyncio.run(run())


def found(path: Path, kind: str, line: str, **more) -> list[int]:
    """Give the ids that a filter finds, after looking that the pages and the count say the same."""
    query = Query(kind, parse_filter(line), **more)

    async def work(tx):
        ids = await lists.keys(tx, query)
        assert [place[1] for place, _ in await lists.page(tx, query)] == ids
        assert await lists.count(tx, query) == len(ids)
        return ids

    return ask(path, work)


@pytest.mark.parametrize(
    ("kind", "line", "ids"),
    [
        ("objects", "system:hr2", [2]),
        ("objects", "status:OBSOLETE", [2]),
        ("objects", "status:p*", [3]),
        ("objects", "status:nothing", []),
        ("objects", "System:h* type:group", [5]),
        ("objects", "!status:normal", [2, 3]),
        ("objects", "mvo:12", [5]),
        ("objects", "mvo:mvo-7", [3]),
        ("objects", "!mvo:7 type:group", [5]),
        ("objects", "mvo:seven", []),
        ("objects", "id:cso-4", [4]),
        ("objects", "id:99999999999999999999999", []),
        ("objects", "external_id:", [3]),
        ("objects", "!external_id: id:3", []),
        ("objects", "secondary_id: id:2", [2]),
        ("objects", "object:E2", [2]),
        ("objects", "zoë", [1]),
        ("objects", "ZOË", [1]),
        ("objects", "ångström", [1]),
        ("objects", "école", [4]),
        ("objects", "mail", [1, 5]),
        ("objects", "mail:zoe", [1]),
        ("objects", "MAIL:ZOE@X", [1]),
        ("objects", "mail:mail", []),
        ("objects", "level:12", [2]),
        ("objects", "level:true", [2]),
        ("objects", "level: id:2", []),
        ("objects", "level: id:1", [1]),
        ("objects", "!level: mvo:", [2]),
        ("objects", 'note:"say \\"', []),
        ("objects", "note:hi", [4]),
        ("objects", "note:École", [4]),
        ("objects", "!mail:zoe type:group", [5]),
        ("objects", 'object:"cn=Zoë Ång"', [1]),
        ("objects", "changed_at:2026-01-02T03 id:1", [1]),
        ("metaverse", "engines", [1, 3]),
        ("metaverse", "department:engines", [1]),
        ("metaverse", "deleted:yes", [2]),
        ("metaverse", "deleted:no type:person", [1, 3]),
        ("metaverse", "deleted:perhaps", []),
        ("metaverse", "delete_after:", [1, 2]),
        ("metaverse", "delete_after:2026-03", [3]),
        ("exports", "error:", [1, 4]),
        ("exports", "!error:", [2, 3]),
        ("exports", "error:PERMISSION", [2]),
        ("exports", "error:allowed", [2]),
        ("exports", "!error:permission", [1, 3, 4]),
        ("exports", "held:yes", [4]),
        ("exports", "!held:yes", [1, 2, 3]),
        ("exports", "attempts:3", [2]),
        ("exports", "change:create", [3]),
        ("exports", "change:*", [1, 2, 3, 4]),
        ("exports", "status:await*", [4]),
        ("exports", "object:zoë", [1]),
        ("exports", "new@", [1]),
        ("exports", "cn=b", [3]),
        ("exports", "syntax", [3]),
        ("exports", "awaiting", [4]),
        ("review", "", [1, 3]),
        ("review", "state:all", [1, 2, 3, 4]),
        ("review", "STATE:ALL", [1, 2, 3, 4]),
        ("review", "state:kept", [2]),
        ("review", "!state:open", [2, 3, 4]),
        ("review", "decided_by:ANNA state:all", [2]),
        ("review", "!decided_by:anna state:all", [1, 3, 4]),
        ("review", "kind:delete", [3]),
        ("runs", "", [3, 2, 1]),
        ("runs", "result:", [3]),
        ("runs", "!result:success", [3, 2]),
        ("runs", "result:completed-*", [2]),
        ("runs", "system:DIRECTORY", [2]),
        ("runs", "!system:directory", [3, 1]),
        ("runs", "operator:bert", [2]),
        ("runs", "NIGHT", [1]),
        ("runs", "sync-err", [2]),
        ("transitions", "", [3, 2, 1]),
        ("transitions", "to:obsolete", [2]),
        ("transitions", "from:", [3, 1]),
        ("transitions", "!from:normal", [3, 1]),
        ("transitions", "entity:export", [3]),
        ("transitions", "operator:anna", [2]),
        ("transitions", "gone", [2]),
        ("transitions", "pending", [3]),
        ("owed", "", [1, 2, 3]),
        ("owed", "object:zoë", [1]),
        ("owed", 'object:"bo (mvo-7)"', [2]),
        ("owed", "object:mvo-99", [3]),
        ("owed", "named:bo", [3]),
        ("owed", "named:mvo-12", [2]),
        ("owed", "named:E9", [1]),
        ("owed", "attribute:member", [2]),
        ("owed", "!system:hr", [2, 3]),
        ("owed", "since:2026-01-02", [1, 2, 3]),
        ("owed", "bo", [2, 3]),
        ("errors", "", [1, 2]),
        ("errors", "phase:export", [2]),
        ("errors", "run:run-1", [1]),
        ("errors", "code:missing-*", [2]),
        ("errors", "message:LONG", [1]),
        ("errors", "cn=", [1, 2]),
    ],
)
def test_a_filter_finds_the_rows_that_have_all_its_terms(store: Path, kind: str, line: str, ids: list[int]) -> None:
    assert found(store, kind, line) == ids


@pytest.mark.parametrize(
    ("kind", "line", "ids"),
    [
        ("objects", "~^e1$", [1]),
        ("objects", "object:~^cn=.*ström$", [1]),
        ("objects", "mail:~@X\\.org$", [1]),
        ("objects", "level:~^true$", [2]),
        ("objects", "level:~^2$", []),
        ("objects", "!status:~^(normal|obs)", [3]),
        ("objects", 'note:~"^say .hi"', [4]),
        ("objects", r"note:~\Asay", [4]),
        ("objects", r"~\Acole", []),
        ("objects", r"object:~\bzo", [1]),
        ("objects", r"object:~z\Bo", [1]),
        ("objects", "object:~[åx]ngstr.M", [1]),
        ("objects", r"note:~^école\z", [4]),
        ("objects", r"note:~\xe9\x{43}ole", [4]),
        ("metaverse", "~^eng", [1, 3]),
        ("metaverse", "department:~s$", [1]),
        ("exports", "error:~^perm.*ed$", [2]),
        ("exports", "~x\\.org", [1]),
        ("runs", "system:~dir", [2]),
        ("runs", "result:~s", [1, 2]),
        ("review", "state:~kept", [2]),
        ("owed", "object:~^bo", [2]),
        ("owed", "named:~^(e9|bo)", [1, 3]),
        ("objects", "object:~", None),  # nothing is typed of it yet
    ],
)
def test_a_regular_expression_is_found_in_texts_and_values(
    store: Path, kind: str, line: str, ids: list[int] | None
) -> None:
    within = set(range(1, 6)) if kind == "objects" else set(range(1, 100))
    if ids is None:
        assert found(store, kind, line) == found(store, kind, "")
    else:
        assert sorted(set(found(store, kind, line)) & within) == ids


def test_what_is_no_regular_expression_is_said(store: Path) -> None:
    with pytest.raises(InvalidPattern, match=r"'\(a' is no regular expression: .*missing"):
        found(store, "objects", "object:~(a")


def test_what_one_database_alone_knows_of_regular_expressions_is_said(store: Path) -> None:
    if isinstance(store, ServerAddress):
        with pytest.raises(StoreError, match=r"regular expression.*quantifier operand"):
            found(store, "objects", "level:~(?-m:^true$)")
    else:
        assert found(store, "objects", "level:~(?-m:^true$)") == [2]


def test_a_point_stands_for_no_line_break(store: Path) -> None:
    async def work(tx):
        await put(tx, objects, {"id": 999, "external_id": "two\nlines", "attributes": {"text": ["two\nlines"]}})
        lines = ["two.lines", "(?s)two.lines", "(?m)^lines", "^lines", "[^x]lines"]
        queries = [Query("objects", parse_filter(f"text:~{line}")) for line in lines]
        return [await lists.count(tx, query) for query in queries]

    async def undone() -> list[int]:
        async with Store.open(store) as opened:
            with contextlib.suppress(_Undone):
                async with opened.transaction() as tx:
                    counted = await work(tx)
                    raise _Undone
        return counted

    assert asyncio.run(undone()) == [0, 1, 1, 0, 1]


class _Undone(Exception):
    """Lets a transaction leave nothing."""


@pytest.mark.parametrize(
    ("kind", "column", "begin", "values"),
    [
        ("objects", "status", "p", ["PendingProvisioning"]),
        ("objects", "system", "HR", ["HR2", "hr"]),
        ("objects", "mail", "", ["zoe@x.org"]),
        ("objects", "note", "éco", ["ÉCOLE"]),
        ("objects", "colour", "", []),
        ("metaverse", "deleted", "", ["yes", "no"]),
        ("metaverse", "department", "e", ["Engines"]),
        ("exports", "error", "", ["permission-denied", "syntax-violation"]),
        ("runs", "system", "d", ["directory"]),
        ("runs", "id", "", []),
        ("review", "state", "k", ["kept"]),
    ],
)
def test_values_of_a_column_are_proposed(store: Path, kind: str, column: str, begin: str, values: list[str]) -> None:
    assert ask(store, lambda tx: list_values.values(tx, kind, column, begin, 5)) == values


def test_names_of_columns_and_attributes_are_proposed(store: Path) -> None:
    assert ask(store, lambda tx: list_values.names(tx, "objects", "m", 5)) == ["mvo", "mail", "member"]
    assert ask(store, lambda tx: list_values.names(tx, "exports", "h", 5)) == ["held"]


def test_an_attribute_that_nothing_has_is_told(store: Path) -> None:
    async def work(tx):
        line = 'departement:x system:hr mail:x !maill:x "no:column"'
        return await list_values.unknown_attributes(tx, Query("objects", parse_filter(line)))

    assert ask(store, work) == [("departement", []), ("maill", ["mail"])]
    assert ask(store, lambda tx: list_values.unknown_attributes(tx, Query("runs", ()))) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(store: Path, text: str) -> None:
    one = 6 + HOSTILE.index(text)

    async def work(tx):
        terms = [Term(text), Term(text, "object"), Term(text, "external_id")]
        if "\0" not in text:  # which no attribute can hold
            terms.append(Term(text, "hostile"))
        for term in terms:
            assert one in await lists.keys(tx, Query("objects", (term,))), term
            others = await lists.keys(tx, Query("objects", (term._replace(inverted=True),)))
            assert one not in others
            assert 2 in others
        assert await lists.keys(tx, Query("objects", (Term(text, "system"),))) in ([], list(range(1, 16)))
        with pytest.raises(UnknownColumn):
            await lists.count(tx, Query("runs", (Term("x", text),)))
        with pytest.raises(UnknownColumn):
            await lists.page(tx, Query("objects", sort=text))
        assert await lists.count(tx, Query("objects", (Term("x", text),))) == 0

    ask(store, work)


def test_text_that_is_no_unicode_finds_nothing(store: Path) -> None:
    assert found(store, "objects", "\ud800") == []
    assert found(store, "objects", "\ud800:x") == []
    assert ask(store, lambda tx: lists.count(tx, Query("objects", (Term("x", "\ud800"),)))) == 0


def test_what_is_within_a_run(store: Path) -> None:
    assert found(store, "errors", "", within=2) == [2]
    assert found(store, "errors", "", within=3) == []


def test_an_unknown_column_is_told_with_those_there_are(store: Path) -> None:
    with pytest.raises(UnknownColumn, match=r"'colour'.*started_at.*system"):
        found(store, "runs", "colour:red")
    with pytest.raises(UnknownColumn, match="no column 'system' here; there are: id, profile"):
        found(store, "runs", "", sort="system")


@pytest.mark.parametrize(
    ("kind", "sort", "descending", "ids"),
    [
        ("objects", "external_id", False, [3, 4, 1, 2, 5]),
        ("objects", "external_id", True, [5, 2, 1, 4, 3]),
        ("objects", "mvo", False, [1, 2, 4, 3, 5]),
        ("objects", "mvo", True, [5, 3, 4, 2, 1]),
        ("objects", "ID", True, [5, 4, 3, 2, 1]),
        ("objects", None, True, [5, 4, 3, 2, 1]),
    ],
)
def test_rows_stand_in_order_those_without_a_value_lowest(
    store: Path, kind: str, sort: str | None, descending: bool, ids: list[int]
) -> None:
    ordered = found(store, kind, "", sort=sort, descending=descending)
    assert [one for one in ordered if one <= 5] == ids


@pytest.mark.parametrize("kind", lists.KINDS)
def test_every_column_sorts_both_ways_and_pages_agree_with_ranks(store: Path, kind: str) -> None:
    async def work(tx):
        for sort in (None, *COLUMNS[kind]):
            orders = []
            for descending in (False, True):
                query = Query(kind, sort=sort, descending=descending)
                whole = await lists.page(tx, query)
                orders.append([place[1] for place, _ in whole])
                for number, (place, _) in enumerate(whole):
                    assert await lists.rank(tx, query, place) == number
                    rest = await lists.page(tx, query, after=place, limit=2)
                    assert rest == whole[number + 1 : number + 3]
                    assert await lists.page(tx, query, skip=number, limit=1) == whole[number : number + 1]
                    assert await lists.page(tx, query, after=place, skip=1, limit=1) == whole[number + 2 : number + 3]
            if sort:
                assert orders[0] == orders[1][::-1]

    ask(store, work)


def test_newest_come_first_unless_sorted(store: Path) -> None:
    assert found(store, "runs", "", descending=True) == [3, 2, 1]
    assert found(store, "runs", "", sort="id") == [1, 2, 3]


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("!", ()),
        ('""', ()),
        ('"', ()),
        ("two words", (Term("two"), Term("words"))),
        ("!not", (Term("not", None, True),)),
        ("status:Failed", (Term("Failed", "status"),)),
        ("!status:Failed x", (Term("Failed", "status", True), Term("x"))),
        ("error:", (Term("", "error"),)),
        ("error: next", (Term("", "error"), Term("next"))),
        ('object:"cn=a b"', (Term("cn=a b", "object"),)),
        ('!object:"cn=a b" c', (Term("cn=a b", "object", True), Term("c"))),
        ('"never closed', (Term("never closed"),)),
        ('object:"never closed', (Term("never closed", "object"),)),
        ('"a:b"', (Term("a:b"),)),
        ("cn=a:b", (Term("cn=a:b"),)),
        ("10:30", (Term("10:30"),)),
        (":x", (Term(":x"),)),
        ("given-name:x:y", (Term("x:y", "given-name"),)),
        ('5"disk', (Term('5"disk'),)),
        ("a\tb\n", (Term("a"), Term("b"))),
    ],
)
def test_the_line_of_a_filter_is_read(line: str, terms: tuple[Term, ...]) -> None:
    assert parse_filter(line) == terms


def test_a_cancelled_reader_stops_and_gives_its_connection_back(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    async def read(store: Store, sql: str):
        async with store.reading() as tx:
            return (await tx.exec_driver_sql(sql)).scalar_one()

    async def work() -> None:
        async with Store.open(tmp_path / "a.db") as store:
            for pause in (0.2, 0.0, 0.001, 0.2):
                slow = [asyncio.create_task(read(store, endless)) for _ in range(5)]
                await asyncio.sleep(pause)
                for task in slow:
                    task.cancel()
                for task in slow:
                    with pytest.raises(asyncio.CancelledError):
                        await task
                async with asyncio.timeout(5):
                    async with contextlib.AsyncExitStack() as stack:
                        readers = [await stack.enter_async_context(store.reading()) for _ in range(4)]
                        for tx in readers:
                            assert (await tx.exec_driver_sql("SELECT 1")).scalar_one() == 1

    asyncio.run(work())


def test_a_change_is_noticed_whoever_made_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with Store.open(tmp_path / "a.db") as mine, Store.open(tmp_path / "a.db") as other:
            seen = [await mine.changes()]
            assert await mine.changes() == seen[0]
            for number, writer in enumerate((mine, other, mine, other)):
                async with writer.transaction() as tx:
                    await put(tx, objects, {"id": number + 1, "external_id": str(number)})
                    assert await mine.changes() == seen[-1]
                seen.append(await mine.changes())
                assert await mine.changes() == seen[-1]
            assert len(set(seen)) == 5
            async with other.reading() as tx:
                await lists.count(tx, Query("objects"))
            assert await mine.changes() == seen[-1]

    asyncio.run(work())
