"""interlock.toml: a good one loads, and every mistake is told with its file, line and key."""

import re
from importlib.resources import files

import pytest

from engine.configuration.file import load
from engine.configuration.steps import StepPlan
from engine.errors import ConfigurationError

GOOD = """\
[store]
path = "interlock.db"

[run]
page_size = 500

[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "employee_id"
attributes = { start_date = "date", phones = "text[]" }
[systems.hr.deletions]
max_count = 50
[systems.hr.exports]
retry_delay = "10m"

[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"

[metaverse.person]
attributes = { phones = "text[]" }
deletion = { when = "last_connector_gone", grace = "30d" }

[[rules]]
name = "people from hr"
from = "hr.person"
to = "metaverse.person"
scope = "status == 'active'"
join = [["employee_id"]]
project = true
[rules.flow]
employee_id = "employee_id"
account_name = "{{ first_name }}"

[[rules]]
name = "people to the directory"
from = "metaverse.person"
to = "directory.person"
provision = true
deprovision = "delete"
dn = "uid={{ account_name | rdn }},dc=org"
[rules.flow]
uid = "account_name"

[profiles.nightly]
steps = ["import hr", "sync", "evaluate", "export directory", "confirm directory"]
"""


def write(folder, text):
    path = folder / "interlock.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def mistakes(folder, text):
    """Give the problems of a file as (line, key, sentence), each in the promised form."""
    path = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    found = []
    for one in str(caught.value).splitlines():
        match = re.fullmatch(rf"{re.escape(str(path))}:(\d+): ([^:]*): (.+)", one)
        assert match, one
        found.append((int(match[1]), match[2], match[3]))
    return found


def mistake(folder, text):
    found = mistakes(folder, text)
    assert len(found) == 1, found
    return found[0]


def line_of(text, line):
    """Give the number of the one line that is so."""
    lines = [one.strip() for one in text.split("\n")]
    assert lines.count(line) == 1, line
    return lines.index(line) + 1


# ------------------------------------------------------------------ what is right


def test_a_good_configuration_loads(tmp_path):
    config, rules = load(write(tmp_path, GOOD))
    assert config.folder == tmp_path
    assert config.run.page_size == 500
    assert config.systems["hr"].exports.retry_delay.total_seconds() == 600
    assert config.metaverse["person"].deletion.grace.days == 30
    assert config.profiles["nightly"].steps[0] == StepPlan("import", "hr")
    assert str(config.systems["hr"].objects["person"].type_of("phones")) == "text[]"
    assert str(config.systems["hr"].objects["person"].type_of("unlisted")) == "text"
    assert [rule.name for rule in rules.into["person"]] == ["people from hr"]
    assert list(rules.outbound["person"]) == [("directory", "person")]
    assert rules.required["hr", "person"] == {"employee_id", "status", "first_name", "start_date", "phones"}


def test_the_template_of_the_demo_loads(tmp_path):
    template = files("tui.demo").joinpath("template.toml").read_text()
    system = '[systems.directory]\nconnector = "ldif"\npath = "directory.ldif"\n'
    text = template.replace("@DIRECTORY@", system).replace("@BASE@", "dc=example,dc=org")
    config, _ = load(write(tmp_path, text))
    assert set(config.systems) == {"hr", "directory"}
    assert len(config.rules) == 4


def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path):
    text = GOOD.replace("\n", "\r\n")
    assert load(write(tmp_path, b"\xef\xbb\xbf" + text.encode()))[0].run.page_size == 500
    bad = text.replace("page_size", "page_sizes")
    assert mistake(tmp_path, b"\xef\xbb\xbf" + bad.encode())[0] == 5


def test_a_configuration_may_be_written_with_dotted_keys(tmp_path):
    text = """\
store.path = "other.db"
[systems]
hr.connector = "csv"
hr.path = "hr.csv"
hr.objects.person.external_id = "id"
"""
    config, _ = load(write(tmp_path, text))
    assert str(config.store.path) == "other.db"
    assert config.systems["hr"].objects["person"].external_id == "id"


def test_what_is_not_said_of_the_console_is_chosen_from_the_terminal(tmp_path):
    console = load(write(tmp_path, GOOD))[0].console
    assert (console.theme, console.ascii, console.mouse, console.arm_minutes, console.keys) == (
        None,
        None,
        None,
        10,
        {},
    )


