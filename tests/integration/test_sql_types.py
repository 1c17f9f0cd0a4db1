"""What columns hold, of whatever type: read as the database means it, and written so that it is confirmed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import PASSWORD, Database, Server, sqlite
from tests.sql import attributes, from_hr, people, reading, system, writing


def test_a_value_that_is_none_is_one_rows_error(database: Database, tmp_path: Path) -> None:
    kind = "DATE" if database.name == "sqlite" else "VARCHAR(20)"
    database.run(f"CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40), born {kind})")
    database.run(*(f"INSERT INTO person VALUES ({n}, 'P', '{born}')" for n, born in ((1, "1990-01-01"), (2, "soon"))))
    site = reading(tmp_path, system(database, many=None, attributes={"born": "date"}), ["name", "born"])
    told = site("step", "import", "it", status=1)
    assert "'born': 'soon' is not a date" in told
    assert attributes(site, "1")["born"] == ["1990-01-01"]
    assert [one["external_id"] for one in site.json("objects")] == ["1"]


def test_a_date_that_python_has_none_for_is_one_rows_error(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("postgresql").database()
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, born DATE, seen TIMESTAMPTZ)")
    days, moment = ("1990-01-01", "infinity", "0044-03-15 BC", "12000-01-01"), "2026-01-02 03:04:05+01"
    database.run(*(f"INSERT INTO person VALUES ({n}, 'P', '{day}', '{moment}')" for n, day in enumerate(days)))
    declared = {"born": "date", "seen": "datetime"}
    site = reading(tmp_path, system(database, many=None, attributes=declared), ["name", "born", "seen"])
    told = site("step", "import", "it", status=1)
    assert "'born': 'infinity' is not a date" in told
    assert attributes(site, "0")["seen"] == ["2026-01-02T02:04:05Z"]
    assert [one["external_id"] for one in site.json("objects")] == ["0"]
    database.engine.dispose()


def test_spans_of_time_and_types_without_a_name_are_read_as_they_are_written(
    running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running("postgresql").database()
    database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, until TIME, term INTERVAL, note XML, times TIME[])",
        "INSERT INTO person VALUES (1, '24:00', '1 month 2 days', '<a/>', '{09:00,24:00}')",
    )
    names = ["until", "term", "note", "times"]
    site = reading(tmp_path, system(database, many=None, attributes={"times": "text[]"}), names)
    assert "1 add" in site("step", "import", "it")
    assert [attributes(site, "1")[name] for name in names] == [
        ["24:00:00"],
        ["1 mon 2 days"],
        ["<a/>"],
        ["09:00:00", "24:00:00"],
    ]
    database.engine.dispose()


def test_a_span_longer_than_a_day_is_written_as_its_database_does(
    running: Callable[[str], Server], tmp_path: Path
) -> None:
    database = running("mysql").database()
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, worked TIME(1), owed TIME)")
    database.run("INSERT INTO person VALUES (1, '36:05:00.5', '-01:30:00')")
    site = reading(tmp_path, system(database, many=None, attributes={}), ["worked", "owed"])
    site("step", "import", "it")
    assert attributes(site, "1")["worked"] == ["36:05:00.500000"]
    assert attributes(site, "1")["owed"] == ["-01:30:00"]
    database.engine.dispose()


def test_what_mysql_has_for_several_names_and_for_no_date(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("mysql").database()
    database.run(
        "CREATE TABLE account (login VARCHAR(9) NOT NULL PRIMARY KEY, roles SET('b', 'a', 'c'), until DATE NOT NULL)"
    )
    site = from_hr(tmp_path, database, "roles", "until", types={"roles": "text[]", "until": "date"})
    for roles, held in (("a|b|c", "b,a,c"), ("c", "c"), ("a|c", "a,c"), ("", ""), ("b", "b")):
        site.csv("hr.csv", [{"login": "ada", "roles": roles, "until": "2026-01-01"}])
        assert "1 export confirmed" in site("run")
        assert database.rows("SELECT roles FROM account") == [(held,)]
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql("INSERT INTO account VALUES ('bob', 'c,b', '0000-00-00')")
        connection.commit()
    site("step", "import", "it")
    bob = next(one["id"] for one in site.json("objects") if one["external_id"] == "bob")
    assert site.json("show", bob)["attributes"] == {"login": ["bob"], "roles": ["b", "c"]}
    database.engine.dispose()


def test_a_fixed_width_is_filled_with_blanks_that_are_no_part_of_the_value(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE account (login CHAR(8) NOT NULL PRIMARY KEY, unit CHAR(5))")
    site = from_hr(tmp_path, database, "unit")
    for unit in ("ab", "cde", ""):
        site.csv("hr.csv", [{"login": "ada", "unit": unit}])
        assert "1 export confirmed" in site("run")
    assert [one["external_id"] for one in site.json("objects") if one["system"] == "it"] == ["ada"]


@pytest.mark.parametrize("kind", ["JSON", "JSONB"])
def test_documents_are_read_and_written_as_such(running: Callable[[str], Server], tmp_path: Path, kind: str) -> None:
    database = running("postgresql").database()
    database.run(f"CREATE TABLE account (login VARCHAR(20) NOT NULL PRIMARY KEY, profile {kind})")
    site = from_hr(tmp_path, database, "profile")
    large = '{"n":123456789012345678901234567890,"é":[1.5,null]}'
    for written, held in ((large, large), ('{"n":2}', '{"n":2}'), ("plain", '"plain"'), ("", None), (large, large)):
        site.csv("hr.csv", [{"login": "ada", "profile": written}])
        assert "1 export confirmed" in site("run")
        ((text,),) = database.rows("SELECT profile::text FROM account")
        assert (None if text is None else json.loads(text)) == (None if held is None else json.loads(held))
    database.run("UPDATE account SET profile = '[3]'")
    site.csv("hr.csv", [{"login": "ada", "profile": "other"}])
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    assert "somebody else has changed profile" in site("step", "export", "it", status=1)
    database.engine.dispose()


@pytest.mark.parametrize(("name", "kind"), [("postgresql", "INTERVAL"), ("mysql", "TIME"), ("sqlite", "TIME")])
def test_spans_of_time_are_written_and_changed(
    running: Callable[[str], Server], tmp_path: Path, name: str, kind: str
) -> None:
    with sqlite(tmp_path) as files:
        database = files.database() if name == "sqlite" else running(name).database()
        database.run(f"CREATE TABLE account (login VARCHAR(20) NOT NULL PRIMARY KEY, worked {kind})")
        site = from_hr(tmp_path, database, "worked")
        for hours in ("36:05:00", "100:00:00", "00:30:00"):
            site.csv("hr.csv", [{"login": "ada", "worked": hours}])
            assert "1 export confirmed" in site("run")
            account = next(one["id"] for one in site.json("objects") if one["system"] == "it")
            assert site.json("show", account)["attributes"]["worked"] == [hours]
        database.engine.dispose()


def test_arrays_have_many_values(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("postgresql").database()
    database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, level INT, born DATE, mail TEXT, phones TEXT[])"
    )
    declared = {"level": "integer", "born": "date", "phones": "text[]"}
    site = writing(tmp_path, database, many=None, attributes=declared)
    site("run")
    assert database.rows("SELECT phones FROM person WHERE id = 3") == [(["3", "30"],)]
    people(site, p3={"phones": "30|31|32"}, p4={"phones": ""})
    site("run")
    assert sorted(database.rows("SELECT phones FROM person WHERE id = 3")[0][0]) == ["30", "31", "32"]
    assert not database.rows("SELECT phones FROM person WHERE id = 4")[0][0]
    assert site.json("exports") == []
    database.engine.dispose()


CHANGED = {
    "REAL": ("0.1", "0.3", "1234.5"),
    "DOUBLE PRECISION": ("0.1", "0.3", "1234567.25"),
    "portion": ("0.1", "0.3"),
    "XML": ("<a/>", "<b>x</b>"),
    "POINT": ("(1,2)", "(3,4)"),
    "JSONPATH": ('$."a"', '$."b"'),
    "UUID": ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    "CITEXT": ("a@b", "A@c"),
    "CITEXT[]": ("a@b|c@d", "a@b|c@e"),
    "email[]": ("a@b|c@d", "a@b"),
    "CHAR(5)[]": ("ab|c", "ab|d"),
    "NUMERIC[]": ("1.5|2", "1.5|3"),
}
"""Type of PostgreSQL → values that a column of it is to have, one after the other."""


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_created_can_be_changed(running: Callable[[str], Server], tmp_path: Path, kind: str) -> None:
    database = running("postgresql").database()
    database.run(
        "CREATE EXTENSION citext",
        "CREATE DOMAIN email AS TEXT CHECK (VALUE LIKE '%@%')",
        "CREATE DOMAIN portion AS REAL CHECK (VALUE >= 0)",
        f"CREATE TABLE account (login VARCHAR(20) NOT NULL PRIMARY KEY, held {kind}, mail TEXT)",
    )
    declared = {"held": "text[]"} if kind.endswith("[]") else {}
    site = from_hr(tmp_path, database, "held", "mail", types=declared)
    for round_, values in enumerate(CHANGED[kind]):
        site.csv("hr.csv", [{"login": "ada", "held": values, "mail": f"m{round_}"}])
        assert "1 export confirmed" in site("run")
        account = next(one["id"] for one in site.json("objects") if one["system"] == "it")
        assert sorted(site.json("show", account)["attributes"]["held"]) == sorted(values.split("|"))
        assert database.rows("SELECT mail FROM account") == [(f"m{round_}",)]
    assert site.json("exports") == []
    if declared:
        database.engine.dispose()
        return  # of many values exact ones come and go, whatever else there is
    database.run("UPDATE account SET held = NULL")
    site.csv("hr.csv", [{"login": "ada", "held": CHANGED[kind][0], "mail": "new"}])
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    assert "somebody else has changed" in site("step", "export", "it", status=1), "it guards what it compares"
    database.engine.dispose()


@pytest.mark.parametrize("kind", ["JSON", "JSONB"])
def test_numbers_of_a_document_are_exact(running: Callable[[str], Server], tmp_path: Path, kind: str) -> None:
    database = running("postgresql").database()
    database.run(f"CREATE TABLE account (login VARCHAR(20) NOT NULL PRIMARY KEY, profile {kind})")
    site = from_hr(tmp_path, database, "profile")
    for number in ("12345678901234567890.12", "1234567890123.456789", "0.10"):
        site.csv("hr.csv", [{"login": "ada", "profile": f'{{"a":{number}}}'}])
        assert "1 export confirmed" in site("run")
        ((text,),) = database.rows("SELECT profile::text FROM account")
        assert number in text
    database.engine.dispose()


def test_half_a_character_is_its_rows_error(running: Callable[[str], Server], tmp_path: Path) -> None:
    database = running("postgresql").database()
    database.run(
        "CREATE TABLE person (id TEXT PRIMARY KEY, name JSON)",
        """INSERT INTO person VALUES ('1', '"Ada"'), ('2', '["x","\\udc00"]'), ('3', '{"a":"\\ud800"}')""",
    )
    site = reading(tmp_path, system(database, many=None, attributes={}), ["name"])
    told = site("step", "import", "it", status=1)
    assert told.count("holds half of a character") == 2
    assert "person:2" in told
    assert [one["external_id"] for one in site.json("objects")] == ["1"]
    database.engine.dispose()


def test_columns_that_nobody_names_need_no_right(running: Callable[[str], Server], tmp_path: Path) -> None:
    server = running("postgresql")
    database = server.database()
    name = database.url.rpartition("/")[2].partition("?")[0]
    database.run(
        "CREATE TABLE account (login VARCHAR(20) NOT NULL PRIMARY KEY, mail TEXT, secret TEXT)",
        f"CREATE ROLE limited_{name} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT SELECT (login, mail), INSERT (login, mail), UPDATE (mail), DELETE ON account TO limited_{name}",
    )
    site = from_hr(tmp_path, database, "mail")
    config = (site.folder / "interlock.toml").read_text()
    site.configure(config.replace("//admin@", f"//limited_{name}@"))
    assert f"//limited_{name}@" in (site.folder / "interlock.toml").read_text()
    for mail in ("a@b", "a@c"):
        site.csv("hr.csv", [{"login": "ada", "mail": mail}])
        assert "1 export confirmed" in site("run")
    assert "FAIL" not in site("check")
    database.run(f"DROP OWNED BY limited_{name}", f"DROP ROLE limited_{name}")
    database.engine.dispose()
