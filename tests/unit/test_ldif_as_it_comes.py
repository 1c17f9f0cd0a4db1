"""LDIF as directories and their tools write it."""

import asyncio
import io

import pytest

from engine.configuration.file import load
from engine.connectors.base import ExportOperation, ImportRequest
from engine.connectors.ldif.connector import LdifConnector
from engine.connectors.ldif.format import LdifError, read_blocks, read_entries
from engine.errors import CannotConnect
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.readings import last_reading

CONFIG = """\
[systems.directory]
connector = "ldif"
path = "directory.ldif"
base = "{base}"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "{id}"
secondary_external_id = "dn"
{more}
"""
ADA = "dn: uid=ada,dc=s\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\n"


def make(folder, text, external_id="uid", more="", base=""):
    (folder / "directory.ldif").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "interlock.toml").write_text(CONFIG.format(id=external_id, more=more, base=base))
    config, _ = load(folder / "interlock.toml")
    return LdifConnector("directory", config.systems["directory"], folder)


def read(connector, *names):
    async def collect():
        types = {"person": frozenset({connector.system.objects["person"].external_id, *names})}
        async with connector:
            return [event async for event in connector.import_objects(ImportRequest(types, {}, 100))]

    pages, end = last_reading(asyncio.run(collect()))
    return [one for page in pages for one in page.objects], end


def export(connector, *operations):
    async def run():
        async with connector:
            return await connector.export(operations)

    return asyncio.run(run())


def find(connector, external_id):
    async def run():
        async with connector:
            return await connector.read_object(
                "person", external_id=external_id, secondary_id=None, attributes=frozenset({"cn"})
            )

    return asyncio.run(run())


def change(external_id, name, *values, dn="uid=ada,dc=s", new_dn=None):
    changes = [AttributeChange(name, list(values), [], True, ChangeStatus.PENDING)] if name else []
    return ExportOperation(1, ChangeType.UPDATE, "person", external_id, dn, new_dn, changes=changes)


def ids(objects):
    return [(one.external_id, one.error.code if one.error else None) for one in objects]


# ------------------------------------------------------------------ records


@pytest.mark.parametrize("kind", ["add", "Add", "ADD "])
def test_a_record_that_adds_an_entry_is_its_content(tmp_path, kind):
    text = ADA.replace("objectClass", f"changetype: {kind}\nobjectClass")
    objects, end = read(make(tmp_path, text), "cn")
    assert [one.attributes for one in objects] == [{"uid": ["ada"], "cn": ["Ada"]}]
    assert end.complete


@pytest.mark.parametrize("kind", ["modify", "delete", "modrdn", "moddn"])
def test_a_record_of_another_change_is_refused_with_its_line_and_the_remedy(kind):
    text = f"{ADA}\ndn: uid=bob,dc=s\nchangetype: {kind}\n"
    with pytest.raises(LdifError, match=f"line 7: .*'{kind}'.*export the content") as caught:
        list(read_entries(io.BytesIO(text.encode())))
    assert caught.value.line == 7


def test_a_record_that_adds_an_entry_is_written_back_as_content():
    text = ADA.replace("objectClass", "control: 1.2.3 true\nchangetype: add\nobjectClass")
    ((_, block),) = read_blocks(io.BytesIO(text.encode()))
    assert block.decode() == ADA + "\n"


SEARCH = f"# extended LDIF\n#\n# LDAPv3\n\n# ada, s\n{ADA}\n# search reference\nref: ldap://other/dc=x\n\n"


def test_what_ldapsearch_says_of_its_search_is_no_entry(tmp_path):
    text = f"{SEARCH}# search result\nsearch: 2\nresult: 0 Success\ncontrol: 1.2 false MAUC\n\n# numEntries: 1\n"
    objects, end = read(make(tmp_path, text))
    assert ids(objects) == [("ada", None)]
    assert end.complete


def test_a_search_that_did_not_end_well_is_not_complete(tmp_path):
    objects, end = read(make(tmp_path, f"{SEARCH}# search result\nsearch: 2\nresult: 4 Size limit exceeded\n"))
    assert ids(objects) == [("ada", None)]
    assert not end.complete
    assert "4 Size limit exceeded" in end.reason


