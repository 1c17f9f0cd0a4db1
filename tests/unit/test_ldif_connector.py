"""A directory in an LDIF file through the connector's protocol: imported, written, refused as a server would."""

import asyncio
import io
import stat
import uuid

import pytest

from engine.configuration.file import load
from engine.connectors.base import ExportOperation, ImportRequest
from engine.connectors.ldif.connector import LdifConnector
from engine.connectors.ldif.directory import LdifDirectory
from engine.connectors.ldif.format import read_entries
from engine.errors import CannotConnect, ConnectionLost
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.readings import last_reading

CONFIG = """\
[systems.directory]
connector = "ldif"
path = "directory.ldif"
{options}
[systems.directory.objects.unit]
object_class = ["organizationalUnit"]
external_id = "{id}"
secondary_external_id = "dn"
[systems.directory.objects.person]
object_class = ["person", "inetOrgPerson"]
external_id = "{id}"
secondary_external_id = "dn"
attributes = {{ telephoneNumber = "text[]", jpegPhoto = "binary", seen = "datetime[]", level = "integer" }}
"""
BASE = """\
version: 1

dn: dc=org
objectClass: domain
dc: org
entryUUID: 00000000-0000-0000-0000-000000000000

dn: ou=People,dc=org
objectClass: organizationalUnit
ou: People
entryUUID: 00000000-0000-0000-0000-000000000001

dn: uid=ann,ou=People,dc=org
objectClass: inetOrgPerson
objectClass: person
UID: ann
cn: Ann
telephoneNUMBER: 1
telephoneNUMBER: 2
entryUUID: 00000000-0000-0000-0000-00000000000a
"""
ANN = "uid=ann,ou=People,dc=org"
ANN_ID = "00000000-0000-0000-0000-00000000000a"
PEOPLE = "ou=People,dc=org"
USED = frozenset({"uid", "cn", "sn", "telephoneNumber", "ou", "jpegPhoto", "seen", "level", "userPassword"})


def make(folder, content=BASE, options="", external_id="entryUUID"):
    """Give a connector to a file with some content."""
    path = folder / "interlock.toml"
    path.write_text(CONFIG.format(options=options, id=external_id))
    if content is not None:
        (folder / "directory.ldif").write_bytes(content if isinstance(content, bytes) else content.encode())
    config, _ = load(path)
    return LdifConnector("directory", config.systems["directory"], config.folder)


def read(connector, page_size=100):
    """Import everything: the objects, and the end."""

    async def collect():
        names = {"unit": USED, "person": USED}
        async with connector:
            return [event async for event in connector.import_objects(ImportRequest(names, names, page_size))]

    pages, end = last_reading(asyncio.run(collect()))
    return [one for page in pages for one in page.objects], end


def export(connector, *operations):
    async def run():
        async with connector:
            return await connector.export(operations)

    return asyncio.run(run())


def find(connector, external_id=None, secondary_id=None):
    async def run():
        async with connector:
            return await connector.read_object(
                "person", external_id=external_id, secondary_id=secondary_id, attributes=USED
            )

    return asyncio.run(run())


def create(dn, number=1, kind="person", **attributes):
    return ExportOperation(number, ChangeType.CREATE, kind, None, dn, attributes=attributes)


def update(dn, *changes, new=None, number=1, kind="person"):
    return ExportOperation(number, ChangeType.UPDATE, kind, None, dn, new, changes=changes)


def delete(dn, number=1):
    return ExportOperation(number, ChangeType.DELETE, "person", None, dn)


def replace(name, *values):
    return AttributeChange(name, list(values), [], True, ChangeStatus.PENDING)


def change(name, add=(), remove=()):
    return AttributeChange(name, list(add), list(remove), False, ChangeStatus.PENDING)


def codes(results):
    return [result.error.code if result.error else None for result in results]


def entries(folder):
    """Give the entries of the file by DN."""
    found = list(read_entries(io.BytesIO((folder / "directory.ldif").read_bytes())))
    assert len({one.dn for one in found}) == len(found)
    return {one.dn: one for one in found}


def person(number, dn=None):
    dn = dn or f"uid=p{number},ou=People,dc=org"
    return f"\ndn: {dn}\nobjectClass: person\nobjectClass: inetOrgPerson\ncn: {number}\n"


# ------------------------------------------------------------------ import


