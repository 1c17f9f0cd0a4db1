"""RFC 4514 names: what is read, what is refused, which names are one."""

import pytest

from engine.values import dn


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("plain", "plain"),
        ('James "Jim" Smith, III', 'James \\"Jim\\" Smith\\, III'),
        (" led by a space", "\\ led by a space"),
        ("ended by a space ", "ended by a space\\ "),
        (" ", "\\ "),
        ("  ", "\\ \\ "),
        ("#hash", "\\#hash"),
        ("a#hash", "a#hash"),
        ("a=b", "a=b"),
        ("before\0after", "before\\00after"),
        ("a+b;c<d>e\\f", "a\\+b\\;c\\<d\\>e\\\\f"),
        ("Лукич", "Лукич"),
        ("", ""),
    ],
)
def test_a_value_is_escaped_as_the_rfc_asks(value, escaped):
    assert dn.escape(value) == escaped


def test_the_examples_of_the_rfc_are_read():
    assert dn.parse("UID=jsmith,DC=example,DC=net") == [[("UID", "jsmith")], [("DC", "example")], [("DC", "net")]]
    assert dn.parse("OU=Sales+CN=J.  Smith,DC=net") == [[("OU", "Sales"), ("CN", "J.  Smith")], [("DC", "net")]]
    assert dn.parse('CN=James \\"Jim\\" Smith\\, III,DC=net')[0] == [("CN", 'James "Jim" Smith, III')]
    assert dn.parse("CN=Before\\0dAfter,DC=net")[0] == [("CN", "Before\rAfter")]
    assert dn.parse("CN=Lu\\C4\\8Di\\C4\\87") == [[("CN", "Lučić")]]
    assert dn.parse("1.3.6.1.4.1.1466.0=x") == [[("1.3.6.1.4.1.1466.0", "x")]]


def test_the_empty_dn_is_the_root_and_has_no_rdn():
    assert dn.parse("") == []
    assert dn.depth("") == 0


def test_spaces_around_names_and_values_do_not_belong_to_them():
    assert dn.parse(" cn = Ann Lee , dc = org ") == [[("cn", "Ann Lee")], [("dc", "org")]]


def test_an_escaped_space_at_the_end_belongs_to_the_value():
    assert dn.parse("cn=Ann\\  ,dc=org")[0] == [("cn", "Ann ")]
    assert dn.parse("cn=Ann\\20,dc=org")[0] == [("cn", "Ann ")]
    assert dn.parse("cn=Ann\\\\ ,dc=org")[0] == [("cn", "Ann\\")]


@pytest.mark.parametrize(
    "text",
    ["Ann", "cn=Ann,", ",cn=Ann", "cn=a,,dc=b", "=Ann", "cn=a\\", "cn=a\\zz", "cn=a\\4", "cn=a+,dc=b", 'cn="a,b"'],
)
def test_a_text_that_is_no_dn_is_refused(text):
    with pytest.raises(dn.InvalidDn):
        dn.parse(text)


def test_a_hexstring_is_not_the_text_that_looks_like_one():
    assert dn.key("cn=#04024869") != dn.key("cn=\\#04024869")


@pytest.mark.parametrize(
    "other",
    [
        "UID=ann,OU=People,DC=Example,DC=Org",
        " uid = Ann , ou = people , dc = example , dc = org ",
        "uid=\\41nn,ou=people,dc=example,dc=org",
        "uid=ann,ou=pe\\6fple,dc=example,dc=org",
        "uid=ann\\20,ou=people,dc=example,dc=org",
    ],
)
def test_one_name_has_one_key_however_it_is_written(other):
    assert dn.key(other) == dn.key("uid=ann,ou=people,dc=example,dc=org")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a\\,b", "cn=a\\2cb"),
        ("cn=a\\=b", "cn=a=b"),
        ("cn=Ann   Lee", "cn=ann lee"),
        ("cn=\N{MATHEMATICAL ITALIC CAPITAL ALPHA}", "cn=\N{GREEK SMALL LETTER ALPHA}"),
        ("cn=\N{LATIN SMALL LETTER SHARP S}", "cn=SS"),
        ("cn=ann+sn=lee,dc=org", "SN=Lee+CN=Ann,dc=org"),
        ("cn=STRASSE", "cn=straße"),
        ("cn=caf\u00e9", "cn=cafe\u0301"),
    ],
)
def test_names_that_a_directory_takes_for_one_have_one_key(one, other):
    assert dn.key(one) == dn.key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=ann", "uid=ann"),
        ("cn=a\\,dc=org", "cn=a,dc=org"),
        ("cn=a\\+sn=b", "cn=a+sn=b"),
        ("cn=ann,dc=org", "cn=ann,dc=com"),
        ("cn=annlee", "cn=ann lee"),
        ("cn=a", "cn=a,cn=a"),
    ],
)
def test_different_names_have_different_keys(one, other):
    assert dn.key(one) != dn.key(other)


def test_a_dn_is_split_into_its_own_rdn_and_its_parent_as_they_are_written():
    text = "CN=Lee\\, Ann+uid=1, OU=People,dc=org"
    assert dn.rdn(text) == "CN=Lee\\, Ann+uid=1"
    assert dn.parent(text) == " OU=People,dc=org"
    assert dn.depth(text) == 3
    assert dn.parent("dc=org") == ""


def test_a_dn_is_within_its_base_and_within_itself():
    base = dn.key("ou=people,dc=org")
    assert dn.is_within(dn.key("uid=a,OU=People,dc=org"), base)
    assert dn.is_within(base, base)
    assert dn.is_within(base, "")
    assert not dn.is_within(dn.key("uid=a,ou=other,dc=org"), base)
    assert not dn.is_within(dn.key("xou=people,dc=org"), base)


def test_a_value_that_spells_the_base_is_not_within_it():
    assert not dn.is_within(dn.key("cn=a\\,ou=people,dc=org"), dn.key("ou=people,dc=org"))


@pytest.mark.parametrize(
    "text", ["", "  ", "cn=,dc=org", "cn= ,dc=org", "cn=\\20,dc=org", "cn=a,ou=,dc=org", "cn=a+sn=,dc=org"]
)
def test_a_dn_with_an_empty_value_is_refused(text):
    with pytest.raises(dn.InvalidDn):
        dn.check(text)


def test_a_dn_with_a_nul_is_refused():
    with pytest.raises(dn.InvalidDn):
        dn.check("cn=a\\00b,dc=org")


@pytest.mark.parametrize("name", ["c n", "ünit", "1a", "1..2"])
def test_an_attribute_type_that_cannot_be_one_is_refused(name):
    with pytest.raises(dn.InvalidDn):
        dn.check(f"{name}=a,dc=org")


def test_a_good_dn_passes():
    dn.check("cn=Lee\\, Ann+uid=1,ou=Пользователи,2.5.4.11=x,dc=org")