def test_the_console_is_set_up_as_said(tmp_path):
    said = """
[console]
theme = "ansi"
ascii = true
mouse = false
arm_minutes = 60
[console.keys]
"review.approve" = "A, ctrl+y"
"""
    console = load(write(tmp_path, GOOD + said))[0].console
    assert (console.theme, console.ascii, console.mouse, console.arm_minutes) == ("ansi", True, False, 60)
    assert console.keys == {"review.approve": "A, ctrl+y"}


@pytest.mark.parametrize(
    ("said", "line", "key", "sentence"),
    [
        ('theme = "solarized"', 1, "console.theme", "'dark', 'light' or 'ansi'"),
        ('ascii = "maybe"', 1, "console.ascii", "boolean"),
        ("arm_minutes = 0", 1, "console.arm_minutes", "greater than or equal to 1"),
        ("arm_minutes = 61", 1, "console.arm_minutes", "less than or equal to 60"),
        ("arm_minute = 5", 1, "console.arm_minute", "did you mean 'arm_minutes'?"),
        ('[console.keys]\n"review.approve" = ""', 2, "console.keys.review.approve", "names no key"),
        ('[console.keys]\n"review.approve" = "a,,b"', 2, "console.keys.review.approve", "names no key"),
        ("[console.keys]\nquit = 5", 2, "console.keys.quit", "valid string"),
    ],
)
def test_what_the_console_cannot_be_is_told_with_its_line(tmp_path, said, line, key, sentence):
    found = mistake(tmp_path, GOOD + "[console]\n" + said + "\n")
    assert found[:2] == (GOOD.count("\n") + 1 + line, key)
    assert sentence in found[2]


# ------------------------------------------------------------------ the file itself


def test_a_missing_file_is_told_and_how_to_make_one(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: no such file.*interlock init"):
        load(tmp_path / "nowhere.toml")


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match=re.escape(str(tmp_path))):
        load(tmp_path)


def test_a_file_that_is_not_utf8_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(write(tmp_path, 'x = "é"'.encode("latin-1")))


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \nc = 2\n", 2), ("[a]\nb = 1\n[a]\n", 3), ("[a]\nb = [1\n,,]\n", 3)]
)
def test_invalid_toml_is_told_with_its_line(tmp_path, text, line):
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert f"line {line}" in str(caught.value) or f":{line}:" in str(caught.value)


def test_an_empty_file_lacks_its_systems(tmp_path):
    assert mistake(tmp_path, "")[1] == "systems"


# ------------------------------------------------------------------ unknown keys


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ("[store]", "[stor]", "stor"),
        ('path = "interlock.db"', 'pth = "interlock.db"', "store.pth"),
        ("page_size = 500", "pagesize = 500", "run.pagesize"),
        ('path = "hr.csv"', 'pathh = "hr.csv"', "systems.hr.pathh"),
        ("[systems.hr.deletions]", "[systems.hr.deletion]", "systems.hr.deletion"),
        ("max_count = 50", "max_cont = 50", "systems.hr.deletions.max_cont"),
        ('retry_delay = "10m"', 'retry_dely = "10m"', "systems.hr.exports.retry_dely"),
        (
            'secondary_external_id = "dn"',
            'secondary_external = "dn"',
            "systems.directory.objects.person.secondary_external",
        ),
        ('attributes = { phones = "text[]" }', 'attribute = { phones = "text[]" }', "metaverse.person.attribute"),
        ("project = true", "projct = true", "rules.0.projct"),
        ('deprovision = "delete"', 'deprovison = "delete"', "rules.1.deprovison"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(tmp_path, right, wrong, key):
    text = GOOD.replace(right, wrong, 1)
    found = [one for one in mistakes(tmp_path, text) if one[1] == key]
    meant = right.strip("[]").split(" = ", maxsplit=1)[0].split(".")[-1]
    assert found == [(line_of(text, wrong), key, f"unknown key; did you mean '{meant}'?")]


def test_an_unknown_key_in_an_inline_table_is_told_with_its_line(tmp_path):
    text = GOOD.replace('grace = "30d"', 'grce = "30d"')
    line, key, sentence = mistake(tmp_path, text)
    assert (line, key) == (
        line_of(text, 'deletion = { when = "last_connector_gone", grce = "30d" }'),
        "metaverse.person.deletion.grce",
    )
    assert sentence == "unknown key; did you mean 'grace'?"


def test_an_unknown_key_like_no_other_is_only_called_unknown(tmp_path):
    text = GOOD.replace("[run]", "[run]\nzzz = 1")
    assert mistake(tmp_path, text) == (5, "run.zzz", "unknown key")


def test_an_unknown_dotted_key_is_told_with_its_line(tmp_path):
    text = 'store.path = "a"\nstore.bogus = 1\n' + GOOD.replace('[store]\npath = "interlock.db"\n', "")
    assert mistake(tmp_path, text)[:2] == (2, "store.bogus")


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("", "folder"),
        ('connector = "csv"\n', "systems.hr.options"),
        ('external_id = "employee_id"\n', "systems.hr.objects.person.options"),
    ],
)
def test_a_key_that_only_the_program_knows_is_unknown_in_the_file(tmp_path, place, key):
    text = GOOD.replace(place, f'{place}{key.rsplit(".", maxsplit=1)[-1]} = "x"\n', 1)
    assert [one[1] for one in mistakes(tmp_path, text)] == [key]