def test_entries_become_objects_of_their_types(tmp_path):
    objects, end = read(make(tmp_path))
    assert [(one.type, one.external_id[-1], one.secondary_id) for one in objects] == [
        ("unit", "1", PEOPLE),
        ("person", "a", ANN),
    ]
    assert objects[1].attributes == {"uid": ["ann"], "cn": ["Ann"], "telephoneNumber": ["1", "2"]}
    assert objects[1].position == "directory.ldif:13"
    assert end.complete


def test_entries_come_a_page_at_a_time_with_their_total(tmp_path):
    async def collect(connector):
        names = {"unit": USED, "person": USED}
        async with connector:
            return [event async for event in connector.import_objects(ImportRequest(names, names, 1))]

    first, second, _ = asyncio.run(collect(make(tmp_path)))
    assert (len(first.objects), len(second.objects)) == (1, 1)
    assert first.total == 3, "estimated: entries of other classes are counted as well"


def test_only_entries_below_the_base_are_looked_at(tmp_path):
    content = BASE + person(1, "uid=x,dc=org") + "entryUUID: x\n"
    objects, end = read(make(tmp_path, content, 'base = "OU = people, DC=org"'))
    assert [one.secondary_id for one in objects] == [PEOPLE, ANN]
    assert {one.partition for one in objects} == set(end.partitions.values())


def test_an_entry_whose_name_spells_the_base_is_not_below_it(tmp_path):
    content = BASE + person(1, "cn=x\\,ou=people,dc=org") + "entryUUID: x\n"
    objects, _ = read(make(tmp_path, content, 'base = "ou=people,dc=org"'))
    assert [one.secondary_id for one in objects] == [PEOPLE, ANN]


@pytest.mark.parametrize("options", ["", 'base = "dc=org"'])
def test_an_entry_whose_dn_cannot_be_read_is_no_crash(tmp_path, options):
    connector = make(tmp_path, BASE + person(1, "not a dn") + "entryUUID: x\n", options)
    objects, _ = read(connector)
    bad = [one.error.code for one in objects if one.secondary_id == "not a dn" and one.error]
    assert bad == ["syntax-violation"] or (options and not bad)
    assert ANN in [one.secondary_id for one in objects]


@pytest.mark.parametrize("page_size", [1, 100])
def test_all_entries_of_one_id_are_errors_wherever_they_stand(tmp_path, page_size):
    content = BASE + person(1) + f"entryUUID: {ANN_ID}\n" + person(2) + "entryUUID: other\n"
    objects, end = read(make(tmp_path, content), page_size)
    twice = "duplicate-external-id"
    assert [one.error.code if one.error else None for one in objects] == [None, twice, twice, None]
    assert end.complete


def test_an_entry_without_its_id_is_an_error_and_has_been_seen_by_its_dn(tmp_path):
    objects, _ = read(make(tmp_path, BASE + person(1)))
    assert objects[2].external_id is None
    assert objects[2].error.code == "missing-external-id"
    assert objects[2].secondary_id == "uid=p1,ou=People,dc=org"


def test_a_value_without_its_type_is_an_error_of_that_entry_alone(tmp_path):
    content = BASE + person(1) + "entryUUID: x\nlevel: high\n" + person(2) + "entryUUID: y\ncn:: /w==\n"
    objects, end = read(make(tmp_path, content))
    assert [one.error.code if one.error else None for one in objects[1:]] == [
        None,
        "syntax-violation",
        "syntax-violation",
    ]
    assert "'level'" in objects[2].error.message
    assert end.complete


def test_passwords_are_never_read(tmp_path):
    objects, _ = read(make(tmp_path, BASE + "userPassword: secret\nUSERPASSWORD;x-a: secret\n"))
    assert "secret" not in str(objects[1].attributes)


@pytest.mark.parametrize("content", ["", "version: 1\n", "# nothing\n"])
def test_a_file_without_entries_has_no_objects(tmp_path, content):
    objects, end = read(make(tmp_path, content))
    assert objects == []
    assert end.complete


def test_a_file_that_is_no_ldif_is_told_with_its_line(tmp_path):
    with pytest.raises(CannotConnect, match=r"directory\.ldif: not readable as LDIF: line 3: .*no colon"):
        read(make(tmp_path, "dn: cn=a\n\nnonsense\n"))


