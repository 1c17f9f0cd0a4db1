"""A store on PostgreSQL: what it promises, what it refuses, and what it says when the server is not as it should be."""

import asyncio
import json
import subprocess
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from storage import counters, join_keys, runs
from storage.dialects.base import REVISIONS
from storage.dialects.postgresql import address, engines, schema
from storage.errors import (
    StoreError,
    StoreLocked,
    StoreLost,
    StoreReadOnly,
    StoreTooNew,
    StoreUnreadable,
)
from storage.join_keys import JoinKey
from storage.place import ServerAddress, place_at
from storage.records import ItemError
from storage.store import Store
from tests import databases, stores
from tests.certificates import Authority
from tests.databases import POSTGRES
from tests.inside import Inside
from tui.demo.people import next_day, people
from tui.demo.workspace import make_workspace


@pytest.fixture(autouse=True)
def _in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workspaces here have their store where each test says."""
    monkeypatch.delenv(stores.VARIABLE, raising=False)


@pytest.fixture
def database() -> stores.Database:
    return stores.Database()


@pytest.fixture
def where(database: stores.Database, tmp_path: Path) -> ServerAddress:
    return ServerAddress(database.url, tmp_path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A workspace that ran once, with its store on the server."""
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    config = make_workspace(tmp_path / "site", list(people(30)), demo=False)
    made = Inside(tmp_path / "site", config.read_text())
    made("run")
    return made


OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""Ends every other connection to the database."""


async def allocate(where: ServerAddress, name: str = "x") -> int:
    async with Store.open(where) as store, store.transaction() as tx:
        return await counters.allocate(tx, name, 1)


def test_the_tables_are_those_that_the_queries_expect(database: stores.Database) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database.url))

    def ours(_object: object, name: str | None, *_: object) -> bool:
        return name not in ("store_changes", "alembic_version")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, schema.tables()) == []
        collations = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE data_type = 'text'"
        of_store = f"{collations} AND table_schema = 'public'"
        assert connection.execute(text(of_store)).scalars().all() == ["C"]
    engine.dispose()


def test_an_older_store_is_migrated_to_what_a_new_one_is(database: stores.Database, where: ServerAddress) -> None:
    database.run(
        "DROP TABLE fingerprints, fingerprint_pieces, workers, offers, owed_passwords",
        "UPDATE alembic_version SET version_num = '0011'",
    )
    assert asyncio.run(allocate(where)) == 1
    assert place_at(where).damage() == []
    with database.connected() as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISIONS[-1],)


def test_two_writers_take_turns(where: ServerAddress) -> None:
    async def both() -> list[int]:
        async with Store.open(where) as one, Store.open(where) as other:

            async def take(store: Store) -> list[int]:
                taken = []
                for _ in range(20):
                    async with store.transaction() as tx:
                        taken.append(await counters.allocate(tx, "objects", 3))
                return taken

            first, second = await asyncio.gather(take(one), take(other))
            return sorted(first + second)

    assert asyncio.run(both()) == list(range(1, 121, 3))


def test_a_commit_is_noticed_and_nothing_else(where: ServerAddress) -> None:
    async def watch() -> list[int]:
        async with Store.open(where) as store, Store.open(where) as other:
            seen = [await store.changes(), await store.changes()]
            async with other.transaction() as tx:
                await counters.allocate(tx, "objects", 1)
                seen.append(await store.changes())
            seen.append(await store.changes())
            with pytest.raises(RuntimeError):
                async with other.transaction():
                    raise RuntimeError
            async with other.reading() as tx:
                await counters.last(tx, "objects")
            seen.append(await store.changes())
            return seen

    first, again, before, after, at_last = asyncio.run(watch())
    assert first == again == before
    assert after == at_last != first


def test_a_reader_sees_one_state_and_cannot_write(where: ServerAddress) -> None:
    async def read() -> None:
        async with Store.open(where) as store:
            async with store.reading() as tx:
                assert await counters.last(tx, "objects") == 0
                async with store.transaction() as writing:
                    await counters.allocate(writing, "objects", 7)
                assert await counters.last(tx, "objects") == 0
            async with store.reading() as tx:
                assert await counters.last(tx, "objects") == 7
            with pytest.raises(StoreReadOnly, match="takes no writes now"):
                async with store.reading() as tx:
                    await counters.allocate(tx, "objects", 1)

    asyncio.run(read())


def test_a_read_that_is_cancelled_ends_on_the_server_and_its_connection_is_used_again(where: ServerAddress) -> None:
    async def read() -> None:
        async with Store.open(where) as store:
            backends: list[int] = []
            begun = asyncio.Event()

            async def wait() -> None:
                async with store.reading() as tx:
                    backends.append((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
                    begun.set()
                    await tx.execute(text("SELECT pg_sleep(60)"))

            for _ in range(3):
                begun.clear()
                task = asyncio.ensure_future(wait())
                await begun.wait()
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert len(set(backends)) == 1
            async with store.reading() as tx:
                sleeping = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(60)'"
                )
                assert (await tx.execute(sleeping)).scalar_one() == 0

    asyncio.run(asyncio.wait_for(read(), 30))


def test_who_waits_too_long_for_its_turn_is_told(where: ServerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.SESSION, "lock_timeout", "100ms")

    async def wait() -> None:
        async with Store.open(where) as one, Store.open(where) as other:
            async with one.transaction():
                with pytest.raises(StoreLocked, match="another program kept the store locked"):
                    async with other.transaction():
                        pass
            async with other.transaction() as tx:
                assert await counters.allocate(tx, "x", 1) == 1

    asyncio.run(wait())


def test_a_lost_connection_is_told_and_the_next_one_works(database: stores.Database, where: ServerAddress) -> None:

    async def cut(store: Store) -> None:
        async with store.transaction() as tx:
            await counters.allocate(tx, "x", 1)
            database.run(OTHERS)
            await counters.allocate(tx, "x", 1)

    async def lose() -> None:
        async with Store.open(where) as store:
            with pytest.raises(StoreLost, match="what was committed is kept"):
                await cut(store)
            await store.changes()
            database.run(OTHERS)
            with pytest.raises(StoreLost):
                await store.changes()
            await store.changes()
            async with store.transaction() as tx:
                assert await counters.allocate(tx, "x", 1) == 1

    asyncio.run(lose())


def test_what_a_server_cannot_be_is_told(database: stores.Database, tmp_path: Path) -> None:
    def refused(url: str, password: str | None = None) -> StoreError:
        with pytest.raises(StoreError) as caught:
            asyncio.run(allocate(ServerAddress(url, tmp_path, (lambda: password) if password else None)))
        assert "wrong" not in str(caught.value).replace("the password is wrong", "")
        return caught.value

    port = stores.server().port
    for url, password, kind, words in (
        (database.url.replace(database.name, "none_such"), None, StoreUnreadable, "there is no such database"),
        (f"postgresql://admin@127.0.0.1:{port}/{database.name}", "wrong one", StoreUnreadable, "the password is wrong"),
        (f"postgresql://nobody@127.0.0.1:{port}/{database.name}", "wrong", StoreUnreadable, "the password is wrong"),
        (f"postgresql://admin@127.0.0.1:{port}/{database.name}", None, StoreUnreadable, "the password is wrong"),
        ("postgresql://admin@127.0.0.1:1/x", None, StoreLost, "the server cannot be reached"),
        ("postgresql://admin@none-such.invalid/x", None, StoreLost, "the server cannot be reached"),
        ("postgresql://admin@localhost/x?nonsense=1", None, StoreUnreadable, "no address that PostgreSQL's library"),
    ):
        error = refused(url, password)
        assert isinstance(error, kind), (url, error)
        assert words in str(error)


def test_a_server_that_takes_no_writes_is_told(database: stores.Database, where: ServerAddress) -> None:
    stores.server().run(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    with pytest.raises(StoreReadOnly, match="a standby, or set to read only"):
        asyncio.run(allocate(where))


def test_a_newer_store_and_another_programs_tables_are_refused(database: stores.Database, where: ServerAddress) -> None:
    database.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match=f"schema 9999, this one knows up to {REVISIONS[-1]}"):
        asyncio.run(allocate(where))
    database.run("DROP TABLE alembic_version")
    with pytest.raises(StoreUnreadable, match="tables of another program"):
        asyncio.run(allocate(where))


def test_a_store_may_have_a_schema_of_its_own(database: stores.Database, tmp_path: Path) -> None:
    database.run('CREATE SCHEMA "Inter Lock"')
    beside = ServerAddress(f'{database.url}&options=-csearch_path%3D"Inter\\%20Lock"', tmp_path)
    assert asyncio.run(allocate(beside)) == 1
    assert asyncio.run(allocate(beside)) == 2
    assert asyncio.run(allocate(ServerAddress(database.url, tmp_path))) == 1


def test_a_text_that_cannot_be_held_is_refused(where: ServerAddress) -> None:
    async def write(message: str) -> None:
        async with Store.open(where) as store, store.transaction() as tx:
            run = await runs.start(tx, profile="p", operator="o", host="h", pid=1)
            step = await runs.start_step(tx, run, 0, "import", "hr")
            error = ItemError("c", message, "a", "hr", "person", "l", "p", None)
            await runs.add_errors(tx, step, [error])

    asyncio.run(write("\ufffd \U0001f600 \\u0000"))
    with pytest.raises(StoreError, match="NUL"):
        asyncio.run(write("a\0b"))


def test_the_server_of_another_machine_has_to_prove_who_it_is() -> None:
    settings = address.settings_of("postgresql://ada@db.example.org/store", None)
    assert (settings["sslmode"], settings["sslrootcert"]) == ("verify-full", "system")
    named = address.settings_of("postgresql://ada@db.example.org/store?sslrootcert=/etc/ca.pem", None)
    assert (named["sslmode"], named["sslrootcert"]) == ("verify-full", "/etc/ca.pem")
    for local in (
        "postgresql://ada@localhost/store",
        "postgresql:///store?host=/run/postgresql",
        "postgresql:///store",
    ):
        assert "sslmode" not in address.settings_of(local, None)
    assert "sslmode" not in address.settings_of("postgresql://?service=interlock", None)
    chosen = address.settings_of("postgresql://ada@db.example.org/store?sslmode=require", None)
    assert chosen["sslmode"] == "require"
    assert address.name_of("postgresql://ada:x@db:5/store?password=y") == "postgresql://ada@db:5/store"


def test_a_password_is_shown_nowhere(tmp_path: Path) -> None:
    database = stores.Database()
    port = stores.server().port
    stores.server().run(f"CREATE ROLE r_{database.name} LOGIN PASSWORD 'hunter2'")
    stores.server().run(f"GRANT ALL ON DATABASE {database.name} TO r_{database.name}")
    database.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO r_{database.name}")
    config = make_workspace(tmp_path / "site", list(people(5)), demo=False).read_text()
    url = f"postgresql://r_{database.name}@127.0.0.1:{port}/{database.name}"
    store = f'url = "{url}"\npassword = {{ env = "STORE_PASSWORD" }}'
    config = config.replace('path = "interlock.db"', store)
    site = Inside(tmp_path / "site", config, {"STORE_PASSWORD": "hunter2"})
    said = [
        site("run"),
        site("status", "--json"),
        site("runs"),
        site("audit", "show"),
        site("store", "check", status=None),
    ]
    said.append(json.dumps(site.json("audit", "show")))
    assert any(url in one for one in said)
    for wrong in ("hunter3", ""):
        site.env["STORE_PASSWORD"] = wrong
        said.append(site("status", status=4))
        assert "password" in said[-1]
    assert not [one for one in said if "hunter" in one]
    kept = [path for path in site.folder.rglob("*") if path.is_file() and b"hunter" in path.read_bytes()]
    assert kept == []
    refused = config.replace("@127.0.0.1", ":hunter2@127.0.0.1")
    site.configure(refused)
    assert "a password does not belong into the address" in site("status", status=None)
    site.configure(config.replace("@127.0.0.1", ":1/hunter2@127.0.0.1"))
    assert "a password does not belong into the address" in site("status", status=None)


def test_a_plan_looks_at_a_copy_and_writes_nothing(site: Inside) -> None:
    site.csv("hr.csv", next_day(list(people(30))))
    with site.database.connected() as connection:  # type: ignore[union-attr]
        before = connection.execute("SELECT number FROM store_changes").fetchone()
    plan = site.json("plan")
    with site.database.connected() as connection:  # type: ignore[union-attr]
        assert connection.execute("SELECT number FROM store_changes").fetchone() == before
    planned = {(step["phase"], step["system"]): step["statistics"] for step in plan["steps"]}
    site("run", status=None)
    done = {(step["phase"], step["system"]): step["statistics"] for step in site.steps().values()}
    for phase in (("import", "hr"), ("sync", ""), ("evaluate", "")):
        assert done[phase] == planned[phase]


def test_a_backup_is_restored_by_the_servers_means_and_what_was_decided_since_is_asked_again(site: Inside) -> None:
    copy = site.folder / "copy.dump"
    assert "checked" in site("store", "backup", str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "exists already" in site("store", "backup", str(copy), status=4)
    site("run")
    assert "puts no backup into a server" in site(
        "store", "restore", str(copy), "--reason", "a drill of ours", status=4
    )
    assert site.database is not None
    restore = sorted(POSTGRES.glob("*/bin"))[-1] / "pg_restore"
    subprocess.run([restore, "--clean", "--dbname", site.database.url, copy], check=True)
    assert "sound" in site("store", "check")
    said = site("run", status=None)
    assert "older" in said
    assert "accepted as it is" in site("store", "restore", "--reason", "a drill of ours")
    site("run")


def test_a_check_tells_what_was_bent(site: Inside) -> None:
    assert site("store", "check").strip().endswith("sound")
    assert site.database is not None
    site.database.run(
        "DROP TRIGGER audit_is_not_edited ON audit",
        "ALTER TABLE pending_exports DISABLE TRIGGER delete_is_approved_when_sent",
        "DROP INDEX objects_by_mvo",
        "CREATE INDEX mine ON objects (name)",
        "ALTER TABLE runs ALTER COLUMN profile DROP NOT NULL",
        "CREATE OR REPLACE FUNCTION audit_is_a_chain() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    )
    said = site("store", "check", status=1)
    for fault in (
        "the trigger audit_is_not_edited is missing",
        "the trigger delete_is_approved_when_sent is not as Interlock made it",
        "the index objects_by_mvo is missing",
        "the index mine is none of Interlock's",
        "the table runs is not as Interlock made it",
        "the function audit_is_a_chain is not as Interlock made it",
    ):
        assert fault in said


def test_a_store_is_made_smaller(site: Inside) -> None:
    assert "gained" in site("store", "vacuum")


def become(site: Inside, kind: str, *options: str) -> str:
    """Let the workspace's user be a role that was granted something, and give its address."""
    assert site.database is not None
    name = f"{kind}_{site.database.name}"
    stores.server().run(f"CREATE ROLE {name} LOGIN")
    site.database.run(*site("store", "grant", name, *options).strip().split(";"))
    config = site.folder / "interlock.toml"
    config.write_text(config.read_text().replace("admin@", f"{name}@"))
    return site.database.url.replace("admin@", f"{name}@")


