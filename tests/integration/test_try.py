"""An expression is tried over an object before it stands in a rule."""

from pathlib import Path
from typing import Any

import pytest

from tests.inside import Inside
from tests.workspace import Workspace


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Inside:
    folder: Path = tmp_path_factory.mktemp("try")
    Workspace(folder, "")("init", "ws")
    site = Inside(folder / "ws", (folder / "ws" / "interlock.toml").read_text())
    site("run")
    return site


def tried(site: Inside, expression: str, of: str = "mvo-12") -> dict[str, Any]:
    found: dict[str, Any] = site.json("try", expression, of)
    return found


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("first_name", "{first}", "text"),
        ("{{ first_name }} {{ last_name }}", "{first} {last}", "text"),
        ("(first_name ~ last_name) | upper", "{FIRST}{LAST}", "text"),
        ("first_name == 'nobody'", False, "boolean"),
        ("first_name | length", "{length}", "integer"),
        ("no_such_attribute", None, "nothing"),
        ("[first_name, last_name]", ["{first}", "{last}"], "text[]"),
    ],
)
def test_the_value_its_type_and_what_it_reads(site: Inside, expression: str, value: object, kind: str) -> None:
    mvo = site.json("show", "mvo-12")["attributes"]
    first, last = mvo["first_name"][0], mvo["last_name"][0]
    words = {"first": first, "last": last, "FIRST": first.upper(), "LAST": last.upper(), "length": str(len(first))}
    wanted = [one.format(**words) for one in value] if isinstance(value, list) else value
    wanted = wanted.format(**words) if isinstance(wanted, str) else wanted
    found = tried(site, expression)
    assert (str(found["value"]) if kind == "integer" else found["value"]) == wanted
    assert (found["type"], found["error"], found["id"]) == (kind, None, "mvo-12")
    assert all(mvo.get(name, [None])[0] == read for name, read in found["reads"].items())


def test_a_date_is_one_where_it_is_declared(site: Inside) -> None:
    assert tried(site, "start_date")["type"] in ("date", "nothing")
    assert tried(site, "today")["type"] == "date"


def test_an_object_of_a_system_and_one_that_is_named(site: Inside) -> None:
    name = site.json("show", "mvo-12")["attributes"]["employee_id"][0]
    assert tried(site, "employee_id", name)["value"] == name
    assert tried(site, "employee_id", "cso-1")["id"] == "cso-1"


@pytest.mark.parametrize("expression", ["first_name +", "first_name | nonsense", "first_name / 2", "{{ 1 / 0 }}"])
def test_what_is_wrong_is_said_and_the_status_is_1(site: Inside, expression: str) -> None:
    text = site("try", expression, "mvo-12", status=1)
    assert "Traceback" not in text
    assert text.count("\n") >= 2


def test_nobody_is_refused(site: Inside) -> None:
    assert "there is no mvo-999999" in site("try", "first_name", "mvo-999999", status=2)


def test_what_an_operator_reads(site: Inside) -> None:
    text = site("try", "{{ first_name }}", "mvo-12")
    assert "(text)" in text.splitlines()[0]
    assert "mvo-12" in text.splitlines()[1]
    assert text.splitlines()[2].strip().startswith("first_name: ")
