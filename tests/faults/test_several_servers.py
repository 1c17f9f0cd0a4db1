"""Several servers for one directory: the next is asked where a step begins, and never in the middle of one."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused
from tests.directory import connector_to, read_all, serving, write
from tests.faults.test_ldap_weather import after, after_adds, cut
from tests.integration.test_ldap_writing import create
from tests.proxy import Proxy
from tests.slapd import SUFFIX, Slapd

HOW_MANY = 1500


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with serving(tmp_path_factory.mktemp("servers"), HOW_MANY) as server:
        yield server


@pytest.fixture
def nobody() -> Iterator[str]:
    """The address of a server that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"ldap://127.0.0.1:{taken.getsockname()[1]}"


def test_where_the_first_does_not_answer_the_next_is_asked_and_that_is_told(
    slapd: Slapd, tmp_path: Path, nobody: str
) -> None:
    connector = connector_to(nobody, tmp_path, more_urls=[nobody, slapd.url])
    assert len(read_all(connector).by_uid()) == HOW_MANY
    assert [note.partition(" is not used: ")[0] for note in connector.notes] == [nobody]


def test_the_first_that_answers_is_taken(slapd: Slapd, tmp_path: Path, nobody: str) -> None:
    with Proxy(slapd.port, lambda data, _: data) as proxy:
        connector = connector_to(slapd.url, tmp_path, more_urls=[proxy.url, nobody])
        assert len(read_all(connector).by_uid()) == HOW_MANY
        assert proxy.connections == 0
    assert connector.notes == []


@pytest.mark.parametrize("reconnects", [0, 2])
def test_a_step_that_has_begun_with_one_never_goes_on_with_another(
    slapd: Slapd, tmp_path: Path, reconnects: int
) -> None:
    with Proxy(slapd.port, lambda data, _: data) as other, Proxy(slapd.port, after(60_000, cut)) as proxy:
        options: dict[str, Any] = {"reconnects": reconnects, "reconnect_delay": 0.01, "page_size": 200}
        with pytest.raises(ConnectionLost):
            read_all(connector_to(proxy.url, tmp_path, more_urls=[other.url], **options), page_size=200)
        assert other.connections == 0


def test_nothing_is_written_to_another_in_the_middle(slapd: Slapd, tmp_path: Path) -> None:
    with Proxy(slapd.port, lambda data, _: data) as other, Proxy(slapd.port, after_adds(20, cut)) as proxy:
        connector = connector_to(proxy.url, tmp_path, more_urls=[other.url], in_flight=4)
        with pytest.raises(ConnectionLost):
            write(
                connector,
                *(
                    create(one, f"uid=w{one},ou=people,{SUFFIX}", uid=[f"w{one}"], cn=["W"], sn=["W"])
                    for one in range(200)
                ),
            )
        assert other.connections == 0


def test_where_nobody_answers_every_one_is_named(tmp_path: Path, nobody: str) -> None:
    connector = connector_to(nobody, tmp_path, more_urls=[nobody.replace("127.0.0.1", "localhost")])
    with pytest.raises(CannotConnect, match="localhost"):
        read_all(connector)
    assert nobody in connector.notes[0]


def test_who_refuses_our_password_is_the_one_that_is_asked(slapd: Slapd, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong")
    (tmp_path / "password").chmod(0o600)
    with Proxy(slapd.port, lambda data, _: data) as other:
        with pytest.raises(CredentialsRefused):
            read_all(connector_to(slapd.url, tmp_path, more_urls=[other.url]))
        assert other.connections == 0


def test_check_tries_each_of_them(slapd: Slapd, tmp_path: Path, nobody: str) -> None:
    connector = connector_to(slapd.url, tmp_path, more_urls=[nobody])
    (told,) = [line for line in asyncio.run(connector.test()) if line.subject == "server"]
    assert not told.ok
    assert told.message.startswith(f"{nobody}: ")
    with Proxy(slapd.port, lambda data, _: data) as other:
        connector = connector_to(slapd.url, tmp_path, more_urls=[other.url])
        (told,) = [line for line in asyncio.run(connector.test()) if line.subject == "server"]
        assert told.ok
