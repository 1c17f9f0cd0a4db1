"""LDAP's wire against ldap3's own encoder and decoder: the same bytes, the same answers, or an error."""

import io
from contextlib import suppress
from itertools import islice
from typing import Any

import ldap3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ldap3.operation.add import add_operation
from ldap3.operation.bind import bind_operation
from ldap3.operation.delete import delete_operation
from ldap3.operation.extended import extended_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.modifyDn import modify_dn_operation
from ldap3.operation.search import compile_filter, parse_filter, search_operation
from ldap3.operation.unbind import unbind_operation
from ldap3.protocol.controls import build_control
from ldap3.protocol.rfc4511 import (
    URI,
    AddResponse,
    AttributeDescription,
    BindResponse,
    Controls,
    DelResponse,
    ExtendedResponse,
    IntermediateResponse,
    LDAPMessage,
    MessageID,
    ModifyDNResponse,
    ModifyResponse,
    PartialAttribute,
    PartialAttributeList,
    ProtocolOp,
    Referral,
    ResultCode,
    SearchResultDone,
    SearchResultEntry,
    SearchResultReference,
    Vals,
)
from ldap3.utils.asn1 import decode_message_fast
from ldap3.utils.asn1 import encode as ldap3_encode
from pyasn1.codec.ber import decoder as pyasn1_decoder
from pyasn1.error import PyAsn1Error

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.entries import EntryReader
from engine.connectors.ldap import ber, messages, requests
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.messages import Control, Decoder, Entry, Intermediate, Message, Reference, Result
from engine.values.typed import AttributeType
from tests.scripted import AT_ANY_TIME, TO_A_BIND, TO_A_SEARCH, Answer

names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9;-]{0,9}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.one_of(st.binary(max_size=20), st.binary(min_size=120, max_size=140), st.binary(min_size=250, max_size=300))
numbers = st.integers(0, 2**31 - 1)
oids = st.from_regex(r"[0-2](\.[1-9][0-9]{0,4}){1,6}", fullmatch=True)
controls = st.lists(st.builds(Control, oids, st.booleans(), st.none() | values), max_size=3).map(tuple)
attributes = st.dictionaries(names, st.lists(values, min_size=1, max_size=4), max_size=5)
read_attributes = st.dictionaries(names, st.lists(values, max_size=4), max_size=5)
codes = st.sampled_from(sorted({0, 3, 4, 10, 11, 16, 20, 32, 49, 50, 51, 52, 53, 68, 80, 122, 4096}))


# ------------------------------------------------------------------------------------------ requests


def as_ldap3_sends(number: int, kind: str, request: Any, given: tuple[Control, ...]) -> bytes:
    message = LDAPMessage()
    message["messageID"] = MessageID(number)
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, request)
    if given:
        listed = Controls()
        for position, one in enumerate(given):
            listed.setComponentByPosition(position, build_control(one.oid, one.critical, one.value, False))
        message["controls"] = listed
    return ldap3_encode(message)


@given(numbers, texts, attributes, controls)
def test_an_add_is_encoded_as_ldap3_does(number: int, dn: str, held: dict[str, list[bytes]], given: Any) -> None:
    request = add_operation(dn, held, False)
    assert requests.encode_add(number, dn, held.items(), given) == as_ldap3_sends(number, "addRequest", request, given)


@given(
    numbers,
    texts,
    st.dictionaries(names, st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.lists(values, max_size=3)), min_size=1)),
    controls,
)
def test_a_modify_is_encoded_as_ldap3_does(number: int, dn: str, changes: dict[str, Any], given: Any) -> None:
    words = [ldap3.MODIFY_ADD, ldap3.MODIFY_DELETE, ldap3.MODIFY_REPLACE]
    told = {name: [(words[verb], held) for verb, held in steps] for name, steps in changes.items()}
    request = modify_operation(dn, told, False)
    ours = [(verb, name, held) for name, steps in changes.items() for verb, held in steps]
    assert requests.encode_modify(number, dn, ours, given) == as_ldap3_sends(number, "modifyRequest", request, given)


