"""A directory server is read whole, exactly, and never believed to be whole when it was not."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.values import dn
from tests.directory import CLIENTS, UNITS, connector_to, person, read_all, read_one, using
from tests.slapd import BASE, SUFFIX, Slapd

MANY = 20_000
LIMITED = f"cn=limited,{SUFFIX}"
VALUES = (
    'plus+comma, semi; "quotes"',
    "\\back<less>more",
    " lead and trail ",
    "#hash",
    "eq=ual",
    "Ünïcödé 漢字 🙂",
    "a/b*c(d)",
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """Twenty thousand people; one account may see only some of them at a time."""
    home = tmp_path_factory.mktemp("many")
    server = Slapd(home / "slapd", overlays=f'limits dn.exact="{LIMITED}" size=500 size.prtotal=12000')
    account = f"dn: {LIMITED}\nobjectClass: person\ncn: limited\nsn: limited\nuserPassword: for tests only\n\n"
    ldif = home / "many.ldif"
    ldif.write_text("\n".join([BASE, UNITS + account + "".join(person(f"u{number}") for number in range(MANY))]))
    server.load(ldif)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("client", CLIENTS)
def test_twenty_thousand_entries_are_read_in_pages(many: Slapd, tmp_path: Path, client: str) -> None:
    found = read_all(connector_to(many.url, tmp_path, client=client), page_size=1000)
    assert found.end.complete
    assert found.pages >= MANY // 1000
    assert set(found.by_uid()) == {f"u{number}" for number in range(MANY)}
    assert len({one.external_id for one in found.objects}) == MANY


@pytest.mark.parametrize("client", CLIENTS)
def test_a_limit_half_way_is_incomplete_and_not_the_end(many: Slapd, tmp_path: Path, client: str) -> None:
    found = read_all(connector_to(many.url, tmp_path, client=client, bind_dn=LIMITED))
    assert not found.end.complete
    assert found.end.watermark is None
    assert "limit" in found.end.reason
    assert 0 < len(found.objects) < MANY


@pytest.mark.parametrize("client", CLIENTS)
def test_every_special_character_of_a_dn_and_of_a_value(server: Slapd, tmp_path: Path, client: str) -> None:
    for number, value in enumerate(VALUES):
        name = f"cn={dn.escape(value)},ou=people,{SUFFIX}"
        lines = [f"dn:: {encoded(name)}", "objectClass: inetOrgPerson", f"cn:: {encoded(value)}", f"sn: n{number}"]
        server.add("\n".join([*lines, f"uid: n{number}", ""]))
    found = read_all(connector_to(server.url, tmp_path, client=client), "uid", "cn").by_uid()
    assert len(found) == len(VALUES)
    for number, value in enumerate(VALUES):
        one = found[f"n{number}"]
        assert one.error is None
        assert one.attributes["cn"] == [value]
        assert dn.key(one.secondary_id or "") == dn.key(f"cn={dn.escape(value)},ou=people,{SUFFIX}")
        looked_up = read_one(connector_to(server.url, tmp_path, client=client), "cn", secondary_id=one.secondary_id)
        assert looked_up is not None
        assert looked_up.attributes == {"cn": [value]}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_photograph_of_five_megabytes_comes_byte_for_byte(server: Slapd, tmp_path: Path, client: str) -> None:
    photo = bytes(range(256)) * (5 * 4096)
    server.stop()
    (tmp_path / "photo.ldif").write_text(person("ada", **{"jpegPhoto:": encoded(photo)}))
    server.load(tmp_path / "photo.ldif")
    server.start()
    attributes = {"jpegPhoto": "binary"}
    found = read_all(connector_to(server.url, tmp_path, client=client, attributes=attributes), "uid", "jpegPhoto")
    assert base64.b64decode(found.by_uid()["ada"].attributes["jpegPhoto"][0]) == photo


@pytest.mark.parametrize("client", CLIENTS)
def test_operational_attributes_are_read_and_values_without_text_are_told(
    server: Slapd, tmp_path: Path, client: str
) -> None:
    server.add(person("ada") + person("bob", **{"jpegPhoto:": encoded(b"\xff\x00")}))
    attributes = {"createTimestamp": "datetime"}
    found = read_all(
        connector_to(server.url, tmp_path, client=client, attributes=attributes), "uid", "createTimestamp", "jpegPhoto"
    )
    ada, bob = sorted(found.objects, key=lambda one: one.secondary_id or "")
    assert ada.attributes["createTimestamp"][0].endswith("Z")
    assert bob.error is not None
    assert bob.error.code == "syntax-violation"
    assert bob.external_id is not None, "it has been seen, and is not missing"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_referral_is_an_entry_of_its_own_and_nobody_follows_it(server: Slapd, tmp_path: Path, client: str) -> None:
    server.add(person("ada"))
    referral = "objectClass: referral\nobjectClass: extensibleObject\nref: ldap://127.0.0.1:1/dc=elsewhere\n"
    server.tool("ldapadd", "-M", text=f"dn: ou=far,{SUFFIX}\n{referral}ou: far\n")
    found = read_all(connector_to(server.url, tmp_path, client=client))
    assert found.end.complete
    assert set(found.by_uid()) == {"ada"}


def test_the_schema_tells_types_matching_rules_and_what_is_read_only(server: Slapd, tmp_path: Path) -> None:
    described = using(connector_to(server.url, tmp_path), lambda to: to.describe_schema())["person"]
    known = {one.name: one for one in described}
    assert known["sn"].required
    assert known["cn"].matching == "case_ignore"
    assert known["telephoneNumber"].matching == "telephone"
    assert (known["manager"].kind, known["manager"].matching) == ("reference", "dn")
    assert known["jpegPhoto"].kind == "binary"
    assert not known["employeeNumber"].multi
    assert known["mail"].multi
    assert known["createTimestamp"].read_only
    assert known["createTimestamp"].kind == "datetime"
    assert not known["title"].read_only


def test_a_base_that_is_not_there_is_no_empty_answer(server: Slapd, tmp_path: Path) -> None:
    from engine.errors import CannotConnect

    with pytest.raises(CannotConnect, match="does not exist"):
        read_all(connector_to(server.url, tmp_path, base=f"ou=nowhere,{SUFFIX}"))


def test_the_check_tells_who_reads_and_whether_there_is_a_delta(server: Slapd, tmp_path: Path) -> None:
    import asyncio

    lines = {line.subject: line for line in asyncio.run(connector_to(server.url, tmp_path, client="ldap3").test())}
    assert all(line.ok for line in lines.values())
    assert "ldap3" in lines["client"].message
    assert "not offered" in lines["delta import"].message


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
