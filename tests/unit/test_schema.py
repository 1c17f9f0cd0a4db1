"""The schema for editors: every configuration of the documents fits it, and mistakes do not."""

import re
import tomllib
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from engine.configuration.including import INCLUDABLE
from engine.configuration.schema import json_schema
from tests.house.measures import ROOT
from tests.unit.test_configuration import GOOD
from tui.demo.workspace import make_workspace

SCHEMA = json_schema()
FITS = fastjsonschema.compile(SCHEMA)
EXAMPLES = [
    tomllib.loads(text)
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    for text in re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    if "[[rules]]" in text and "connector" in text
]


FRAGMENTS = [
    pytest.param(tomllib.loads(text), id=f"{page.stem}-{number}")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for number, text in enumerate(
        re.findall(r"^```toml(?: interlock\.toml)?\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    )
]


def _loose(schema: Any) -> Any:
    """Give a schema of what may be left out: all of it."""
    if isinstance(schema, list):
        return [_loose(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _loose(one) for name, one in schema.items() if name not in ("required", "minProperties")}


FRAGMENT_FITS = fastjsonschema.compile(_loose(SCHEMA))


def _placed(fragment: dict[str, Any]) -> dict[str, Any]:
    """Put a piece of a configuration where it belongs: what is no table of its own is of a rule, or flows."""
    if isinstance(fragment.get("rules"), dict):  # [rules.flow] stands below its [[rules]]
        fragment = fragment | {"rules": [fragment["rules"]]}
    if fragment.keys() <= SCHEMA["properties"].keys():
        return fragment
    is_rule = fragment.keys() <= SCHEMA["definitions"]["RuleConfig"]["properties"].keys()
    return {"rules": [fragment if is_rule else {"flow": fragment}]}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_every_piece_of_a_configuration_in_the_documents_fits(fragment: dict[str, Any]):
    FRAGMENT_FITS(_placed(fragment))


@pytest.mark.parametrize("example", [tomllib.loads(GOOD), *EXAMPLES])
def test_every_configuration_fits(example):
    FITS(example)


def test_the_sample_workspace_fits(tmp_path: Path):
    FITS(tomllib.loads(make_workspace(tmp_path / "w", [], None, demo=False).read_text()))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("page_size = 500", 'page_size = "many"'),
        ("page_size = 500", "page_sise = 500"),
        ('connector = "csv"', 'connector = "cvs"'),
        ('external_id = "employee_id"', 'externalid = "employee_id"'),
        ('object_class = ["inetOrgPerson"]\n', ""),
        ('path = "hr.csv"', 'url = "ldap://x"'),
        ('join = [["employee_id"]]', 'join = "employee_id"'),
        ('deprovision = "delete"', 'deprovision = "forget"'),
        ('employee_id = "employee_id"', "employee_id = 5"),
        ('employee_id = "employee_id"', 'employee_id = { source = "x", onse = true }'),
        ('when = "last_connector_gone"', 'when = "sometimes"'),
    ],
)
def test_a_mistake_does_not(right: str, wrong: str):
    assert right in GOOD
    head, _, tail = GOOD.rpartition(right)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        FITS(tomllib.loads(head + wrong + tail))


@pytest.mark.parametrize(
    "flow",
    ["title", {"constant": 5}, {"constant": "x", "once": True}, {"source": "title", "clear": False, "own": "ours"}],
)
def test_every_form_of_a_flow_fits(flow):
    rule = {"name": "x", "from": "metaverse.person", "to": "directory.person", "flow": {"title": flow}}
    FITS({**tomllib.loads(GOOD), "rules": [rule]})


def test_each_key_says_what_it_means():
    rule = SCHEMA["definitions"]["RuleConfig"]["properties"]
    assert rule["scope"]["description"].startswith("Which objects it is for")
    assert "One field" not in str(SCHEMA)
    without = [name for name, one in rule.items() if not one.get("description")]
    assert without == []


def test_an_included_file_has_a_schema_of_its_own():
    fits = fastjsonschema.compile(json_schema(of_included=True))
    fits({"rules": []})
    assert set(json_schema(of_included=True)["properties"]) == set(INCLUDABLE)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        fits({"roles": {}})