def test_line_ends_of_a_carriage_return_alone_are_read(tmp_path):
    objects, end = read(make(tmp_path, (ADA + "\n" + ADA.replace("ada", "bob")).replace("\n", "\r")), "cn")
    assert [one.attributes["cn"] for one in objects] == [["Ada"], ["Ada"]]
    assert ids(objects) == [("ada", None), ("bob", None)]
    assert end.complete


def test_a_carriage_return_among_other_line_ends_is_refused_with_its_line():
    with pytest.raises(LdifError, match="line 2: a carriage return"):
        list(read_entries(io.BytesIO(b"dn: uid=ada,dc=s\nobjectClass: person\rcn: Ada\n")))


@pytest.mark.parametrize("cut", ["cn: Ad", "uid: a", "objectClass: inetOrg"])
def test_a_file_that_ends_in_an_entry_is_not_complete(tmp_path, cut):
    text = f"{ADA}\ndn: uid=adam,dc=s\nobjectClass: inetOrgPerson\nuid: adam\n{cut}"
    objects, end = read(make(tmp_path, text), "cn")
    assert ids(objects)[0] == ("ada", None)
    assert not end.complete
    assert "line 9: the file ends in the middle of an entry" in end.reason
    assert all(one.external_id is None for one in objects[1:])


# ------------------------------------------------------------------ names


def test_semicolons_part_the_rdns_of_old_dns(tmp_path):
    text = ADA.replace("uid=ada,dc=s", "uid=ada;ou=people;dc=s")
    objects, _ = read(make(tmp_path, text, base="ou=people,dc=s"))
    assert ids(objects) == [("ada", None)]
    connector = make(tmp_path, "dn: dc=s\nobjectClass: top\n\ndn: ou=people,dc=s\nobjectClass: top\n\n" + text)
    (result,) = export(connector, change(None, "cn", "Countess", dn="uid=ada,ou=people,dc=s"))
    assert result.error is None


def test_an_escaped_semicolon_belongs_to_the_name(tmp_path):
    objects, _ = read(make(tmp_path, ADA.replace("uid=ada,dc=s", "cn=a\\;b,dc=s"), base="dc=s"))
    assert ids(objects) == [("ada", None)]


def test_a_dn_that_is_not_utf_8_is_told(tmp_path):
    text = ADA.encode().replace(b"dn: uid=ada,dc=s", b"dn:: Y249TfxsbGVyLGRjPXM=")
    objects, end = read(make(tmp_path, text, base="dc=s"))
    assert ids(objects) == [("ada", "syntax-violation")]
    assert "'cn=M\\FCller,dc=s' is not UTF-8" in objects[0].error.message
    assert end.complete


def test_a_base_is_understood_by_other_names_of_its_attributes(tmp_path):
    text = ADA.replace("uid=ada,dc=s", "uid=ada,ou=people,dc=s")
    for base in ("organizationalUnitName=people,dc=s", "2.5.4.11=people,domainComponent=s"):
        assert ids(read(make(tmp_path, text, base=base))[0]) == [("ada", None)]


# ------------------------------------------------------------------ attributes


@pytest.mark.parametrize("written", ["surname", "sn", "SurName", "2.5.4.4"])
@pytest.mark.parametrize("asked", ["surname", "sn", "2.5.4.4"])
def test_an_attribute_is_read_by_each_of_its_names(tmp_path, written, asked):
    objects, _ = read(make(tmp_path, f"{ADA}{written}: Byron\n"), asked)
    assert objects[0].attributes == {"uid": ["ada"], asked: ["Byron"]}


def test_two_names_of_one_attribute_hold_the_same(tmp_path):
    objects, _ = read(make(tmp_path, f"{ADA}sn: Byron\nsurname: King\nsurname: Byron\n"), "sn", "surname")
    assert objects[0].attributes["sn"] == objects[0].attributes["surname"] == ["Byron", "King"]


def test_an_id_is_read_by_another_name(tmp_path):
    assert ids(read(make(tmp_path, ADA, "userid"))[0]) == [("ada", None)]


