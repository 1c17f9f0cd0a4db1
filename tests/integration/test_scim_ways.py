"""The ways to a service: with a certificate of one's own, and through a proxy."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from tests.inside import Inside, document
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
    assert "1 adds" in site("step", "import", "app")


def test_who_has_none_is_told_so(tmp_path: Path, service: ScimServer) -> None:
    ask_for_certificates(service)
    told = office(tmp_path, service)("step", "import", "app", status=4)
    # the line may be cut before what the service says of it has come
    assert ("certificate required" in told and "client_certificate" in told) or "reset by peer" in told


def test_a_key_behind_a_password_is_not_asked_for(tmp_path: Path, service: ScimServer) -> None:
    ours = service.authority.sign("interlock")
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-in", str(ours.key), "-aes256", "-passout", "pass:sesame", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    site = office(tmp_path, service, client_certificate=str(ours.certificate), client_key=str(locked))
    assert "a certificate cannot be read" in site("step", "import", "app", status=4)


class Tunnel:
    """A proxy that opens tunnels (RFC 9110 §9.3.6), and takes note to where."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[str] = []
        self.shown: list[str] = []
        """Who the askers say they are."""
        self._refuses = refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                request = client.recv(65536).decode()
                lines = request.splitlines()
                self.asked.append(lines[0])
                self.shown += [line for line in lines if line.lower().startswith("proxy-authorization:")]
                if self._refuses:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                    client.close()
                    continue
                host, _, port = self.asked[-1].split()[1].rpartition(":")
                server = socket.create_connection((host, int(port)))
                self._open.append(server)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for source, target in ((client, server), (server, client)):
                    self._threads.append(threading.Thread(target=_pass_on, args=(source, target)))
                    self._threads[-1].start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_a_service_is_reached_through_a_proxy(tmp_path: Path, service: ScimServer) -> None:
    with Tunnel() as tunnel:
        assert "1 adds" in office(tmp_path, service, proxy=tunnel.url)("step", "import", "app")
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
