"""The language of the rules at the command line: names of any kind, constants, types that travel, lists in texts."""

from pathlib import Path

import pytest

from tests.inside import Inside

SYSTEMS = """
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"
{declared}
[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
{metaverse}
"""
INBOUND = """
[[rules]]
name = "in"
from = "hr.person"
to = "metaverse.person"
project = true
join = [["id"]]
[rules.flow]
id = "id"
"""
OUTBOUND = """
[[rules]]
name = "out"
from = "metaverse.person"
to = "directory.person"
provision = true
{keys}
dn = "cn={{{{ id | rdn }}}},dc=example,dc=org"
[rules.flow]
cn = "id"
sn = "id"
"""
TREE = "dn: dc=example,dc=org\nobjectClass: domain\ndc: example\n\n"


def office(
    folder: Path,
    hr: str,
    flows: str = "",
    out: str = "",
    keys: str = "",
    declared: str = "",
    metaverse: str = "",
    ldif: str = "",
) -> Inside:
    """Give a folder with HR's file, a directory in a file, and one rule from the one and one to the other."""
    systems = SYSTEMS.format(declared=declared, metaverse=metaverse)
    made = Inside(folder, systems + INBOUND + flows + OUTBOUND.format(keys=keys) + out)
    (folder / "hr.csv").write_text(hr, encoding="utf-8")
    (folder / "directory.ldif").write_text(TREE + ldif, encoding="utf-8")
    return made


def entry(folder: Path, name: str) -> list[str]:
    """Give the lines of an entry of the directory by its cn."""
    for block in (folder / "directory.ldif").read_text(encoding="utf-8").split("\n\n"):
        if block.startswith(f"dn: cn={name},"):
            return block.splitlines()
    return []


NAMES = ("employee-number", "Full Name", "cn;lang-de", "e.mail", "today", "now", "range", "n", "attributes", "größe")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_name_of_an_attribute_with_any_characters(tmp_path: Path, name: str) -> None:
    here = office(
        tmp_path,
        f"id,{name}\n1,Ada\n2,\n",
        flows=f'"{name}" = "{name}"\nread = "{{{{ attributes[\'{name}\'] | upper }}}}"\n',
        out=f'givenName = "{name}"\ntitle = "read"\ndescription = "<{{{{ attributes.get(\'{name}\') }}}}>"\n',
    )
    here("check")
    here("run")
    assert {"givenName: Ada", "title: ADA"} <= set(entry(tmp_path, "1"))
    assert any(line in entry(tmp_path, "1") for line in ("description: <Ada>", "description:: PEFkYT4="))
    assert not [line for line in entry(tmp_path, "2") if line.startswith(("givenName", "title"))]


def test_a_bare_name_of_many_values_is_copied_whole_whatever_it_is_called(tmp_path: Path) -> None:
    here = office(
        tmp_path,
        "id,e-mail\n1,a@x|b@x\n",
        flows='e-mail = "e-mail"\n',
        out='mail = "e-mail"\n',
        declared='attributes = { "e-mail" = "text[]" }\n',
    )
    text = (tmp_path / "interlock.toml").read_text()
    here.configure(text.replace('path = "hr.csv"', 'path = "hr.csv"\nseparator = "|"'))
    here("run")
    assert [line for line in entry(tmp_path, "1") if line.startswith("mail")] == ["mail: a@x", "mail: b@x"]


def test_the_words_of_the_program_stay_its_own_in_expressions(tmp_path: Path) -> None:
    here = office(
        tmp_path,
        "id,today\n1,column\n",
        flows='own = "today"\nwords = "{{ today.year > 2000 }}"\n',
        out='title = "own"\ngivenName = "words"\n',
    )
    here("run")
    assert {"title: column", "givenName: True"} <= set(entry(tmp_path, "1"))


def test_a_join_on_a_name_that_nothing_fills_is_refused_and_one_on_a_hyphen_joins(tmp_path: Path) -> None:
    zoe = "dn: cn=zoe,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: zoe\nsn: Z\nemployeeNumber: 7\n"
    zoe += "entryUUID: 11111111-1111-4111-8111-111111111111\n"
    here = office(tmp_path / "a", "id\n1\n", keys='join = [["employee-number"]]', ldif=zoe)
    told = here("run", status=2)
    assert "rules.1.join.0: 'employee-number' is neither declared in [metaverse.person] nor filled by any rule" in told
    assert entry(tmp_path / "a", "zoe")
    here = office(
        tmp_path / "b",
        "id,employee-number\n1,7\n2,8\n",
        flows='employee-number = "employee-number"\n',
        keys='join = [[{ source = "employee-number", target = "employeeNumber" }]]',
        ldif=zoe,
    )
    here("run")
    assert "sn: 1" in entry(tmp_path / "b", "1")
    assert "entryUUID: 11111111-1111-4111-8111-111111111111" in entry(tmp_path / "b", "1")
    assert entry(tmp_path / "b", "2")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ('{ constant = "x" }', "constant on both sides"),
        ("\"{{ 'x' }}\"", "stands on both sides"),
        ("{ source = \"{{ 'x' }}\", target = \"{{ 'x' | upper }}\" }", "stands on both sides"),
        ('{ source = { constant = "x" }, target = "cn" }', "the whole key is constant on its source side"),
    ],
)
def test_a_key_that_is_constant_is_refused(tmp_path: Path, key: str, told: str) -> None:
    assert told in office(tmp_path, "id\n1\n", keys=f"join = [[{key}]]")("check", status=2)


