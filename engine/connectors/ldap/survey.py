"""Look at a live directory for a first configuration: its kind, its types of entries, what they hold."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.connectors.base import SchemaAttribute
from engine.connectors.directory_types import is_secret
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.link import Search, Unfit
from engine.connectors.ldap.messages import Entry
from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.reading import Incomplete, read_pages
from engine.connectors.ldap.schema import Schema, read_schema
from engine.connectors.ldap.session import Session
from engine.connectors.survey import SAMPLE, SHOWN, Survey, SurveyedType
from engine.errors import CannotConnect
from engine.values import dn

MOST_BYTES = 4_096
"""A value longer than this is no matter of identity: a photograph, a certificate."""
_OPEN = (
    ("person", ("inetOrgPerson",), ""),
    ("person", ("organizationalPerson",), ""),
    ("person", ("person",), ""),
    ("group", ("groupOfNames",), ""),
    ("group", ("groupOfUniqueNames",), ""),
    ("group", ("posixGroup",), ""),
    ("unit", ("organizationalUnit",), ""),
)
_DOMAIN = (
    ("person", ("user",), "(&(objectCategory=person)(!(isCriticalSystemObject=TRUE)))"),
    ("group", ("group",), "(!(isCriticalSystemObject=TRUE))"),
    ("unit", ("organizationalUnit",), "(!(isCriticalSystemObject=TRUE))"),
)
"""What entries may be, the likeliest first: of each name the first one that is there is taken."""
_CLASSES = frozenset({"objectclass", "objectcategory", "instancetype"})


def survey_directory(url: str, folder: Path, options: Mapping[str, Any]) -> Survey:
    """Look at a directory, and change nothing; its base is the URL's path, or the first that the server names.

    Raises `CannotConnect`, `CredentialsRefused`, `ConnectionLost`, or pydantic's `ValidationError` for the options.
    """
    asked = unquote(urlsplit(url).path.lstrip("/"))
    settings = LdapOptions.model_validate({"url": url, "base": asked, **options})
    session = Session(url, settings, folder, [])
    try:
        return _survey(session, url, asked)
    except (Unfit, WireError) as error:
        raise CannotConnect(f"{url}: the server sends what is not understood: {error}; look into its log") from error
    finally:
        session.close()


def _survey(session: Session, url: str, asked: str) -> Survey:
    session.open()
    root = session.offers.root
    base = asked or next(iter(root.get("defaultnamingcontext", root.get("namingcontexts", []))), "")
    if not base:
        raise CannotConnect(f"{url}: the server names no base; put it behind the address: {url}/dc=example,dc=org")
    domain = session.offers.is_active_directory
    schema = read_schema(session)
    found: dict[str, SurveyedType] = {}
    for kind in _DOMAIN if domain else _OPEN:
        if kind[0] not in found and (one := _look(session, schema, base, kind)) is not None:
            found[kind[0]] = one
    address = "/".join(url.split("/", 3)[:3])
    return Survey({"connector": "ldap", "url": address, "base": base}, list(found.values()))


def _look(session: Session, schema: Schema, base: str, kind: tuple[str, tuple[str, ...], str]) -> SurveyedType | None:
    name, classes, filter_ = kind
    wanted = "".join(f"(objectClass={one})" for one in classes)
    search = Search(base, f"(&{wanted}{filter_})", ["*"], controls=session.offers.manage())
    entries: list[Entry] = []
    for page in read_pages(session, search, SAMPLE):
        entries = [] if isinstance(page, Incomplete) else page
        break
    if not entries:
        return None
    keys: dict[str, Any] = {"object_class": list(classes)} | ({"filter": filter_} if filter_ else {})
    keys["external_id"] = "objectGUID" if session.offers.is_active_directory else "entryUUID"
    keys["secondary_external_id"] = "dn"
    found = _attributes(schema, entries)
    rows = [_row(entry, {one.name for one in found if one.kind != "binary"}) for entry in entries[:SHOWN]]
    return SurveyedType(name, keys, len(entries), found, rows=rows, named=_named(entries))


def _row(entry: Entry, names: set[str]) -> dict[str, str]:
    """Give the values of some attributes of an entry."""
    held = ((raw.decode(errors="replace").partition(";")[0], values) for raw, values in entry.attributes)
    return {name: "|".join(one.decode(errors="replace") for one in values) for name, values in held if name in names}


def _named(entries: list[Entry]) -> tuple[str, str]:
    """Give by which attribute most entries are named, and below which DN most of them stand."""
    counted: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        try:
            own, above = dn.from_bytes(entry.dn)[0], dn.parent(dn.from_bytes(entry.dn)[0])
            counted[dn.own_rdn(own)[0][0], above] += 1
        except dn.InvalidDn:
            continue
    return counted.most_common(1)[0][0] if counted else ("", "")


def _attributes(schema: Schema, entries: list[Entry]) -> list[SchemaAttribute]:
    held: Counter[str] = Counter()
    many: set[str] = set()
    for entry in entries:
        for raw, values in entry.attributes:
            name = raw.decode(errors="replace").partition(";")[0]
            if (
                not is_secret(name)
                and name.lower() not in _CLASSES
                and all(len(value) <= MOST_BYTES for value in values)
            ):
                held[name] += 1
                many.update([name] if len(values) > 1 else [])
    described = (schema.describe(name) for name, _ in held.most_common())
    return [one._replace(multi=one.multi and one.name in many) for one in described if not one.read_only]
