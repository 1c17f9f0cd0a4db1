"""Names, options, empty values and ids of a real directory: what it calls an attribute is what a rule means."""

from pathlib import Path
from typing import Any

import pytest

from engine.connectors.base import ExportOperation
from engine.connectors.ldap.connector import LdapConnector
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.directory import CLIENTS, UNITS, accounts, connector_to, person, read_all, read_one, write
from tests.inside import Inside
from tests.slapd import BASE, PASSWORD, SUFFIX, Slapd

PEOPLE = f"ou=people,{SUFFIX}"
SCHEMA = """
attributeoptions x- lang-
attributetype ( 1.3.6.1.4.1.4203.666.1.90 NAME 'GUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{16} SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.4203.666.1.91 NAME ( 'badge' 'badgeNumber' ) EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.4203.666.1.92 NAME 'seat' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.3.90 NAME 'hasGuid' SUP top AUXILIARY MAY ( GUID $ badge $ seat ) )
"""


@pytest.fixture
def slapd(tmp_path: Path) -> Any:
    server = Slapd(tmp_path / "slapd", extra=SCHEMA).start()
    server.add("\n".join([BASE, UNITS]))
    yield server
    server.stop()


def with_id(slapd: Slapd, folder: Path, name: str, kind: str, **options: Any) -> LdapConnector:
    """Make a connector whose people are known by an attribute of their own."""
    connector = connector_to(slapd.url, folder, attributes={name: kind}, **options)
    people = connector.system.objects["person"].model_copy(update={"external_id": name})
    system = connector.system.model_copy(update={"objects": {"person": people}})
    return LdapConnector("directory", system, folder)


def titled(number: int, uid: str, external_id: str | None, title: str) -> ExportOperation:
    changes = [AttributeChange("title", [title], [], True, ChangeStatus.PENDING)]
    return ExportOperation(number, ChangeType.UPDATE, "person", external_id, f"uid={uid},{PEOPLE}", changes=changes)


def gone(number: int, uid: str, external_id: str | None) -> ExportOperation:
    return ExportOperation(number, ChangeType.DELETE, "person", external_id, f"uid={uid},{PEOPLE}")


IDS = [
    ("GUID", "binary", (":: AQIDBcgGBwg=", ":: AQIDBckGBwg="), ("AQIDBcgGBwg=", "AQIDBckGBwg=")),
    ("GUID", "binary", (":: YQAD", ":: YQAE"), ("YQAD", "YQAE")),
    ("badge", "integer", (": 007", ": 8"), ("7", "8")),
    ("seat", "integer", (": 7", ": 8"), ("7", "8")),
    ("badge", "date", (": 20240229", ": 2024-03-01"), ("2024-02-29", "2024-03-01")),
    ("badge", "boolean", (": yes", ": no"), ("true", "false")),
    ("badgeNumber", "text", (": a b", ": c"), ("a b", "c")),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("name", "kind", "raw", "ids"), IDS)
def test_an_entry_is_meant_by_its_id_of_any_type(
    slapd: Slapd, tmp_path: Path, client: str, name: str, kind: str, raw: tuple[str, str], ids: tuple[str, str]
) -> None:
    for uid, value in zip(("ada", "bob"), raw, strict=True):
        lines = person(uid).replace("inetOrgPerson\n", "inetOrgPerson\nobjectClass: hasGuid\n").rstrip("\n")
        slapd.add(f"{lines}\n{name}{value}\n")
    connector = with_id(slapd, tmp_path, name, kind, client=client)
    found = read_all(connector, "uid", name).by_uid()
    assert (found["ada"].external_id, found["bob"].external_id) == ids
    results = write(connector, titled(1, "ada", ids[0], "Countess"), titled(2, "ada", ids[1], "Impostor"))
    assert results[1].error is None, results[1].error
    assert results[2].error is not None
    assert results[2].error.code == "missing-object"
    assert slapd.people()[f"uid=ada,{PEOPLE}"]["title"] == ["Countess"]
    results = write(connector, gone(1, "bob", ids[0]), gone(2, "ada", ids[0]))
    assert results[1].error is not None
    assert results[2].error is None
    assert set(slapd.people()) == {f"uid=bob,{PEOPLE}"}


def test_one_entry_is_found_by_its_id_of_any_type(slapd: Slapd, tmp_path: Path) -> None:
    slapd.add(person("ada", objectClass="hasGuid", badge="007") + person("bob", objectClass="hasGuid", badge="70"))
    connector = with_id(slapd, tmp_path, "badge", "integer")
    for external_id, uid in (("7", "ada"), ("70", "bob"), ("8", None)):
        one = read_one(connector, "uid", external_id=external_id)
        assert (one and one.attributes["uid"][0]) == uid