def test_constants_are_written_as_such_in_every_kind_of_flow(tmp_path: Path) -> None:
    initial = '[rules.initial]\ndescription = { constant = "created by us" }\n'
    here = office(
        tmp_path,
        "id\n1\n",
        flows='level = { constant = 5 }\nkind = { constant = "staff: {{ no }} expression" }\n',
        out='title = "kind"\nemployeeType = { constant = "n/a" }\nemployeeNumber = "{{ level + 1 }}"\n' + initial,
        metaverse='attributes = { level = "integer" }',
    )
    here("check")
    here("run")
    wanted = {"title: staff: {{ no }} expression", "employeeType: n/a", "description: created by us"}
    assert wanted | {"employeeNumber: 6"} <= set(entry(tmp_path, "1"))


def test_old_texts_are_answered_with_the_new_line(tmp_path: Path) -> None:
    initial = '[rules.initial]\ndescription = "created by us"\n'
    told = office(tmp_path / "a", "id\n1\n", out=initial)("check", status=2)
    assert "rules.1.initial.description: 'created by us' is neither declared" in told
    assert 'description = { constant = "created by us" }' in told
    told = office(tmp_path / "b", "id\n1\n", out='title = "n/a"\n')("check", status=2)
    assert 'title = { constant = "n/a" }' in told


def test_a_column_that_is_not_there_is_named_with_how_to_write_a_text_or_another_name(tmp_path: Path) -> None:
    here = office(tmp_path / "a", "id\n1\n", flows='title = "n/a"\n')
    assert 'title = { constant = "n/a" }' in here("check", status=None)
    told = here("run", status=None)
    assert "the column 'n/a' is not there" in told
    assert '{ constant = "n/a" }' in told
    here = office(tmp_path / "b", "id,e-mail\n1,x\n", flows='title = "{{ e-mail }}"\n')
    assert 'attributes["e-mail"]' in here("check", status=None)
    here = office(tmp_path / "c", "id,Mail\n1,x\n", flows='title = "mail"\n')
    assert "did you mean 'Mail'?" in here("check", status=None)


def test_an_expression_that_means_a_hyphenated_name_is_told_how_to_read_it(tmp_path: Path) -> None:
    flows = 'employee-number = "employee-number"\n'
    here = office(tmp_path / "a", "id,employee-number\n1,5\n", flows, keys="scope = \"employee-number == '5'\"")
    assert 'attributes["employee-number"]' in here("check", status=2)
    scope = "scope = \"attributes['employee-number'] == '5'\""
    here = office(tmp_path / "b", "id,employee-number\n1,5\n2,6\n", flows, keys=scope)
    here("run")
    assert entry(tmp_path / "b", "1")
    assert not entry(tmp_path / "b", "2")


@pytest.mark.parametrize("scope", ["active", "not active", "active and id", "attributes['active']"])
def test_a_scope_that_a_text_decides_by_being_there_is_refused(tmp_path: Path, scope: str) -> None:
    hr, flows = "id,active\n1,true\n2,false\n", 'active = "active"\n'
    told = office(tmp_path, hr, flows, keys=f'scope = "{scope}"')("check", status=2)
    assert "active == 'true'" in told
    assert "is defined" in told


def test_a_boolean_stays_one_on_its_way_through_the_metaverse(tmp_path: Path) -> None:
    enabled = 'employeeType = "{{ active | account_control }}"\n'
    hr, boolean = "id,active\n1,true\n2,false\n3,\n", 'attributes = { active = "boolean" }'
    office(tmp_path, hr, 'active = "active"\n', enabled, 'scope = "active"', boolean)("run")
    assert "employeeType: 512" in entry(tmp_path, "1")
    assert not entry(tmp_path, "2") + entry(tmp_path, "3")


def test_presence_is_asked_by_is_defined(tmp_path: Path) -> None:
    office(tmp_path, "id,phone\n1,5\n2,\n", 'phone = "phone"\n', keys='scope = "phone is defined"')("run")
    assert entry(tmp_path, "1")
    assert not entry(tmp_path, "2")