def test_an_attribute_is_written_under_the_name_it_has_in_the_file(tmp_path):
    connector = make(tmp_path, f"{ADA}surname: Byron\n")
    assert export(connector, change("ada", "sn", "King"))[0].error is None
    text = (tmp_path / "directory.ldif").read_text()
    assert "surname: King\n" in text
    assert "sn:" not in text


def test_a_rename_by_another_name_leaves_one_value(tmp_path):
    connector = make(tmp_path, f"dn: dc=s\nobjectClass: top\n\n{ADA}", "cn")
    assert export(connector, change("Ada", "", new_dn="userid=eve,dc=s"))[0].error is None
    objects, _ = read(make(tmp_path, (tmp_path / "directory.ldif").read_bytes(), "cn"), "uid")
    assert objects[0].attributes["uid"] == ["eve"]


@pytest.mark.parametrize(
    "written",
    [
        "mail;vucsn-68678399000000040002",
        "mail;adcsn-5a;vucsn-5b",
        "mail;x-state-1",
        "MAIL;X-State-1",
        "rfc822Mailbox;x-state-1",
    ],
)
def test_an_option_that_nobody_named_makes_no_other_attribute(tmp_path, written):
    objects, _ = read(make(tmp_path, f"{ADA}{written}: a@b.c\nmail: d@e.f\nmail: a@b.c\n"), "mail")
    assert sorted(objects[0].attributes["mail"]) == ["a@b.c", "d@e.f"]


@pytest.mark.parametrize("options", ["vucsn-5;vdcsn-6;deleted", "vucsn-5;deletedattribute;deleted"])
def test_a_value_that_was_deleted_is_none(tmp_path, options):
    objects, _ = read(make(tmp_path, f"{ADA}mail;{options}: old@b.c\n"), "mail")
    assert objects[0].attributes == {"uid": ["ada"]}


def test_an_id_with_an_option_is_the_id(tmp_path):
    text = ADA.replace("\nuid: ada", "\nuid;vucsn-5: ada")
    objects, _ = read(make(tmp_path, text))
    assert ids(objects) == [("ada", None)]


def test_a_language_is_an_attribute_of_its_own_or_told(tmp_path):
    text = f"{ADA}cn;lang-de: Adelheid\ncn;Lang-DE;x-a: Heidi\n"
    connector = make(tmp_path, text)
    assert read(connector, "cn")[0][0].attributes["cn"] == ["Ada"]
    assert [note for note in connector.notes if "'cn;lang-de' was left out" in note]
    connector = make(tmp_path, text)
    objects, _ = read(connector, "cn", "cn;lang-de")
    assert objects[0].attributes == {"uid": ["ada"], "cn": ["Ada"], "cn;lang-de": ["Adelheid", "Heidi"]}
    assert connector.notes == []


def test_options_have_no_order_and_no_case(tmp_path):
    objects, _ = read(make(tmp_path, f"{ADA}cn;x-FOO;lang-de: Heidi\n"), "cn;lang-de;x-foo")
    assert objects[0].attributes["cn;lang-de;x-foo"] == ["Heidi"]


def test_an_empty_value_is_none_unless_the_type_keeps_it(tmp_path):
    text = f"{ADA}description:\nmail: \nsn::\n"
    names = ("description", "mail", "sn")
    assert read(make(tmp_path, text), *names)[0][0].attributes == {"uid": ["ada"]}
    kept = read(make(tmp_path, text, more="keep_empty = true"), *names)[0][0].attributes
    assert kept == {"uid": ["ada"], "description": [""], "mail": [""], "sn": [""]}


def test_an_empty_id_is_none(tmp_path):
    objects, _ = read(make(tmp_path, ADA.replace("uid: ada", "uid:"), more="keep_empty = true"))
    assert ids(objects) == [(None, "missing-external-id")]


# ------------------------------------------------------------------ ids


def test_ids_that_differ_in_case_are_two(tmp_path):
    text = f"{ADA}\n{ADA.replace('uid: ada', 'uid: ADA').replace('uid=ada', 'cn=x')}"
    connector = make(tmp_path, "dn: dc=s\nobjectClass: top\n\n" + text)
    assert ids(read(connector)[0]) == [("ada", None), ("ADA", None)]
    assert find(connector, "ADA").secondary_id == "cn=x,dc=s"
    assert find(connector, "Ada") is None


