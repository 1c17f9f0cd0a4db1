"""Databases as systems: PostgreSQL, MariaDB and SQLite, read in one snapshot and written with nobody's change lost."""

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.databases import PASSWORD, Database, Server, sqlite
from tests.inside import Inside, document, in_and_out
from tests.integration.test_conformance import keeps_all, sample
from tests.sql import ATTRIBUTES, PEOPLE, attributes, fill, from_hr, people, reading, system, writing


def test_a_connector_of_tables_keeps_the_protocol(database: Database, tmp_path: Path) -> None:
    fill(database)
    site = reading(tmp_path, system(database))
    told = (
        'type = "person"\n[attributes]\nid = 99\nname = "Ada"\nlevel = 3\nborn = "1815-12-10"\nsalary = "12.5"\n'
        'seen = "2026-11-27T10:00:00Z"\nmail = "ada@example.org"\nphones = ["1", "2"]\n'
        '[change]\nname = "Bea"\nlevel = 4\nborn = "1816-01-01"\nphones = ["2", "3"]\n'
    )
    before = database.rows("SELECT * FROM person ORDER BY id")
    found = keeps_all(site, *sample(site, told))
    assert found["of a batch each operation has its own result"]["kept"]
    assert found["read 7 objects at a time, it gives the same"]["kept"]
    assert database.rows("SELECT * FROM person ORDER BY id") == before


def test_rows_are_read_as_what_they_are(database: Database, tmp_path: Path) -> None:
    fill(database)
    site = reading(tmp_path, system(database))
    assert "40 adds" in site("step", "import", "it")
    assert attributes(site, "2") == {
        "id": ["2"],
        "name": ["Person 2"],
        "level": [2],
        "born": ["1990-01-03"],
        "seen": ["2026-01-02T03:04:05Z"],
        "salary": ["2.5"],
        "mail": ["p2@example.org"],
        "phones": ["+49 30 20", "+49 30 21"],
    }
    database.run("UPDATE person SET level = NULL, name = '' WHERE id = 2", "DELETE FROM phone WHERE person = 2")
    assert "39 unchanged, 1 update" in site("step", "import", "it")
    assert not {"level", "name", "phones"} & attributes(site, "2").keys()
    database.run("DELETE FROM person WHERE id = 3")
    site("step", "import", "it")
    assert "1 " in site("step", "detect", "it", status=None)


def test_a_query_is_a_source_and_only_reads(database: Database, tmp_path: Path) -> None:
    fill(database)
    query = "SELECT p.id, p.name, '12:30' AS mail FROM person p WHERE p.level > 2 -- the important ones\n"
    site = reading(tmp_path, system(database, table=None, many=None, query=query, attributes={}), ["name", "mail"])
    assert "16 adds" in site("step", "import", "it")
    assert attributes(site, "3")["mail"] == ["12:30"]
    keeps_all(site)
    for wrong in ("DELETE FROM person", "SELECT 1; DELETE FROM person", "UPDATE person SET level = 1"):
        refused = reading(tmp_path, system(database, table=None, many=None, query=wrong, attributes={}), ["name"])
        assert "a query is one SELECT" in refused("check", status=2)


