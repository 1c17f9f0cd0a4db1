"""Propose a configuration: people of one system, and accounts for them in a directory, with comments."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tui import feed
from tui.beginning.meanings import as_attribute, meanings
from tui.beginning.starter import MOST_FLOWS, key, kinds_of, left_out, text, value

SYSTEMS = {"csv": "hr", "sql": "database", "scim": "service", "ldap": "source", "program": "program"}
"""Connector → what a source is called."""


class Source(NamedTuple):
    """Where people come from."""

    survey: feed.Survey
    identity: str
    """What identifies a person."""
    connection: Mapping[str, Any]
    """What it was reached by, beside its address."""

    @property
    def people(self) -> feed.SurveyedType:
        """The type that holds people: the one that is called so, else the first."""
        types = self.survey.types
        return next((one for one in types if one.name == "person"), types[0])

    @property
    def called(self) -> str:
        """What the system is called."""
        return SYSTEMS[self.survey.keys["connector"]]


class Target(NamedTuple):
    """The directory in which people get accounts."""

    survey: feed.Survey
    connection: Mapping[str, Any]

    @property
    def people(self) -> feed.SurveyedType | None:
        """The type of its entries for people; None where it holds none."""
        return next((one for one in self.survey.types if one.name == "person"), None)

    @property
    def is_domain(self) -> bool:
        """Whether it is Active Directory."""
        return self.people is not None and self.people.keys["external_id"] == "objectGUID"


def proposed(source: Source, target: Target | None) -> str:
    """Give the configuration."""
    lines = [
        "# A first configuration, proposed by `interlock init` from what is there. Nothing is written anywhere by it.",
        "# Read it through, then: `interlock check`, `interlock plan`, `interlock run`.",
        "",
        "[store]",
        'path = "interlock.db"',
        "",
        "# ---- where people come from",
        *_source(source),
    ]
    if target is not None:
        lines += ["", "# ---- where they get accounts", *_target(target)]
    names = _attributes(source)
    lines += ["", "# ---- who they are", *_metaverse(source, names), "", *_inbound(source, names)]
    if target is not None:
        lines += ["", *_outbound(source, target, names)]
    return "\n".join(lines) + "\n"


def _attributes(source: Source) -> dict[str, str]:
    """Give the attributes of the metaverse that the source gives: attribute → column."""
    columns = [one.name for one in source.people.attributes[:MOST_FLOWS]]
    if source.identity not in columns:
        columns.insert(0, source.identity)
    known = {column: attribute for attribute, column in meanings(columns).items() if column != source.identity}
    found: dict[str, str] = {}
    for column in columns:
        name = known.get(column) or as_attribute(column)
        while name in found:
            name += "_"
        found[name] = column
    return found


def _identity(source: Source, names: Mapping[str, str]) -> str:
    return next(name for name, column in names.items() if column == source.identity)


def _source(source: Source) -> Iterator[str]:
    people, called = source.people, source.called
    yield f"[systems.{called}]"
    yield from (f"{name} = {value(one)}" for name, one in {**source.survey.keys, **source.connection}.items())
    yield f"[systems.{called}.objects.{people.name}]  # {people.sampled:,} looked at"
    for name, one in {**people.keys, "external_id": source.identity}.items():
        why = "  # complete and different in each of them" if name == "external_id" and people.candidates else ""
        yield f"{name} = {value(one)}{why}" if one else f"# {name}"
    kinds = kinds_of(people)
    if kinds:
        yield f"attributes = {value(kinds)}"
    yield from _limits(called)


def _limits(called: str) -> Iterator[str]:
    yield f"[systems.{called}.deletions]  # more than this many missing, or this part of them: nothing is marked"
    yield "max_count = 50"
    yield "max_percent = 5"


def _target(target: Target) -> Iterator[str]:
    yield "[systems.directory]"
    yield from (f"{name} = {value(one)}" for name, one in {**target.survey.keys, **target.connection}.items())
    people = target.people
    keys = people.keys if people is not None else _OPEN_PERSON
    yield f"[systems.directory.objects.person]{f'  # {people.sampled:,} looked at' if people else ''}"
    yield from (f"{name} = {value(one)}" for name, one in keys.items())
    if target.is_domain:
        yield 'initial_password = "random"      # over TLS only, and kept nowhere'
        yield 'attributes = { userAccountControl = "integer" }'
    yield from _limits("directory")


_OPEN_PERSON = {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}


def _metaverse(source: Source, names: Mapping[str, str]) -> Iterator[str]:
    kinds = kinds_of(source.people)
    typed = {name: kinds[column] for name, column in names.items() if column in kinds}
    yield "[metaverse.person]"
    if typed:
        yield f"attributes = {value(typed)}"
    yield 'deletion = { when = "last_connector_gone" }   # and a delete in a target never without an approval'


def _inbound(source: Source, names: Mapping[str, str]) -> Iterator[str]:
    yield "[[rules]]"
    yield f'name = "people from {source.called}"'
    yield f'from = "{source.called}.{source.people.name}"'
    yield 'to = "metaverse.person"'
    yield "project = true                    # whoever is new becomes a person of the metaverse"
    yield "[rules.flow]"
    yield from (f"{key(name)} = {text(feed.flow_of(column))}" for name, column in names.items())
    yield from left_out(source.people, names.values())


def _outbound(source: Source, target: Target, names: Mapping[str, str]) -> Iterator[str]:
    identity = _identity(source, names)
    flow = dict(_domain_flow(identity, names) if target.is_domain else _open_flow(identity, names))
    number = next(name for name in ("employeeNumber", "employeeID") if name in flow)
    yield "[[rules]]"
    yield 'name = "people to the directory"'
    yield 'from = "metaverse.person"'
    yield 'to = "directory.person"'
    mail = ', ["mail"]' if "mail" in flow else ""
    yield f'join = [["{number}"]{mail}]     # accounts that are there already are joined, not doubled'
    yield "provision = true                  # whoever has none gets one"
    yield 'deprovision = "delete"            # never without an approval'
    yield f"dn = {text(_dn(target, identity, names))}"
    yield "[rules.flow]"
    yield from (f"{name} = {text(said)}" for name, said in flow.items())


def _dn(target: Target, identity: str, names: Mapping[str, str]) -> str:
    """Name new entries as most of those that are there are named."""
    people, base = target.people, str(target.survey.keys["base"])
    by, below = people.named if people is not None else ("", "")
    if (by or "uid").lower() == "cn":
        whole = "display_name" if "display_name" in names else None
        own = f"{{{{ {whole} | rdn }}}}" if whole else f"{{{{ ({_whole(names, identity)}) | rdn }}}}"
        return f"{by or 'cn'}={own},{below or base}"
    return f"uid={{{{ {_account(identity, names)} | rdn }}}},{below or base}"


def _account(identity: str, names: Mapping[str, str]) -> str:
    return "account_name" if "account_name" in names else identity


def _whole(names: Mapping[str, str], identity: str) -> str:
    """Give an expression for a person's whole name."""
    if "first_name" in names and "last_name" in names:
        return "first_name ~ ' ' ~ last_name"
    return next((name for name in ("display_name", "last_name", "first_name") if name in names), identity)


def _last(names: Mapping[str, str], identity: str) -> str:
    if "last_name" in names:
        return "last_name"
    return "{{ display_name.split() | last }}" if "display_name" in names else identity


_SAME = {
    "givenName": "first_name",
    "mail": "email",
    "telephoneNumber": "phone",
    "mobile": "mobile",
    "title": "title",
    "l": "location",
}
"""Attribute of a directory → attribute of the metaverse."""


def _open_flow(identity: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "uid", _account(identity, names)
    yield "employeeNumber", identity
    yield "cn", f"{{{{ {_whole(names, identity)} }}}}"
    yield "sn", _last(names, identity)
    yield from ((name, said) for name, said in {**_SAME, "departmentNumber": "department"}.items() if said in names)


def _domain_flow(identity: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "sAMAccountName", _account(identity, names)
    yield "employeeID", identity
    yield "userAccountControl", "{{ true | account_control }}"
    yield "displayName", f"{{{{ {_whole(names, identity)} }}}}"
    yield "sn", _last(names, identity)
    yield from ((name, said) for name, said in {**_SAME, "department": "department"}.items() if said in names)