@given(numbers, texts, texts, st.booleans(), st.none() | texts.filter(bool), controls)
def test_a_rename_is_encoded_as_ldap3_does(
    number: int, dn: str, rdn: str, delete_old: bool, superior: str | None, given: Any
) -> None:
    request = modify_dn_operation(dn, rdn, delete_old, superior)
    ours = requests.encode_rename(number, dn, rdn, delete_old=delete_old, superior=superior, controls=given)
    assert ours == as_ldap3_sends(number, "modDNRequest", request, given)


@given(numbers, texts, controls)
def test_a_delete_is_encoded_as_ldap3_does(number: int, dn: str, given: Any) -> None:
    assert requests.encode_delete(number, dn, given) == as_ldap3_sends(
        number, "delRequest", delete_operation(dn), given
    )


@given(numbers, texts.filter(bool), st.binary(min_size=1, max_size=200))
def test_a_bind_is_encoded_as_ldap3_does(number: int, dn: str, password: bytes) -> None:
    request = bind_operation(3, ldap3.SIMPLE, dn, password)
    assert requests.encode_simple_bind(number, dn, password) == as_ldap3_sends(number, "bindRequest", request, ())
    nobody = bind_operation(3, ldap3.ANONYMOUS, "")
    assert requests.encode_simple_bind(number, "", b"") == as_ldap3_sends(number, "bindRequest", nobody, ())
    external = bind_operation(3, ldap3.SASL, None, None, ldap3.EXTERNAL, "")
    assert requests.encode_sasl_bind(number, "EXTERNAL", b"") == as_ldap3_sends(number, "bindRequest", external, ())


@given(numbers, oids)
def test_what_has_no_value_is_encoded_as_ldap3_does(number: int, name: str) -> None:
    ldap3s = as_ldap3_sends(number, "extendedReq", extended_operation(name), ())
    assert requests.encode_extended(number, name) == ldap3s
    assert requests.encode_unbind(number) == as_ldap3_sends(number, "unbindRequest", unbind_operation(), ())


def compiled_by_ldap3(text: str) -> bytes:
    return ldap3_encode(compile_filter(parse_filter(text, None, False, False, None, False).elements[0]))


FILTERS = ("(objectClass=*)", "(&(objectClass=a)(!(cn=b\\2a*c)))", "(|(uid>=1)(cn~=x)(entryUUID=1-2))")


@given(numbers, texts, st.sampled_from([0, 2]), st.sampled_from(FILTERS), st.lists(names, min_size=1), controls)
def test_a_search_is_encoded_as_ldap3_does(
    number: int, base: str, scope: int, filter_: str, wanted: list[str], given: Any
) -> None:
    word = ldap3.SUBTREE if scope else ldap3.BASE
    request = search_operation(base, filter_, word, ldap3.DEREF_NEVER, wanted, 0, 0, False, None, None)
    compiled = compiled_by_ldap3(filter_)
    assert requests.encode_search(number, base, scope, compiled, wanted, given) == as_ldap3_sends(
        number, "searchRequest", request, given
    )


@given(names, values)
def test_an_equality_filter_is_encoded_as_ldap3_does(name: str, value: bytes) -> None:
    escaped = "".join(f"\\{octet:02x}" for octet in value)
    ldap3s = compiled_by_ldap3(f"({name}={escaped})")
    if value:
        assert requests.encode_equality(name, value) == ldap3s


# ------------------------------------------------------------------------------------------ answers


def ldap3_entry(entry: Entry) -> tuple[str, Any]:
    listed = PartialAttributeList()
    for position, (name, held) in enumerate(entry.attributes):
        vals = Vals()
        for index, value in enumerate(held):
            vals.setComponentByPosition(index, value)
        if not held:
            vals.clear()
        one = PartialAttribute()
        one["type"], one["vals"] = AttributeDescription(name), vals
        listed.setComponentByPosition(position, one)
    if not entry.attributes:
        listed.clear()
    found = SearchResultEntry()
    found["object"], found["attributes"] = entry.dn, listed
    return "searchResEntry", found