def test_a_query_that_writes_by_a_back_door_is_refused_by_the_database(
    running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running("postgresql").database()
    fill(database, 3)
    database.run(
        "CREATE FUNCTION harm() RETURNS integer AS 'DELETE FROM phone; SELECT 1' LANGUAGE sql",
    )
    query = "SELECT id, name, harm() AS mail FROM person"
    site = reading(tmp_path, system(database, table=None, many=None, query=query, attributes={}), ["name", "mail"])
    assert "read-only transaction" in site("step", "import", "it", status=1)
    assert database.rows("SELECT count(*) FROM phone") == [(3,)]
    database.engine.dispose()


def test_ids_of_several_columns(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE staff (country VARCHAR(5) NOT NULL, no INTEGER NOT NULL, name VARCHAR(40), "
        "PRIMARY KEY (country, no))"
    )
    database.run(
        *(f"INSERT INTO staff VALUES ('{c}', {n}, '{c} {n}')" for c in ("DE", "A/T", "50%") for n in range(1, 9))
    )
    more: dict[str, Any] = {"table": "staff", "key": ["country", "no"], "many": None, "attributes": {}}
    site = reading(tmp_path, system(database, **more), ["name"])
    keeps_all(site)
    assert "24 adds" in site("step", "import", "it")
    ids = {one["external_id"] for one in site.json("objects", "--limit", "0")}
    assert {"DE/7", "A%2FT/1", "50%25/8"} <= ids


def test_a_key_of_which_a_part_is_missing_is_told_with_the_part_that_is_there(
    database: Database, tmp_path: Path
) -> None:
    database.run(
        "CREATE TABLE staff (country VARCHAR(5), no INTEGER, name VARCHAR(40))",
        "INSERT INTO staff VALUES ('DE', 7, 'Ada'), ('AT', NULL, 'Bob'), (NULL, 9, 'Cleo')",
    )
    more: dict[str, Any] = {"table": "staff", "key": ["country", "no"], "many": None, "attributes": {}}
    told = reading(tmp_path, system(database, **more), ["name"])("step", "import", "it", status=1)
    assert "staff:AT/NULL: no is NULL or empty" in told
    assert "staff:NULL/9: country is NULL or empty" in told


def test_a_row_keeps_its_id_of_several_columns(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE account (country VARCHAR(5) NOT NULL, no INTEGER NOT NULL, login VARCHAR(40), "
        "PRIMARY KEY (country, no))"
    )
    hr = {"connector": "csv", "objects": {"person": {"path": "hr.csv", "external_id": "login"}}}
    more: dict[str, Any] = {"table": "account", "key": ["country", "no"], "many": None}
    it = system(database, **more, external_id="id", attributes={"no": "integer"})
    rules = in_and_out("it.person", ["login", "country", "no"])
    rules[1]["join"] = [["login"]]
    site = Inside(
        tmp_path / "site",
        document({"systems": {"hr": hr, "it": it}, "metaverse": {"person": {}}}, rules=rules),
        {"DB_PASSWORD": PASSWORD},
    )
    site.csv("hr.csv", [{"login": "ada", "country": "DE", "no": "1"}, {"login": "bob", "country": "AT", "no": "2"}])
    site("run")
    before = database.rows("SELECT * FROM account ORDER BY login")
    site.csv("hr.csv", [{"login": "ada", "country": "FR", "no": "1"}, {"login": "bob", "country": "DE", "no": "1"}])
    for _ in range(2):
        assert "an object keeps its id" in site("run", status=None)
        assert database.rows("SELECT * FROM account ORDER BY login") == before


def test_rows_without_an_id_or_twice_make_nobody_vanish(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE person (id VARCHAR(5), name VARCHAR(40))")
    database.run(*(f"INSERT INTO person VALUES ('{n}', 'P {n}')" for n in range(1, 6)))
    site = reading(tmp_path, system(database, many=None, attributes={}), ["name"])
    assert "5 adds" in site("step", "import", "it")
    assert "make it unique" in site("check")
    database.run("INSERT INTO person VALUES (NULL, 'Nobody')", "DELETE FROM person WHERE id = '4'")
    assert "id is NULL or empty" in site("step", "import", "it", status=1)
    site("step", "detect", "it", status=None)
    assert {one["status"] for one in site.json("objects")} == {"Normal"}, (
        "an import with a nameless row proves no absence"
    )
    database.run("DELETE FROM person WHERE id IS NULL", "INSERT INTO person VALUES ('5', 'Another')")
    assert "duplicate-external-id" in site("step", "import", "it", status=1)


def test_a_table_may_have_any_name(database: Database, tmp_path: Path) -> None:
    quote = "`" if database.name == "mysql" else '"'
    table = f"{quote}per.sons{quote}"
    database.run(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT)", f"INSERT INTO {table} VALUES (1, 'Ada')")
    site = reading(tmp_path, system(database, table='"per.sons"', many=None, attributes={}), ["name"])
    site("step", "import", "it")
    assert attributes(site, "1")["name"] == ["Ada"]


def test_percent_signs_colons_and_quotes_are_the_querys_own(database: Database, tmp_path: Path) -> None:
    fill(database, 12)
    query = """SELECT id, name, '10:30 100%' AS mail FROM person WHERE name LIKE 'Person 1%' AND name <> 'a;b''c'"""
    site = reading(tmp_path, system(database, table=None, many=None, query=query, attributes={}), ["name", "mail"])
    assert "4 adds" in site("step", "import", "it")
    assert attributes(site, "10")["mail"] == ["10:30 100%"]


def test_delta_reads_what_changed_and_sees_no_deletes(database: Database, tmp_path: Path) -> None:
    fill(database)
    site = reading(tmp_path, system(database, changed="seen"))
    assert "cannot see what was deleted" in site("check")
    site("step", "import", "it")
    database.run(
        "UPDATE person SET name = 'Changed', seen = '2026-02-01 00:00:00' WHERE id IN (4, 5)",
        "DELETE FROM person WHERE id = 6",
    )
    assert "2 updates" in site("step", "delta", "it")
    assert attributes(site, "4")["name"] == ["Changed"]
    database.run("UPDATE person SET name = 'Late', seen = '2026-01-31 23:57:00' WHERE id = 7")
    assert "1 update" in site("step", "delta", "it"), "a transaction that ended late is within the overlap"
    assert {one["status"] for one in site.json("objects", "--limit", "0")} == {"Normal"}


NUMBERED = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "postgresql": "SERIAL", "mysql": "INTEGER AUTO_INCREMENT"}


def with_changes(database: Database) -> None:
    """Let the database write down by itself which people are changed."""
    kind = NUMBERED[database.name]
    primary = "" if database.name == "sqlite" else ", PRIMARY KEY (number)"
    database.run(f"CREATE TABLE person_changes (number {kind}, person INTEGER NOT NULL{primary})")
    if database.name == "postgresql":
        database.run(
            "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO person_changes (person) "
            "VALUES (coalesce(NEW.id, OLD.id)); RETURN NULL; END $$",
            "CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION told()",
        )
        return
    for verb, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        insert = f"INSERT INTO person_changes (person) VALUES ({row}.id)"
        body = f"BEGIN {insert}; END" if database.name == "sqlite" else insert
        database.run(f"CREATE TRIGGER told_{verb.lower()} AFTER {verb} ON person FOR EACH ROW {body}")


CHANGES = {"table": "person_changes", "key": ["person"], "sequence": "number"}


def test_a_table_of_changes_shows_who_was_deleted(database: Database, tmp_path: Path) -> None:
    fill(database)
    with_changes(database)
    site = reading(tmp_path, system(database, change_table=CHANGES))
    assert "delta goes by 'person_changes', and sees what was deleted" in site("check")
    site("step", "import", "it")
    site("step", "sync")
    database.run(
        "UPDATE person SET name = 'Changed' WHERE id IN (4, 5)",
        "DELETE FROM person WHERE id = 6",
        "INSERT INTO person (id, name) VALUES (99, 'New')",
        "UPDATE person SET name = 'Soon gone' WHERE id = 7",
        "DELETE FROM person WHERE id = 7",
        "DELETE FROM person WHERE id = 8",
        "INSERT INTO person (id, name) VALUES (8, 'There again')",
    )
    told = site("step", "delta", "it", status=None)
    assert "1 add" in told
    assert "3 updates" in told
    gone = [one["external_id"] for one in site.json("objects", "--limit", "0") if one["status"] == "Obsolete"]
    assert sorted(gone) == ["6", "7"]
    assert (attributes(site, "8")["name"], attributes(site, "99")["name"]) == (["There again"], ["New"])
    assert len(site.json("review")) == 2
    database.run("UPDATE phone SET number = '0' WHERE person = 4", "UPDATE person SET level = 9 WHERE id = 9")
    site("step", "delta", "it")
    assert attributes(site, "9")["level"] == [9]


def test_changes_before_the_first_import_are_no_news(database: Database, tmp_path: Path) -> None:
    fill(database, 3)
    with_changes(database)
    site = reading(tmp_path, system(database, change_table=CHANGES))
    site("step", "import", "it")
    site("step", "sync")
    site("step", "delta", "it")
    assert site.steps()["delta it"]["done"] == 0
    database.run("DELETE FROM person WHERE id = 2")
    site("step", "delta", "it", status=None)
    assert site.statuses("it") == {"Normal": 2, "Obsolete": 1}


def test_changes_that_are_told_in_another_way_or_anew_are_read_whole(database: Database, tmp_path: Path) -> None:
    fill(database, 5)
    with_changes(database)
    database.run(*(f"INSERT INTO person_changes (person) VALUES ({n % 5 + 1})" for n in range(40)))
    site = reading(tmp_path, system(database, changed="seen"))
    site("step", "import", "it")
    other = reading(tmp_path / "other", system(database, change_table=CHANGES))
    site.configure((other.folder / "interlock.toml").read_text())
    database.run("UPDATE person SET name = 'Changed' WHERE id = 4")
    assert "1 update" in site("step", "delta", "it")
    database.run("DELETE FROM person_changes", "INSERT INTO person_changes (number, person) VALUES (1, 2)")
    database.run("UPDATE person SET name = 'Anew' WHERE id = 2")
    database.run("DELETE FROM person_changes WHERE number > 1")
    said = site("step", "delta", "it", status=None)
    assert "the numbers of its changes began anew" in said
    assert attributes(site, "2")["name"] == ["Anew"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"table": "nothing", "key": ["person"], "sequence": "number"}, "there is no table 'nothing'"),
        ({"table": "person_changes", "key": ["who"], "sequence": "number"}, "has no column 'who' (change_table)"),
        ({"table": "person_changes", "key": ["person", "number"], "sequence": "number"}, "names 2 columns of a key"),
    ],
)
def test_a_table_of_changes_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with sqlite(tmp_path) as files:
        database = files.database()
    fill(database, 3)
    with_changes(database)
    site = reading(tmp_path, system(database, change_table=changes))
    assert why in site("check", status=4)
    database.engine.dispose()