# ------------------------------------------------------------------ wrong values


@pytest.mark.parametrize(
    ("right", "wrong", "key", "sentence"),
    [
        ("page_size = 500", 'page_size = "many"', "run.page_size", "integer"),
        ("page_size = 500", "page_size = 0", "run.page_size", "greater than"),
        ('connector = "csv"', 'connector = "cvs"', "systems.hr.connector", "no connector 'cvs'; there are: csv, ldap"),
        ('external_id = "employee_id"', "external_id = 5", "systems.hr.objects.person.external_id", "string"),
        ("max_count = 50", "max_count = -1", "systems.hr.deletions.max_count", "greater than"),
        ('retry_delay = "10m"', 'retry_delay = "soon"', "systems.hr.exports.retry_delay", "'soon' is not a duration"),
        (
            'object_class = ["inetOrgPerson"]',
            'object_class = "x"',
            "systems.directory.objects.person.object_class",
            "list",
        ),
        (
            'object_class = ["inetOrgPerson"]',
            'base = "all people"\nobject_class = ["inetOrgPerson"]',
            "systems.directory.objects.person.base",
            "'all people' is not a distinguished name",
        ),
        (
            'uid = "account_name"',
            'userPassword = "account_name"',
            "rules.1.flow.userPassword",
            "could not be confirmed",
        ),
        ('uid = "account_name"', 'objectClass = "account_name"', "rules.1.flow.objectClass", "object_class"),
        ("project = true", 'project = "perhaps"', "rules.0.project", "boolean"),
        (
            'deprovision = "delete"',
            'deprovision = "burn"',
            "rules.1.deprovision",
            "'delete', 'disable' or 'disconnect'",
        ),
        ('from = "hr.person"', 'from = "hr.persn"', "rules.0.from", "names no object type; did you mean 'hr.person'"),
        ('to = "directory.person"', 'to = "ad.user"', "rules.1.to", "'ad.user' names no object type"),
        ('name = "people to the directory"', 'name = "people from hr"', "rules.1.name", "another rule is called"),
        ("""scope = "status == 'active'\"""", 'scope = "status =="', "rules.0.scope", "cannot be read"),
        (
            'account_name = "{{ first_name }}"',
            'account_name = "{{ a b }}"',
            "rules.0.flow.account_name",
            "cannot be read",
        ),
        (
            'account_name = "{{ first_name }}"',
            'account_name = "{{ a | nofilter }}"',
            "rules.0.flow.account_name",
            "nofilter",
        ),
        (
            'dn = "uid={{ account_name | rdn }},dc=org"',
            'dn = "uid={{ account | rdn }},dc=org"',
            "rules.1.dn",
            "'account' is neither declared in",
        ),
        ('uid = "account_name"', 'uid = "acount_name"', "rules.1.flow.uid", "'acount_name' is neither declared in"),
        ('deprovision = "delete"', 'scope = "status"', "rules.1.scope", "'status' is neither declared in"),
        ("project = true", 'dn = "uid=x"', "rules.0.dn", "belongs to rules from the metaverse"),
        ('uid = "account_name"', "uid = 5", "rules.1.flow.uid", "a constant is written { constant = 5 }"),
        ('uid = "account_name"', 'uid = ["a", "b"]', "rules.1.flow.uid", "several values are written as"),
        ('uid = "account_name"', 'uid = { const = "x" }', "rules.1.flow.uid", "unknown key 'const'"),
        ('uid = "account_name"', 'uid = { constant = "" }', "rules.1.flow.uid", "a text that is not empty"),
        ('uid = "account_name"', 'uid = ""', "rules.1.flow.uid", "nothing is named here"),
        ('uid = "account_name"', 'uid = "account"', "rules.1.flow.uid", "did you mean 'account_name'?"),
        ('uid = "account_name"', 'uid = "by us"', "rules.1.flow.uid", 'written: uid = { constant = "by us" }'),
        ('uid = "account_name"', '"a b" = "by us"', "rules.1.flow.a b", '"a b" = { constant = "by us" }'),
        ('uid = "account_name"', 'uid = "phones | first"', "rules.1.flow.uid", "an expression stands in {{ … }}"),
        ('uid = "account_name"', 'uid = "{{ attributes[phones] }}"', "rules.1.flow.uid", "written out"),
        ('uid = "account_name"', 'uid = "{{ attributes }}"', "rules.1.flow.uid", "written out"),
        ('uid = "account_name"', "uid = \"{{ attributes.get('a', 'b') }}\"", "rules.1.flow.uid", "| default(…)"),
        ('uid = "account_name"', "uid = \"{{ attributes['a b'] }}\"", "rules.1.flow.uid", "'a b' is neither declared"),
        ('uid = "account_name"', '"" = "account_name"', "rules.1.flow.", "needs a name"),
        ('name = "people to the directory"', 'name = ""', "rules.1.name", "a name is wanted"),
        ('deprovision = "delete"', 'join = "uid"', "rules.1.join", 'join = [["uid"]]'),
        ('deprovision = "delete"', 'join = { target = "uid" }', "rules.1.join", 'join = [[{ target = "uid" }]]'),
        ('deprovision = "delete"', 'join = ["uid"]', "rules.1.join.0", 'join = [["uid"]]'),
        ('deprovision = "delete"', 'join = [{ target = "uid" }]', "rules.1.join.0", 'join = [[{ target = "uid" }]]'),
        ('deprovision = "delete"', 'join = [[["uid"]]]', "rules.1.join.0.0", "no list"),
        ('deprovision = "delete"', 'join = [[{ sorce = "uid" }]]', "rules.1.join.0.0.sorce", "did you mean 'source'?"),
        ('deprovision = "delete"', 'join = [["acount_name"]]', "rules.1.join.0", "did you mean 'account_name'?"),
        ('[["employee_id"]]', '[["employee"]]', "rules.0.join.0", "'employee' is neither declared"),
        ("[profiles.nightly]", '[profiles."n\\u001b[1m"]', 'profiles."n\\u001b[1m"', "control character"),
        ("project = true", "provision = true", "rules.0.provision", "belongs to rules from the metaverse"),
        ("provision = true", "project = true", "rules.1.project", "belongs to rules into the metaverse"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_key(tmp_path, right, wrong, key, sentence):
    head, _, tail = GOOD.rpartition(right)
    text = head + wrong + tail
    expected = len(head.split("\n"))
    line, found, message = mistakes(tmp_path, text)[0]
    assert (line, found) == (expected, key)
    assert sentence in message


@pytest.mark.parametrize(
    ("right", "wrong", "key", "sentence"),
    [
        ('"date"', '"dat"', "systems.hr.objects.person.attributes.start_date", "'dat' is no attribute type"),
        ('grace = "30d"', 'grace = "1 month"', "metaverse.person.deletion.grace", "is not a duration"),
        ('grace = "30d"', 'grace = "99999999999999w"', "metaverse.person.deletion.grace", "duration"),
        ('when = "last_connector_gone"', 'when = "never"', "metaverse.person.deletion.when", "'manual'"),
        ('"sync"', '"synchronise"', "profiles.nightly.steps.1", "'synchronise' is no step"),
        ('"sync"', '"sync hr"', "profiles.nightly.steps.1", "names no system"),
        ('"import hr"', '"import"', "profiles.nightly.steps.0", "needs one system"),
        ('"import hr"', '"import hrr"', "profiles.nightly.steps.0", "names no configured system"),
        ('[["employee_id"]]', '["employee_id"]', "rules.0.join.0", "list"),
        (
            "deletion = {",
            'priority = { acount_name = ["people from hr"] }\ndeletion = {',
            "metaverse.person.priority.acount_name",
            "did you mean 'account_name'?",
        ),
        ('grace = "30d"', 'grase = "30d"', "metaverse.person.deletion.grase", "did you mean 'grace'?"),
    ],
)
def test_a_wrong_value_inside_another_is_told_with_its_line_and_key(tmp_path, right, wrong, key, sentence):
    line = GOOD[: GOOD.index(right)].count("\n") + 1
    found = mistakes(tmp_path, GOOD.replace(right, wrong, 1))[0]
    assert found[:2] == (line, key)
    assert sentence in found[2]


@pytest.mark.parametrize("name", ["metaverse", "Metaverse"])
def test_a_system_cannot_be_called_as_the_metaverse_is(tmp_path, name):
    text = GOOD.replace("[systems.hr", f"[systems.{name}").replace("hr.person", f"{name}.person")
    line, key, message = mistakes(tmp_path, text)[0]
    assert (line, key) == (7, f"systems.{name}")
    assert f"a system cannot be called '{name}'" in message


def test_the_side_that_is_no_reference_is_named_with_its_own_type(tmp_path):
    text = GOOD.replace('start_date = "date", ', 'start_date = "date", boss = "reference", ')
    text = text.replace('attributes = { phones = "text[]" }', 'attributes = { phones = "text[]", mail = "text" }')
    text = text.replace('employee_id = "employee_id"\n', 'employee_id = "employee_id"\nmail = "boss"\n')
    assert "'boss' is a reference" in (told := mistake(tmp_path, text)[2])
    assert "'mail' is text" in told


@pytest.mark.parametrize("name", ["u\\u0007", "u\\u009b", "u\\n"])
def test_an_attribute_cannot_be_called_by_what_nobody_can_see(tmp_path, name):
    for right in ('uid = "account_name"', 'start_date = "date"'):
        text = GOOD.replace(right, f'"{name}" = {right.partition("=")[2]}')
        assert "holds a control character" in mistakes(tmp_path, text)[0][2]
    assert "control character" in mistakes(tmp_path, GOOD.replace('"account_name"', f'"{name}x"'))[0][2]


def test_joins_that_differ_have_names_that_differ_however_attributes_are_called(tmp_path):
    flows = "".join(f'"{name}" = "{name}"\n' for name in ("a", "b", "a+b", "a ~case", "unique a", '\\"a\\"'))
    keys = '[["a+b"], ["a", "b"], ["a ~case"], [{ source = "a", ignore = ["case"] }], ["unique a"], ["\\"a\\""], ["a"]]'
    text = GOOD.replace('join = [["employee_id"]]', f"join = {keys}")
    text = text.replace("[rules.flow]\n", f"[rules.flow]\n{flows}", 1)
    text = text.replace("deletion = {", 'unique.a.candidates = ["b"]\ndeletion = {')
    _, rules = load(write(tmp_path, text))
    names = [join.name for join in rules.joins["metaverse.person"]]
    assert len(set(names)) == len(names) == 8
    assert {"a+b", "a", "a ~case", "unique a"} <= set(names)


def test_an_undeclared_attribute_takes_the_type_of_what_flows_into_it(tmp_path):
    flows = 'employee_id = "employee_id"\nstart = "start_date"\ntels = "{{ phones }}"\nfirst = "{{ phones[0] }}"\n'
    config, rules = load(write(tmp_path, GOOD.replace('employee_id = "employee_id"\n', flows)))
    kinds = {name: str(kind) for name, kind in config.metaverse["person"].attributes.items()}
    assert kinds == {"phones": "text[]", "start": "date", "tels": "text[]"}
    assert {flow.attribute: flow.copies for flow in rules.inbound["hr", "person"][0].flows}["start"] == "start_date"


def test_a_rule_with_both_ends_on_one_side_is_refused(tmp_path):
    text = GOOD.replace('to = "directory.person"', 'to = "metaverse.person"')
    line, key, message = mistake(tmp_path, text)
    assert (line, key) == (text.split("\n").index('from = "metaverse.person"') + 2, "rules.1.to")
    assert "one end must be in the metaverse" in message
    text = GOOD.replace('to = "metaverse.person"', 'to = "directory.person"', 1)
    assert mistake(tmp_path, text)[:2] == (text.split("\n").index('from = "hr.person"') + 2, "rules.0.to")


def test_provisioning_without_a_dn_is_refused(tmp_path):
    text = GOOD.replace('dn = "uid={{ account_name | rdn }},dc=org"\n', "")
    line, key, message = mistake(tmp_path, text)
    assert (line, key) == (line_of(text, "provision = true"), "rules.1.provision")
    assert "needs a dn" in message


def test_every_mistake_is_told_at_once(tmp_path):
    text = GOOD.replace("page_size = 500", "page_size = 0").replace("max_count = 50", "max_count = -1")
    assert [one[0] for one in mistakes(tmp_path, text)] == [5, 14]


# ------------------------------------------------------------------ what is missing, or in the wrong shape


def test_a_missing_key_is_told_at_its_table(tmp_path):
    text = GOOD.replace('external_id = "employee_id"\n', "")
    line, key, _ = mistake(tmp_path, text)
    assert (line, key) == (line_of(text, "[systems.hr.objects.person]"), "systems.hr.objects.person.external_id")
    text = GOOD.replace('from = "metaverse.person"\n', "")
    assert mistake(tmp_path, text)[:2] == (line_of(text, 'name = "people to the directory"') - 1, "rules.1.from")


def test_a_missing_connector_is_told_at_its_system(tmp_path):
    text = GOOD.replace('connector = "csv"\n', "")
    assert mistake(tmp_path, text)[:2] == (7, "systems.hr.connector")


def test_a_system_known_only_by_its_inner_tables_is_found_there(tmp_path):
    text = "# one\n# two\n\n[systems.hr.objects.person]\nexternal_id = 'id'\n"
    assert mistake(tmp_path, text)[:2] == (4, "systems.hr.connector")


def test_a_system_known_only_by_dotted_keys_is_found_there(tmp_path):
    text = '# one\n[systems]\n\nhr.connector = "csv"\nhr.path = "hr.csv"\n'
    assert mistake(tmp_path, text)[:2] == (4, "systems.hr.objects")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('systems = "hr"\n', 1, "systems"),
        ("# systems\n[systems]\nhr = 'hr.csv'\n" + GOOD, 3, "systems.hr"),
        (GOOD.replace("[profiles.nightly]", "[profiles]\nx = 1\n[profiles.nightly]"), 52, "profiles.x"),
        (GOOD + "[[metaverse.group]]\nattributes = {}\n", 53, "metaverse.group"),
    ],
)
def test_a_value_in_the_place_of_a_table_is_told(tmp_path, text, line, key):
    if text.startswith("# systems"):
        text = text.replace("[systems.hr", "[systems.other")
        text = text.replace("hr.person", "other.person").replace("import hr", "import other")
    assert (line, key) in [one[:2] for one in mistakes(tmp_path, text)]


def test_a_value_in_the_place_of_an_object_type_is_told(tmp_path):
    text = GOOD.replace("[systems.hr.deletions]", "[systems.hr.objects]\ngroup = 5\n[systems.hr.deletions]")
    assert (14, "systems.hr.objects.group") in [one[:2] for one in mistakes(tmp_path, text)]


def test_a_table_in_the_place_of_an_array_of_tables_is_told(tmp_path):
    text = GOOD[: GOOD.index("[[rules]]")] + '[rules]\nname = "x"\n'
    assert mistake(tmp_path, text)[:2] == (line_of(text, "[rules]"), "rules")


# ------------------------------------------------------------------ lines that are hard to find


def test_the_second_rule_of_three_is_told_by_its_own_line(tmp_path):
    third = '\n[[rules]]\nname = "third"\nfrom = "hr.person"\nto = "metaverse.person"\nscope = "a =="\n'
    text = GOOD.replace("\n[profiles.nightly]", f"{third}\n[profiles.nightly]")
    assert mistake(tmp_path, text)[:2] == (line_of(text, 'scope = "a =="'), "rules.2.scope")


def test_quoted_keys_are_found(tmp_path):
    text = GOOD.replace('[rules.flow]\nuid = "account_name"', '[rules.flow]\n"uid;x-a" = "nobody"')
    assert mistake(tmp_path, text)[:2] == (line_of(text, '"uid;x-a" = "nobody"'), "rules.1.flow.uid;x-a")


def test_a_system_whose_name_has_a_dot_is_no_trap(tmp_path):
    text = GOOD.replace("[systems.hr", '[systems."h.r"').replace('"hr.person"', '"h.r.person"')
    text = text.replace("import hr", "import h.r")
    try:
        _, rules = load(write(tmp_path, text))
    except ConfigurationError as error:
        message = str(error)
        rules = None
    assert rules.inbound["h.r", "person"] if rules else "h.r" in message


WRONG_STORE = '[store]\npath = "interlock.db"'


@pytest.mark.parametrize(
    "before",
    [
        '# a comment with """ in it\n',
        "# a comment with ''' in it\n",
        "# a separator\u2028in a comment\n",
        "# next line\u0085in a comment\n",
        "# [systems.hr]\n# page_size = 1\n",
    ],
)
def test_what_stands_in_a_comment_moves_no_line(tmp_path, before):
    text = before + GOOD.replace("page_size = 500", "page_size = 0")
    assert mistake(tmp_path, text)[:2] == (text.split("\n").index("page_size = 0") + 1, "run.page_size")


@pytest.mark.parametrize(
    "scope",
    [
        'scope = """\nstatus == \'active\'\npage_size = 500\n[run]\n"""',
        "scope = '''\nstatus\n[systems.hr]\n'''",
        "scope = \"status == '''active'''\"",
        "scope = \"status == 'a, b = c'\"",
        'scope = """status"""  # a text in three quotes',
    ],
)
def test_what_stands_in_a_text_is_no_key(tmp_path, scope):
    text = GOOD.replace("scope = \"status == 'active'\"", scope).replace("max_count = 50", "max_count = -1")
    text = text.replace('deprovision = "delete"', 'deprovision = "burn"')
    assert [one[0] for one in mistakes(tmp_path, text)] == [
        line_of(text, "max_count = -1"),
        line_of(text, 'deprovision = "burn"'),
    ]


@pytest.mark.parametrize(
    "join", ['join = [\n    ["employee_id"],\n]', 'join = [\n    ["employee_id"]\n]', 'join = [[\n"employee_id"\n]]']
)
def test_an_array_over_several_lines_is_no_table(tmp_path, join):
    text = GOOD.replace('join = [["employee_id"]]', join).replace("project = true", "project = 7")
    assert mistake(tmp_path, text)[:2] == (line_of(text, "project = 7"), "rules.0.project")


def test_a_header_with_a_comment_and_spaces_is_found(tmp_path):
    text = GOOD.replace("[systems.hr.deletions]", "  [ systems . hr . deletions ]  # [not.this]")
    text = text.replace("max_count = 50", "max_count = -1")
    assert mistake(tmp_path, text)[:2] == (14, "systems.hr.deletions.max_count")


def test_a_connector_that_only_reads_is_no_target(tmp_path, monkeypatch):
    from engine.connectors.base import Capabilities
    from engine.connectors.csv.connector import CsvConnector

    monkeypatch.setattr(CsvConnector, "capabilities", Capabilities(writes=False))
    text = """[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"
[metaverse.person]
attributes = { name = "text" }
[[rules]]
name = "back"
from = "metaverse.person"
to = "hr.person"
[rules.flow]
id = "name"
"""
    with pytest.raises(ConfigurationError, match=r"interlock.toml:11: rules.0.to: the connector of 'hr' reads only"):
        load(write(tmp_path, text))
