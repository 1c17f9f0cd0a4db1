"""The ways to a service: with a certificate of one's own, and through a proxy."""

import base64
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside, document
from tests.listener import Listener, cut
from tests.scim import TOKEN, ScimServer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScimServer]:
    with ScimServer(tmp_path / "service") as service:
        service.ask("POST", "/Users", {"schemas": [USER], "userName": "ada"})
        yield service


def office(folder: Path, service: ScimServer, **ways: Any) -> Inside:
    """Give a workspace that reads the service's users."""
    app = {
        "connector": "scim",
        "url": service.url,
        "token": {"env": "APP_TOKEN"},
        "ca_file": str(service.authority.file),
        "objects": {"user": {"external_id": "id"}},
        **ways,
    }
    rule = {"name": "in", "from": "app.user", "to": "metaverse.person", "project": True, "flow": {"login": "userName"}}
    tables = {"systems": {"app": app}, "metaverse": {"person": {}}}
    return Inside(folder / "ws", document(tables, rules=[rule]), {"APP_TOKEN": TOKEN})


def ask_for_certificates(service: ScimServer) -> None:
    """Let the service take nobody in from now on who shows no certificate of its authority."""
    service.tls.load_verify_locations(service.authority.file)
    service.tls.verify_mode = ssl.CERT_REQUIRED


def test_a_service_may_want_a_certificate_of_ours(tmp_path: Path, service: ScimServer) -> None:
    ours = service.authority.sign("interlock")
    ask_for_certificates(service)
    site = office(tmp_path, service, client_certificate=str(ours.certificate), client_key=str(ours.key))
    site("check")
    assert "1 add" in site("step", "import", "app")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_has_none_is_told_so(tmp_path: Path, service: ScimServer, version: ssl.TLSVersion) -> None:
    """One version refuses within the handshake, the other behind it, and may cut the line before it has said why."""
    ask_for_certificates(service)
    service.tls.minimum_version = service.tls.maximum_version = version
    told = office(tmp_path, service)("step", "import", "app", status=4)
    assert "if it wants a certificate of ours, name one by 'client_certificate'" in told


def test_where_nobody_listens_nothing_is_said_of_certificates(tmp_path: Path, service: ScimServer) -> None:
    told = office(tmp_path, service, url="https://127.0.0.1:1")("step", "import", "app", status=4)
    assert "127.0.0.1:1" in told
    assert "certificate" not in told


def test_a_key_behind_a_password_is_not_asked_for(tmp_path: Path, service: ScimServer) -> None:
    ours = service.authority.sign("interlock")
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-in", str(ours.key), "-aes256", "-passout", "pass:sesame", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    site = office(tmp_path, service, client_certificate=str(ours.certificate), client_key=str(locked))
    assert "a certificate cannot be read" in site("step", "import", "app", status=4)


class Tunnel(Listener):
    """A proxy that opens tunnels (RFC 9110 §9.3.6), and takes note to where."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked: list[str] = []
        self.shown: list[str] = []
        """Who the askers say they are."""
        self._refuses = refuses

    def serve(self, client: socket.socket) -> None:
        lines = client.recv(65536).decode().splitlines()
        self.asked.append(lines[0])
        self.shown += [line for line in lines if line.lower().startswith("proxy-authorization:")]
        if self._refuses:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            cut(client)
            return
        host, _, port = lines[0].split()[1].rpartition(":")
        server = socket.create_connection((host, int(port)))
        self._open.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.begin(_pass_on, client, server)
        _pass_on(server, client)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def test_a_service_is_reached_through_a_proxy(tmp_path: Path, service: ScimServer) -> None:
    with Tunnel() as tunnel:
        assert "1 add" in office(tmp_path, service, proxy=tunnel.url)("step", "import", "app")
    place = service.url.removeprefix("https://").removesuffix("/v2")
    assert set(tunnel.asked) == {f"CONNECT {place} HTTP/1.1"}


def test_a_proxy_may_want_to_know_who_we_are(tmp_path: Path, service: ScimServer) -> None:
    with Tunnel() as tunnel:
        ways = {"proxy": tunnel.url, "proxy_user": "me", "proxy_password": {"env": "APP_TOKEN"}}
        office(tmp_path, service, **ways)("step", "import", "app")
    basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    assert {line.partition(": ")[2] for line in tunnel.shown} == {f"Basic {basic}"}


def test_a_proxy_that_refuses_or_is_not_there_is_told(tmp_path: Path, service: ScimServer) -> None:
    with Tunnel(refuses=True) as tunnel:
        told = office(tmp_path / "refused", service, proxy=tunnel.url)("step", "import", "app", status=4)
    assert "proxy" in told
    assert "403" in told
    told = office(tmp_path / "away", service, proxy=tunnel.url)("step", "import", "app", status=4)
    assert "proxy" in told


def test_no_password_stands_in_the_address_of_a_proxy(tmp_path: Path, service: ScimServer) -> None:
    told = office(tmp_path / "socks", service, proxy="socks5://127.0.0.1:1")("check", status=2)
    assert "no proxy that is spoken to" in told
    told = office(tmp_path, service, proxy="http://me:sesame@proxy.example.org:3128")("check", status=2)
    assert "proxy_user" in told
    assert "sesame" not in told