@pytest.mark.parametrize("octets", [("AQIDBcgG", "AQIDBckG"), ("YQAD", "YQAE"), ("/w==", "/g==")])
def test_octets_are_compared_as_octets(tmp_path, octets):
    people = [f"{ADA.replace('uid=ada', f'uid={number}')}GUID:: {one}\n" for number, one in enumerate(octets)]
    connector = make(tmp_path, "\n".join(people), "GUID", 'attributes = { GUID = "binary" }')
    assert ids(read(connector)[0]) == [(one, None) for one in octets]
    for number, one in enumerate(octets):
        assert find(connector, one).secondary_id == f"uid={number},dc=s"


@pytest.mark.parametrize(("kind", "raw"), [("text", "/w=="), ("integer", "YQ==")])
def test_an_id_that_cannot_be_read_is_an_error_without_one(tmp_path, kind, raw):
    connector = make(tmp_path, f"{ADA}GUID:: {raw}\n", "GUID", f'attributes = {{ GUID = "{kind}" }}')
    ((found, code),) = ids(read(connector)[0])
    assert (found, code) == (None, "syntax-violation")


def test_integers_are_known_by_their_value(tmp_path):
    text = f"{ADA}employeeNumber: 007\n"
    connector = make(tmp_path, text, "employeeNumber", 'attributes = { employeeNumber = "integer" }')
    assert ids(read(connector)[0]) == [("7", None)]
    assert find(connector, "7").secondary_id == "uid=ada,dc=s"


def test_types_with_other_ids_are_found_by_their_own(tmp_path):
    group = "dn: cn=g,dc=s\nobjectClass: groupOfNames\ncn: g\nuid: ada\n"
    more = (
        '[systems.directory.objects.group]\nobject_class = ["groupOfNames"]\n'
        'external_id = "cn"\nsecondary_external_id = "dn"\n'
    )
    connector = make(tmp_path, f"{group}\n{ADA}", more=more)
    assert find(connector, "ada").secondary_id == "uid=ada,dc=s"
    assert find(connector, "g") is None


# ------------------------------------------------------------------ two entries in one

BOB = ADA.replace("ada", "bob").replace("Ada", "Bob")


@pytest.mark.parametrize("lost", ["x", "xx", " "])
def test_two_entries_that_ran_together_are_nobody_and_the_import_is_incomplete(tmp_path, lost):
    objects, end = read(make(tmp_path, ADA + lost + BOB), "cn")
    assert ids(objects) == [(None, "missing-external-id")]
    assert objects[0].attributes == {}
    assert not end.complete
    assert "line 5 reads like the beginning of another" in end.reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ADA + "\t" + BOB, "line 5: .*is no name of an attribute"),
        (ADA + "\x02" + BOB, "line 5: .*is no name of an attribute"),
        (ADA + "#" + BOB, "line 5: a comment inside an entry reads like the beginning of another"),
        (ADA + BOB, "line 5: .*is a blank line missing"),
        (f"ref: ldap://other/dc=x\n{BOB}", "line 2: an entry begins behind what a search told"),
    ],
)
def test_what_is_no_line_of_an_entry_is_refused_with_its_line(tmp_path, text, told):
    with pytest.raises(CannotConnect, match=told):
        read(make(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ADA + "uid: bob\n", "more than one 'uid': 'ada', 'bob'"),
        (ADA.replace("uid: ada", "uid: bob"), "more than one 'uid': 'ada', 'bob'"),
        (ADA + "objectClass: INETORGPERSON\n", "it holds an object class twice"),
    ],
)
def test_an_entry_with_the_values_of_two_is_nobody(tmp_path, text, told):
    objects, end = read(make(tmp_path, text), "cn")
    assert ids(objects) == [(None, "missing-external-id")]
    assert not end.complete
    assert "line 1: " in end.reason
    assert told in end.reason


def test_an_id_that_is_written_twice_alike_is_one(tmp_path):
    objects, end = read(make(tmp_path, ADA + "UID;x-a: ada\n"))
    assert ids(objects) == [("ada", None)]
    assert end.complete