def test_a_changed_id_that_a_delta_shows_is_proved_by_reading_everything(tmp_path: Path) -> None:
    with sqlite(tmp_path) as files:
        database = files.database()
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, old_id INTEGER, seen TIMESTAMP)")
    database.run(*(f"INSERT INTO person VALUES ({n}, 'P{n}', NULL, '2026-01-01 00:00:00')" for n in (1, 2)))
    more = {"many": None, "attributes": {"seen": "datetime"}, "changed": "seen", "previous_id": "old_id"}
    site = reading(tmp_path, system(database, **more), ["name"])
    site("step", "import", "it")
    known = {one["external_id"]: one["id"] for one in site.json("objects")}
    database.run("UPDATE person SET id = 9, old_id = 1, seen = '2026-02-01 00:00:00' WHERE id = 1")
    assert "previous-id-conflict" in site("step", "delta", "it", status=1)
    told = site("step", "delta", "it")
    assert "everything was read" in told
    assert {one["external_id"]: one["id"] for one in site.json("objects")} == {"9": known["1"], "2": known["2"]}
    database.engine.dispose()


def test_an_import_is_one_moment(running: Callable[[str], Server], tmp_path: Path) -> None:
    """Move people about while they are read: nobody is seen twice, and nobody is missed."""
    database = running("postgresql").database()
    fill(database, 0)
    database.run("INSERT INTO person (id, name) SELECT n, 'One' FROM generate_series(1, 12000) AS n")
    site = reading(tmp_path, system(database))
    done = threading.Event()

    def move() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with database.engine.begin() as connection:  # from what is read first behind what is read last
                connection.execute(text(f"UPDATE person SET id = {20_000 + number} WHERE id = {number}"))

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(3):
            told = site.json("step", "import", "it")["steps"][0]
            assert told["done"] == 12_000, told
    finally:
        done.set()
        mover.join()
    database.engine.dispose()


