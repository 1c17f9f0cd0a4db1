"""Kerberos: a real KDC, a real slapd, and a bind by tickets: from a keytab, or those that the process has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.kerberos import Ticket, bind_by_ticket
from engine.connectors.ldap.messages import Result
from tests.certificates import Authority
from tests.directory import UNITS, accounts
from tests.inside import Inside
from tests.kdc import REALM, Kdc
from tests.slapd import ADMIN, BASE, SUFFIX, Slapd

DN = "uid={{ id | rdn }},ou=people," + SUFFIX
SASL = f"""
sasl-host localhost
sasl-realm {REALM}
authz-regexp "uid=interlock,cn=({REALM.lower()},cn=)?gssapi,cn=auth" "{ADMIN}"
"""


class Realm:
    """A KDC, and a directory that knows who its tickets are."""

    def __init__(self, home: Path) -> None:
        self.kdc = Kdc(home / "kdc").start()
        service = self.kdc.keytab("ldap/localhost")
        self.keytab = self.kdc.keytab("interlock")
        self.authority = Authority(home / "authority")
        signed = self.authority.sign("localhost", names="DNS:localhost")
        tls = f"TLSCertificateFile {signed.certificate}\nTLSCertificateKeyFile {signed.key}\n"
        env = {**self.kdc.env, "KRB5_KTNAME": f"FILE:{service}"}
        self.slapd = Slapd(home / "slapd", extra=f"{SASL}{tls}", secure=True, env=env).start()
        self.slapd.add("\n".join([BASE, UNITS]))

    def stop(self) -> None:
        self.slapd.stop()
        self.kdc.stop()


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    made = Realm(tmp_path_factory.mktemp("realm"))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _empty(realm: Realm) -> None:
    for dn in realm.slapd.people():
        realm.slapd.modify(f"dn: {dn}\nchangetype: delete\n")


def office(realm: Realm, folder: Path, more: str, *, secure: bool = False, env: dict[str, str] | None = None) -> Inside:
    config = accounts(realm.slapd, dn=DN, flow={})
    password = '\npassword = { env = "DIRECTORY_PASSWORD" }'
    config = config.replace(f'bind_dn = "{ADMIN}"{password}', f'sasl = "gssapi"\n{more}')
    url = f"ldap://localhost:{realm.slapd.port}"
    if secure:
        url = f"ldaps://localhost:{realm.slapd.ldaps_port}"
        config = config.replace('sasl = "gssapi"', f'sasl = "gssapi"\nca_file = "{realm.authority.file}"')
    site = Inside(folder, config.replace(realm.slapd.url, url), {**realm.kdc.env, **(env or {})})
    site.csv("hr.csv", [{"id": f"p{one}"} for one in range(3)])
    return site


@pytest.mark.parametrize("client", ["auto", "ldap3"])
@pytest.mark.parametrize("secure", [False, True])
def test_a_keytab_is_enough(realm: Realm, tmp_path: Path, secure: bool, client: str) -> None:
    keys = f'client = "{client}"\nkeytab = "{realm.keytab}"\nprincipal = "interlock@{REALM}"'
    site = office(realm, tmp_path / "ws", keys, secure=secure)
    assert f"as interlock@{REALM} by Kerberos" in site("check")
    site("run")
    assert len(realm.slapd.people()) == 3
    assert site.statuses("directory") == {"Normal": 3}
    assert not (realm.kdc.home / "tickets").exists(), "its tickets are its own"


def test_tickets_of_the_process_are_taken(realm: Realm, tmp_path: Path) -> None:
    site = office(realm, tmp_path / "ws", "", env={"KRB5CCNAME": f"FILE:{tmp_path / 'tickets'}"})
    site("step", "import", "directory", status=4)
    assert "Kerberos" in str(site.json("show", site.json("runs")[0]["id"]))
    realm.kdc.env["KRB5CCNAME"], before = f"FILE:{tmp_path / 'tickets'}", realm.kdc.env["KRB5CCNAME"]
    try:
        realm.kdc.tickets("interlock", realm.keytab)
    finally:
        realm.kdc.env["KRB5CCNAME"] = before
    site("run")
    assert len(realm.slapd.people()) == 3


def _why(site: Inside) -> str:
    site("step", "import", "directory", status=4)
    return str(site.json("show", site.json("runs")[0]["id"]))


def test_what_is_wrong_with_tickets_is_said(realm: Realm, tmp_path: Path) -> None:
    site = office(realm, tmp_path / "ws", f'keytab = "{tmp_path / "none"}"')
    assert "No such file or directory" in _why(site)
    (tmp_path / "open").write_bytes(realm.keytab.read_bytes())
    (tmp_path / "open").chmod(0o644)
    site = office(realm, tmp_path / "ws1", f'keytab = "{tmp_path / "open"}"')
    assert "others can read it; chmod 600" in _why(site)
    site = office(realm, tmp_path / "ws2", f'keytab = "{realm.keytab}"\nprincipal = "nobody@{REALM}"')
    assert "Kerberos: " in _why(site)
    stranger = realm.kdc.keytab("stranger")
    site = office(realm, tmp_path / "ws3", f'keytab = "{stranger}"')
    site("run", status=None)
    assert realm.slapd.people() == {}, "whoever has tickets may not do everything"


def test_a_server_that_takes_us_for_bound_without_a_proof_is_not_believed(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in realm.kdc.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WireError, match="before the server has proved who it is"):
        bind_by_ticket(Ticket("localhost", keytab=realm.keytab), None, lambda _: Result(2, 0))
    refused = bind_by_ticket(Ticket("localhost", keytab=realm.keytab), None, lambda _: Result(2, 49))
    assert refused.code == 49


def test_a_kdc_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    made = Realm(tmp_path / "realm")
    try:
        made.kdc.stop()
        site = office(made, tmp_path / "ws", f'keytab = "{made.keytab}"')
        assert "Cannot contact any KDC" in _why(site)
    finally:
        made.stop()


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ('sasl = "gssapi"\nbind_dn = "cn=x"', "the server knows who we are"),
        ('keytab = "x"', "principal and keytab go with sasl"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(realm: Realm, tmp_path: Path, keys: str, why: str) -> None:
    config = accounts(realm.slapd, dn=DN, flow={}).replace(f'bind_dn = "{ADMIN}"', keys)
    site = Inside(tmp_path / "ws", config, {"DIRECTORY_PASSWORD": "x"})
    assert why in site("check", status=2)


def test_nobody_is_trusted_on_an_open_line(realm: Realm, tmp_path: Path) -> None:
    site = office(realm, tmp_path / "ws", f'keytab = "{realm.keytab}"')
    text = (site.folder / "interlock.toml").read_text()
    # to a program that looks at the address alone, this is no loopback
    site.configure(text.replace("ldap://localhost", "ldap://0"))
    assert "could read and change what follows the bind" in _why(site)
