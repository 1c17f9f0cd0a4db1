"""Bad input gets a clear error on the right object and the right exit status, and loses nothing."""

import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.little_disk import little_disk
from tests.workspace import INTERLOCK, Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace


class Small(Workspace):
    """Thirty people, and a directory in one file."""

    def __init__(self, folder: Path) -> None:
        self.rows = list(people(30))
        super().__init__(folder, make_workspace(folder, self.rows, demo=False).read_text())
        self.source = folder / "hr.csv"

    def entries(self) -> bytes:
        return (self.folder / "directory.ldif").read_bytes()

    def write(self, rows: list[dict[str, str]]) -> None:
        self.csv("hr.csv", rows, self.rows[0])


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path / "workspace")


@pytest.fixture
def settled(small: Small) -> Small:
    """Thirty people, provisioned."""
    small("run")
    return small


def _refused_whole(site: Small, *told: str, status: int = 4) -> None:
    """Assert that a run is refused before anything changes, and says why."""
    before = (site.statuses("hr"), site.entries())
    said = site("run", status=status)
    for text in told:
        assert text in said
    assert "Traceback" not in said
    assert (site.statuses("hr"), site.entries()) == before


def test_a_missing_file_is_told_and_changes_nothing(settled: Small) -> None:
    settled.source.unlink()
    _refused_whole(settled, "no-start-connection", "hr.csv", "No such file")


def test_a_folder_in_place_of_the_file_is_told(settled: Small) -> None:
    settled.source.unlink()
    settled.source.mkdir()
    _refused_whole(settled, "hr.csv", "not a regular file")


def test_a_pipe_in_place_of_the_file_is_told(settled: Small) -> None:
    settled.source.unlink()
    os.mkfifo(settled.source)
    _refused_whole(settled, "hr.csv", "not a regular file")


def test_a_wrong_encoding_is_told_with_its_line(settled: Small) -> None:
    settled.source.write_bytes(settled.source.read_text().encode("utf-16"))
    _refused_whole(settled, "hr.csv", "not utf-8", "encoding")


def test_a_vanished_column_is_told_by_its_name(settled: Small) -> None:
    settled.source.write_text(settled.source.read_text().replace("department", "dept", 1))
    _refused_whole(settled, "hr.csv:1", "'department' is not there")


def test_an_unclosed_quote_is_told_with_its_line(settled: Small) -> None:
    lines = settled.source.read_text().splitlines()
    lines[4] = lines[4].replace("E000004,", 'E000004,"', 1)
    settled.source.write_text("\n".join(lines) + "\n")
    _refused_whole(settled, "hr.csv:5", "quote that is not closed")


def test_a_byte_order_mark_is_no_part_of_the_first_column(small: Small) -> None:
    small.source.write_bytes(b"\xef\xbb\xbf" + small.source.read_bytes())
    small("run")
    assert small.statuses("hr") == {"Normal": 41}


def test_rows_that_cannot_be_read_are_errors_and_their_people_are_not_missing(settled: Small) -> None:
    lines = settled.source.read_text().splitlines()
    lines[3] += ",one,too,many"
    lines[4] = ",".join(lines[4].split(",")[:5])
    lines[5] = lines[5].replace(lines[5].split(",")[8], "31.02.2024")
    lines[6] = lines[6].replace(lines[6].split(",")[1], "x" * 1_000_001, 1)
    lines[7] = lines[7].replace(lines[7].split(",")[1], "\0", 1)
    lines.append(lines[8])
    settled.source.write_text("\n".join(lines) + "\n")
    before = settled.entries()
    said = settled("run", status=1)
    assert settled.statuses("hr") == {"Normal": 41}
    assert settled.json("review") == []
    assert settled.entries() == before
    errors = {error["label"]: (error["code"], error["position"]) for error in settled.errors()}
    assert errors == {
        "E000003": ("syntax-violation", "hr.csv:4"),
        "E000004": ("syntax-violation", "hr.csv:5"),
        "E000005": ("syntax-violation", "hr.csv:6"),
        "E000006": ("syntax-violation", "hr.csv:7"),
        "E000007": ("syntax-violation", "hr.csv:8"),
        "E000008": ("duplicate-external-id", "hr.csv:32"),
    }
    assert "E000003 (hr.csv:4): the row has 15 fields, and the header 12" in said


def test_people_inside_a_stray_pair_of_quotes_are_not_missing(settled: Small) -> None:
    good = settled.source.read_text()
    lines = good.splitlines()
    assert '"' not in "".join(lines[4:8])
    lines[4] = lines[4].replace(",", ',"', 1)
    lines[7] = re.sub("^([^,]*,[^,]*),", r'\1",', lines[7])
    settled.source.write_text("\n".join(lines) + "\n")
    said = settled("run", status=1)
    assert "gate 1" in said
    assert "hr.csv:5: 'E000005' has not come, and stands inside another object" in said
    assert settled.statuses("hr") == {"Normal": 41}
    assert settled.json("review") == []
    settled.source.write_text(good)
    settled("run")
    assert settled.statuses("hr") == {"Normal": 41}


