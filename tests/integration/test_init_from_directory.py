"""`interlock init --from`: a live directory's schema and entries make a configuration that runs as it is."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Inside
from tests.samba import ADMIN as DOMAIN_ADMIN
from tests.samba import PASSWORD as DOMAIN_PASSWORD
from tests.samba import SUFFIX as DOMAIN
from tests.samba import Samba, needs_root, provisioned
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd

ENTRIES = f"""
dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: uid=ada,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: Lovelace
mail: ada@example.org
mail: countess@example.org
manager: uid=bob,ou=people,{SUFFIX}
userPassword: secret

dn: uid=bob,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Noyce

dn: cn=all,{SUFFIX}
objectClass: groupOfNames
cn: all
member: uid=ada,ou=people,{SUFFIX}
member: uid=bob,ou=people,{SUFFIX}
"""


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    server = Slapd(tmp_path / "slapd").start()
    server.add(BASE + ENTRIES)
    yield server
    server.stop()


def _begin(tmp_path: Path, password: str, *arguments: str) -> tuple[Inside, str]:
    before = Inside(tmp_path / "begin", "", {"DIRECTORY_PASSWORD": password})
    told = before("init", str(tmp_path / "work"), *arguments)
    text = (tmp_path / "work" / "interlock.toml").read_text()
    return Inside(tmp_path / "work", text, {"DIRECTORY_PASSWORD": password}), told


def test_openldap(tmp_path: Path, slapd: Slapd) -> None:
    work, told = _begin(tmp_path, PASSWORD, "--from", f"{slapd.url}/{SUFFIX}", "--bind-dn", ADMIN)
    assert "person: inetOrgPerson, 2 looked at" in told
    made = tomllib.loads((work.folder / "interlock.toml").read_text())
    person = made["systems"]["directory"]["objects"]["person"]
    assert person["external_id"] == "entryUUID"
    assert person["attributes"] == {"mail": "text[]", "manager": "reference"}
    assert person["matching"]["cn"] == "case_ignore"
    assert made["systems"]["directory"]["objects"]["group"]["attributes"] == {"member": "reference[]"}
    assert "userPassword" not in (work.folder / "interlock.toml").read_text()
    assert PASSWORD not in (work.folder / "interlock.toml").read_text()
    before = slapd.search("(objectClass=*)", "*", "+")
    assert "FAIL" not in work("check")
    work("run")
    assert work.statuses("directory") == {"Normal": 4}
    labels = {one["label"].split(" (")[0] for one in work.json("metaverse")}
    assert {"Ada", "Bob", "all"} < labels
    assert slapd.search("(objectClass=*)", "*", "+") == before, "nothing was written"
    assert "has a configuration already" in work("init", str(work.folder), "--from", slapd.url, status=2)


@needs_root
def test_active_directory(tmp_path: Path, shared_folder: Path) -> None:
    samba = Samba(provisioned(shared_folder), tmp_path / "dc").start()
    try:
        samba.tool(
            "ldapadd",
            text=f"dn: OU=Staff,{DOMAIN}\nobjectClass: organizationalUnit\n\n"
            f"dn: CN=Ada,OU=Staff,{DOMAIN}\nobjectClass: user\nsAMAccountName: ada\n",
        )
        work, told = _begin(tmp_path, DOMAIN_PASSWORD, "--from", samba.ldapi, "--bind-dn", DOMAIN_ADMIN)
        assert "person: user" in told
        made = tomllib.loads((work.folder / "interlock.toml").read_text())
        assert made["systems"]["directory"]["base"] == DOMAIN
        assert made["systems"]["directory"]["objects"]["person"]["external_id"] == "objectGUID"
        assert "FAIL" not in work("check")
        work("run")
        assert "ada" in work("metaverse", "--search", "Ada").lower()
    finally:
        samba.stop()


def test_what_cannot_be_reached_is_said(tmp_path: Path) -> None:
    work = Inside(tmp_path, "", {})
    assert "no connection" in work("init", str(tmp_path / "new"), "--from", "ldap://127.0.0.1:1", status=4)
    assert "not a directory" in work("init", str(tmp_path / "new"), "--from", "ldap:127.0.0.1", status=2)
    assert not (tmp_path / "new").exists()
