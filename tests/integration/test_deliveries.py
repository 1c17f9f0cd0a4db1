"""Files as they are delivered: in a folder, packed, with a mark when finished, as spreadsheets, in fixed widths."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from engine.connectors.csv import reading
from engine.connectors.files import Snapshot, snapshot
from tests.accounts_file import CONFIG, TOP
from tests.inside import Inside

PEOPLE = [("1", "Ada", "A"), ("2", "Bob", "B"), ("3", "Cleo", "A")]
PATH = 'path = "hr.csv"'


def _csv(people: Sequence[tuple[str, ...]] = PEOPLE) -> bytes:
    return "\r\n".join(",".join(row) for row in [("id", "name", "team"), *people, ()]).encode()


def _site(folder: Path, keys: str, *, of_type: str = "", of_system: str = "") -> Inside:
    config = CONFIG.replace(PATH, f"{keys}\n{of_type}").replace('connector = "csv"', f'connector = "csv"\n{of_system}')
    site = Inside(folder / "ws", config)
    (site.folder / "out.ldif").write_text(TOP)
    (site.folder / "in").mkdir()
    return site


def put(site: Inside, name: str, content: bytes, age: float = 0) -> None:
    """Deliver a file that is so many seconds old."""
    path = site.folder / "in" / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))


def _names(site: Inside) -> set[str]:
    return {row["attributes"]["name"][0] for row in site.json("objects", "--system", "hr")}


def _edit(site: Inside, old: str, new: str) -> None:
    """Change the configuration."""
    path = site.folder / "interlock.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def refused(site: Inside) -> str:
    """Run an import that cannot begin, and give what it says; nobody may be lost by it."""
    before = len(site.json("objects"))
    site("step", "import", "hr", status=4)
    assert len(site.json("objects")) == before
    return str(site.json("runs")[0]["id"]) + site("show", site.json("runs")[0]["id"])


# A folder --------------------------------------------------------------------------------------------------------


def test_of_a_folder_the_newest_file_is_read(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr-*.csv"')
    put(site, "hr-2.csv", _csv(), age=100)
    put(site, "hr-1.csv", _csv([*PEOPLE, ("4", "Dan", "B")]), age=10)
    put(site, "other.csv", b"nothing")
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo", "Dan"}
    put(site, "hr-0.csv", _csv(PEOPLE[:2]))
    site("run")
    assert len(site.json("review")) == 2


def test_or_the_last_by_name(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr-*.csv"', of_system='take = "last"')
    put(site, "hr-2.csv", _csv(), age=100)
    put(site, "hr-1.csv", _csv(PEOPLE[:1]), age=10)
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


def test_or_all_of_them_and_nobody_is_missing_who_moved_from_one_to_another(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"')
    put(site, "a.csv", _csv(PEOPLE[:2]))
    put(site, "b.csv", "name;id;team\nCleo;3;A\n".replace(";", ",").encode())
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    assert "unchanged since" in site("step", "import", "hr") + str(site.json("show", site.json("runs")[0]["id"]))
    put(site, "a.csv", _csv(PEOPLE[:1]))
    put(site, "b.csv", _csv(PEOPLE[1:]))
    site("run")
    assert site.json("review") == []
    put(site, "b.csv", _csv(PEOPLE[2:]))
    site("run")
    assert [item["label"] for item in site.json("review")] == ["Bob (2)"]


def test_an_id_that_stands_in_two_files_is_nobodys(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"')
    put(site, "a.csv", _csv(PEOPLE[:2]))
    put(site, "b.csv", _csv([("3", "Cleo", "A"), ("2", "Barbara", "B")]))
    site("run", status=1)
    errors = [error for run in site.json("runs") for error in site.json("show", run["id"])["errors"]]
    assert {error["code"] for error in errors} == {"duplicate-external-id"}
    assert {error["position"] for error in errors} == {"a.csv:3", "b.csv:3"}
    assert _names(site) == {"Ada", "Cleo"}


def test_a_folder_without_such_a_file_is_refused(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr-*.csv"')
    assert "no file is called so" in refused(site)


def test_brackets_in_a_name_stand_for_themselves(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr[1].csv"')
    put(site, "hr1.csv", _csv(PEOPLE[:1]))
    assert "hr[1].csv" in refused(site)
    put(site, "hr[1].csv", _csv())
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


def test_nothing_is_written_to_a_pattern(tmp_path: Path) -> None:
    target = '[systems.out]\nconnector = "csv"\ntake = "all"\n[systems.out.objects.person]\npath = "in/o*.csv"\n'
    config = CONFIG.replace(
        CONFIG[CONFIG.index("[systems.out]") : CONFIG.index("[metaverse")], target + 'external_id = "uid"\n'
    )
    config = config.replace('dn = "uid={{ id | rdn }},dc=s"\n', "").replace("employeeNumber", "uid")
    site = Inside(tmp_path / "ws", config.replace('uid = "id"\n', "", 1))
    (site.folder / "in").mkdir()
    put(site, "o1.csv", b"uid,cn\r\n")
    (site.folder / "hr.csv").write_bytes(_csv())
    site("run", status=None)
    assert "is a pattern" in str([site.json("show", run["id"]) for run in site.json("runs")])
    assert (site.folder / "in" / "o1.csv").read_bytes() == b"uid,cn\r\n"


# Finished or not -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["hr.csv.done", "hr.done"])
def test_a_file_without_its_mark_is_not_read(tmp_path: Path, mark: str) -> None:
    site = _site(tmp_path, 'path = "in/hr.csv"', of_system='done = ".done"')
    put(site, "hr.csv", _csv())
    assert "there is no hr.csv.done" in refused(site)
    put(site, mark, b"")
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


def test_a_mark_by_the_stem_is_no_orphan_beside_its_file(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*"', of_system='take = "all"\ndone = ".done"')
    put(site, "hr.csv", _csv())
    put(site, "hr.done", b"")
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


def test_the_newest_finished_file_is_read_and_the_other_one_told(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*"', of_system='done = ".done"')
    put(site, "hr-1.csv", _csv(), age=100)
    put(site, "hr-1.csv.done", b"", age=90)
    put(site, "hr-2.csv", _csv(PEOPLE[:1]), age=5)
    site("run", status=None)
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    said = str([site.json("show", run["id"]) for run in site.json("runs")])
    assert "hr-1.csv was read; hr-2.csv: it is not finished: there is no hr-2.csv.done" in said
    assert "incomplete" in said
    put(site, "hr-2.csv.done", b"")
    site("run")
    assert len(site.json("review")) == 2


def test_of_all_files_none_is_read_before_all_are_finished(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"\ndone = ".done"')
    put(site, "a.csv", _csv(PEOPLE[:2]))
    put(site, "b.csv", _csv(PEOPLE[2:]))
    put(site, "a.csv.done", b"")
    assert "not all files are finished: b.csv" in refused(site)


def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.csv"', of_system='min_age = "2m"')
    put(site, "hr.csv", _csv(), age=30)
    assert "is read after 120 s" in refused(site)
    put(site, "hr.csv", _csv(), age=130)
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


def test_a_plan_reads_the_same_files(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"\ndone = ".done"\nmin_age = "1s"')
    for name, rows in (("a.csv", PEOPLE[:2]), ("b.csv", PEOPLE[2:])):
        put(site, name, _csv(rows), age=20)
        put(site, f"{name}.done", b"")
    plan = site.json("plan")
    (read,) = (step for step in plan["steps"] if (step["phase"], step["system"]) == ("import", "hr"))
    assert read["statistics"]["adds"] == 3


def test_who_is_in_a_file_that_is_not_finished_yet_is_not_missing(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr-*.csv"', of_system='min_age = "1m"')
    put(site, "hr-1.csv", _csv(PEOPLE[:1]), age=1000)
    put(site, "hr-2.csv", _csv(), age=900)
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    put(site, "hr-2.csv", _csv(), age=5)
    site("run", status=None)
    assert site.json("review") == []
    put(site, "hr-2.csv", _csv(), age=-5)
    site("run", status=None)
    assert site.json("review") == []


def test_a_mark_of_yesterday_finishes_no_file_of_today(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.csv"', of_system='done = ".done"')
    put(site, "hr.csv.done", b"", age=90_000)
    put(site, "hr.csv", _csv(), age=10)
    assert "there is no hr.csv.done, or it is older" in refused(site)


def test_a_mark_by_the_stem_finishes_no_other_file(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.20261127"', of_system='done = ".done"')
    put(site, "hr.20261127", _csv())
    put(site, "hr.20261126", _csv(PEOPLE[:1]))
    put(site, "hr.done", b"")
    assert "it is not finished" in refused(site)


@pytest.mark.parametrize("beside", [(), ("b.csv.bak",), ("b.csv.gz.part",)])
def test_a_mark_without_its_file_says_that_something_is_away(tmp_path: Path, beside: tuple[str, ...]) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"\ndone = ".done"')
    for name in ("a.csv", "a.csv.done", "b.csv.done", *beside):
        put(site, name, _csv() if name == "a.csv" else b"")
    assert "b.csv.done says that b.csv is finished" in refused(site)


def test_an_empty_file_among_others_lets_nobody_be_missing(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"')
    put(site, "a.csv", _csv(PEOPLE[:2]))
    put(site, "b.csv", _csv(PEOPLE[2:]))
    site("run")
    put(site, "b.csv", b"")
    site("run", status=None)
    assert site.json("review") == []


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = _site(tmp_path, 'path = "in/*/hr.csv"', of_system='take = "all"')
    for one, rows in (("a", PEOPLE[:2]), ("b", PEOPLE[2:])):
        (site.folder / "in" / one).mkdir()
        put(site, f"{one}/hr.csv", _csv(rows))
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    real = os.scandir

    def scandir(folder: Any) -> Any:
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr("engine.connectors.deliveries.os.scandir", scandir)
    assert "cannot be looked through: Permission denied" in refused(site)


def test_a_file_that_comes_while_others_are_read_lets_nobody_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = _site(tmp_path, 'path = "in/*.csv"', of_system='take = "all"')
    put(site, "a.csv", _csv(PEOPLE[:2]))
    put(site, "b.csv", _csv(PEOPLE[2:]))
    site("run")

    def changing(path: Path) -> Snapshot:
        if path.name == "b.csv":
            put(site, "c.csv", _csv(PEOPLE[2:]))
            put(site, "b.csv", _csv([("4", "Dan", "B")]))
        return snapshot(path)

    with monkeypatch.context() as patched:
        patched.setattr(reading, "snapshot", changing)
        site("run", status=None)
    assert site.json("review") == []


# Packed ----------------------------------------------------------------------------------------------------------


def _zip(**files: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_dot_", "."), content)
    return found.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("hr.csv.gz", gzip.compress),
        ("hr.csv.bz2", bz2.compress),
        ("hr.xz", lzma.compress),
        ("hr.zip", lambda it: _zip(hr_dot_csv=it)),
    ],
)
def test_a_packed_file_is_read_and_when_unchanged_not_again(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    site = _site(tmp_path, f'path = "in/{name}"')
    put(site, name, pack(_csv()))
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    site("run")
    assert "unchanged since run-1" in str(site.json("show", "run-2"))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda it: _zip(hr_dot_csv=it)])
def test_a_packed_file_that_is_cut_or_damaged_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    site = _site(tmp_path, 'path = "in/hr.csv.gz"')
    whole = pack(_csv([(str(one), f"Name {one}", "A") for one in range(2000)]))
    put(site, "hr.csv.gz", whole)
    site("run")
    put(site, "hr.csv.gz", whole[: len(whole) // 2])
    assert "cannot be unpacked" in refused(site)
    middle = len(whole) // 2
    put(
        site,
        "hr.csv.gz",
        whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 40]) + whole[middle + 40 :],
    )
    assert "cannot be unpacked" in refused(site)
    assert site.json("review") == []


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_streams_one_after_the_other_are_read_whole_or_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    site = _site(tmp_path, 'path = "in/hr.packed"')
    first, second = pack(_csv(PEOPLE[:2])), pack(b"3,Cleo,A\r\n" * 1)
    put(site, "hr.packed", first + second)
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}
    for broken in (second[:-5], second[:4] + bytes(255 - byte for byte in second[4:]), b"rubbish"):
        put(site, "hr.packed", first + broken)
        assert "cannot be unpacked" in refused(site)


def test_of_an_archive_with_several_files_one_is_named(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.zip"')
    put(site, "hr.zip", _zip(people_dot_csv=_csv(), readme_dot_txt=b"hello"))
    assert "holds 2 files (people.csv, readme.txt); name one of them with 'member'" in refused(site)
    _edit(site, 'path = "in/hr.zip"', 'path = "in/hr.zip"\nmember = "people.csv"')
    site("run")
    assert _names(site) == {"Ada", "Bob", "Cleo"}


# Several types in one file ---------------------------------------------------------------------------------------

KINDS = b"kind,id,name,team\nP,1,Ada,A\nG,1,Engine,\nX,9,Nobody,\nP,2,Bob,B\n"


def test_rows_of_other_types_are_no_objects_of_this_one(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/all.csv"', of_type='only = { kind = ["P", "Q"] }')
    put(site, "all.csv", KINDS)
    site("run")
    assert _names(site) == {"Ada", "Bob"}


def test_somebody_whose_row_became_another_type_is_not_missing(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/all.csv"', of_type='only = { kind = "P" }')
    put(site, "all.csv", KINDS)
    site("run")
    put(site, "all.csv", KINDS.replace(b"P,2", b"p,2"))
    site("run", status=None)
    assert site.json("review") == []
    told = str([site.json("show", run["id"]) for run in site.json("runs")])
    assert "all.csv:5" in told
    assert "stands in a row of another kind: look at the column that 'only' names" in told


def test_the_column_that_tells_has_to_be_there(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/all.csv"', of_type='only = { sort = "P" }')
    put(site, "all.csv", KINDS)
    assert "'sort' is not there" in refused(site)


def test_who_is_named_in_another_row_can_be_missing_all_the_same(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/all.csv"', of_type='only = { kind = "P" }')
    put(site, "all.csv", b"kind,id,name,team\nP,1,Ada,2\nP,2,Bob,B\nG,7,Engine,2\n")
    site("run")
    put(site, "all.csv", b"kind,id,name,team\nP,1,Ada,2\nG,7,Engine,2\n")
    site("run")
    assert [item["label"] for item in site.json("review")] == ["Bob (2)"]


# Fixed widths ----------------------------------------------------------------------------------------------------

FIXED = "columns = { id = 4, name = 10, team = 3 }"


def test_columns_of_fixed_widths(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.txt"', of_type=FIXED, of_system='encoding = "cp1252"')
    put(site, "hr.txt", "0001Ada       A  \r\n0002Bjørn     \r\n\r\n0003Cleo Anna A\r\n".encode("cp1252"))
    site("run")
    assert _names(site) == {"Ada", "Bjørn", "Cleo Anna"}
    assert {row["external_id"] for row in site.json("objects", "--system", "hr")} == {"0001", "0002", "0003"}


@pytest.mark.parametrize("last", ["0003Cl", "0003", "00", "0003Cleo      "])
def test_a_file_of_fixed_widths_that_was_cut_lets_nobody_be_missing(tmp_path: Path, last: str) -> None:
    site = _site(tmp_path, 'path = "in/hr.txt"', of_type=FIXED)
    whole = "0001Ada       A\n0002Bob       B\n0003Cleo      A\n0004Dan       A\n"
    put(site, "hr.txt", whole.encode())
    site("run")
    put(site, "hr.txt", (whole[: whole.index("0003")] + last).encode())
    site("run", status=None)
    assert site.json("review") == []
    assert "ends in the middle of a row" in str(site.json("show", site.json("runs")[0]["id"]))


def test_a_line_that_is_too_long_is_an_error_with_its_place(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.txt"', of_type=FIXED)
    put(site, "hr.txt", b"0001Ada       A\n0002Bob       B  0003Cleo      A\n")
    site("run", status=1)
    told = str(site.json("show", "run-1"))
    assert "hr.txt:2" in told
    assert "the line is longer than its columns: '0003Cleo      A' stands behind the last of them" in told
    assert "header" not in told, "there is none"


# Spreadsheets ----------------------------------------------------------------------------------------------------


def _sheet(rows: list[list[Any]], title: str = "People", **more: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name, others in more.items():
        added = book.create_sheet(name)
        for row in others:
            added.append(row)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def test_a_spreadsheet_gives_what_it_shows(tmp_path: Path) -> None:
    site = _site(
        tmp_path,
        'path = "in/hr.xlsx"',
        of_type='attributes = { born = "date", seen = "datetime", active = "boolean", share = "text" }',
    )
    heading = ["id", "name", "team", "born", "seen", "active", "share", "worked"]
    worked = timedelta(hours=36, minutes=5)
    ada = [1, "Ada", "A", date(1815, 12, 10).replace(year=1915), datetime(2026, 1, 2, 3, 4), True, 0.5, worked]
    text = ["007", "Bob", None, None, None, False, None, None]
    put(site, "hr.xlsx", _sheet([[], heading, ada, [], text]))
    site("run")
    found = {row["external_id"]: row["attributes"] for row in site.json("objects", "--system", "hr")}
    assert found["1"] == {
        "id": ["1"],
        "name": ["Ada"],
        "team": ["A"],
        "born": ["1915-12-10"],
        "seen": ["2026-01-02T03:04:00Z"],
        "active": [True],
        "share": ["0.5"],
        "worked": ["36:05:00"],
    }
    assert found["007"] == {"id": ["007"], "name": ["Bob"], "active": [False]}


def test_a_sheet_is_named_and_an_error_tells_its_row(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.xlsx"', of_type='sheet = "Staff"')
    rows: list[list[Any]] = [["id", "name", "team"], [1, "Ada", "A"], [None, "Nobody", "A"]]
    put(site, "hr.xlsx", _sheet([["nothing"]], Staff=rows))
    site("run", status=1)
    assert _names(site) == {"Ada"}
    assert "hr.xlsx:3" in str(site.json("show", "run-1"))
    _edit(site, "Staff", "Stuff")
    assert "has no sheet 'Stuff'; there are: People, Staff" in refused(site)


def test_cells_that_hold_an_error_let_nobody_be_missing(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.xlsx"', of_type='sheet = "Staff"')
    rows: list[list[Any]] = [["id", "name", "team"], [1, "Ada", "A"], [2, "Bob", "B"]]
    put(site, "hr.xlsx", _sheet([["x"]], Staff=rows))
    site("run")
    broken: list[list[Any]] = [rows[0], rows[1], ["#REF!", "#REF!", "#N/A"]]
    put(site, "hr.xlsx", _sheet([["x"]], Staff=broken))
    site("run", status=None)
    assert site.json("review") == []
    assert "A3, B3, C3" in str([site.json("show", run["id"]) for run in site.json("runs")])


def test_a_cell_that_holds_an_error_empties_nothing(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.xlsx"', of_type='sheet = "Staff"')
    rows: list[list[Any]] = [["id", "name", "team"], [1, "Ada", "A"], [2, "Bob", "B"]]
    put(site, "hr.xlsx", _sheet([["x"]], Staff=rows))
    site("run")
    put(site, "hr.xlsx", _sheet([["x"]], Staff=[rows[0], [1, "Eva", "A"], [2, "#N/A", "C"]]))
    said = site("run", status=None)
    assert "B3" in said
    assert "hr.xlsx:3" in said
    assert _names(site) == {"Eva", "Bob"}, "nothing of such a row flows"
    put(site, "hr.xlsx", _sheet([["x"]], Staff=[rows[0], [1, "Eva", "A"], [2, None, "C"]]))
    site("run", status=None)
    held = [row["attributes"] for row in site.json("objects", "--system", "hr")]
    assert [one.get("name") for one in held] == [["Eva"], None], "an empty cell is empty"


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    site = _site(tmp_path, 'path = "in/hr.xlsx"')
    whole = _sheet([["id", "name", "team"], [1, "Ada", "A"]])
    put(site, "hr.xlsx", whole)
    site("run")
    for content in (b"id,name\n", whole[: len(whole) // 2], b""):
        put(site, "hr.xlsx", content)
        assert "hr.xlsx" in refused(site)
    assert site.json("review") == []


# Written ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b""), ("utf-8-sig", codecs.BOM_UTF8)])
def test_a_new_file_has_the_columns_in_the_order_that_is_said(
    tmp_path: Path, encoding: str, mark: bytes, *, is_there: bool
) -> None:
    config = CONFIG[: CONFIG.index("[systems.out]")] + (
        f'[systems.out]\nconnector = "csv"\nquoting = "all"\nencoding = "{encoding}"\n'
        '[systems.out.objects.person]\npath = "out.csv"\n'
        'external_id = "uid"\nheader = ["cn", "uid", "sn"]\n'
    )
    config += CONFIG[CONFIG.index("[metaverse") :].replace('dn = "uid={{ id | rdn }},dc=s"\n', "")
    config = config.replace('join = [["employeeNumber"]]', 'join = [["uid"]]')
    site = Inside(tmp_path / "ws", config)
    (site.folder / "hr.csv").write_bytes(_csv(PEOPLE[:1]))
    if is_there:
        (site.folder / "out.csv").touch()
        site("step", "import", "out")
    for step in (("import", "hr"), ("sync",), ("evaluate",), ("export", "out")):
        site("step", *step)
    rows = b'"cn","uid","sn","employeeNumber"\r\n"Ada","1","Ada","1"\r\n'
    assert (site.folder / "out.csv").read_bytes() == mark + rows


@pytest.mark.parametrize("is_there", [False, True])
def test_a_new_file_has_every_column_without_which_it_would_be_refused(tmp_path: Path, *, is_there: bool) -> None:
    config = CONFIG[: CONFIG.index("[systems.out]")] + (
        '[systems.out]\nconnector = "csv"\n[systems.out.objects.person]\npath = "out.csv"\nexternal_id = "uid"\n'
        'attributes = { phones = "text[]", level = "integer" }\n'
    )
    config += CONFIG[CONFIG.index("[metaverse") :].replace('dn = "uid={{ id | rdn }},dc=s"\n', "")
    config = config.replace('join = [["employeeNumber"]]', 'join = [["uid"]]')
    site = Inside(tmp_path / "ws", config)
    (site.folder / "hr.csv").write_bytes(_csv(PEOPLE))
    if is_there:
        (site.folder / "out.csv").touch()
        site("run")
    else:
        for step in (("import", "hr"), ("sync",), ("evaluate",), ("export", "out")):
            site("step", *step)
    assert (site.folder / "out.csv").read_text().splitlines()[0].startswith("uid,phones,level,")
    site("run")
    assert site.json("exports") == []
