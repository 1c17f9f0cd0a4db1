"""What is written is exactly what was meant, to whom it was meant, and every refusal is a sentence."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.connectors.base import ExportOperation
from engine.connectors.ldap.results import explain
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.directory import CLIENTS, UNITS, connector_to, person, read_all, write
from tests.scripted import ADD, SEARCH, Scripted, entry, result
from tests.slapd import BASE, SUFFIX, Slapd

PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
CLERK = f"uid=clerk,{PEOPLE}"
EXTRA = "moduleload auditlog.la\nmoduleload retcode.la"
OVERLAYS = """access to dn.subtree="{people}" by dn.exact="{clerk}" read by * auth
access to * by * read
overlay auditlog
auditlog {home}/audit.ldif
overlay retcode
retcode-parent "ou=codes,{suffix}"
retcode-item "cn=busy" 0x33
retcode-item "cn=unavailable" 0x34
retcode-item "cn=unwilling" 0x35 text="this is not what I am here for"
retcode-item "cn=other" 0x50
"""


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    home = tmp_path / "slapd"
    overlays = OVERLAYS.format(home=home, suffix=SUFFIX, people=PEOPLE, clerk=CLERK)
    server = Slapd(home, extra=EXTRA, overlays=overlays).start()
    server.add("\n".join([BASE, UNITS + person("ada") + person("clerk", userPassword="for tests only")]))
    yield server
    server.stop()


def create(number: int, dn: str, kind: str = "person", **attributes: list[str]) -> ExportOperation:
    return ExportOperation(number, ChangeType.CREATE, kind, None, dn, attributes=attributes)


def change(
    dn: str, external_id: str | None, *changes: AttributeChange, new_dn: str | None = None, kind: str = "person"
) -> ExportOperation:
    return ExportOperation(1, ChangeType.UPDATE, kind, external_id, dn, new_dn, changes=changes)


def delete(dn: str, external_id: str | None = None, kind: str = "unit") -> ExportOperation:
    return ExportOperation(1, ChangeType.DELETE, kind, external_id, dn)


def numbered(number: int, operation: ExportOperation) -> ExportOperation:
    return replace(operation, id=number)


def exactly(name: str, add: list[str], remove: list[str], *, replace: bool = False) -> AttributeChange:
    return AttributeChange(name, add, remove, replace, ChangeStatus.PENDING)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_group_of_twenty_thousand_is_told_two_more_and_one_less(slapd: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(slapd.url, tmp_path, types=("group",), attributes={"member": "reference[]"}, client=client)
    members = [f"uid=u{number},{PEOPLE}" for number in range(20_000)]
    name = f"cn=all,{GROUPS}"
    assert write(connector, create(1, name, "group", cn=["all"], member=members))[1].error is None
    [group] = read_all(connector, "cn", "member", kind="group").objects
    assert set(group.attributes["member"]) == set(members)
    before = (slapd.home / "audit.ldif").stat().st_size
    more = [f"uid=new{number},{PEOPLE}" for number in range(2)]
    operation = change(name, group.external_id, exactly("member", more, members[:1]), kind="group")
    assert write(connector, operation)[1].error is None
    told = (slapd.home / "audit.ldif").read_text()[before:]
    assert sorted(
        line for line in told.splitlines() if line.startswith(("add:", "delete:", "replace:", "member:"))
    ) == [
        "add: member",
        "delete: member",
        *(f"member: {one}" for one in sorted([*more, *members[:1]])),
        *(f"replace: {name}" for name in ("entryCSN", "modifiersName", "modifyTimestamp")),
    ]
    [group] = read_all(connector, "cn", "member", kind="group").objects
    assert set(group.attributes["member"]) == {*members[1:], *more}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_rename_and_a_move_keep_the_entry_uuid(slapd: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(slapd.url, tmp_path, client=client)
    before = read_all(connector).by_uid()["ada"].external_id
    new = f"uid=ada\\2C b,{GROUPS}"
    renamed = change(f"uid=ada,{PEOPLE}", before, exactly("cn", ["Ada"], ["ada"], replace=True), new_dn=new)
    assert write(connector, renamed)[1].error is None
    after = read_all(connector).by_uid()["ada, b"]
    assert after.external_id == before
    assert after.secondary_id == f"uid=ada\\2C b,{GROUPS}"
    assert after.attributes == {"uid": ["ada, b"], "cn": ["Ada"]}, "the old name is gone from the entry"


@pytest.mark.parametrize("client", CLIENTS)
def test_somebody_else_under_the_same_name_is_not_touched(slapd: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(slapd.url, tmp_path, client=client)
    before = read_all(connector).by_uid()["ada"].external_id
    slapd.tool("ldapdelete", f"uid=ada,{PEOPLE}")
    slapd.add(person("ada", title="another one"))
    for operation in (
        change(f"uid=ada,{PEOPLE}", before, exactly("title", ["Taken over"], [], replace=True)),
        change(f"uid=ada,{PEOPLE}", before, new_dn=f"uid=renamed,{PEOPLE}"),
        delete(f"uid=ada,{PEOPLE}", before, "person"),
    ):
        error = write(connector, operation)[1].error
        assert error is not None
        assert error.code == "missing-object"
    assert slapd.people()[f"uid=ada,{PEOPLE}"]["title"] == ["another one"]


@pytest.mark.parametrize("client", CLIENTS)
def test_missing_units_are_created_if_they_may_be(slapd: Slapd, tmp_path: Path, client: str) -> None:
    dn = f"uid=zoe,ou=deep\\2C down,ou=new,{PEOPLE}"
    operation = create(1, dn, uid=["zoe"], cn=["Zoe"], sn=["Z"])
    refused = write(connector_to(slapd.url, tmp_path, client=client), operation)[1].error
    assert refused is not None
    assert refused.code == "non-existent-parent"
    assert write(connector_to(slapd.url, tmp_path, client=client, create_parents=True), operation)[1].error is None
    assert "zoe" in read_all(connector_to(slapd.url, tmp_path)).by_uid()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_has_children_is_deleted_only_if_that_is_wanted(slapd: Slapd, tmp_path: Path, client: str) -> None:
    units = connector_to(slapd.url, tmp_path, types=("unit",), client=client)
    refused = write(units, delete(PEOPLE))[1].error
    assert refused is not None
    assert "entries below it" in refused.message
    assert set(read_all(connector_to(slapd.url, tmp_path)).by_uid()) == {"ada", "clerk"}
    wanting = connector_to(slapd.url, tmp_path, types=("unit",), client=client, delete_children=True)
    assert write(wanting, delete(PEOPLE))[1].error is None
    assert not slapd.people()
    assert f"ou=groups,{SUFFIX}" in slapd.search()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(slapd: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(slapd.url, tmp_path, client=client)
    ada = f"uid=ada,{PEOPLE}"
    before = read_all(connector).by_uid()["ada"].external_id
    mine = exactly("mail", ["new@example.org"], ["old@example.org"], replace=True)
    photo = exactly("jpegPhoto", ["a new one"], ["an old one"], replace=True)
    slapd.modify(f"dn: {ada}\nchangetype: modify\nadd: mail\nmail: old@example.org\nmail: alias@example.org\n")
    assert write(connector, change(ada, before, mine))[1].error is None
    assert sorted(slapd.people()[ada]["mail"]) == ["alias@example.org", "new@example.org"], "an alias came meanwhile"
    error = write(connector, change(ada, before, mine))[1].error
    assert error is not None
    assert error.code == "missing-value", "what was to be replaced is another one by now"
    seen = mine._replace(imported=["alias@example.org", "new@example.org"])
    assert write(connector, change(ada, before, seen, photo))[1].error is None
    assert slapd.people()[ada]["mail"] == ["new@example.org"], "what an import has shown is replaced knowingly"
    assert slapd.people()[ada]["jpegPhoto"] == ["a new one"], "without a rule to compare by, all of it is replaced"


@pytest.mark.parametrize("client", CLIENTS)
def test_what_stands_below_goes_only_if_nobody_has_to_approve_it(slapd: Slapd, tmp_path: Path, client: str) -> None:
    device = "objectClass: device\ncn: phone\n"
    slapd.add(
        f"dn: cn=phone,uid=ada,{PEOPLE}\n{device}\n"
        f"dn: cn=spare,cn=phone,uid=ada,{PEOPLE}\nobjectClass: device\ncn: spare\n\n"
        f"dn: cn=phone,uid=clerk,{PEOPLE}\n{device}\n"
        f"dn: uid=eve,cn=phone,uid=clerk,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: eve\ncn: eve\nsn: eve\n"
    )
    connector = connector_to(slapd.url, tmp_path, client=client, delete_children=True)
    both = delete(f"uid=ada,{PEOPLE}", kind="person"), numbered(2, delete(CLERK, kind="person"))
    results = write(connector, *both)
    assert results[1].error is None
    error = results[2].error
    assert error is not None
    assert f"'uid=eve,cn=phone,{CLERK}' stands below it" in error.message
    left = set(slapd.search())
    assert not {name for name in left if "uid=ada" in name}
    assert {CLERK, f"cn=phone,{CLERK}", f"uid=eve,cn=phone,{CLERK}"} <= left


@pytest.mark.parametrize("client", CLIENTS)
def test_overlays_that_look_at_others_do_not_mistake_whom_a_change_is_for(tmp_path: Path, client: str) -> None:
    """slapo-unique and slapo-constraint search with the assertion that came with the change."""
    overlays = (
        "overlay unique\nunique_uri ldap:///?mail,uid?sub\n"
        f"overlay constraint\nconstraint_attribute manager uri ldap:///{SUFFIX}?entryDN?sub?(objectClass=*)\n"
    )
    server = Slapd(tmp_path / "slapd", extra="moduleload unique.la\nmoduleload constraint.la", overlays=overlays)
    server.start()
    try:
        server.add("\n".join([BASE, UNITS + "".join(map(person, ("ada", "bob", "cleo", "dan")))]))
        connector = connector_to(server.url, tmp_path, client=client)
        ids = {uid: one.external_id for uid, one in read_all(connector).by_uid().items()}
        ada, bob, cleo, dan = (f"uid={uid},{PEOPLE}" for uid in ("ada", "bob", "cleo", "dan"))
        mail = exactly("mail", ["ada@example.org"], [], replace=True)
        results = write(
            connector,
            change(ada, ids["ada"], mail),
            numbered(2, change(bob, ids["bob"], new_dn=f"uid=bobby,{PEOPLE}")),
            numbered(3, change(cleo, ids["cleo"], exactly("manager", [ada], [], replace=True))),
            numbered(4, change(dan, ids["ada"], exactly("title", ["another one"], [], replace=True))),
        )
        assert {number for number, one in results.items() if one.error is None} == {1, 2, 3}
        assert results[4].error is not None
        assert results[4].error.code == "missing-object", "whoever has another id is not touched"
        people = server.people()
        assert people[ada]["mail"] == ["ada@example.org"]
        assert people[cleo]["manager"] == [ada]
        assert f"uid=bobby,{PEOPLE}" in people
        assert "title" not in people[dan]
        taken = write(connector, change(cleo, ids["cleo"], mail))[1].error
        assert taken is not None
        assert taken.code == "constraint-violation", "what is really taken is still refused"
    finally:
        server.stop()


def test_nothing_is_written_where_nobody_looks_for_it(slapd: Slapd, tmp_path: Path) -> None:
    connector = connector_to(slapd.url, tmp_path, base=PEOPLE)
    outside = f"uid=zoe,{GROUPS}"
    ada = read_all(connector).by_uid()["ada"].external_id
    results = write(
        connector,
        create(1, outside, uid=["zoe"], cn=["zoe"], sn=["zoe"]),
        numbered(2, change(f"uid=ada,{PEOPLE}", ada, new_dn=f"uid=ada,{GROUPS}")),
    )
    for one in results.values():
        assert one.error is not None
        assert f"does not stand below '{PEOPLE}'" in one.error.message
    assert outside not in slapd.search()
    assert f"uid=ada,{PEOPLE}" in slapd.people()


CODES = [
    ("no such parent", create(1, f"uid=x,ou=nowhere,{SUFFIX}", uid=["x"], cn=["x"], sn=["x"]), "non-existent-parent"),
    ("exists", create(1, f"uid=ada,{PEOPLE}", uid=["ada"], cn=["x"], sn=["x"]), "existing-object"),
    ("schema", create(1, f"uid=x,{PEOPLE}", uid=["x"], cn=["x"]), "schema-violation"),
    ("attribute", create(1, f"uid=x,{PEOPLE}", uid=["x"], cn=["x"], sn=["x"], nonsense=["x"]), "schema-violation"),
    ("syntax", create(1, f"uid=x,{PEOPLE}", uid=["x"], cn=["x"], sn=["x"], manager=["nobody"]), "syntax-violation"),
    ("missing", change(f"uid=nobody,{PEOPLE}", None, exactly("title", ["x"], [], replace=True)), "missing-object"),
    ("single", change(f"uid=ada,{PEOPLE}", None, exactly("employeeNumber", ["1", "2"], [])), "constraint-violation"),
    ("server's own", change(f"uid=ada,{PEOPLE}", None, exactly("createTimestamp", ["x"], [])), "schema-violation"),
    ("no name", create(1, f"uid= ,{PEOPLE}", uid=["x"], cn=["x"], sn=["x"]), "dn-not-determined"),
    ("no dn", create(1, "nonsense", uid=["x"], cn=["x"], sn=["x"]), "dn-not-determined"),
    ("busy", change(f"cn=busy,ou=codes,{SUFFIX}", None, exactly("title", ["x"], [])), "server-busy"),
    ("unavailable", change(f"cn=unavailable,ou=codes,{SUFFIX}", None, exactly("title", ["x"], [])), "server-busy"),
    ("unwilling", change(f"cn=unwilling,ou=codes,{SUFFIX}", None, exactly("title", ["x"], [])), "unwilling"),
    ("other", change(f"cn=other,ou=codes,{SUFFIX}", None, exactly("title", ["x"], [])), "server-error"),
]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_refusal_is_a_sentence_and_touches_nobody_else(slapd: Slapd, tmp_path: Path, client: str) -> None:
    connector = connector_to(slapd.url, tmp_path, client=client)
    for what, operation, code in CODES:
        good = create(2, f"uid=good{what.replace(' ', '')},{PEOPLE}".replace("'", ""), cn=["good"], sn=["good"])
        results = write(connector, operation, good)
        error = results[1].error
        assert error is not None, what
        assert error.code == code, (what, error)
        assert error.message
        assert error.advice
        assert results[2].error is None, what
    assert "not what I am here for" in str(write(connector, CODES[-2][1])[1].error)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_right_that_is_missing(slapd: Slapd, tmp_path: Path, client: str) -> None:
    clerk = connector_to(slapd.url, tmp_path, client=client, bind_dn=CLERK)
    error = write(clerk, change(f"uid=ada,{PEOPLE}", None, exactly("title", ["x"], [], replace=True)))[1].error
    assert error is not None
    assert error.code == "permission-denied"


@pytest.mark.parametrize(
    "code", [*range(1, 9), *range(10, 15), *range(16, 22), 32, 33, 34, 36, 48, 54, 69, 71, 80, 123]
)
def test_every_code_of_the_standard_has_words_of_its_own(code: int) -> None:
    assert explain(code).code != "unknown-result"


@pytest.mark.parametrize("client", CLIENTS)
def test_an_unknown_code_is_shown_whole(tmp_path: Path, client: str) -> None:
    def script(number: int, operation: int, before: int) -> bytes:
        if operation == SEARCH:
            return entry(number, "", {"supportedControl": ["1.2.3"]}) + result(number, SEARCH)
        return result(number, operation, 113 if operation == ADD else 0, "resources are exhausted")

    with Scripted(script) as server:
        error = write(connector_to(server.url, tmp_path, client=client), CODES[0][1])[1].error
    assert error is not None
    assert error.code == "unknown-result"
    assert "113" in error.message
    assert "resources are exhausted" in error.message