def test_a_role_that_may_read_looks_and_plans_and_can_do_nothing(site: Inside) -> None:
    become(site, "reader")
    assert site.json("objects")
    site("status")
    site("plan")
    assert "sound" in site("store", "check")
    refused = site("store", "backup", str(site.folder / "copy.dump"), status=4)
    assert "permission denied" in refused
    assert "let the owner of the store make it" in refused
    assert not (site.folder / "copy.dump").exists()
    assert "this user may not do that in the store" in site("run", status=4)


def test_a_role_that_may_write_runs_but_cannot_bend_the_audit_log(site: Inside) -> None:
    url = become(site, "writer", "--write")
    site.csv("hr.csv", next_day(list(people(30))))
    site("run", status=None)
    assert site.steps()["import hr"]["statistics"]
    assert "sound" in site("store", "check")
    site("store", "backup", str(site.folder / "copy.dump"))
    assert "let the owner of the store make it smaller" in site("store", "vacuum", status=4)
    assert "vacuum" not in {one["action"] for one in site.json("audit", "show")}
    with psycopg.connect(url) as connection:
        for statement in (
            "UPDATE audit SET operator = 'nobody'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "ALTER TABLE audit DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_is_a_chain ON audit",
            "UPDATE alembic_version SET version_num = '1'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())


def test_a_server_that_does_not_prove_who_it_is_gets_no_password(tmp_path: Path, database: stores.Database) -> None:
    authority = Authority(tmp_path / "ca")
    certificate = authority.sign("server", names="DNS:localhost")
    with databases.postgresql(certificate) as server:
        server.run("CREATE DATABASE interlock TEMPLATE template0")

        def on(host: str, *, ca: Path = authority.file, port: int = server.port) -> ServerAddress:
            more = f"sslmode=verify-full&sslrootcert={ca}"
            url = f"postgresql://admin@{host}:{port}/interlock?{more}"
            return ServerAddress(url, tmp_path, lambda: databases.PASSWORD)

        assert asyncio.run(allocate(on("localhost"))) == 1
        plain = stores.server().port
        for where in (
            on("127.0.0.1"),
            on("localhost", ca=Authority(tmp_path / "other").file),
            on("localhost", port=plain),
        ):
            with pytest.raises(StoreUnreadable, match="the server does not prove who it is"):
                asyncio.run(allocate(where))


def test_a_store_is_moved_to_a_server_and_back_and_goes_on(tmp_path: Path) -> None:
    config = make_workspace(tmp_path / "site", list(people(30)), demo=False).read_text()
    site = Inside(tmp_path / "site", config)
    site("run")
    site("store", "backup", str(site.folder / "kept.db"))
    database = stores.Database(has_tables=False)
    said = site("store", "move", database.url)
    assert "the same in both places" in said
    assert database.url not in said  # what follows the ? is nobody's business
    objects, runs = site.json("objects"), site.json("runs")
    there = Inside(tmp_path / "site", stores.placed(config, database))
    assert (there.json("objects"), there.json("runs")) == (objects, runs)
    assert "sound" in there("store", "check")
    assert "5 entries, whole" in there("audit", "verify")
    assert "move-store" in there("audit", "show")
    assert "there is a store already" in there("store", "move", database.url, status=4)
    there.csv("hr.csv", next_day(list(people(30))))
    there("run", status=None)
    assert there.json("runs")[0]["id"] == "run-2"
    assert "the same in both places" in there("store", "move", str(site.folder / "back.db"))
    back = Inside(tmp_path / "site", config.replace("interlock.db", "back.db"))
    assert back.json("objects") == there.json("objects")
    assert "sound" in back("store", "check")
    back("run", status=None)
    assert back.json("runs")[0]["id"] == "run-3"
    for left in (config, stores.placed(config, database)):  # they know nothing of what was decided since
        site.configure(left)
        assert "older store" in site("run", status=None)
        assert site.json("objects")


def test_a_store_that_is_gone_is_not_begun_anew_unasked(tmp_path: Path) -> None:
    database = stores.Database(has_tables=False)
    config = make_workspace(tmp_path / "site", list(people(5)), demo=False).read_text()
    site = Inside(tmp_path / "site", stores.placed(config, database))
    site("run")
    database.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    for command in ("run", "status"):
        assert "restore it from a backup" in site(command, status=4)
    for left in site.folder.glob("postgresql-*.mark"):
        left.unlink()
    site("run")


def test_a_store_is_not_moved_while_a_run_is_open_or_to_where_something_is(tmp_path: Path) -> None:
    config = make_workspace(tmp_path / "site", list(people(5)), demo=False).read_text()
    site = Inside(tmp_path / "site", config)
    site("run")
    full = stores.Database()
    assert "there is a store already" in site("store", "move", full.url, status=4)
    strange = stores.Database(has_tables=False)
    strange.run("CREATE TABLE somebodys (id int)")
    assert "tables of another program" in site("store", "move", strange.url, status=4)
    with_secret = full.url.replace("admin@", "admin:hunter2@")
    refused = site("store", "move", with_secret, status=2)
    assert "a password does not belong into the address" in refused
    assert "hunter2" not in refused
    empty = stores.Database(has_tables=False)
    site.edit("UPDATE runs SET ended_at = NULL, result = NULL")
    assert "run 1 is not over" in site("store", "move", empty.url, status=4)
    with empty.connected() as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    site.edit("UPDATE runs SET result = 'success', profile = 'a' || char(0) || 'b'")
    assert "runs.profile" in site("store", "move", empty.url, status=4)
    with empty.connected() as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_password_may_be_in_a_password_file_or_the_rest_in_a_service_file(
    tmp_path: Path, database: stores.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = stores.server().port
    passfile, service = tmp_path / "pgpass", tmp_path / "services"
    passfile.write_text(f"127.0.0.1:{port}:*:admin:{databases.PASSWORD}\n")
    passfile.chmod(0o600)
    by_file = f"postgresql://admin@127.0.0.1:{port}/{database.name}?passfile={passfile}"
    assert asyncio.run(allocate(ServerAddress(by_file, tmp_path))) == 1
    service.write_text(f"[store]\nhost=127.0.0.1\nport={port}\nuser=admin\ndbname={database.name}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    by_service = ServerAddress("postgresql://?service=store", tmp_path, lambda: databases.PASSWORD)
    assert asyncio.run(allocate(by_service)) == 2


def test_what_a_copy_of_rows_meets_is_told_like_all_else(database: stores.Database, where: ServerAddress) -> None:
    async def cut(store: Store) -> None:
        async with store.transaction() as tx:
            database.run(OTHERS)
            await join_keys.add(tx, [JoinKey("metaverse.person", "id", "1", 1)])

    async def write() -> None:
        async with Store.open(where) as store:
            async with store.transaction() as tx:
                await join_keys.add(tx, [JoinKey("metaverse.person", "id", "1", 1)])
            with pytest.raises(StoreError, match="refused by a rule of the store itself"):
                async with store.transaction() as tx:
                    await join_keys.add(tx, [JoinKey("metaverse.person", "id", "1", 1)])
            with pytest.raises(StoreError, match="NUL"):
                async with store.transaction() as tx:
                    await join_keys.add(tx, [JoinKey("metaverse.person", "id", "a\0b", 1)])
            with pytest.raises(StoreLost):
                await cut(store)
            async with store.reading() as tx:
                assert await join_keys.all_of(tx, "metaverse.person") == {"1": [1]}

    asyncio.run(write())


def test_tables_of_others_in_the_same_schema_keep_no_step_from_going_on(
    database: stores.Database, where: ServerAddress
) -> None:
    names = ('"Name of others"', '"x; DROP TABLE counters; --"', "locked")
    for name in names:
        database.run(f"CREATE TABLE {name} AS SELECT generate_series(1, 3000)")
    with database.connected() as cleaning:
        cleaning.execute("LOCK TABLE locked IN SHARE UPDATE EXCLUSIVE MODE")  # as VACUUM does

        async def work() -> None:
            async with Store.open(where) as store:
                await store.know_sizes()

        asyncio.run(work())
    with database.connected() as connection:
        assert connection.execute("SELECT count(*) FROM counters").fetchone() is not None
        known = connection.execute("SELECT DISTINCT tablename FROM pg_stats WHERE tablename ~ 'others|DROP|locked'")
        assert sorted(known.fetchall()) == [("Name of others",), ("x; DROP TABLE counters; --",)]