def test_a_person_whose_row_has_its_columns_in_another_order_is_not_missing(settled: Small) -> None:
    lines = settled.source.read_text().splitlines()
    cells = lines[4].split(",")
    cells[0], cells[1] = cells[1], cells[0]
    lines[4] = ",".join(cells)
    settled.source.write_text("\n".join(lines) + "\n")
    said = settled("run", status=1)
    assert "gate 1" in said
    assert "hr.csv:5: 'E000004' has not come" in said
    assert settled.json("review") == []


def test_both_entries_of_an_id_that_stands_twice_have_been_seen(settled: Small) -> None:
    text = settled.entries().decode()
    first, second = re.findall(r"dn: uid=[^\n]*\n(?:[^\n]+\n)*?entryUUID: ([^\n]+)\n", text)[:2]
    (settled.folder / "directory.ldif").write_text(text.replace(f"entryUUID: {second}\n", f"entryUUID: {first}\n"))
    before = settled.statuses("directory")
    settled("step", "import", "directory", status=1)
    assert [error["code"] for error in settled.errors()] == ["duplicate-external-id"] * 2
    settled("step", "detect", "directory", status=None)
    assert settled.json("review") == []
    assert settled.statuses("directory") == before


def test_a_row_without_an_id_makes_the_import_incomplete(settled: Small) -> None:
    lines = settled.source.read_text().splitlines()
    lines[9] = "," + lines[9].split(",", 1)[1]
    settled.source.write_text("\n".join(lines) + "\n")
    said = settled("run", status=1)
    assert "missing-external-id" in said
    assert "gate 1" in said
    assert settled.statuses("hr") == {"Normal": 41}


def test_names_with_every_special_character_come_through(small: Small) -> None:
    special = ['a,b+c"d\\e<f>g;h=i', "#begins", " spaces ", "ünï 名前", "sla/sh", "line\nbreak", "tab\there"]
    names = [f"{name}" for name in special]
    departments = [{"code": f"S{number}", "name": name, "parent": "people"} for number, name in enumerate(names)]
    root = {"code": "D00", "name": "people", "parent": ""}
    small.csv("departments.csv", [root, *departments])
    rows = small.rows[: len(names)]
    for row, name in zip(rows, names, strict=True):
        row.update(department=name, last_name=name)
    small.write(rows)
    small("run")
    small("run")
    assert small.steps()["evaluate"]["statistics"] == {}
    assert small.query("SELECT count(*) FROM pending_exports") == [(0,)]
    from engine.connectors.ldif.format import read_entries

    with (small.folder / "directory.ldif").open("rb") as file:
        found = {entry.first("sn") for entry in read_entries(file)} - {None}
    assert found == set(names)


def test_hostile_values_reach_the_terminal_as_visible_signs_only(small: Small) -> None:
    small.rows[0].update(last_name="\x1b[2J\x1b]52;c;aGk=\x07\u202eevil", title="[/foo] [bold]x[/bold]")
    small.write(small.rows)
    small("run")
    shown = small("objects", "--search", "E000001") + small("show", "mvo-1") + small("metaverse", "--search", "E000001")
    assert "[/foo] [bold]x[/bold]" in shown
    for raw in ("\x1b", "\x07", "\u202e"):
        assert raw not in shown
    assert "␛[2J" in shown


def test_a_group_that_is_a_member_of_itself_is_read_and_left_alone(small: Small) -> None:
    config = (small.folder / "interlock.toml").read_text()
    group = (
        '[systems.directory.objects.group]\nobject_class = ["groupOfNames"]\nexternal_id = "entryUUID"\n'
        'secondary_external_id = "dn"\nattributes = { member = "text[]" }\n\n'
    )
    small.configure(config.replace("[systems.directory.objects.person]", group + "[systems.directory.objects.person]"))
    dn = "cn=ouroboros,dc=example,dc=org"
    with (small.folder / "directory.ldif").open("a") as file:
        file.write(f"\ndn: {dn}\nobjectClass: groupOfNames\ncn: ouroboros\nmember: {dn}\nentryUUID: 11\n")
    small("run")
    small("run")
    assert small.json("objects", "--search", "ouroboros")[0]["attributes"]["member"] == [dn]
    assert f"member: {dn}".encode() in small.entries()


@pytest.mark.usefixtures("store_file")
def test_an_unknown_key_is_told_with_file_line_and_key(small: Small) -> None:
    config = (small.folder / "interlock.toml").read_text()
    line = config.splitlines().index('connector = "csv"') + 2
    small.configure(config.replace('connector = "csv"', 'connector = "csv"\ndelimeter = ";"'))
    said = small("run", status=2)
    assert f"interlock.toml:{line}: systems.hr.delimeter: unknown key; did you mean 'delimiter'?" in said
    assert not (small.folder / "interlock.db").exists()