def ldap3_result(result: Result, kind: str) -> tuple[str, Any]:
    classes = {
        "searchResDone": SearchResultDone,
        "modifyResponse": ModifyResponse,
        "addResponse": AddResponse,
        "delResponse": DelResponse,
        "modDNResponse": ModifyDNResponse,
        "extendedResp": ExtendedResponse,
        "bindResponse": BindResponse,
    }
    found = classes[kind]()
    found["resultCode"] = ResultCode(result.code)
    found["matchedDN"], found["diagnosticMessage"] = result.matched, result.message
    if result.referrals:
        listed = Referral()
        for position, url in enumerate(result.referrals):
            listed.setComponentByPosition(position, URI(url))
        found["referral"] = listed
    if result.name is not None:
        found["serverSaslCreds" if kind == "bindResponse" else "responseName"] = result.name
    if result.value is not None:
        found["responseValue"] = result.value
    return kind, found


def ldap3_reference(reference: Reference) -> tuple[str, Any]:
    found = SearchResultReference()
    for position, url in enumerate(reference.urls):
        found.setComponentByPosition(position, URI(url))
    return "searchResRef", found


def ldap3_intermediate(intermediate: Intermediate) -> tuple[str, Any]:
    found = IntermediateResponse()
    if intermediate.name is not None:
        found["responseName"] = intermediate.name
    if intermediate.value is not None:
        found["responseValue"] = intermediate.value
    return "intermediateResponse", found


ascii_bytes = st.text("abc=,123", max_size=20).map(str.encode)
entries = st.builds(
    Entry,
    numbers,
    texts.map(str.encode),
    read_attributes.map(lambda held: [(name.encode(), found) for name, found in held.items()]),
    controls,
)
KINDS = (
    "searchResDone",
    "modifyResponse",
    "addResponse",
    "delResponse",
    "modDNResponse",
    "extendedResp",
    "bindResponse",
)


@st.composite
def results(draw: st.DrawFn) -> tuple[Result, str]:
    kind = draw(st.sampled_from(KINDS))
    extended = kind == "extendedResp"
    result = Result(
        draw(numbers),
        draw(codes),
        draw(ascii_bytes),
        draw(texts).encode(),
        draw(st.lists(ascii_bytes.filter(bool), max_size=2)),
        draw(st.none() | oids.map(str.encode)) if extended or kind == "bindResponse" else None,
        draw(st.none() | values) if extended else None,
        draw(controls),
    )
    return result, kind


answers = st.one_of(
    entries.map(lambda one: (one, ldap3_entry(one))),
    results().map(lambda one: (one[0], ldap3_result(*one))),
    st.builds(Reference, numbers, st.lists(ascii_bytes, min_size=1, max_size=3), controls).map(
        lambda one: (one, ldap3_reference(one))
    ),
    st.builds(Intermediate, numbers, st.none() | oids.map(str.encode), st.none() | values, controls).map(
        lambda one: (one, ldap3_intermediate(one))
    ),
)


def encoded(answer: tuple[Message, tuple[str, Any]]) -> bytes:
    message, (kind, built) = answer
    return as_ldap3_sends(message.id, kind, built, tuple(message.controls))


@given(st.lists(answers, min_size=1, max_size=4), st.lists(st.integers(1, 60), max_size=30))
def test_what_ldap3_encodes_is_read_back_however_it_is_cut(answers: list[Any], cuts: list[int]) -> None:
    stream = io.BytesIO(b"".join(encoded(one) for one in answers))
    decoder = Decoder()
    found: list[Message] = []
    for size in cuts:
        found += decoder.feed(stream.read(size))
    found += decoder.feed(stream.read())
    assert found == [message for message, _ in answers]