def test_a_broken_end_is_no_end(tmp_path):
    with pytest.raises(CannotConnect):
        read(make(tmp_path, BASE + "\nnonsense\n"), 1)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CannotConnect, match=r"directory\.ldif: cannot be read"):
        read(make(tmp_path, None))


def test_a_file_that_changes_while_it_is_read_is_not_complete(tmp_path):
    async def collect(connector):
        names = {"unit": USED, "person": USED}
        async with connector:
            events = []
            async for event in connector.import_objects(ImportRequest(names, names, 1)):
                (tmp_path / "directory.ldif").write_text("version: 1\n")
                events.append(event)
        return events

    *pages, end = asyncio.run(collect(make(tmp_path)))
    assert len(pages) == 2
    assert not end.complete
    assert "changed while it was read" in end.reason


def test_the_schema_is_what_entries_have(tmp_path):
    schema = asyncio.run(make(tmp_path).discover_schema())
    assert {"uid", "cn", "telephonenumber", "entryuuid"} <= set(schema["person"])
    assert "cn" not in schema["unit"]


def test_the_connection_test_counts_entries_and_tells_what_is_wrong(tmp_path):
    (good,) = asyncio.run(make(tmp_path).test())
    assert good.ok
    assert "3 entries" in good.message
    (bad,) = asyncio.run(make(tmp_path, "nonsense\n").test())
    assert not bad.ok
    assert "line 1" in bad.message


# ------------------------------------------------------------------ reading one entry


def test_one_entry_is_found_by_its_id_or_else_by_its_dn(tmp_path):
    connector = make(tmp_path)
    assert find(connector, ANN_ID.upper()).secondary_id == ANN
    assert find(connector, None, "UID=Ann , OU=people,DC=org").external_id == ANN_ID
    assert find(connector, "unknown", ANN).external_id == ANN_ID
    assert find(connector, "unknown", "uid=bob,dc=org") is None


def test_one_entry_is_found_in_the_file_as_it_is_now(tmp_path):
    async def twice(connector):
        async with connector:
            ask = {"external_id": ANN_ID, "secondary_id": None, "attributes": USED}
            before = await connector.read_object("person", **ask)
            (tmp_path / "directory.ldif").write_text(BASE.replace("cn: Ann", "cn: Annabel"))
            return before, await connector.read_object("person", **ask)

    before, after = asyncio.run(twice(make(tmp_path)))
    assert (before.attributes["cn"], after.attributes["cn"]) == (["Ann"], ["Annabel"])


@pytest.mark.parametrize("excerpts", [True, False])
@pytest.mark.parametrize("change_type", [ChangeType.UPDATE, ChangeType.DELETE])
def test_of_two_entries_with_one_id_none_is_written(tmp_path, monkeypatch, excerpts, change_type):
    monkeypatch.setattr("engine.connectors.ldif.directory.BYTES_EACH", 0 if excerpts else 1 << 30)
    content = BASE + person(1) + f"entryUUID: {ANN_ID}\n" + person(2) + "entryUUID: other\n"
    connector = make(tmp_path, content)
    meant = ExportOperation(1, change_type, "person", ANN_ID, ANN, changes=[replace("cn", "Bea")])
    (result,) = export(connector, meant)
    assert result.error.code == "duplicate-external-id"
    assert ANN in result.error.message
    assert "uid=p1," in result.error.message
    assert (tmp_path / "directory.ldif").read_text() == content
    assert find(connector, ANN_ID) is None, "nobody can say which of them is meant"


def test_who_has_an_id_of_another_type_is_somebody_else(tmp_path):
    group = f"\ndn: ou=Sales,dc=org\nobjectClass: organizationalUnit\nou: Sales\nentryUUID: {ANN_ID}\n"
    connector = make(tmp_path, BASE + group)
    meant = ExportOperation(1, ChangeType.UPDATE, "person", ANN_ID, ANN, changes=[replace("cn", "Bea")])
    assert codes(export(connector, meant)) == [None]
    assert entries(tmp_path)[ANN].attributes["cn"] == [b"Bea"]


# ------------------------------------------------------------------ create


