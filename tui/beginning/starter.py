"""Write a first configuration for a live system: what is there becomes people and groups of the metaverse."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from tui import feed
from tui.beginning.meanings import attribute_names

MOST_FLOWS = 20
"""Attributes of a type that flow at first; the others are there to be added."""
_WIDTH = 110
"""How long a line of names may be."""
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_CALLED = {"ldap": "directory", "scim": "service", "sql": "database", "program": "program"}
"""Connector → what its system is, and is called in the configuration."""


def starter(survey: feed.Survey, connection: Mapping[str, Any]) -> str:
    """Give the configuration; `connection` holds what the system was reached by, beside its address."""
    called = _CALLED[survey.keys["connector"]]
    lines = [
        f"# A first configuration, made from what the {called} holds. Nothing is written to the {called} by it:",
        "# everything comes in, and the metaverse shows what there is. `interlock check`, then `interlock run`.",
        *(f"# {_one_line(note)}" for note in survey.notes),
        "",
        "[store]",
        'path = "interlock.db"',
        "",
        f"[systems.{called}]",
        *(f"{name} = {value(one)}" for name, one in {**survey.keys, **connection}.items()),
        "",
        f"[systems.{called}.deletions]  # more than this many missing, or this part of them: nothing is marked",
        "max_count = 50",
        "max_percent = 5",
    ]
    for one in survey.types:
        lines += ["", *_type(called, one)]
    for one in survey.types:
        lines += ["", *_metaverse(one)]
    for one in survey.types:
        lines += ["", *_rule(called, one)]
    return "\n".join([*lines, "", *_afterwards(called, survey.types[0].name)]) + "\n"


def _afterwards(called: str, kind: str) -> Iterator[str]:
    own = _TARGETS[called]
    yield f"# To write to the {called}, connect a source ('interlock init DIR' writes one of a CSV file), add a rule:"
    yield "#"
    yield "# [[rules]]"
    yield f'# name = "to the {called}"'
    yield f'# from = "metaverse.{kind}"'
    yield f'# to = "{called}.{kind}"'
    yield from own
    yield "# [rules.flow]"
    yield "# ..."


_TARGETS = {
    "directory": (
        '# join = [["employeeNumber"]]     # an account that exists already is joined, not doubled',
        "# provision = true",
        '# deprovision = "delete"          # never without an approval',
        '# dn = "..."',
    ),
    "service": (
        '# join = [["userName"]]           # an account that exists already is joined, not doubled',
        "# provision = true",
        '# deprovision = "delete"          # never without an approval',
        '# dn = "{{ userName }}"           # what it is found by before its id is known',
    ),
    "database": (
        '# join = [["..."]]                # a row that exists already is joined, not doubled',
        "# provision = true",
        '# deprovision = "delete"          # never without an approval',
    ),
    "program": (
        '# join = [["..."]]                # what exists already is joined, not doubled',
        "# provision = true",
        '# deprovision = "delete"          # never without an approval',
    ),
}


def _type(called: str, one: feed.SurveyedType) -> Iterator[str]:
    taken = one.attributes[:MOST_FLOWS]
    yield f"[systems.{called}.objects.{one.name}]  # {one.sampled:,} looked at"
    names = {found.name for found in taken}
    paths = {name: path for name, path in one.keys.get("paths", {}).items() if name in names}
    keys = {**one.keys, "paths": paths}
    yield from (f"{name} = {value(one)}" for name, one in keys.items() if one)
    kinds = kinds_of(one)
    matchings = {found.name: found.matching for found in taken if found.matching != "exact"}
    refers_to = {name: kind for name, kind in one.refers_to.items() if name in names}
    for called_so, table in (("attributes", kinds), ("matching", matchings), ("refers_to", refers_to)):
        if table:
            yield f"{called_so} = {value(table)}"


def kinds_of(one: feed.SurveyedType) -> dict[str, str]:
    """Give the types of what is no plain text: attribute → type."""
    told = {found.name: found.kind + ("[]" if found.multi else "") for found in one.attributes[:MOST_FLOWS]}
    return {name: kind for name, kind in told.items() if kind != "text" and feed.is_attribute_name(name)}


def _flowing(one: feed.SurveyedType) -> dict[str, str]:
    """Give what flows: attribute of the metaverse → attribute of the system."""
    return attribute_names(found.name for found in one.attributes[:MOST_FLOWS])


def _metaverse(one: feed.SurveyedType) -> Iterator[str]:
    yield f"[metaverse.{one.name}]"
    kinds = kinds_of(one)
    typed = {name: kinds[source] for name, source in _flowing(one).items() if source in kinds}
    if typed:
        yield f"attributes = {value(typed)}"
    yield 'deletion = { when = "last_connector_gone" }'


def _rule(called: str, one: feed.SurveyedType) -> Iterator[str]:
    yield "[[rules]]"
    yield f'name = "{one.name}s of the {called}"'
    yield f'from = "{called}.{one.name}"'
    yield f'to = "metaverse.{one.name}"'
    yield "project = true"
    yield "[rules.flow]"
    yield from (f"{key(name)} = {text(feed.flow_of(source))}" for name, source in _flowing(one).items())
    yield from left_out(one, _flowing(one).values())


def left_out(kind: feed.SurveyedType, taken: Iterable[str]) -> Iterator[str]:
    """Name in comments the attributes that do not flow at first."""
    known = set(taken)
    others = [key(one.name) for one in kind.attributes if one.name not in known]
    if others:
        yield f"# there are {len(others)} more, to be added here:"
        yield from (f"#   {line}" for line in wrap(", ".join(map(_one_line, others)), _WIDTH, break_long_words=False))


def value(given: Any) -> str:
    """Write a value as TOML: a table in one line."""
    if isinstance(given, Mapping):
        return f"{{ {', '.join(f'{key(name)} = {value(one)}' for name, one in given.items())} }}"
    if isinstance(given, list):
        return f"[{', '.join(map(value, given))}]"
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else text(str(given))


def key(name: str) -> str:
    """Write a key as TOML."""
    return name if name and set(name) <= _PLAIN else text(name)


def text(given: str) -> str:
    """Write a text as TOML."""
    escaped = given.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'


def _one_line(note: str) -> str:
    return "".join(char if char.isprintable() else " " for char in note)


def write_starter(folder: Path, written: str) -> Path:
    """Write the configuration into a folder that has none. Raises `FileExistsError` or `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "interlock.toml"
    with path.open("x", encoding="utf-8") as file:
        file.write(written)
    return path
