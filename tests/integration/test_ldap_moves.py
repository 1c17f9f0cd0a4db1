"""Moves below parents that are missing, and renames that overlays of the server do not let happen twice."""

from pathlib import Path

import pytest

from engine.connectors.base import ExportOperation
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.directory import CLIENTS, UNITS, accounts, connector_to, person, read_all, write
from tests.inside import Inside
from tests.slapd import BASE, PASSWORD, SUFFIX, Slapd

PEOPLE = f"ou=people,{SUFFIX}"
DN = "uid={{ id | rdn }},ou={{ unit | rdn }},{% if unit == 'nowhere' %}l=missing,{% endif %}" + SUFFIX


@pytest.mark.parametrize(("wanted", "moved"), [("true", 2), ("false", 0)])
def test_a_move_makes_the_parents_that_it_needs_and_a_plan_foresees_it(
    tmp_path: Path, slapd: Slapd, wanted: str, moved: int
) -> None:
    config = accounts(slapd, dn=DN, flow={"departmentNumber": "unit"}, system=f"create_parents = {wanted}")
    slapd.add(f"dn: ou=old,{SUFFIX}\nobjectClass: organizationalUnit\nou: old\n")
    work = Inside(tmp_path / "work", config, {"DIRECTORY_PASSWORD": PASSWORD})
    work.csv("hr.csv", [{"id": name, "unit": "old"} for name in "abc"])
    work("run")
    units = {"a": "IT, and more", "b": "Sales", "c": "nowhere"}
    work.csv("hr.csv", [{"id": name, "unit": unit} for name, unit in units.items()])
    planned = work("plan", status=1)
    done = work("run", status=1)
    for told in (planned, done):
        failed = "1 failure" if moved == 2 else f"{3 - moved} failures"
        assert (f"{moved} renames, {failed}" if moved else failed) in told
        assert "non-existent-parent" in told
    people = slapd.people()
    assert len([dn for dn in people if f"ou=old,{SUFFIX}" in dn]) == 3 - moved
    if moved:
        assert people[f"uid=b,ou=Sales,{SUFFIX}"]["departmentNumber"] == ["Sales"]


@pytest.mark.parametrize("client", CLIENTS)
def test_no_parents_are_made_for_an_entry_that_is_gone(tmp_path: Path, slapd: Slapd, client: str) -> None:
    slapd.add(UNITS + person("ada"))
    connector = connector_to(slapd.url, tmp_path, client=client, create_parents=True)
    ada = read_all(connector).by_uid()["ada"].external_id
    slapd.modify(f"dn: uid=ada,{PEOPLE}\nchangetype: delete\n")
    operation = ExportOperation(1, ChangeType.UPDATE, "person", ada, f"uid=ada,{PEOPLE}", f"uid=ada,ou=new,{SUFFIX}")
    error = write(connector, operation)[1].error
    assert error is not None
    assert error.code == "missing-object"
    assert f"ou=new,{SUFFIX}" not in slapd.search()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_rename_that_succeeded_is_not_repeated(tmp_path: Path, client: str) -> None:
    """slapo-unique takes the assertion of the change for one of the others, and refuses what is allowed."""
    overlays = "overlay unique\nunique_uri ldap:///?mail?sub\n"
    server = Slapd(tmp_path / "slapd", extra="moduleload unique.la", overlays=overlays).start()
    try:
        server.add("\n".join([BASE, UNITS + person("ada") + person("bob")]))
        connector = connector_to(server.url, tmp_path, client=client)
        ada = read_all(connector).by_uid()["ada"].external_id
        new = f"uid=countess,ou=groups,{SUFFIX}"
        values = {"mail": "ada@example.org", "uid": "countess", "title": "Countess"}
        changes = [
            AttributeChange(name, [value], [], True, ChangeStatus.PENDING, imported=["ada"] if name == "uid" else [])
            for name, value in values.items()
        ]
        operation = ExportOperation(1, ChangeType.UPDATE, "person", ada, f"uid=ada,{PEOPLE}", new, changes=changes)
        assert write(connector, operation)[1].error is None
        found = server.people()[new]
        assert {name: found[name] for name in values} == {name: [value] for name, value in values.items()}
    finally:
        server.stop()