def test_an_id_that_is_none_of_its_type_makes_the_import_incomplete(slapd: Slapd, tmp_path: Path) -> None:
    slapd.add(person("ada", objectClass="hasGuid", badge="seven") + person("bob", objectClass="hasGuid", badge="8"))
    found = read_all(with_id(slapd, tmp_path, "badge", "integer"), "uid", "badge").objects
    assert [(one.external_id, one.error and one.error.code) for one in found] == [
        (None, "syntax-violation"),
        ("8", None),
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_an_attribute_is_read_by_each_of_its_names(slapd: Slapd, tmp_path: Path, client: str) -> None:
    slapd.add(person("ada", objectClass="hasGuid", badge="B7"))
    names = ("surname", "commonName", "2.5.4.4", "badgeNumber", "userid", "uid")
    (ada,) = read_all(connector_to(slapd.url, tmp_path, client=client), *names).objects
    expected = {"surname": ["ada"], "2.5.4.4": ["ada"], "commonName": ["ada"], "badgeNumber": ["B7"]}
    assert ada.attributes == expected | {"userid": ["ada"], "uid": ["ada"]}


@pytest.mark.parametrize("client", CLIENTS)
def test_languages_and_other_options(slapd: Slapd, tmp_path: Path, client: str) -> None:
    slapd.add(person("ada").rstrip("\n") + "\ncn;lang-de: Adelheid\nsn;x-old: Byron\n")
    connector = connector_to(slapd.url, tmp_path, client=client)
    (ada,) = read_all(connector, "cn", "sn").objects
    assert ada.attributes["cn"] == ["ada"]
    assert sorted(ada.attributes["sn"]) == ["Byron", "ada"]
    assert [note for note in connector.notes if "'cn;lang-de' was left out" in note]
    (ada,) = read_all(connector_to(slapd.url, tmp_path, client=client), "cn", "cn;LANG-de").objects
    assert ada.attributes == {"cn": ["ada"], "cn;LANG-de": ["Adelheid"]}


@pytest.mark.parametrize("client", CLIENTS)
def test_an_empty_value_is_none(slapd: Slapd, tmp_path: Path, client: str) -> None:
    slapd.add(person("ada", mail="") + person("bob", mail="bob@example.org"))
    connector = connector_to(slapd.url, tmp_path, client=client)
    mails = {uid: one.attributes.get("mail") for uid, one in read_all(connector, "uid", "mail").by_uid().items()}
    assert mails == {"ada": None, "bob": ["bob@example.org"]}
    people = connector.system.objects["person"].model_copy(update={"keep_empty": True})
    kept = LdapConnector("d", connector.system.model_copy(update={"objects": {"person": people}}), tmp_path)
    assert read_all(kept, "uid", "mail").by_uid()["ada"].attributes["mail"] == [""]


def test_rules_write_an_attribute_by_any_of_its_names(slapd: Slapd, tmp_path: Path) -> None:
    flow = {"surname": "name", "badgeNumber": "badge"}
    config = accounts(slapd, dn=f"userid={{{{ id | rdn }}}},organizationalUnitName=people,{SUFFIX}", flow=flow)
    config = config.replace('sn = "id"\n', "").replace('["inetOrgPerson"]', '["inetOrgPerson", "hasGuid"]')
    config = config.replace(f'base = "{SUFFIX}"', f'base = "2.5.4.11=people,{SUFFIX}"')
    work = Inside(tmp_path / "work", config, {"DIRECTORY_PASSWORD": PASSWORD})
    work.csv("hr.csv", [{"id": "ada", "name": "Byron", "badge": "B7"}])
    assert "FAIL" not in work("check")
    for name, badge in (("Byron", "B7"), ("King", "B8")):
        work.csv("hr.csv", [{"id": "ada", "name": name, "badge": badge}])
        work("run")
        (entry,) = slapd.people().values()
        assert (entry["sn"], entry["badge"], entry["uid"]) == ([name], [badge], ["ada"])
        assert work.json("exports") == []


def test_check_tells_of_one_attribute_under_two_names(slapd: Slapd, tmp_path: Path) -> None:
    config = accounts(slapd, dn=f"uid={{{{ id | rdn }}}},ou=people,{SUFFIX}", flow={"surname": "id"})
    work = Inside(tmp_path / "work", config, {"DIRECTORY_PASSWORD": PASSWORD})
    work.csv("hr.csv", [{"id": "ada"}])
    assert "person: sn and surname are one attribute under two names" in work("check", status=4)
    once = config.replace('surname = "id"\n', "")
    work.configure(once.replace("attributes = {  }", 'attributes = { surname = "text[]" }'))
    assert "person: surname is declared, and the rules call it sn" in work("check", status=4)