# ---------------------------------------------------------------------- writing


def test_people_are_created_changed_and_deleted(database: Database, tmp_path: Path) -> None:
    database.run(*PEOPLE)
    site = writing(tmp_path, database)
    site("run")
    assert [str(one) for one in database.rows("SELECT name, level, born, mail FROM person WHERE id = 3")[0]] == [
        "Person 3",
        "1",
        "1990-05-06",
        "p3@x.org",
    ]
    assert database.rows("SELECT number FROM phone WHERE person = 3 ORDER BY number") == [("3",), ("30",)]
    people(site, p3={"name": "Changed", "level": "", "phones": "30|31"})
    site("run")
    assert database.rows("SELECT name, level FROM person WHERE id = 3") == [("Changed", None)]
    assert database.rows("SELECT number FROM phone WHERE person = 3 ORDER BY number") == [("30",), ("31",)]
    people(site, p3={"name": ""})
    site("run")
    assert database.rows("SELECT count(*) FROM person") == [(5,)], "nothing is deleted without an approval"
    (item,) = site.json("review")
    site("review", "approve", item["id"], "--reason", "left", "--count", "1")
    site("run")
    assert database.rows("SELECT count(*) FROM person WHERE id = 3") == [(0,)]
    assert database.rows("SELECT count(*) FROM phone WHERE person = 3") == [(0,)]
    site("run")
    assert site.json("exports") == []