NAMES = {"extendedResp": "responseName", "bindResponse": "serverSaslCreds"}


def read_by_ldap3(data: bytes) -> Message:
    """Decode one message with pyasn1 after ldap3's specification, and with ldap3's fast decoder for its result code."""
    message, rest = pyasn1_decoder.decode(data, asn1Spec=LDAPMessage())
    assert not rest
    number, operation = int(message["messageID"]), message["protocolOp"].getComponent()
    given = tuple(
        Control(
            bytes(one["controlType"]).decode(),
            bool(one["criticality"]),
            bytes(one["controlValue"]) if one["controlValue"].hasValue() else None,
        )
        for one in (message["controls"] if message["controls"].isValue else ())
    )
    match message["protocolOp"].getName():
        case "searchResEntry":
            held = [(bytes(one["type"]), [bytes(value) for value in one["vals"]]) for one in operation["attributes"]]
            return Entry(number, bytes(operation["object"]), held, given)
        case "searchResRef":
            return Reference(number, [bytes(url) for url in operation], given)
        case "intermediateResponse":
            return Intermediate(
                number, optional(operation["responseName"]), optional(operation["responseValue"]), given
            )
        case kind:
            extended = kind == "extendedResp"
            return Result(
                number,
                int(operation["resultCode"]),
                bytes(operation["matchedDN"]),
                bytes(operation["diagnosticMessage"]),
                [bytes(url) for url in operation["referral"]] if operation["referral"].isValue else [],
                optional(operation[NAMES[kind]]) if kind in NAMES else None,
                optional(operation["responseValue"]) if extended else None,
                given,
            )