def test_a_dn_that_stands_twice_makes_both_errors_and_the_import_incomplete(tmp_path):
    objects, end = read(make(tmp_path, f"{ADA.replace('uid: ada', 'cn: x')}uid: Ada\n\n{ADA}"))
    assert ids(objects) == [("Ada", "duplicate-external-id"), ("ada", "duplicate-external-id")]
    assert not end.complete
    assert "line 1: the DN 'uid=ada,dc=s' stands in the file more than once" in end.reason


def find_hidden(connector, *external_ids):
    async def look():
        async with connector:
            return await connector.find_hidden("person", frozenset(external_ids))

    return asyncio.run(look())


def test_who_has_lost_the_object_class_or_stands_below_nothing_is_found(tmp_path):
    text = (
        f"dn: dc=s\nobjectClass: domain\n\n{ADA.replace('OrgP', 'OrqP')}\n{BOB.replace('dc=s', 'dc=t')}\n"
        f"dn: dc=u\nobjectClass: domain\n\n{ADA.replace('ada', 'eve').replace('dc=s', 'dc=u')}"
    )
    found = find_hidden(make(tmp_path, text, base="dc=s"), "ada", "bob", "eve", "zoe")
    assert {one: where.rpartition("/")[2] for one, where in found.items()} == {
        "ada": "directory.ldif:4",
        "bob": "directory.ldif:9",
    }


def test_a_folded_value_is_refused_with_its_first_line_before_it_is_read_whole(tmp_path):
    text = ADA.encode() + b"description: x\n" + b" yyyyyyyyyyyyyyy\n" * 1_100_000
    with pytest.raises(CannotConnect, match="line 5: a line of 16,000,000 bytes or more"):
        read(make(tmp_path, text))


def test_a_value_that_is_folded_often_is_joined_in_a_moment(tmp_path):
    import time

    text = ADA.encode() + b"description: x\n" + b" " + b"\n ".join([b"y" * 75] * 50_000) + b"\n"
    before = time.process_time()
    objects, _ = read(make(tmp_path, text), "description")
    assert time.process_time() - before < 3
    assert ids(objects) == [("ada", "syntax-violation")]


def test_a_page_is_cut_by_its_size(tmp_path):
    async def sizes(connector):
        types = {"person": frozenset({"uid", "cn"})}
        async with connector:
            events = [event async for event in connector.import_objects(ImportRequest(types, {}, 5000))]
        return [len(page.objects) for page in events[:-1]]

    text = "\n".join(ADA.replace("ada", f"a{number}").replace("Ada", "x" * 900_000) for number in range(20))
    assert asyncio.run(sizes(make(tmp_path, text))) == [9, 9, 2]


@pytest.mark.parametrize(
    "operation",
    [
        ExportOperation(1, ChangeType.CREATE, "person", None, "uid=eve,dc=s", attributes={"cn": ["Eve"]}),
        ExportOperation(1, ChangeType.DELETE, "person", None, "uid=ada,dc=s"),
        change(None, "cn", "Eve"),
        change(None, "", dn="uid=bob,ou=people,dc=s", new_dn="uid=bob,dc=s"),
    ],
)
def test_nothing_is_written_outside_the_base(tmp_path, operation):
    head = "dn: dc=s\nobjectClass: domain\n\ndn: ou=people,dc=s\nobjectClass: organizationalUnit\n\n"
    text = f"{head}{ADA}\n{BOB.replace('dc=s', 'ou=people,dc=s')}"
    (result,) = export(make(tmp_path, text, base="ou=people,dc=s"), operation)
    assert result.error.code == "constraint-violation"
    assert "outside the base of 'person'" in result.error.message
    assert (tmp_path / "directory.ldif").read_text() == text


def test_a_value_that_stands_twice_is_one(tmp_path):
    text = ADA + "telephoneNumber: +49 30\ntelephoneNumber: +49 31\ntelephoneNumber: +49 30\nmail:: YUBi\nmail: a@b\n"
    (ada,), end = read(make(tmp_path, text), "telephoneNumber", "mail")
    assert end.complete
    assert ada.attributes == {"uid": ["ada"], "telephoneNumber": ["+49 30", "+49 31"], "mail": ["a@b"]}