def test_a_created_entry_gets_an_id_and_is_imported_as_it_was_meant(tmp_path):
    connector = make(tmp_path)
    dn = "uid=bob,ou=people,dc=org"
    attributes = {
        "cn": ["Bøb "],
        "telephoneNumber": ["2", "1"],
        "jpegPhoto": ["/wA="],
        "seen": ["2024-02-29T12:00:00Z"],
    }
    (result,) = export(connector, create(dn, **attributes))
    assert result.error is None
    assert str(uuid.UUID(result.external_id)) == result.external_id
    (bob,) = [one for one in read(connector)[0] if one.secondary_id == dn]
    assert bob.external_id == result.external_id
    assert bob.attributes == {**attributes, "uid": ["bob"]}
    entry = entries(tmp_path)[dn]
    assert entry.attributes["objectclass"] == [b"person", b"inetOrgPerson"]
    assert entry.spelling["telephonenumber"] == "telephoneNumber"


def test_what_the_dn_names_is_not_doubled_where_it_is_there_already(tmp_path):
    export(make(tmp_path), create("uid=BOB+cn=Bob Lee,ou=people,dc=org", uid=["bob"], cn=["Robert"]))
    entry = entries(tmp_path)["uid=BOB+cn=Bob Lee,ou=people,dc=org"]
    assert entry.attributes["uid"] == [b"bob"]
    assert sorted(entry.attributes["cn"]) == [b"Bob Lee", b"Robert"]


def test_two_created_entries_have_two_ids(tmp_path):
    one, two = export(make(tmp_path), create("uid=a,dc=org"), create("uid=b,dc=org", number=2))
    assert one.external_id != two.external_id


def test_an_entry_below_nothing_cannot_be_created(tmp_path):
    before = (tmp_path / "directory.ldif", BASE)
    results = export(make(tmp_path), create("uid=bob,ou=nowhere,dc=org"))
    assert codes(results) == ["non-existent-parent"]
    assert "'ou=nowhere,dc=org'" in results[0].error.message
    assert before[0].read_text() == before[1]


def test_an_entry_can_be_created_below_one_created_just_before(tmp_path):
    results = export(make(tmp_path), create("ou=New,dc=org", kind="unit"), create("uid=bob,OU=new,dc=org", number=2))
    assert codes(results) == [None, None]
    assert {"ou=New,dc=org", "uid=bob,OU=new,dc=org"} <= set(entries(tmp_path))


def test_an_entry_that_exists_is_not_created_however_its_dn_is_written(tmp_path):
    results = export(make(tmp_path), create("UID=\\41nn, ou=PEOPLE ,dc=org"))
    assert codes(results) == ["existing-object"]


@pytest.mark.parametrize("dn", ["nonsense", "uid=bob,,dc=org", "uid=a\\zz,dc=org"])
def test_a_dn_that_is_none_is_refused(tmp_path, dn):
    assert codes(export(make(tmp_path), create(dn))) == ["syntax-violation"]


def test_an_operation_without_a_dn_is_refused(tmp_path):
    assert codes(export(make(tmp_path), create(None))) == ["dn-not-determined"]


def test_another_attribute_can_be_the_external_id(tmp_path):
    connector = make(tmp_path, BASE, external_id="employeeNumber")
    (result,) = export(connector, create("uid=bob,dc=org", employeeNumber=["7"]))
    (bob,) = [one for one in read(connector)[0] if one.secondary_id == "uid=bob,dc=org"]
    assert bob.external_id == "7"
    assert result.external_id in (None, "7")
    assert find(connector, "7", None).secondary_id == "uid=bob,dc=org"


# ------------------------------------------------------------------ update


def test_an_update_changes_what_it_names_and_keeps_the_rest_as_it_is_spelled(tmp_path):
    export(make(tmp_path), update(ANN, replace("cn", "Anna"), replace("sn", "Lee")))
    entry = entries(tmp_path)[ANN]
    assert entry.attributes == {
        "objectclass": [b"inetOrgPerson", b"person"],
        "uid": [b"ann"],
        "cn": [b"Anna"],
        "telephonenumber": [b"1", b"2"],
        "entryuuid": [ANN_ID.encode()],
        "sn": [b"Lee"],
    }
    assert entry.spelling["uid"] == "UID"
    assert entry.spelling["telephonenumber"] == "telephoneNUMBER"


def test_values_are_added_and_removed_exactly(tmp_path):
    export(make(tmp_path), update(ANN, change("telephoneNumber", add=["3", "2"], remove=["1", "9"])))
    assert entries(tmp_path)[ANN].attributes["telephonenumber"] == [b"2", b"3"]