def test_two_types_in_one_undeclared_attribute_name_both_rules(tmp_path: Path) -> None:
    declared = 'attributes = { start = "date", level = "integer" }'
    here = office(tmp_path, "id,start,level\n1,,\n", 'when = "start"\n', declared=declared)
    other = INBOUND.replace('"in"', '"second"') + 'when = "{{ level }}"\n'
    text = (tmp_path / "interlock.toml").read_text()
    here.configure(text + other)
    told = here("check", status=2)
    assert "'when' would have two types: integer by rule 'second'" in told
    assert "date by rule 'in'" in told
    here.configure(text.replace("[metaverse.person]", '[metaverse.person]\nattributes = { when = "text" }') + other)
    here("check")


def test_a_type_that_cannot_become_the_declared_one_is_refused(tmp_path: Path) -> None:
    told = office(
        tmp_path,
        "id,start\n1,\n",
        'level = "start"\n',
        declared='attributes = { start = "date" }',
        metaverse='attributes = { level = "integer" }',
    )("check", status=2)
    assert "'start' is date in [systems.hr.objects.person], and 'level' is integer in [metaverse.person]" in told


@pytest.mark.parametrize(
    "text",
    ["Mail: {{ mail }}", "{{ 'Mail: ' ~ mail }}", "{{ mail | lower }}", "{{ mail or 'no' }}.", "{{ mail | unique }}!"],
)
def test_a_list_in_a_text_is_refused_with_how_to_join_it(tmp_path: Path, text: str) -> None:
    declared = 'attributes = { mail = "text[]" }'
    for rules in (f'note = "{text}"\n', 'mail = "mail"\n'):
        here = office(tmp_path, "id,mail\n1,a;b\n", rules, f'title = "{text}"\n', declared=declared)
        assert "{{ mail | join(', ') }}" in here("check", status=2)


def test_a_list_that_came_unannounced_into_a_text_is_that_objects_error(tmp_path: Path) -> None:
    ada = "dn: cn={0},dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: {0}\nsn: A\nentryUUID: {1}\n"
    ldif = ada.format("ada", 1) + "mail: a@x\nmail: b@x\n\n" + ada.format("bob", 2) + "mail: c@x\n"
    here = office(tmp_path, "id\n", ldif=ldif)
    text = (tmp_path / "interlock.toml").read_text()
    rule = INBOUND.replace("hr.person", "directory.person").replace('"in"', '"back"').replace('join = [["id"]]', "")
    here.configure(text + rule.replace('id = "id"', 'id = "cn"\nnote = "Mail: {{ mail }}"'))
    here("run", status=None)
    errors = [error for error in here.errors() if error["code"] == "expression-error"]
    assert [("join(', ')" in error["message"]) for error in errors] == [True]
    notes = [row[0] for row in here.query("SELECT attributes FROM metaverse")]
    assert any("Mail: c@x" in str(note) for note in notes)
    assert not any("['" in str(note) for note in notes)


def test_composite_keys_do_not_collide_whatever_the_values_hold(tmp_path: Path) -> None:
    here = office(tmp_path, "id,first,last\n1,a\x1fb,c\n", 'first = "first"\nlast = "last"\n')
    text = (tmp_path / "interlock.toml").read_text()
    crew = '[systems.crew]\nconnector = "csv"\npath = "crew.csv"\n[systems.crew.objects.person]\nexternal_id = "no"\n'
    rule = INBOUND.replace("hr.person", "crew.person").replace('"in"', '"crew"').replace("project = true\n", "")
    rule = rule.replace('[["id"]]', '[["first", "last"]]').replace('id = "id"', 'first = "first"\nlast = "last"')
    here.configure(text + crew + rule)
    (tmp_path / "crew.csv").write_text("no,first,last\n8,a,b\x1fc\n9,a\x1fb,c\n")
    here("run")
    joined = dict(here.query("SELECT external_id, mvo_id FROM objects WHERE system = 'crew'"))
    assert joined["8"] is None
    assert joined["9"] is not None


def test_a_rule_whose_dn_and_flow_disagree_is_named(tmp_path: Path) -> None:
    here = office(tmp_path, "id,login\n1,ada\n", 'login = "login"\n')
    text = (tmp_path / "interlock.toml").read_text()
    assert "names entries" not in here("check")
    for flow in ("login", "{{ id | lower }}", "x{{ id }}"):
        here.configure(text.replace('\ncn = "id"', f'\nCN = "{flow}"'))
        told = here("check", status=None)
        assert "FAIL" in told.upper()
        assert f"'out': its dn names entries by cn={{{{ id | rdn }}}}, and its flow is CN = \"{flow}\"" in told
    for flow in ("{{ id }}", "{{ attributes['id'] }}"):
        here.configure(text.replace('\ncn = "id"', f'\ncn = "{flow}"'))
        here("check")
