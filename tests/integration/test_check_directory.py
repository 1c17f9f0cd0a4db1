"""What `interlock check` tells of a real slapd, and that it leaves everything there as it is."""

from pathlib import Path

import pytest

from tests.inside import Inside
from tests.slapd import ADMIN, BASE, SUFFIX, Slapd

CONFIG = """
[systems.directory]
connector = "ldap"
url = "{url}"
base = "{base}"
bind_dn = "{bind_dn}"
password = {{ env = "DIRECTORY_PASSWORD" }}
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "accounts"
from = "directory.person"
to = "metaverse.person"
project = true
[rules.flow]
uid = "uid"
"""
READER = f"cn=reader,{SUFFIX}"
WRITE = "ok    directory: write: person: "


def check(folder: Path, server: Slapd, bind_dn: str = ADMIN, base: str = SUFFIX, status: int = 0) -> str:
    config = CONFIG.format(url=server.url, base=base, bind_dn=bind_dn)
    return Inside(folder / "work", config, {"DIRECTORY_PASSWORD": "for tests only"})("check", status=status)


@pytest.mark.parametrize("base", [SUFFIX, f"ou=below,{SUFFIX}", f"cn=staff+l=Berlin,{SUFFIX}"])
def test_a_check_leaves_a_directory_whole(tmp_path: Path, slapd: Slapd, base: str) -> None:
    if base.startswith("ou="):
        slapd.add(f"dn: {base}\nobjectClass: organizationalUnit\nou: below\n")
    if base.startswith("cn="):
        slapd.add(f"dn: {base}\nobjectClass: applicationProcess\ncn: staff\nl: Berlin\n")
    before = slapd.search("(objectClass=*)", "*", "+")
    told = check(tmp_path, slapd, base=base)
    assert WRITE + ("not tried" if "+" in base else f"entries may be created below {base}") in told
    assert slapd.search("(objectClass=*)", "*", "+") == before

    # what the database has never stored before must come back under its own name
    slapd.add(
        f"dn: ou=staff,{SUFFIX}\nobjectClass: organizationalUnit\nou: staff\ndescription: D00\nst: here\n\n"
        f"dn: cn=ada,ou=staff,{SUFFIX}\nobjectClass: inetOrgPerson\ncn: ada\nsn: Lovelace\nmail: ada@example.org\n"
    )
    for _ in range(2):
        found = slapd.search("(objectClass=*)", "*")
        assert found[f"ou=staff,{SUFFIX}"] == {
            "objectClass": ["organizationalUnit"],
            "ou": ["staff"],
            "description": ["D00"],
            "st": ["here"],
        }
        assert found[f"cn=ada,ou=staff,{SUFFIX}"]["mail"] == ["ada@example.org"]
        assert found[SUFFIX]["o"] == ["Example"]
        slapd.stop()
        slapd.start()


@pytest.mark.parametrize(
    ("access", "told", "status"),
    [
        (f'to * by dn="{READER}" read by * auth', "FAIL  directory: write: person: creating an entry", 4),
        (f'to * by dn="{READER}" write by * auth', f"{WRITE}entries may be created below", 0),
        (
            f'to attrs=entryCSN by * none\naccess to * by dn="{READER}" write by * auth',
            f"{WRITE}not tried: {SUFFIX} does not show all that OpenLDAP keeps",
            0,
        ),
    ],
)
def test_a_check_tells_whether_the_account_may_write(tmp_path: Path, access: str, told: str, status: int) -> None:
    server = Slapd(tmp_path / "slapd", overlays=f"access {access}").start()
    try:
        person = f"dn: {READER}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: for tests only\n"
        server.add(f"{BASE}\n{person}")
        assert told in check(tmp_path, server, READER, status=status)
        assert set(server.search()) == {SUFFIX, READER}
    finally:
        server.stop()


READ_ONLY = "FAIL  directory: write: person: the server takes no writes below"


def test_a_server_that_takes_no_writes_is_an_error(tmp_path: Path) -> None:
    home = tmp_path / "slapd"
    server = Slapd(home).start()
    server.add(f"{BASE}\ndn: cn=staff+l=Berlin,{SUFFIX}\nobjectClass: applicationProcess\ncn: staff\nl: Berlin\n")
    server.stop()
    config = home / "slapd.conf"
    config.write_text(config.read_text() + "readonly on\n")
    server.start()
    try:
        for base in (SUFFIX, f"cn=staff+l=Berlin,{SUFFIX}"):
            assert f"{READ_ONLY} {base}: point url at the one that does" in check(tmp_path, server, base=base, status=4)
    finally:
        server.stop()


@pytest.mark.parametrize("refers", ["updateref ldap://master.example.org", ""])
def test_a_replica_is_an_error(tmp_path: Path, refers: str) -> None:
    home = tmp_path / "slapd"
    server = Slapd(home).start()
    server.add(f"{BASE}\ndn: cn=staff+l=Berlin,{SUFFIX}\nobjectClass: applicationProcess\ncn: staff\nl: Berlin\n")
    server.stop()
    config = home / "slapd.conf"
    consumer = (
        f'syncrepl rid=001 provider=ldap://127.0.0.1:1 type=refreshOnly retry="3600 +" searchbase="{SUFFIX}" '
        "bindmethod=simple\n"
    )
    config.write_text(f"{config.read_text()}{consumer}{refers}\n")
    server.start()
    try:
        for base in (SUFFIX, f"cn=staff+l=Berlin,{SUFFIX}"):
            told = check(tmp_path, server, base=base, status=4)
            assert f"{READ_ONLY} {base}" in told
            assert not refers or "ldap://master.example.org" in told
    finally:
        server.stop()


def test_a_base_by_other_names_of_its_attributes_is_understood(tmp_path: Path, slapd: Slapd) -> None:
    slapd.add(f"dn: ou=below,{SUFFIX}\nobjectClass: organizationalUnit\nou: below\n")
    base = f"organizationalUnitName=below,{SUFFIX}"
    assert WRITE + f"entries may be created below {base}" in check(tmp_path, slapd, base=base)