def test_values_are_removed_by_what_they_mean(tmp_path):
    connector = make(tmp_path, BASE + "seen: 20240229120000.0Z\nseen: 20240301120000Z\n")
    export(connector, update(ANN, change("seen", remove=["2024-02-29T12:00:00Z"])))
    assert entries(tmp_path)[ANN].attributes["seen"] == [b"20240301120000Z"]


def test_a_value_that_is_there_in_another_form_is_not_added_again(tmp_path):
    connector = make(tmp_path, BASE + "seen: 20240229120000.0Z\n")
    export(connector, update(ANN, change("seen", add=["2024-02-29T12:00:00Z"])))
    assert len(entries(tmp_path)[ANN].attributes["seen"]) == 1


def test_an_attribute_is_emptied(tmp_path):
    export(make(tmp_path), update(ANN, replace("telephoneNumber"), change("cn", remove=["Ann"])))
    assert set(entries(tmp_path)[ANN].attributes) == {"objectclass", "uid", "entryuuid"}


def test_an_entry_that_is_not_there_cannot_be_updated_or_deleted(tmp_path):
    results = export(make(tmp_path), update("uid=bob,dc=org", replace("cn", "x")), delete("uid=bob,dc=org", 2))
    assert codes(results) == ["missing-object", "missing-object"]
    assert (tmp_path / "directory.ldif").read_text() == BASE


def test_a_renamed_entry_keeps_its_id_and_names_itself(tmp_path):
    new = "uid=anna,dc=org"
    assert codes(export(make(tmp_path), update(ANN, replace("cn", "Anna"), new=new))) == [None]
    found = entries(tmp_path)
    assert ANN not in found
    assert found[new].first("entryUUID") == ANN_ID
    assert found[new].attributes["uid"] == [b"anna"]
    assert found[new].attributes["cn"] == [b"Anna"]
    assert found[new].attributes["telephonenumber"] == [b"1", b"2"]


def test_a_renamed_entry_takes_what_stands_below_it_along(tmp_path):
    content = BASE + person(1, f"cn=child,{ANN}") + "entryUUID: c\n" + person(2, f"cn=a\\,b,CN=Child,{ANN}")
    new = "ou=Persons,dc=org"
    assert codes(export(make(tmp_path, content), update(PEOPLE, new=new, kind="unit"))) == [None]
    found = entries(tmp_path)
    assert list(found) == [
        "dc=org",
        new,
        "uid=ann,ou=Persons,dc=org",
        "cn=child,uid=ann,ou=Persons,dc=org",
        "cn=a\\,b,cn=child,uid=ann,ou=Persons,dc=org",
    ]
    assert found["uid=ann,ou=Persons,dc=org"].first("entryUUID") == ANN_ID
    assert found["uid=ann,ou=Persons,dc=org"].spelling["telephonenumber"] == "telephoneNUMBER"
    assert found["cn=child,uid=ann,ou=Persons,dc=org"].first("entryUUID") == "c"


def test_a_name_can_change_in_its_case_alone(tmp_path):
    new = "uid=Ann,OU=People,dc=org"
    connector = make(tmp_path, BASE + person(1, f"cn=child,{ANN}"))
    assert codes(export(connector, update(ANN, new=new))) == [None]
    found = entries(tmp_path)
    assert found[new].attributes["uid"] == [b"Ann"]
    assert found[new].first("entryUUID") == ANN_ID
    assert len(found) == 4


@pytest.mark.parametrize(
    ("dn", "new", "code"),
    [
        (ANN, "uid=other,ou=People,dc=org", "existing-object"),
        (ANN, "uid=ann,ou=nowhere,dc=org", "non-existent-parent"),
        (PEOPLE, f"ou=x,{PEOPLE}", "constraint-violation"),
        (ANN, "nonsense", "syntax-violation"),
    ],
)
def test_a_rename_that_cannot_be_is_refused_and_changes_nothing(tmp_path, dn, new, code):
    content = BASE + person(1, "uid=other,ou=People,dc=org") + "entryUUID: o\n"
    connector = make(tmp_path, content)
    assert codes(export(connector, update(dn, new=new), create("uid=z,dc=org", number=2))) == [code, None]
    after = entries(tmp_path)
    assert set(after) == {"dc=org", PEOPLE, ANN, "uid=other,ou=People,dc=org", "uid=z,dc=org"}
    assert after[ANN].attributes["uid"] == [b"ann"]


# ------------------------------------------------------------------ delete


