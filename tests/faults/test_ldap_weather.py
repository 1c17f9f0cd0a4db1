"""A bad network, and a server that dies: what was confirmed is kept, nothing is believed that was not said."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.ldap import ber
from engine.errors import CannotConnect, ConnectionLost
from tests.directory import CLIENTS, connector_to, read_all, serving, using, write
from tests.inside import Inside
from tests.integration.test_ldap_writing import create
from tests.proxy import Proxy, Silence
from tests.scripted import SEARCH, Scripted, entry, page_control, result
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tui.demo.people import people
from tui.demo.workspace import LiveDirectory, make_workspace

HOW_MANY = 1500
FIRST = {"uid": ["a"], "entryUUID": ["id"]}
ROOT = {"supportedControl": ["1.2.840.113556.1.4.319"]}


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with serving(tmp_path_factory.mktemp("weather"), HOW_MANY) as server:
        yield server


def after(limit: int, what: Callable[[bytes], bytes | None]) -> Callable[[bytes, int], bytes | None]:
    """Do something to what comes after so many bytes."""

    def weather(data: bytes, passed: int) -> bytes | None:
        return data if passed + len(data) <= limit else what(data)

    return weather


def after_adds(limit: int, what: Callable[[bytes], bytes | None]) -> Callable[[bytes, int], bytes | None]:
    """Do something to what comes after so many entries were created."""
    count = 0

    def weather(data: bytes, _: int) -> bytes | None:
        nonlocal count
        count += data.count(b"\x69\x07\x0a\x01\x00")
        return data if count < limit else what(data)

    return weather


def silence(_: bytes) -> bytes | None:
    raise Silence


def cut(_: bytes) -> bytes | None:
    return None


def garbage(data: bytes) -> bytes | None:
    return bytes(one ^ 0x5A for one in data)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("weather", [cut, garbage, silence])
def test_what_breaks_half_way_is_no_end(
    slapd: Slapd, tmp_path: Path, client: str, weather: Callable[[bytes], bytes | None]
) -> None:
    with Proxy(slapd.port, after(100_000, weather)) as proxy, pytest.raises(ConnectionLost):
        read_all(connector_to(proxy.url, tmp_path, client=client, timeout=1, page_size=200), page_size=200)


@pytest.mark.parametrize("client", CLIENTS)
def test_bytes_that_come_in_drops_are_read_all_the_same(slapd: Slapd, tmp_path: Path, client: str) -> None:
    held = bytearray()

    def drops(data: bytes, _: int) -> bytes | None:
        """Keep back what is no multiple of seven, until a result, which ends with three empty texts, has come."""
        held.extend(data)
        size = len(held) if len(data) < 65536 else len(held) - len(held) % 7
        kept = bytes(held[:size])
        del held[:size]
        return kept

    with Proxy(slapd.port, drops) as proxy:
        found = read_all(connector_to(proxy.url, tmp_path, client=client, page_size=100))
    assert len(found.by_uid()) == HOW_MANY


@pytest.mark.parametrize("weather", [cut, silence])
def test_a_connection_that_breaks_before_anything_came_is_made_again(
    slapd: Slapd, tmp_path: Path, weather: Callable[[bytes], bytes | None]
) -> None:
    with Proxy(slapd.port, lambda data, _: data) as proxy:
        proxy.weather = lambda data, passed: data if proxy.connections > 2 or passed < 30 else weather(data)
        options: dict[str, Any] = {"reconnects": 3, "reconnect_delay": 0.01, "timeout": 1}
        found = read_all(connector_to(proxy.url, tmp_path, **options))
        assert proxy.connections == 3
    assert len(found.by_uid()) == HOW_MANY


def test_it_is_not_tried_for_ever(slapd: Slapd, tmp_path: Path) -> None:
    with Proxy(slapd.port, lambda _data, _passed: None) as proxy:
        with pytest.raises(CannotConnect):
            read_all(connector_to(proxy.url, tmp_path, reconnects=2, reconnect_delay=0.01))
        assert proxy.connections == 3


def test_looking_somebody_up_survives_a_server_that_restarts(slapd: Slapd, tmp_path: Path) -> None:
    async def twice(connector: Any) -> Any:
        await connector.read_object("person", external_id=None, secondary_id=name, attributes=frozenset({"uid"}))
        slapd.stop()
        slapd.start()
        return await connector.read_object("person", external_id=None, secondary_id=name, attributes=frozenset({"uid"}))

    name = f"uid=u7,ou=people,{SUFFIX}"
    found = using(connector_to(slapd.url, tmp_path, reconnects=2, reconnect_delay=0.01), twice)
    assert found.attributes == {"uid": ["u7"]}


def test_what_was_answered_before_the_connection_broke_is_kept(slapd: Slapd, tmp_path: Path) -> None:
    operations = [
        create(one, f"uid=w{one},ou=people,{SUFFIX}", uid=[f"w{one}"], cn=["w"], sn=["w"]) for one in range(400)
    ]
    with Proxy(slapd.port, after_adds(100, cut)) as proxy:
        with pytest.raises(ConnectionLost) as caught:
            write(connector_to(proxy.url, tmp_path), *operations)
        proxy.weather = lambda data, _: data
        there = set(read_all(connector_to(proxy.url, tmp_path)).by_uid())
    for uid in there:
        if uid.startswith("w"):
            slapd.tool("ldapdelete", f"uid={uid},ou=people,{SUFFIX}")
    answered = {f"w{one.id}" for one in caught.value.results if one.error is None}
    assert answered
    assert answered <= there
    assert len(answered) < len(operations)


# ------------------------------------------------------------------------------------------ what servers say


def paged(*answers: Callable[[int], bytes]) -> Callable[[int, int, int], bytes]:
    """Answer the search for the root entry, then the pages of a search, one after the other."""

    def script(number: int, operation: int, before: int) -> bytes:
        if operation != SEARCH or before == 0:
            return entry(number, "", ROOT) + result(number, operation)
        return answers[min(before, len(answers)) - 1](number)

    return script


def one_page(number: int) -> bytes:
    found = entry(number, f"uid=a{number},{SUFFIX}", {"uid": [f"a{number}"], "entryUUID": [f"id-{number}"]})
    return found + result(number, SEARCH, controls=page_control(b"next"))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("code", [3, 4, 11, 53, 12, 2])
def test_a_page_that_the_server_does_not_find_again_ends_as_incomplete(tmp_path: Path, client: str, code: int) -> None:
    with Scripted(paged(one_page, lambda number: result(number, SEARCH, code, "invalid cookie"))) as server:
        found = read_all(connector_to(server.url, tmp_path, client=client))
    assert not found.end.complete
    assert "invalid cookie" in found.end.reason
    assert len(found.objects) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_page_without_its_control_is_no_end(tmp_path: Path, client: str) -> None:
    with Scripted(paged(one_page, lambda number: result(number, SEARCH))) as server:
        found = read_all(connector_to(server.url, tmp_path, client=client))
    assert not found.end.complete
    assert "lost its place" in found.end.reason


def test_a_server_s_farewell_is_told(tmp_path: Path) -> None:
    def farewell(_: int) -> bytes:
        parts = [ber.integer(52, ber.ENUMERATED), ber.octets(b""), ber.octets(b"going down for tea")]
        name = ber.octets(b"1.3.6.1.4.1.1466.20036", 0x8A)
        return ber.sequence([ber.integer(0), ber.sequence([*parts, name], 0x78)])

    with Scripted(paged(one_page, farewell)) as server, pytest.raises(ConnectionLost, match="going down for tea"):
        read_all(connector_to(server.url, tmp_path))


def test_what_our_reader_does_not_understand_is_read_by_ldap3_and_told(tmp_path: Path) -> None:
    def odd(number: int) -> bytes:
        """An entry whose name is a constructed string: BER, but nothing that LDAP allows (RFC 4511 §5.1)."""
        odd_name = ber.sequence([ber.octets(f"uid=a{number},{SUFFIX}".encode())], 0x24)
        listed = ber.sequence([_attribute("uid", f"a{number}"), _attribute("entryUUID", f"id-{number}")])
        found = ber.sequence([ber.integer(number), ber.sequence([odd_name, listed], 0x64)])
        return found + result(number, SEARCH, controls=page_control(b""))

    def script(number: int, operation: int, before: int) -> bytes:
        if operation != SEARCH or before == 0:
            return entry(number, "", ROOT) + result(number, operation)
        if number >= 1000:
            return one_page(number) if before == 1 else odd(number)
        return entry(number, f"uid=a,{SUFFIX}", FIRST) + result(number, SEARCH, controls=page_control(b""))

    with Scripted(script) as server:
        connector = connector_to(server.url, tmp_path)
        found = read_all(connector, page_size=1)
    assert found.restarted, "what ours had read is read again"
    assert found.end.complete
    assert any("by ldap3" in note for note in connector.notes)


def _attribute(name: str, value: str) -> bytes:
    return ber.sequence([ber.octets(name.encode()), ber.sequence([ber.octets(value.encode())], ber.SET)])


# ------------------------------------------------------------------------------------------ a whole run


COUNT = 300


@pytest.mark.parametrize("stopped", ["confirm", "export"])
def test_a_server_that_dies_stops_the_step_and_the_run_goes_on(tmp_path: Path, stopped: str) -> None:
    server = Slapd(tmp_path / "slapd", durable=True).start()
    server.add(BASE)
    killed: list[bool] = []

    def die(data: bytes) -> bytes | None:
        if killed:
            return data
        killed.append(True)
        server.stop(signal.SIGKILL)
        return None

    try:
        with Proxy(server.port, lambda data, _: data) as proxy:
            live = LiveDirectory(proxy.url, SUFFIX, ADMIN, "DIRECTORY_PASSWORD")
            config = make_workspace(tmp_path / "office", people(COUNT), live, demo=False).read_text()
            config = config.replace('connector = "ldap"\n', 'connector = "ldap"\nreconnects = 0\npage_size = 50\n')
            password = {"DIRECTORY_PASSWORD": PASSWORD}
            site = Inside(tmp_path / "office", f"{config}\n[run]\npage_size = 50\n", password)
            for step in ("import hr", "import directory", "sync", "evaluate"):
                site("step", *step.split())
            if stopped == "confirm":
                site("step", "export", "directory")
            proxy.weather = after(40_000, die) if stopped == "confirm" else after_adds(100, die)
            site("step", stopped, "directory", status=1)
            assert killed
            assert site.steps()[f"{stopped} directory"]["result"] == "stopped-connectivity"
            kept = site.query("SELECT count(*) FROM pending_exports WHERE status != 'Exported'")[0][0]
            assert kept < COUNT or stopped == "confirm"
            server.start()
            site("run", "--from", "export directory")
        units = server.search("(objectClass=organizationalUnit)")
        assert site.statuses("directory") == {"Normal": len(server.people()) + len(units)}
        assert site.query("SELECT count(*) FROM pending_exports") == [(0,)]
    finally:
        server.stop()