@pytest.mark.usefixtures("store_file")
def test_what_is_no_store_is_refused_and_left_as_it_is(small: Small) -> None:
    store = small.folder / "interlock.db"
    for content in (b"this is not a database, but a text that is long enough to look at" * 20, b""):
        store.write_bytes(content)
        said = small("run", status=4)
        assert "interlock.db" in said
        assert "Traceback" not in said
        assert store.read_bytes() == content


@pytest.mark.usefixtures("store_file")
def test_a_store_of_a_newer_version_is_refused(settled: Small) -> None:
    connection = sqlite3.connect(settled.folder / "interlock.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    said = settled("run", status=4)
    assert "written by a newer Interlock (schema 9999" in said


@pytest.mark.usefixtures("store_file")
def test_a_locked_store_is_waited_for_and_then_told(settled: Small) -> None:
    holder = sqlite3.connect(settled.folder / "interlock.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    said = settled("run", status=4)
    assert "another program kept the store locked for 10 s" in said
    assert "no pending" not in settled("status")
    holder.execute("ROLLBACK")
    holder.close()
    settled("run")


@pytest.mark.usefixtures("store_file")
def test_a_store_that_cannot_be_written_is_told(settled: Small) -> None:
    store = settled.folder / "interlock.db"
    if os.geteuid() == 0:
        if subprocess.run(["chattr", "+i", str(store)], check=False, capture_output=True).returncode:
            pytest.fail("neither an unprivileged user nor chattr: this machine cannot show a read-only store")
    else:
        store.chmod(0o400)
    try:
        said = settled("run", status=4)
    finally:
        subprocess.run(["chattr", "-i", str(store)], check=False, capture_output=True)
    assert "interlock.db" in said
    assert "cannot be" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("store_file")
def test_the_store_is_for_its_owner_alone(settled: Small) -> None:
    assert (settled.folder / "interlock.db").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def tiny_disk() -> Iterator[Path]:
    """A file system of one megabyte and a bit."""
    with little_disk("1300k") as folder:
        yield folder


@pytest.mark.usefixtures("store_file")
def test_a_full_disk_is_told_and_nothing_half_written_is_kept(small: Small, tiny_disk: Path) -> None:
    small.write(list(people(3000)))
    config = (small.folder / "interlock.toml").read_text()
    small.configure(
        config.replace('path = "interlock.db"', f'path = "{tiny_disk}/interlock.db"') + "\n[run]\npage_size = 200\n"
    )
    said = small("run", status=5)
    assert "disk" in said
    assert "Traceback" not in said
    small.configure(config.replace('path = "interlock.db"', 'path = "copy.db"') + "\n[run]\npage_size = 200\n")
    for name in ("interlock.db", "interlock.db-wal"):
        if (tiny_disk / name).exists():
            (small.folder / name.replace("interlock", "copy")).write_bytes((tiny_disk / name).read_bytes())
    small("run")
    connection = sqlite3.connect(small.folder / "copy.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*) FROM objects WHERE system = 'hr'").fetchone() == (3011,)
    assert connection.execute("SELECT count(*) FROM runs WHERE result = 'interrupted'").fetchone() == (1,)
    connection.close()


def test_two_runs_at_once_are_one_run_and_a_refusal(small: Small) -> None:
    small.write(list(people(3000)))
    small.configure((small.folder / "interlock.toml").read_text() + "\n[run]\npage_size = 50\n")
    first = small.start("run")
    if small.database is None:
        while not (small.folder / "interlock.db").exists() or not small.query("SELECT 1 FROM sqlite_master"):
            assert first.poll() is None
    while not small.glance("SELECT 1 FROM lease"):
        assert first.poll() is None
    said = small("run", status=4)
    assert "run 1 is going on" in said
    assert small("stop").startswith("run-1 stops")
    first.communicate(timeout=60)
    assert first.returncode == 5
    assert small.query("SELECT result FROM runs") == [("stopped-by-operator",)]
    small("run")


def test_every_command_has_help_and_no_command_shows_a_traceback(tmp_path: Path) -> None:
    for words in ([], ["run"], ["step"], ["review"], ["review", "approve"], ["exports", "retry"], ["show"], ["demo"]):
        done = subprocess.run([*INTERLOCK, *words, "--help"], capture_output=True, cwd=tmp_path, check=False)
        assert done.returncode == 0
        assert b"Usage" in done.stdout
    for words in (["status"], ["show", "cso-1"], ["run"], ["review", "approve", "rev-1", "--reason", "as agreed"]):
        done = subprocess.run([*INTERLOCK, *words], capture_output=True, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert b"interlock.toml: no such file" in done.stderr