def optional(value: Any) -> bytes | None:
    return bytes(value) if value.hasValue() else None


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message with some of its bytes changed, taken out, or put in."""
    data = bytearray(encoded(draw(answers)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["change", "flip", "drop", "insert"])):
            case "change":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "flip":
                data[at : at + 1] = bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) if data else b""
            case "drop":
                del data[at : at + draw(st.integers(1, 5))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=5))
    return bytes(data)


@settings(max_examples=400)
@given(damaged() | st.binary(max_size=80))
@example(b"\x30\x80\x02\x01\x01\x00\x00")
@example(b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00")
@example(b"\x30\x0f\x02\x04\x7f\xff\xff\xff\x65\x07\x0a\x01\x00\x04\x00\x04\x00")
def test_damaged_bytes_are_an_error_or_what_ldap3_reads(data: bytes) -> None:
    decoder = Decoder()
    try:
        found = decoder.feed(data)
    except WireError:
        return
    for message in found:
        size = message_size(data)
        try:
            theirs = read_by_ldap3(data[:size])
        except (PyAsn1Error, UnicodeDecodeError) as error:
            pytest.fail(f"ldap3 refuses what was read as {message}: {error}")
        assert message == theirs
        with suppress(KeyError, IndexError):
            assert decode_message_fast(data[:size])["messageID"] == message.id
        data = data[size:]


def message_size(data: bytes) -> int:
    if data[1] < 128:
        return 2 + data[1]
    octets = data[1] & 127
    return 2 + octets + int.from_bytes(data[2 : 2 + octets])


@given(answers)
def test_half_a_message_is_no_message(answer: Any) -> None:
    data = encoded(answer)
    decoder = Decoder()
    assert decoder.feed(data[:-1]) == []
    assert decoder.feed(data[-1:]) == [answer[0]]


KNOWN = ObjectTypeConfig(external_id="id", attributes={"n": AttributeType("integer"), "b": AttributeType("binary")})
USED = frozenset({"a", "b", "n", "m"})
held = st.lists(values | st.text("0123456789é\0x", max_size=6).map(str.encode), max_size=3)
likely = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"n", b"m;binary", b"ID", b"other"]), held), max_size=5)


@example(listed=[(b"a", [b"\x01"]), (b"a", [b"\x02"])])
@given(likely | attributes.map(lambda found: [(name.encode(), values) for name, values in found.items()]))
def test_the_short_way_reads_what_the_thorough_way_reads(listed: list[tuple[bytes, list[bytes]]]) -> None:
    data = ber.sequence(
        [
            ber.sequence([ber.octets(name), ber.sequence([ber.octets(value) for value in found], ber.SET)])
            for name, found in listed
        ]
    )
    reader = EntryReader("person", KNOWN, USED)
    thorough = reader.read_listed(messages.read_attributes(data, 0, len(data)))
    assert thorough == reader.read_encoded(data, 0, len(data))
    assert reader.read_encoded(b"..." + data, 3, len(data) + 3) == thorough


@given(st.binary(max_size=40), likely)
def test_the_short_way_refuses_what_the_thorough_way_refuses(tail: bytes, listed: Any) -> None:
    reader = EntryReader("person", KNOWN, USED)
    reader.read_listed(listed)
    data = ber.sequence([tail])
    try:
        thorough = reader.read_listed(messages.read_attributes(data, 0, len(data)))
    except (WireError, IndexError):
        with pytest.raises((WireError, IndexError)):
            reader.read_encoded(data, 0, len(data))
    else:
        assert reader.read_encoded(data, 0, len(data)) == thorough


def test_a_length_that_is_longer_than_it_had_to_be_is_a_length() -> None:
    name, value = b"\x04\x81\x02cn", b"\x31\x03\x04\x01x"
    attribute = b"\x30" + bytes([len(name + value)]) + name + value
    listed = b"\x30" + bytes([len(attribute)]) + attribute
    assert messages.read_attributes(listed, 0, len(listed)) == [(b"cn", [b"x"])]


def test_a_message_beyond_the_limit_is_refused_before_it_has_come() -> None:
    with pytest.raises(WireError, match="at most"):
        Decoder(1000).feed(b"\x30\x82\x04\x00\x02")


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80",  # an indefinite length
        b"\x30\x85\x00\x00\x00\x00\x01",  # a length of five octets
        b"\x31\x05",  # not a sequence
        b"\x30\x05\x02\x01\x01\x3f\x85\x00",  # a long tag
        b"\x30\x08\x02\x01\x01\x24\x03\x04\x01\x61",  # a constructed string
        b"\x30\x05\x02\x01\xff\x65\x00",  # a negative id
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_what_ldap_does_not_allow_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(WireError):
        Decoder().feed(data)


def beginning(answer: Answer) -> bytes:
    """Give what a bad server sends at first, of what may have no end."""
    parts = [answer] if isinstance(answer, bytes) else answer
    return b"".join(part for part in islice(parts, 400) if isinstance(part, bytes))[:100_000]


@settings(deadline=None)
@given(st.sampled_from(sorted(AT_ANY_TIME | TO_A_SEARCH | TO_A_BIND)), st.lists(st.integers(1, 3000), max_size=50))
def test_what_a_bad_server_sends_is_the_same_however_it_is_cut(name: str, cuts: list[int]) -> None:
    data = beginning((AT_ANY_TIME | TO_A_SEARCH | TO_A_BIND)[name](1))
    told = [(type(one), one.id) for one in fed(Decoder(), data, cuts)]
    assert told == [(type(one), one.id) for one in fed(Decoder(), data, [])]
    assert told == [(type(one), one.id) for one in fed(Decoder(decode=messages.outline), data, cuts)][: len(told)]


def fed(decoder: Decoder, data: bytes, cuts: list[int]) -> list[Message]:
    """Give the messages up to the first that is none; each piece is a message's worth at most where nothing is cut."""
    found: list[Message] = []
    stream = io.BytesIO(data)
    with suppress(WireError):
        for size in cuts:
            found += decoder.feed(stream.read(size))
        found += decoder.feed(stream.read())
    return found


def test_bounded_by_default() -> None:
    assert messages.MAX_MESSAGE < 2**30
