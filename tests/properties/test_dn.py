"""RFC 4514 names: round trips for any text, and ldap3 as a second opinion."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ldap3.utils.dn import escape_rdn, parse_dn, safe_rdn

from engine.values import dn

SPECIAL = ' "#+,;<=>\\\0abAB12é'
TEXTS = st.text(SPECIAL, max_size=12) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TYPES = st.sampled_from(["cn", "OU", "uid", "dc", "2.5.4.3"])
RDNS = st.lists(st.tuples(TYPES, TEXTS), min_size=1, max_size=3)
DNS = st.lists(RDNS, min_size=1, max_size=4)


def write(rdns):
    return ",".join("+".join(f"{name}={dn.escape(value)}" for name, value in rdn) for rdn in rdns)


@settings(max_examples=200)
@given(TEXTS)
@example("\0")
@example(" ")
@example("# ")
@example("\\ ")
def test_every_text_comes_back_from_its_escaped_form(value):
    assert dn.parse(f"cn={dn.escape(value)}") == [[("cn", value)]]
    assert dn.parse(f"dc=a,cn={dn.escape(value)}+dc=b") == [[("dc", "a")], [("cn", value), ("dc", "b")]]


@settings(max_examples=200)
@given(DNS)
def test_every_dn_comes_back_from_its_text(rdns):
    text = write(rdns)
    assert dn.parse(text) == rdns
    assert dn.depth(text) == len(rdns)
    assert dn.parse(dn.rdn(text)) == rdns[:1]
    assert dn.parse(dn.parent(text)) == rdns[1:]


@settings(max_examples=200)
@given(DNS)
def test_a_key_is_its_own_key(rdns):
    key = dn.key(write(rdns))
    assert dn.key(key) == key


@settings(max_examples=200)
@given(st.lists(st.lists(st.tuples(TYPES, st.text(SPECIAL, max_size=8)), min_size=1, max_size=3), min_size=1))
def test_a_key_forgets_case_order_in_an_rdn_and_how_it_was_escaped(rdns):
    def hex_escaped(value):
        return "".join(f"\\{byte:02X}" for byte in value.encode())

    other = ",".join(
        " + ".join(f" {name.swapcase()} = {hex_escaped(value.swapcase())} " for name, value in reversed(rdn))
        for rdn in rdns
    )
    assert dn.key(other) == dn.key(write(rdns))


@settings(max_examples=200)
@given(DNS, DNS)
def test_a_name_is_within_another_exactly_if_its_last_rdns_are_the_other(rdns, base):
    key, base_key = dn.key(write(rdns)), dn.key(write(base))
    keys = [dn.key(write([rdn])) for rdn in rdns]
    base_keys = [dn.key(write([rdn])) for rdn in base]
    assert dn.is_within(key, base_key) == (keys[-len(base_keys) :] == base_keys)
    assert dn.is_within(dn.key(write([*rdns, *base])), base_key)


@settings(max_examples=200)
@given(st.text(max_size=30) | st.text("cn=,+\\ #20aé;", max_size=20))
def test_any_text_is_a_dn_or_refused(text):
    try:
        rdns = dn.parse(text)
    except dn.InvalidDn:
        return
    assert dn.parse(write(rdns)) == rdns or "#" in text


@settings(max_examples=200)
@given(TEXTS.filter(lambda value: value and "\0" not in value and value != " "))
def test_what_ldap3_escapes_is_read_back(value):
    """ldap3 writes a NUL and a lone space wrongly: RFC 4514 asks for `\\00` and `\\ `."""
    assert dn.parse(f"cn={escape_rdn(value)},dc=org") == [[("cn", value)], [("dc", "org")]]


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cn", "OU", "uid"]),
            TEXTS.filter(lambda value: value and not set(value) & set("=#")),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_ldap3_splits_what_we_write_as_we_do(pairs):
    """ldap3 refuses empty values, numeric types, and an unescaped `=` or `#` inside a value, which RFC 4514 allows."""
    text = write([[pair] for pair in pairs])
    assert [(name, value) for name, value, _ in parse_dn(text)] == [(n, dn.escape(v)) for n, v in pairs]
    assert safe_rdn(text) == [dn.rdn(text)]