def test_a_deleted_entry_is_gone_and_no_other(tmp_path):
    assert codes(export(make(tmp_path), delete("UID=ANN,ou=people,dc=org"))) == [None]
    assert list(entries(tmp_path)) == ["dc=org", PEOPLE]


def test_an_entry_with_others_below_it_is_not_deleted(tmp_path):
    results = export(make(tmp_path), delete(PEOPLE))
    assert codes(results) == ["constraint-violation"]
    assert "below it" in results[0].error.message
    assert (tmp_path / "directory.ldif").read_text() == BASE


def test_children_and_then_their_parent_are_deleted(tmp_path):
    assert codes(export(make(tmp_path), delete(ANN), delete(PEOPLE, 2))) == [None, None]
    assert list(entries(tmp_path)) == ["dc=org"]


# ------------------------------------------------------------------ the file


def test_the_file_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path):
    connector = make(tmp_path)
    path = tmp_path / "directory.ldif"
    path.chmod(0o640)
    with path.open() as reader:
        export(connector, delete(ANN))
        assert reader.read() == BASE
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["directory.ldif", "interlock.toml"]


def test_entries_that_nobody_touched_are_kept_to_the_byte(tmp_path):
    odd = b"\ndn: cn=odd,dc=org\nOBJECTclass: Thing\ndescription:   folded\n  here\nphoto:: /wA=\nx: \xff\n"
    export(make(tmp_path, BASE.encode() + odd), delete(ANN))
    assert odd in (tmp_path / "directory.ldif").read_bytes()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_file_with_other_line_ends_and_in_any_order_is_written_parents_first(tmp_path, end):
    blocks = BASE.rstrip("\n").split("\n\n")[1:]
    content = ("\n\n".join(reversed(blocks)) + "\n").replace("\n", end)
    results = export(make(tmp_path, content), create("uid=bob,ou=people,dc=org"))
    assert codes(results) == [None]
    assert list(entries(tmp_path)) == ["dc=org", PEOPLE, ANN, "uid=bob,ou=people,dc=org"]
    assert entries(tmp_path)[ANN].attributes["telephonenumber"] == [b"1", b"2"]


def test_a_missing_file_is_an_empty_directory_that_keeps_all_that_is_created(tmp_path):
    connector = make(tmp_path, None)
    results = export(
        connector,
        create("dc=org", kind="unit"),
        create("dc=net", number=2, kind="unit"),
        create("ou=a,dc=org", number=3, kind="unit"),
    )
    assert codes(results) == [None, None, None]
    assert set(entries(tmp_path)) == {"dc=org", "dc=net", "ou=a,dc=org"}
    assert stat.S_IMODE((tmp_path / "directory.ldif").stat().st_mode) == 0o600


def test_nothing_but_its_first_entries_is_written_to_a_missing_file(tmp_path):
    changes = delete("uid=ann,dc=org"), update("uid=ann,dc=org", change("cn", add=["Ann"]))
    for first in (create("uid=bob,dc=org"), *changes):
        with pytest.raises(CannotConnect, match="No such file"):
            export(make(tmp_path, None), first)
    for one in changes:
        with pytest.raises(CannotConnect, match="No such file"):
            export(make(tmp_path, None), create("dc=org", kind="unit"), one)
    assert not (tmp_path / "directory.ldif").exists()


def test_a_comment_at_the_end_needs_no_line_end(tmp_path):
    assert codes(export(make(tmp_path, BASE + "\n# made by hand"), create("uid=bob,dc=org"))) == [None]
    assert "uid=bob,dc=org" in entries(tmp_path)


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_file_that_is_cut_is_not_written(tmp_path, cut):
    content = (BASE + person(1))[:-cut].rstrip("\n")
    with pytest.raises(CannotConnect, match="ends in the middle of an entry, without a line end"):
        export(make(tmp_path, content), create("uid=bob,dc=org"))
    assert (tmp_path / "directory.ldif").read_text() == content


@pytest.mark.parametrize(
    "content", [BASE + person(1, "UID=Ann,OU=people,dc=org"), BASE + "\nnonsense\n", "dn: nonsense\ncn: a\n"]
)
def test_a_file_that_is_no_directory_is_not_written(tmp_path, content):
    with pytest.raises(CannotConnect):
        export(make(tmp_path, content), create("uid=bob,dc=org"))
    assert (tmp_path / "directory.ldif").read_text() == content


