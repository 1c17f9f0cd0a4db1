"""LDIF as it is delivered: in a folder, packed, with a mark when finished, in several files that are one directory."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.inside import Inside, document, in_and_out
from tests.integration.test_deliveries import put, refused

UUIDS = {name: f"00000000-0000-4000-8000-{number:012}" for number, name in enumerate(("ada", "bob", "cleo", "dan"))}


def _entry(name: str, **more: str) -> str:
    held = {"objectClass": "inetOrgPerson", "uid": name, "cn": name, "sn": name, "entryUUID": UUIDS[name], **more}
    return f"dn: uid={name},dc=s\n" + "".join(f"{key}: {value}\n" for key, value in held.items())


def _ldif(*names: str) -> bytes:
    return "\n".join(["dn: dc=s\nobjectClass: domain\ndc: s\n", *map(_entry, names)]).encode()


def _site(folder: Path, **keys: str) -> Inside:
    person = {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}
    hr = {"connector": "ldif", "path": "in/*.ldif", "deletions": {"max_percent": 100}, "objects": {"person": person}}
    out = {"connector": "csv", "objects": {"person": {"path": "out.csv", "external_id": "uid"}}}
    tables = {
        "systems": {"hr": {**hr, **keys}, "out": out},
        "metaverse": {"person": {"deletion": {"when": "last_connector_gone"}}},
    }
    site = Inside(folder / "ws", document(tables, rules=in_and_out("out.person", ["uid", "cn"])))
    (site.folder / "in").mkdir()
    (site.folder / "out.csv").write_text("uid,cn\n")
    return site


def _names(site: Inside) -> set[str]:
    return {row["attributes"]["uid"][0] for row in site.json("objects", "--system", "hr")}


def _last(site: Inside) -> str:
    return str(site.json("show", site.json("runs")[0]["id"]))


def test_of_a_folder_the_newest_file_is_read_and_a_plan_reads_the_same(tmp_path: Path) -> None:
    site = _site(tmp_path)
    put(site, "a.ldif", _ldif("ada", "bob", "cleo"), age=100)
    put(site, "b.ldif", _ldif("ada", "bob"), age=200)
    assert "a.ldif: 4 entries" in site("check")
    assert len([one for one in site.json("plan")["steps"] if one["phase"] == "export"]) == 1
    site("run")
    assert _names(site) == {"ada", "bob", "cleo"}
    assert len((site.folder / "out.csv").read_text().splitlines()) == 4
    assert "unchanged since" in site("step", "import", "hr") + _last(site)
    put(site, "c.ldif", _ldif("ada", "bob"))
    site("run")
    assert site.json("review")[0]["label"].startswith("cleo")


def test_all_files_are_one_directory(tmp_path: Path) -> None:
    site = _site(tmp_path, take="all")
    put(site, "a.ldif", _ldif("ada", "bob"))
    put(site, "b.ldif", _entry("cleo").encode())
    site("run")
    assert _names(site) == {"ada", "bob", "cleo"}
    put(site, "a.ldif", _ldif("ada"))
    put(site, "b.ldif", f"{_entry('bob')}\n{_entry('cleo')}".encode())
    site("run")
    assert site.json("review") == [], "who moves from one file to another is not missing"
    put(site, "b.ldif", _entry("cleo").encode())
    site("run")
    assert [item["label"].split()[0] for item in site.json("review")] == ["bob"]


def test_who_stands_in_two_files_is_nobodys(tmp_path: Path) -> None:
    site = _site(tmp_path, take="all")
    put(site, "a.ldif", _ldif("ada", "bob"))
    put(site, "b.ldif", _entry("bob").encode())
    site("run", status=1)
    errors = [error for run in site.json("runs") for error in site.json("show", run["id"])["errors"]]
    assert {error["code"] for error in errors} == {"duplicate-external-id"}
    assert {error["position"].partition(":")[0] for error in errors} == {"a.ldif", "b.ldif"}
    assert _names(site) == {"ada"}


def test_an_empty_file_among_others_says_that_something_is_away(tmp_path: Path) -> None:
    site = _site(tmp_path, take="all")
    put(site, "a.ldif", _ldif("ada"))
    put(site, "b.ldif", _entry("bob").encode())
    site("run")
    put(site, "b.ldif", b"")
    site("run", status=1)
    assert "b.ldif: is empty, and another file is not" in _last(site)
    assert site.json("review") == []


@pytest.mark.parametrize("mark", ["hr.ldif.done", "hr.done"])
def test_a_file_without_its_mark_is_not_read(tmp_path: Path, mark: str) -> None:
    site = _site(tmp_path, path="in/hr.ldif", done=".done")
    put(site, "hr.ldif", _ldif("ada"))
    assert "there is no hr.ldif.done" in refused(site)
    put(site, mark, b"")
    site("run")
    assert _names(site) == {"ada"}


def test_a_newer_file_that_is_not_finished_makes_the_import_incomplete(tmp_path: Path) -> None:
    site = _site(tmp_path, min_age="1h")
    put(site, "a.ldif", _ldif("ada", "bob"), age=10_000)
    site("run")
    put(site, "a.ldif", _ldif("ada"), age=9_000)
    put(site, "b.ldif", _ldif("ada", "bob", "cleo"))
    site("run", status=1)
    assert "b.ldif: it was written" in _last(site)
    assert site.json("review") == []
    assert _names(site) == {"ada", "bob"}


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.ldif", data)
        archive.writestr("readme.txt", "nothing")
    return file.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, _zipped])
def test_packed_files_are_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    keys = {"member": "people.ldif"} if pack is _zipped else {}
    site = _site(tmp_path, path="in/hr.ldif.packed", **keys)
    put(site, "hr.ldif.packed", pack(_ldif("ada", "bob")))
    site("run")
    assert _names(site) == {"ada", "bob"}
    put(site, "hr.ldif.packed", pack(_ldif("ada", "bob"))[:-20])
    assert "cannot be unpacked" in refused(site)


def test_nothing_is_written_to_a_pattern_or_into_an_archive(tmp_path: Path) -> None:
    for key, value, why in (("path", "in/*.ldif", "is a pattern"), ("member", "people.ldif", "none in an archive")):
        site = _target(tmp_path / key, {"path": "in/out.ldif", key: value})
        before = (site.folder / "in" / "out.ldif").read_bytes()
        site("run", status=None)
        assert why in str([site.json("show", run["id"]) for run in site.json("runs")])
        assert (site.folder / "in" / "out.ldif").read_bytes() == before


def _target(folder: Path, keys: dict[str, str]) -> Inside:
    person = {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}
    hr = {"connector": "csv", "path": "hr.csv", "objects": {"person": {"external_id": "uid"}}}
    out = {"connector": "ldif", "objects": {"person": person}, **keys}
    rules = in_and_out("out.person", ["uid", "cn", "sn"], dn="uid={{ uid | rdn }},dc=s")
    tables = {"systems": {"hr": hr, "out": out}, "metaverse": {"person": {}}}
    site = Inside(folder / "ws", document(tables, rules=rules))
    (site.folder / "in").mkdir()
    put(site, "out.ldif", _ldif())
    if "member" in keys:
        put(site, "out.ldif", _zipped(_ldif()))
    site.csv("hr.csv", [{"uid": "eve", "cn": "Eve", "sn": "Eve"}])
    return site
