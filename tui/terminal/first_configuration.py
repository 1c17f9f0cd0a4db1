"""Write a first configuration for a live directory: what is there becomes people and groups of the metaverse."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tui import feed

MOST_FLOWS = 20
"""Attributes of a type that flow at first; the others are there to be added."""
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def starter(survey: feed.Survey, url: str, connection: Mapping[str, str]) -> str:
    """Give the configuration; `connection` holds further keys of the system, each written as TOML."""
    lines = [
        "# A first configuration, made from what the directory holds. Nothing is written to the directory by it:",
        "# everything comes in, and the metaverse shows what there is. `interlock check`, then `interlock run`.",
        "",
        "[store]",
        'path = "interlock.db"',
        "",
        "[systems.directory]",
        'connector = "ldap"',
        f"url = {_text(url)}",
        f"base = {_text(survey.base)}",
        *(f"{key} = {value}" for key, value in connection.items()),
        "",
        "[systems.directory.deletions]  # more than this many missing, or this part of them: nothing is marked",
        "max_count = 50",
        "max_percent = 5",
    ]
    for one in survey.types:
        lines += ["", *_type(survey, one)]
    for one in survey.types:
        lines += ["", *_metaverse(one)]
    for one in survey.types:
        lines += ["", *_rule(one)]
    return "\n".join([*lines, "", *_AFTERWARDS]) + "\n"


_AFTERWARDS = (
    "# To write to the directory, connect a source (see 'interlock init DIR' for one with a CSV file), and add a rule:",
    "#",
    "# [[rules]]",
    '# name = "people to the directory"',
    '# from = "metaverse.person"',
    '# to = "directory.person"',
    '# join = [["employeeNumber"]]     # an account that exists already is joined, not doubled',
    "# provision = true",
    '# deprovision = "delete"          # never without an approval',
    '# dn = "..."',
    "# [rules.flow]",
    '# employeeNumber = "employee_id"',
)


def _type(survey: feed.Survey, one: feed.SurveyedType) -> Iterator[str]:
    yield f"[systems.directory.objects.{one.name}]  # {one.sampled:,} looked at"
    yield f"object_class = [{', '.join(map(_text, one.object_class))}]"
    if one.filter:
        yield f"filter = {_text(one.filter)}"
    yield f"external_id = {_text(survey.external_id)}"
    yield 'secondary_external_id = "dn"'
    kinds = {name: kind for name, kind in _kinds(one).items() if kind != "text"}
    matchings = {found.name: found.matching for found in one.attributes[:MOST_FLOWS] if found.matching != "exact"}
    for key, table in (("attributes", kinds), ("matching", matchings)):
        if table:
            yield f"{key} = {{ {', '.join(f'{_key(name)} = {_text(word)}' for name, word in table.items())} }}"


def _kinds(one: feed.SurveyedType) -> dict[str, str]:
    return {found.name: found.kind + ("[]" if found.multi else "") for found in one.attributes[:MOST_FLOWS]}


def _metaverse(one: feed.SurveyedType) -> Iterator[str]:
    yield f"[metaverse.{one.name}]"
    kinds = {name: kind for name, kind in _kinds(one).items() if kind != "text"}
    if kinds:
        yield f"attributes = {{ {', '.join(f'{_key(name)} = {_text(kind)}' for name, kind in kinds.items())} }}"
    yield 'deletion = { when = "last_connector_gone" }'


def _rule(one: feed.SurveyedType) -> Iterator[str]:
    yield "[[rules]]"
    yield f'name = "{one.name}s of the directory"'
    yield f'from = "directory.{one.name}"'
    yield f'to = "metaverse.{one.name}"'
    yield "project = true"
    yield "[rules.flow]"
    for found in one.attributes[:MOST_FLOWS]:
        yield f"{_key(found.name)} = {_text(found.name)}"


def _key(name: str) -> str:
    return name if set(name) <= _PLAIN else _text(name)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def write_starter(folder: Path, text: str) -> Path:
    """Write the configuration into a folder that has none. Raises `FileExistsError` or `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "interlock.toml"
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path