def test_a_carriage_return_inside_a_line_is_no_crash(tmp_path):
    connector = make(tmp_path, BASE.encode() + b"description: a\rb\n")
    try:
        results = export(connector, update(ANN, replace("cn", "x")))
    except CannotConnect:
        return
    assert results[0].error is not None or entries(tmp_path)[ANN].attributes["cn"] == [b"x"]


def directory(folder):
    """Give the directory in the file, which takes operations one after the other while something else happens."""
    connector = make(folder)
    return LdifDirectory(folder / "directory.ldif", dict(connector.system.objects), connector._type_of)


FOREIGN = BASE + person(1) + "entryUUID: foreign\n"


class Meanwhile(list[ExportOperation]):
    """Operations; behind the first of them somebody else writes the file, once they were only looked at so often."""

    def __init__(self, operations, path, looks=0):
        super().__init__(operations)
        self.path = path
        self.looks = looks

    def __iter__(self):
        self.looks -= 1
        if self.looks >= 0:
            yield from super().__iter__()
            return
        for number, one in enumerate(super().__iter__()):
            if number == 1:
                self.path.write_text(FOREIGN)
            yield one
        self.path.write_text(FOREIGN)


def test_a_file_that_someone_else_changes_before_it_is_written_is_not_overwritten(tmp_path):
    found = directory(tmp_path)

    operations = Meanwhile([create("uid=bob,dc=org")], tmp_path / "directory.ldif")

    with pytest.raises(ConnectionLost, match="changed by another program"):
        found.apply(operations)
    found.close()
    assert (tmp_path / "directory.ldif").read_text() == FOREIGN


def test_nothing_is_reported_as_done_that_is_lost_because_someone_else_changed_the_file(tmp_path):
    found = directory(tmp_path)

    operations = Meanwhile([create("uid=bob,dc=org"), create("uid=eve,dc=org", number=2)], tmp_path / "directory.ldif")

    try:
        results = found.apply(operations)
    except ConnectionLost:
        results = []
    found.close()
    after = entries(tmp_path)
    assert "uid=p1,ou=People,dc=org" in after
    assert codes(results) in ([], [None, None])
    assert {"uid=bob,dc=org", "uid=eve,dc=org"} <= set(after) or not results


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    found = directory(tmp_path)
    (tmp_path / "directory.ldif").unlink()

    operations = Meanwhile([create("dc=org", kind="unit")], tmp_path / "directory.ldif", looks=1)

    with pytest.raises(ConnectionLost):
        found.apply(operations)
    found.close()
    assert (tmp_path / "directory.ldif").read_text() == FOREIGN


def test_what_someone_else_changed_between_two_batches_is_kept(tmp_path):
    async def run(connector):
        async with connector:
            await connector.export([create("uid=bob,dc=org")])
            path = tmp_path / "directory.ldif"
            path.write_text(path.read_text() + person(1) + "entryUUID: foreign\n")
            return await connector.export([create("uid=eve,dc=org")])

    assert codes(asyncio.run(run(make(tmp_path)))) == [None]
    assert {"uid=bob,dc=org", "uid=eve,dc=org", "uid=p1,ou=People,dc=org"} <= set(entries(tmp_path))


def test_a_folder_that_is_gone_loses_the_connection(tmp_path):
    connector = make(tmp_path, None)
    found = LdifDirectory(tmp_path / "gone" / "directory.ldif", dict(connector.system.objects), connector._type_of)
    with pytest.raises(ConnectionLost, match="cannot be written"):
        found.apply([create("dc=org", kind="unit")])
    found.close()


GROUP = f"dn: cn=it,dc=org\nobjectClass: groupOfNames\ncn: it\nmember: {ANN}\nentryUUID: g\n\n"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([change("member", remove=[ANN])], "schema-violation"),
        ([replace("MEMBER")], "schema-violation"),
        ([change("member", add=["uid=p1,dc=org"], remove=[ANN])], None),
        ([change("cn", add=["other"])], None),
    ],
)
def test_a_group_of_names_is_never_without_a_member(tmp_path, changes, code):
    connector = make(tmp_path, BASE + "\n" + GROUP)
    assert codes(export(connector, update("cn=it,dc=org", *changes, new="cn=people,dc=org", kind="unit"))) == [code]
    assert ("cn=it,dc=org" in entries(tmp_path)) == (code is not None)