def test_of_two_rows_with_one_id_none_is_written(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE person (id VARCHAR(5) NOT NULL, name VARCHAR(40))")
    hr = {"connector": "csv", "objects": {"person": {"path": "hr.csv", "external_id": "id"}}}
    it = system(database, many=None, attributes={})
    tables = {"systems": {"hr": hr, "it": it}, "metaverse": {"person": {}}}
    rules = in_and_out("it.person", ["id", "name"])
    site = Inside(tmp_path / "site", document(tables, rules=rules), {"DB_PASSWORD": PASSWORD})
    site.csv("hr.csv", [{"id": str(n), "name": f"Person {n}"} for n in (3, 4)])
    site("run")
    site.csv("hr.csv", [{"id": str(n), "name": f"Changed {n}"} for n in (3, 4)])
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    database.run("INSERT INTO person VALUES ('3', 'Another')")
    said = site("step", "export", "it", status=None)
    assert "'3' stands in person more than once" in said + str(site.errors()), said
    names = sorted(name for (name,) in database.rows("SELECT name FROM person"))
    assert names == ["Another", "Changed 4", "Person 3"]


def test_a_plan_says_what_a_run_does_to_a_table(database: Database, tmp_path: Path) -> None:
    database.run(*PEOPLE)
    site = writing(tmp_path, database)
    told = site.json("plan")
    assert sum(one["phase"] == "export" and one["outcome"] == "sent" for one in told["changes"]) == 5
    assert database.rows("SELECT count(*) FROM person") == [(0,)], "a plan writes nowhere"
    site("run")
    people(site, p3={"name": "Changed"})
    changes = [one for one in site.json("plan")["changes"] if one["phase"] == "export"]
    assert [[(each["old"], each["new"]) for each in one["attributes"]] for one in changes] == [
        [(["Person 3"], ["Changed"])]
    ]


def test_a_text_among_numbers_is_its_rows_error(tmp_path: Path) -> None:
    with sqlite(tmp_path) as server:
        database = server.database()
        database.run(
            "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, salary DECIMAL(9,2), rate FLOAT, level INTEGER)",
            "INSERT INTO person VALUES (1, 'A', 1.5, 2.5, 3), (2, 'B', '1,5', 1, 1), (3, 'C', 1, 'x', 1)",
            "INSERT INTO person VALUES (4, 'D', 1, 1, 'y'), (5, 'E', NULL, NULL, NULL)",
        )
        numbers = {"salary": "decimal", "rate": "decimal", "level": "integer"}
        more: dict[str, Any] = {"attributes": numbers, "many": None}
        site = reading(tmp_path, system(database, **more), ["name", "salary", "rate", "level"])
        said = site("step", "import", "it", status=1)
        assert [word in said for word in ("'1,5' is not a", "'x' is not a", "'y' is not a")] == [True] * 3, said
        assert attributes(site, "1") == {"id": ["1"], "name": ["A"], "salary": ["1.5"], "rate": ["2.5"], "level": [3]}
        assert attributes(site, "5") == {"id": ["5"], "name": ["E"]}
        database.engine.dispose()


def test_somebody_elses_change_is_not_overwritten_unseen(database: Database, tmp_path: Path) -> None:
    database.run(*PEOPLE)
    site = writing(tmp_path, database)
    site("run")
    people(site, p2={"level": "2"})
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        site("step", *step)
    database.run("UPDATE person SET level = 9 WHERE id = 2")
    told = site("step", "export", "it", status=1)
    assert "missing-value" in told or "missing-value" in site("exports")
    assert database.rows("SELECT level FROM person WHERE id = 2") == [(9,)]
    site("run", status=None)
    site("run")
    assert database.rows("SELECT level FROM person WHERE id = 2") == [(2,)], "seen now, and drift is corrected"


def test_the_database_refuses_one_object_and_the_others_go_on(database: Database, tmp_path: Path) -> None:
    database.run(*PEOPLE)
    database.run("INSERT INTO person (id, name, mail) VALUES (77, 'Stranger', 'p4@x.org')")
    site = writing(tmp_path, database)
    people(site, p2={"name": "x" * 60 if database.name != "sqlite" else ""}, p1={"mail": "p4@x.org"})
    site("run", status=None)
    there = {row[0] for row in database.rows("SELECT id FROM person")}
    assert {3, 5, 77} <= there
    assert not {1, 4} & there
    codes = {one["error_code"] for one in site.json("exports")}
    assert "existing-object" in codes
    if database.name != "sqlite":  # it takes a text of any length
        assert "syntax-violation" in codes
    assert "mail" in site("exports"), "the column is named"
    if database.name != "sqlite":
        (long,) = [one for one in site.json("exports") if one["error_code"] == "syntax-violation"]
        assert "name" in long["error_message"].replace("name 'x", "")


def test_a_key_that_the_database_gives_is_taken_over(database: Database, tmp_path: Path) -> None:
    serial = {
        "sqlite": "INTEGER PRIMARY KEY",
        "postgresql": "SERIAL PRIMARY KEY",
        "mysql": "INTEGER AUTO_INCREMENT PRIMARY KEY",
    }
    database.run(
        f"CREATE TABLE account (no {serial[database.name]}, login VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(40))"
    )
    site = from_hr(tmp_path, database, "name", external_id="no")
    site.csv("hr.csv", [{"login": one, "name": one.title()} for one in ("ada", "bob")])
    site("run")
    site.csv("hr.csv", [{"login": one, "name": one.upper()} for one in ("ada", "bob")])
    site("run")
    assert database.rows("SELECT login, name FROM account ORDER BY login") == [("ada", "ADA"), ("bob", "BOB")]


# ---------------------------------------------------------------------- what goes wrong


def test_what_is_not_there_is_named(database: Database, tmp_path: Path) -> None:
    fill(database, 3)
    site = reading(tmp_path, system(database, table="persons"))
    assert "there is no table 'persons'" in site("check", status=4)
    site = reading(tmp_path, system(database), ["name", "levle"])
    assert "levle" in site("step", "import", "it", status=4)
    site = reading(tmp_path, system(database, external_id="number"))
    assert "has no column 'number'" in site("step", "import", "it", status=4)
    more = {"many": {"phones": {"table": "phone", "key": "human", "value": "number"}}}
    site = reading(tmp_path, system(database, **more))
    assert "'phone' has no column 'human'" in site("check", status=4)


@pytest.mark.parametrize("name", ["postgresql", "mysql"])
def test_a_wrong_password_and_a_server_that_is_away(
    name: str, running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running(name).database()
    fill(database, 3)
    site = reading(tmp_path, system(database))
    site.env["DB_PASSWORD"] = "wrong"
    told = site("step", "import", "it", status=4)
    assert "no-start-credentials" in told
    assert "wrong" not in told.replace("password authentication failed", "")
    away = system(database)
    away["url"] = away["url"].replace(f":{database.engine.url.port}", ":1")
    assert "no-start-connection" in reading(tmp_path, away)("step", "import", "it", status=4)
    with_password = system(database) | {"url": away["url"].replace("admin@", "admin:secret@")}
    assert "a password does not belong into the address" in reading(tmp_path, with_password)("check", status=2)
    database.engine.dispose()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # psycopg's own cursor of what was cut
@pytest.mark.parametrize("name", ["postgresql", "mysql"])
def test_a_connection_that_is_cut_makes_an_import_incomplete(
    name: str, running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running(name).database()
    fill(database, 3)
    slow = {"postgresql": "pg_sleep(30)", "mysql": "SLEEP(30)"}[name]
    site = reading(tmp_path, system(database))
    site("step", "import", "it")
    query = f"SELECT id, name, CASE WHEN id = 3 THEN CAST({slow} AS CHAR) ELSE '' END AS mail FROM person"
    it = system(database, table=None, many=None, query=query, attributes={}) | {"timeout": "20s"}
    site = reading(tmp_path, it, ["name", "mail"])
    end = {
        "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()",
        "mysql": "SELECT id FROM information_schema.processlist "
        "WHERE info LIKE '%SLEEP(30)%' AND id <> CONNECTION_ID()",
    }[name]

    def cut() -> None:
        for _ in range(200):
            time.sleep(0.1)
            found = database.rows(end)
            for (one,) in found if name == "mysql" else []:
                database.run(f"KILL {one}")
            if found:
                return

    cutter = threading.Thread(target=cut)
    cutter.start()
    told = site("step", "import", "it", status=None)
    cutter.join()
    assert "stopped-connectivity" in told
    site("step", "detect", "it", status=None)
    assert {one["status"] for one in site.json("objects")} == {"Normal"}
    impatient = reading(tmp_path, it | {"timeout": "1s"}, ["name", "mail"])
    begin = time.monotonic()
    assert "no answer for 1 s" in impatient("step", "import", "it", status=1)
    assert time.monotonic() - begin < 15
    database.engine.dispose()
    gc.collect()  # here, where it is no fault


def test_a_file_of_sqlite_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    site = reading(
        tmp_path,
        {
            "connector": "sql",
            "url": "sqlite:///none.db",
            "objects": {"person": {"external_id": "id", "table": "person"}},
        },
        ["name"],
    )
    assert "none.db is not there" in site("step", "import", "it", status=4)
    assert not (site.folder / "none.db").exists()


def test_a_file_of_sqlite_that_another_program_has_locked_is_told_so(tmp_path: Path) -> None:
    with sqlite(tmp_path) as server:
        database = server.database()
        database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
        found = {**system(database, many=None, attributes={}), "timeout": "1s"}
        site = reading(tmp_path, found, ["name"])
        with database.engine.connect() as holder:
            holder.exec_driver_sql("BEGIN EXCLUSIVE")
            assert "it: database is locked by another program" in site("step", "import", "it", status=1)
        database.engine.dispose()


def test_a_constraint_that_is_looked_at_last_is_one_objects_error(
    running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running("postgresql").database()
    database.run(*PEOPLE, "CREATE TABLE allowed (mail VARCHAR(60) PRIMARY KEY)")
    database.run(*(f"INSERT INTO allowed VALUES ('p{n}@x.org')" for n in (1, 2, 4, 5)))
    database.run(
        "ALTER TABLE person ADD CONSTRAINT invited FOREIGN KEY (mail) REFERENCES allowed (mail) "
        "DEFERRABLE INITIALLY DEFERRED"
    )
    site = writing(tmp_path, database)
    site("run", status=None)
    assert database.rows("SELECT id FROM person ORDER BY id") == [(1,), (2,), (4,), (5,)]
    (left,) = site.json("exports")
    assert left["error_code"] == "constraint-violation"
    assert "invited" in left["error_message"]
    database.engine.dispose()


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_a_deadlock_undoes_a_batch_and_nothing_is_reported_as_done_that_is_not(
    running: Callable[[str], Server], tmp_path: Path, state: str
) -> None:
    database = running("postgresql").database()
    database.run(
        *PEOPLE,
        "CREATE TABLE fewer (left_over INTEGER)",
        "INSERT INTO fewer VALUES (1)",
        "CREATE SEQUENCE tries",
        f"""CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 3 AND nextval('tries') < 3 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '{state}'; END IF;
        RETURN NEW; END $$""",
        "CREATE TRIGGER collide BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION collide()",
    )
    site = writing(tmp_path, database)
    site("run", status=None)
    assert database.rows("SELECT id FROM person ORDER BY id") == [(1,), (2,), (4,), (5,)]
    (left,) = site.json("exports")
    assert left["error_code"] == "server-busy"
    site("run")
    assert database.rows("SELECT count(*) FROM person") == [(5,)], "it is sent again"
    assert site.json("exports") == []
    database.engine.dispose()


def test_an_error_does_not_show_columns_that_nobody_configured(
    running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running("postgresql").database()
    database.run(*PEOPLE, "ALTER TABLE person ADD wages TEXT NOT NULL DEFAULT 'much', ADD CHECK (level < 1)")
    site = writing(tmp_path, database)
    site("run", status=None)
    said = str(site.json("exports"))
    assert "violates check constraint" in said
    assert "much" not in said
    database.engine.dispose()


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_row_that_is_locked_waits_and_the_others_do_not(
    running: Callable[[str], Server], tmp_path: Path, dialect: str
) -> None:
    database = running(dialect).database()
    database.run(*PEOPLE)
    site = writing(tmp_path, database)
    text_of = (site.folder / "interlock.toml").read_text()
    site.configure(text_of.replace('connector = "sql"', 'connector = "sql"\ntimeout = "10s"'))
    site("run")
    people(site, **{f"p{one}": {"level": "2"} for one in range(1, 6)})
    with database.engine.begin() as other:
        other.execute(text("SELECT id FROM person WHERE id = 2 FOR UPDATE"))
        site("run", status=None)
        (left,) = site.json("exports")
        assert left["error_code"] == "server-busy"
        assert database.rows("SELECT count(*) FROM person WHERE level = 2") == [(4,)]
    site("run", status=None)
    assert database.rows("SELECT count(*) FROM person WHERE level = 2") == [(5,)]
    database.engine.dispose()


def test_who_may_only_read_is_told_so(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("postgresql").database()
    database.run(*PEOPLE)
    name = f"reader_{database.engine.url.database}"
    database.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'", f"GRANT SELECT ON person, phone TO {name}")
    site = writing(tmp_path, database)
    text = (site.folder / "interlock.toml").read_text()
    site.configure(text.replace("//admin@", f"//{name}@"))
    site("run", status=1)
    assert database.rows("SELECT count(*) FROM person") == [(0,)]
    assert {one["error_code"] for one in site.json("exports")} == {"permission-denied"}
    database.engine.dispose()


def test_check_says_what_the_user_may_not_read(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("postgresql").database()
    database.run(*PEOPLE)
    name = f"blind_{database.engine.url.database}"
    database.run(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'", f"GRANT SELECT ON person TO {name}")
    site = writing(tmp_path, database)
    text = (site.folder / "interlock.toml").read_text()
    site.configure(text.replace("//admin@", f"//{name}@"))
    said = site("check", status=4)
    assert "person: person: cannot be read: permission denied for table phone" in said
    database.engine.dispose()


def test_check_says_where_a_column_is_something_else(database: Database, tmp_path: Path) -> None:
    fill(database, 2)
    declared = {name: kind for name, kind in ATTRIBUTES.items() if name not in ("level", "born")}
    told = reading(tmp_path, system(database, attributes=declared | {"born": "integer"}))("check", status=None)
    assert "person.born: declared as integer, and the schema has date there" in told
    assert "person.seen" not in told, "that is as it is declared"
