"""The filters for usual formats: what they write, and what they refuse."""

import base64
import uuid

import pytest

from engine.errors import ObjectFailed
from engine.expressions import sandbox
from engine.expressions.expression import InvalidExpression, ambient, compile_condition, compile_flow

SID = bytes.fromhex("010500000000000515000000a065cf7e784b9b5fe77c8770091c0100")
GUID = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")


def flow(source, **attributes):
    return compile_flow(source)({**ambient(), **attributes})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MCDONALD", "McDonald"),
        ("o'brien", "O'Brien"),
        ("O’BRIEN-SMITH", "O’Brien-Smith"),
        ("VAN DER BERG", "van der Berg"),
        ("ada van der berg", "Ada van der Berg"),
        ("d'angelo", "d'Angelo"),
        ("D'ANGELO", "D'Angelo"),
        ("MacDonald", "MacDonald"),
        ("leonardo DiCaprio", "Leonardo DiCaprio"),
        ("ludwig xiv", "Ludwig XIV"),
        ("vivian li", "Vivian Li"),
        ("  JOSÉ   MÜLLER-LÜDENSCHEIDT ", "José Müller-Lüdenscheidt"),
        ("mc", "Mc"),
        ("king's", "King's"),
        ("ßen", "ßen"),
    ],
)
def test_names_are_written_as_people_write_them(written, meant):
    assert flow("{{ name | title_case }}", name=written) == meant


def test_bits_of_any_number():
    assert flow("{{ n | default(control) | set_bits(2) }}", control=512) == 514
    assert flow("{{ control | clear_bits(2) }}", control="514") == 512
    assert flow("{{ group | set_bits(-2147483648) }}", group=2) == -2147483646
    condition = compile_condition("control | has_bits(2 + 512)")
    assert condition({**ambient(), "control": 514})
    assert not condition({**ambient(), "control": 512})
    assert not condition(ambient())
    with pytest.raises(ObjectFailed, match="default"):
        flow("{{ control | set_bits(2) }}")


@pytest.mark.parametrize(
    ("written", "region", "meant"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("+44 (0)20 7946 0018", "DE", "+442079460018"),
        ("0049-30-1234567", "DE", "+49301234567"),
        ("(212) 555-0123", "US", "+12125550123"),
    ],
)
def test_telephone_numbers_become_e164(written, region, meant):
    assert flow(f"{{{{ number | phone('{region}') }}}}", number=written) == meant


@pytest.mark.parametrize(("written", "region"), [("call me", "DE"), ("12", "DE"), ("030 1234567", "XX")])
def test_what_is_no_telephone_number_is_the_objects_error(written, region):
    with pytest.raises(ObjectFailed) as caught:
        flow(f"{{{{ number | phone('{region}') }}}}", number=written)
    assert caught.value.error.code == "expression-error"


def test_telephone_numbers_without_their_package_are_told_when_the_rule_is_read(monkeypatch):
    monkeypatch.setattr(sandbox, "has_phone", lambda: False)
    unseen = "{{ number | phone('DE') | upper }}"  # what was compiled while it was there stays compiled
    with pytest.raises(InvalidExpression, match=r"pip install 'interlock\[phone\]'"):
        compile_flow(unseen)


def test_octets_as_text():
    sid = "S-1-5-21-2127521184-1604012920-1887927527-72713"
    assert flow("{{ one | sid }}", one=SID) == sid
    assert flow("{{ one | sid }}", one=base64.b64encode(SID).decode()) == sid
    assert flow("{{ one | sid }}", one=sid) == sid
    assert flow("{{ one | guid }}", one=GUID.bytes_le) == str(GUID)
    assert flow("{{ one | guid }}", one="{" + str(GUID).upper() + "}") == str(GUID)
    assert flow("{{ one | base64 }}", one=b"\xff\x00") == "/wA="
    assert flow("{{ one | base64 }}", one="ä") == "w6Q="
    for bad in (b"\x01", "no octets!"):
        with pytest.raises(ObjectFailed):
            flow("{{ one | sid }}", one=bad)


def test_equal_texts_become_equal_characters():
    assert flow("{{ name | normalise('NFC') }}", name="José") == "José"
    assert flow("{{ name | normalise('NFKC') }}", name="ﬁ") == "fi"
    with pytest.raises(ObjectFailed, match="normal form"):
        flow("{{ name | normalise('NFX') }}", name="x")
