"""Nobody is believed to be the directory who cannot prove it, and no secret goes where it does not belong."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CannotConnect, CredentialsRefused
from tests.certificates import Authority, Certificate
from tests.directory import CLIENTS, UNITS, connector_to, person, read_all
from tests.inside import Inside, document
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd

TLS = "TLSCACertificateFile {ca}\nTLSCertificateFile {one.certificate}\nTLSCertificateKeyFile {one.key}\n{more}"
EXTERNAL = 'authz-regexp "cn=sync" "{admin}"\nauthz-regexp "gidNumber=.*,cn=peercred.*" "{admin}"'


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("trusted") / "ca")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger") / "ca")


@contextmanager
def serving(home: Path, ca: Authority, one: Certificate, more: str = "") -> Iterator[Slapd]:
    server = Slapd(home / "slapd", extra=TLS.format(ca=ca.file, one=one, more=more), secure=True).start()
    try:
        server.add("\n".join([BASE, UNITS + person("ada")]))
        yield server
    finally:
        server.stop()


def ways(server: Slapd, host: str) -> list[dict[str, Any]]:
    """Give the two encrypted ways to a server under one of its names."""
    return [
        {"url": f"ldaps://{host}:{server.ldaps_port}"},
        {"url": f"ldap://{host}:{server.port}", "tls": "starttls"},
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_right_certificate_by_name_and_by_address(trusted: Authority, tmp_path: Path, client: str) -> None:
    one = trusted.sign("right", names="DNS:localhost,IP:127.0.0.1")
    with serving(tmp_path, trusted, one) as server:
        for way in ways(server, "localhost") + ways(server, "127.0.0.1"):
            url = way.pop("url")
            found = read_all(connector_to(url, tmp_path, ca_file=trusted.file, client=client, **way))
            assert set(found.by_uid()) == {"ada"}


@pytest.mark.parametrize(
    ("name", "host", "says"),
    [
        ("elsewhere", "localhost", "Hostname mismatch"),
        ("elsewhere", "127.0.0.1", "IP address mismatch"),
        ("expired", "localhost", "certificate has expired"),
        ("unknown", "localhost", "CERTIFICATE_VERIFY_FAILED"),
        ("localhost", "localhost", "Hostname mismatch"),  # a common name is no host name
    ],
)
def test_a_wrong_certificate_is_refused(
    trusted: Authority, stranger: Authority, tmp_path: Path, name: str, host: str, says: str
) -> None:
    signer = stranger if name == "unknown" else trusted
    names = {"elsewhere": "DNS:elsewhere.example,IP:127.0.0.9", "localhost": ""}.get(name, "DNS:localhost")
    one = signer.sign(name, names=names, expired=name == "expired")
    with serving(tmp_path, signer, one) as server:
        for way in ways(server, host):
            url = way.pop("url")
            with pytest.raises(CannotConnect, match=says) as caught:
                read_all(connector_to(url, tmp_path, ca_file=trusted.file, **way))
            assert PASSWORD not in str(caught.value)


def test_the_system_s_authorities_count_where_none_is_named(trusted: Authority, tmp_path: Path) -> None:
    one = trusted.sign("system", names="DNS:localhost")
    with serving(tmp_path, trusted, one) as server, pytest.raises(CannotConnect, match="not to be trusted"):
        read_all(connector_to(f"ldaps://localhost:{server.ldaps_port}", tmp_path))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_s_certificate_and_a_local_socket_tell_who_we_are(
    trusted: Authority, tmp_path: Path, client: str
) -> None:
    one = trusted.sign("external", names="DNS:localhost")
    ours = trusted.sign("sync")
    more = "TLSVerifyClient allow\n" + EXTERNAL.format(admin=ADMIN)
    with serving(tmp_path, trusted, one, more) as server:
        shown: dict[str, Any] = {
            "client_certificate": ours.certificate,
            "client_key": ours.key,
            "ca_file": trusted.file,
        }
        url = f"ldaps://localhost:{server.ldaps_port}"
        found = read_all(connector_to(url, tmp_path, sasl="external", client=client, **shown))
        assert set(found.by_uid()) == {"ada"}
        found = read_all(connector_to(server.socket_url, tmp_path, sasl="external", client=client))
        assert set(found.by_uid()) == {"ada"}


@pytest.mark.parametrize("client", CLIENTS)
def test_who_shows_no_certificate_where_one_is_wanted_is_told_so(
    trusted: Authority, tmp_path: Path, client: str
) -> None:
    one = trusted.sign("demanding", names="DNS:localhost")
    ours = trusted.sign("shown")
    with serving(tmp_path, trusted, one, "TLSVerifyClient demand\n") as server:
        for way in ways(server, "localhost"):
            url = way.pop("url")
            with pytest.raises(CannotConnect, match="if it wants a certificate of ours, name one by client_certif"):
                read_all(connector_to(url, tmp_path, ca_file=trusted.file, client=client, **way))
            shown: dict[str, Any] = {"client_certificate": ours.certificate, "client_key": ours.key}
            read_all(connector_to(url, tmp_path, ca_file=trusted.file, client=client, **shown, **way))


def test_a_password_goes_to_no_other_machine_in_the_clear(tmp_path: Path) -> None:
    for url in ("ldap://directory.example.org", "ldap://192.0.2.1", "ldap://[2001:db8::1]"):
        with pytest.raises(CredentialsRefused, match="unencrypted"):
            read_all(connector_to(url, tmp_path))


def test_a_wrong_password_is_told_without_the_password(tmp_path: Path) -> None:
    secret = tmp_path / "wrong"
    secret.write_text("a-very-secret-word")
    secret.chmod(0o600)
    server = Slapd(tmp_path / "slapd").start()
    try:
        server.add(BASE)
        with pytest.raises(CredentialsRefused, match="credentials are wrong") as caught:
            read_all(connector_to(server.url, tmp_path, password={"file": str(secret)}))
        assert "a-very-secret-word" not in repr(caught.value)
    finally:
        server.stop()


def test_no_secret_is_in_the_store_or_in_what_is_told(tmp_path: Path) -> None:
    server = Slapd(tmp_path / "slapd").start()
    try:
        server.add("\n".join([BASE, UNITS + person("ada", userPassword="the-secret-of-ada")]))
        objects = {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}
        system = {"connector": "ldap", "url": server.url, "base": SUFFIX, "bind_dn": ADMIN, "reconnects": 0}
        system |= {"password": {"env": "DIRECTORY_PASSWORD"}, "objects": {"person": objects}}
        flow = {"uid": "uid", "word": "userPassword"}
        rule = {"name": "people", "from": "directory.person", "to": "metaverse.person", "project": True, "flow": flow}
        folder = tmp_path / "office"
        text = document({"systems": {"directory": system}, "metaverse": {"person": {}}}, rules=[rule])
        site = Inside(folder, text, {"DIRECTORY_PASSWORD": PASSWORD})
        told = site("step", "import", "directory") + site("check", status=None) + site("objects", "--json")
        server.stop()
        told += site("step", "import", "directory", status=4)
        site.env["DIRECTORY_PASSWORD"] = "another-secret-word"
        server.start()
        told += site("step", "import", "directory", status=4) + site("runs", "--json")
    finally:
        server.stop()
    kept = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    for secret in (PASSWORD, "another-secret-word", "the-secret-of-ada"):
        assert secret not in told
        assert secret.encode() not in kept


def test_a_keyring_that_is_not_there_is_told(tmp_path: Path) -> None:
    lines = asyncio.run(
        connector_to("ldap://127.0.0.1:1", tmp_path, password={"keyring": "interlock/directory"}).test()
    )
    assert not lines[0].ok
    assert "package keyring" in lines[0].message


def test_a_keyring_gives_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    known = f"{{('interlock/sync', 'directory'): {PASSWORD!r}}}"
    (folder / "keyring.py").write_text(f"def get_password(service, user):\n    return {known}.get((service, user))\n")
    monkeypatch.syspath_prepend(folder)
    server = Slapd(tmp_path / "slapd").start()
    try:
        server.add("\n".join([BASE, UNITS + person("ada")]))
        connector = connector_to(server.url, tmp_path, password={"keyring": "interlock/sync/directory"})
        assert set(read_all(connector).by_uid()) == {"ada"}
        with pytest.raises(CredentialsRefused, match="holds nothing"):
            read_all(connector_to(server.url, tmp_path, password={"keyring": "interlock/nobody"}))
    finally:
        server.stop()
        monkeypatch.delitem(__import__("sys").modules, "keyring")
