"""A delta import reads what changed, removes what the server says was deleted, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directory import CLIENTS, UNITS, connector_to, person, read_all
from tests.inside import Inside, document
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd

PEOPLE = f"ou=people,{SUFFIX}"
SESSION_LOG = "overlay syncprov\nsyncprov-sessionlog 1000"
MODULES = "moduleload syncprov.la\nmoduleload accesslog.la"
ACCESS_LOG = """
overlay accesslog
logdb cn=log
logops writes
logsuccess TRUE
database mdb
suffix "cn=log"
rootdn "{admin}"
directory {home}/log
maxsize 104857600
index reqStart,objectClass eq
"""
CHANGES = f"""
dn: uid=bob,{PEOPLE}
changetype: modify
replace: cn
cn: Robert

dn: uid=cleo,{PEOPLE}
changetype: modrdn
newrdn: uid=cleopatra
deleteoldrdn: 1

dn: uid=dan,{PEOPLE}
changetype: modrdn
newrdn: uid=dan
deleteoldrdn: 1
newsuperior: ou=groups,{SUFFIX}

dn: uid=ada,{PEOPLE}
changetype: delete

"""


def served(home: Path, overlays: str) -> Slapd:
    (home / "slapd" / "log").mkdir(parents=True)
    server = Slapd(home / "slapd", extra=MODULES, overlays=overlays.format(home=home / "slapd", admin=ADMIN)).start()
    server.add("\n".join([BASE, UNITS + "".join(person(name) for name in ("ada", "bob", "cleo", "dan", "eve"))]))
    return server


@pytest.fixture(params=["syncrepl", "accesslog"])
def telling(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Slapd]:
    """A server that tells what was deleted, in one way or the other."""
    server = served(tmp_path, SESSION_LOG if request.param == "syncrepl" else ACCESS_LOG)
    yield server
    server.stop()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Slapd]:
    """A server that can only list what is still there."""
    server = served(tmp_path, "overlay syncprov")
    yield server
    server.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_added_changed_renamed_moved_and_deleted(telling: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(telling.url, tmp_path, client=client)
    before = read_all(connector)
    ids = {uid: one.external_id for uid, one in before.by_uid().items()}
    assert before.end.watermark is not None
    telling.modify(CHANGES)
    telling.add(person("finn"))
    delta = read_all(connector, watermark=before.end.watermark)
    assert delta.end.complete
    assert not delta.end.full
    found = delta.by_uid()
    assert set(found) - {"eve"} == {"bob", "cleopatra", "dan", "finn"}, "a log may tell its last line twice"
    assert found["bob"].attributes["cn"] == ["Robert"]
    assert found["cleopatra"].external_id == ids["cleo"], "a rename keeps the entryUUID"
    assert found["dan"].external_id == ids["dan"], "a move keeps the entryUUID"
    assert found["dan"].secondary_id == f"uid=dan,ou=groups,{SUFFIX}"
    assert ids["ada"] in delta.deleted
    assert not delta.deleted & {one.external_id for one in delta.objects}
    assert not [note for note in connector.notes if "everything" in note]
    again = read_all(connector, watermark=delta.end.watermark)
    assert set(again.by_uid()) <= {"finn"}
    assert again.end.watermark is not None


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_without_a_record_of_deletions_is_read_whole_and_says_so(
    silent: Slapd, tmp_path: Path, client: str
) -> None:
    connector = connector_to(silent.url, tmp_path, client=client)
    before = read_all(connector)
    silent.modify(CHANGES)
    after = read_all(connector, watermark=before.end.watermark)
    assert after.end.full
    assert not after.deleted
    assert set(after.by_uid()) == {"bob", "cleopatra", "dan", "eve"}
    assert any("sessionlog" in note for note in connector.notes)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_log_that_may_be_read_in_part_is_not_taken_for_all_of_it(tmp_path: Path, client: str) -> None:
    reader = f"uid=reader,{PEOPLE}"
    server = served(tmp_path, ACCESS_LOG + f'limits dn.exact="{reader}" size=20\n')
    try:
        server.add(person("reader", userPassword="for tests only"))
        connector = connector_to(server.url, tmp_path, client=client, bind_dn=reader)
        watermark = read_all(connector, "uid", "title").end.watermark
        assert watermark is not None
        for number in range(30):
            name = ("ada", "bob", "cleo", "dan", "eve")[number % 5]
            change = f"changetype: modify\nreplace: title\ntitle: {number}\n"
            server.modify(f"dn: uid={name},{PEOPLE}\n{change}")
        everything = read_all(connector, "uid", "title", watermark=watermark)
        assert any("the access log cannot be read to its end" in note for note in connector.notes)
        assert everything.end.full
        assert everything.by_uid()["eve"].attributes["title"] == ["29"]
        assert everything.end.watermark is None, "nor does anybody go on from there"
    finally:
        server.stop()


def test_a_watermark_of_another_configuration_is_of_no_use(telling: Slapd, tmp_path: Path) -> None:
    before = read_all(connector_to(telling.url, tmp_path))
    connector = connector_to(telling.url, tmp_path)
    after = read_all(connector, "uid", "cn", "title", watermark=before.end.watermark)
    assert after.end.full
    assert any("something else" in note for note in connector.notes)


def test_a_watermark_from_the_future_is_of_no_use(telling: Slapd, tmp_path: Path) -> None:
    before = read_all(connector_to(telling.url, tmp_path))
    mark = json.loads(before.end.watermark or "")
    if "cookies" in mark:
        mark["cookies"] = {kind: cookie.replace("csn=20", "csn=29") for kind, cookie in mark["cookies"].items()}
    else:
        mark["log"] = "29991231000000.000000Z"
    after = read_all(connector_to(telling.url, tmp_path), watermark=json.dumps(mark))
    assert after.end.full
    assert len(after.objects) == 5


# ------------------------------------------------------------------------------------------ at the command line

SYSTEM = {
    "connector": "ldap",
    "base": SUFFIX,
    "bind_dn": ADMIN,
    "password": {"env": "DIRECTORY_PASSWORD"},
    "objects": {
        "person": {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}
    },
}
RULE = {
    "name": "people",
    "from": "directory.person",
    "to": "metaverse.person",
    "join": [["uid"]],
    "project": True,
    "flow": {"uid": "uid", "cn": "cn"},
}


def office(folder: Path, server: Slapd) -> Inside:
    tables = {"systems": {"directory": SYSTEM | {"url": server.url}}, "metaverse": {"person": {}}}
    tables["profiles"] = {"often": {"steps": ["delta directory", "sync"]}}
    site = Inside(folder, document(tables, rules=[RULE]), {"DIRECTORY_PASSWORD": PASSWORD})
    site("step", "import", "directory")
    site("step", "sync")
    return site


def test_what_was_deleted_goes_to_the_review_and_no_further(telling: Slapd, tmp_path: Path) -> None:
    site = office(tmp_path / "office", telling)
    telling.modify(CHANGES)
    site("run", "often")
    delta = site.steps()["delta directory"]
    assert delta["result"] == "success"
    assert delta["statistics"]["deletes"] == 1
    assert site.statuses("directory") == {"Normal": 4, "Obsolete": 1}
    assert site.query("SELECT count(*) FROM metaverse") == [(5,)]
    [item] = site.json("review")
    assert item["label"].endswith(f" (uid=ada,{PEOPLE})")
    assert site.query("SELECT json_extract(attributes, '$.cn[0]') FROM metaverse WHERE attributes LIKE '%bob%'") == [
        ("Robert",)
    ]
    text = site("step", "detect", "directory", status=1)
    assert "the last import was a delta" in text


def test_who_returns_after_a_delta_is_normal_again(telling: Slapd, tmp_path: Path) -> None:
    site = office(tmp_path / "office", telling)
    telling.modify(CHANGES)
    site("run", "often")
    telling.add(person("ada"))
    site("run", "often")
    assert site.statuses("directory")["Normal"] == 5


def test_a_watermark_moves_only_with_a_complete_import(telling: Slapd, tmp_path: Path) -> None:
    site = office(tmp_path / "office", telling)
    marks = "SELECT watermark FROM imports WHERE complete ORDER BY step_id DESC LIMIT 1"
    before = site.query(marks)
    telling.stop()
    site("run", "often", status=4)
    assert site.query(marks) == before
    telling.start()
    telling.modify(CHANGES)
    site("run", "often")
    assert site.query(marks) != before
    assert site.statuses("directory") == {"Normal": 4, "Obsolete": 1}


def test_once_a_week_a_delta_reads_everything_and_says_so(telling: Slapd, tmp_path: Path) -> None:
    site = office(tmp_path / "office", telling)
    site("run", "often")
    assert "everything" not in site.steps()["delta directory"]["message"]
    site.edit("UPDATE imports SET started_at = '2020-01-01T00:00:00.000Z' WHERE \"full\"")
    site("run", "often")
    step = site.steps()["delta directory"]
    assert step["message"] == "everything was read, as once in 7 days, not only what changed"
    assert (step["result"], step["done"]) == ("success", 5)
    site("run", "often")
    assert "everything" not in site.steps()["delta directory"]["message"]


def test_the_first_delta_reads_everything_and_says_so(silent: Slapd, tmp_path: Path) -> None:
    site = office(tmp_path / "office", silent)
    silent.modify(CHANGES)
    text = site("step", "delta", "directory")
    assert "everything was read" in text
    assert site.statuses("directory") == {"Normal": 5}, "only a detection may say that somebody is missing"
    text = site("step", "detect", "directory", status=None)
    assert site.steps()["detect directory"]["result"] == "success", text
    assert site.statuses("directory") == {"Normal": 4, "Obsolete": 1}
