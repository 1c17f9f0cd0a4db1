"""What connectors to directories share: types by object class, what nobody writes or reads, the naming attribute."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from engine.configuration.models import Model, ObjectTypeConfig
from engine.values import dn, typed
from engine.values.attribute_descriptions import usual
from storage.records import Attributes

SERVER_ASSIGNED = frozenset({"entryuuid", "objectguid", "nsuniqueid", "dn"})
"""What a directory gives to its entries by itself, and nobody writes."""
NEVER_READ = frozenset(
    {
        *("userpassword", "authpassword", "pwdhistory", "userpkcs12", "olcrootpw", "oathsecret"),
        *("krbprincipalkey", "krbmkey", "sambantpassword", "sambalmpassword", "sambapasswordhistory"),
        *("unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials"),
        *("ms-mcs-admpwd", "mslaps-password", "mslaps-encryptedpassword", "mslaps-encryptedpasswordhistory"),
    }
)
"""Passwords and keys, in lower case: they never enter the store, whatever the configuration names."""


def is_secret(name: str) -> bool:
    """Tell whether an attribute, with its options or without, holds passwords or keys."""
    return usual(name.partition(";")[0]) in NEVER_READ


def why_no_flow(attribute: str) -> str | None:
    """Say why no rule may flow to an attribute of a directory."""
    if is_secret(attribute):
        return f"'{attribute}' is never read, so what a rule writes there could not be confirmed: see initial_password"
    if usual(attribute) == "objectclass":
        return "the object classes of an entry are those of its type's object_class"
    return None


def _a_dn(base: str) -> str:
    dn.parse(base)
    return base


Base = Annotated[str, AfterValidator(_a_dn)]
"""The DN below which entries stand; empty for all there are."""


class DirectoryObjectOptions(Model):
    """`[systems.NAME.objects.TYPE]` of a directory."""

    object_class: list[str]
    """The object classes of an entry of this type; all of them are given to a created one."""
    base: Base | None = None
    """The part of the directory in which the type's entries stand, where it is not the system's base."""


def old_rdn_goes(old_dn: str, new_dn: str) -> bool:
    """Tell whether a rename takes the old RDN's values away: not where another attribute names the entry now.

    A `cn` that no longer names its entry is still its `cn`, and the object class may require one.
    """
    old, new = ({usual(name) for name, _ in dn.own_rdn(text)} for text in (old_dn, new_dn))
    return old <= new


NameOf = Callable[[str], str]
"""Gives the form in which the names of one attribute are equal."""


def entry_attributes(
    entry_dn: str, settings: ObjectTypeConfig, attributes: Attributes, name_of: NameOf = usual
) -> list[tuple[str, list[bytes]]]:
    """Give what a created entry holds: its object classes, its attributes, and the values its RDN names."""
    options: DirectoryObjectOptions = settings.options
    declared = settings.attributes
    written: dict[str, list[bytes]] = {}
    for name, found in attributes.items():
        if found and usual(name) not in SERVER_ASSIGNED:
            write = typed.bytes_writer(declared[name].kind if name in declared else "text")
            written[name] = [write(value) for value in found]
    for name, value in dn.own_rdn(entry_dn):
        if value.encode() in written.get(name, ()):
            continue
        named = {name_of(name): name for name in written}
        held = written.setdefault(named.get(name_of(name), name), [])
        if value.casefold() not in {one.decode(errors="replace").casefold() for one in held}:
            held.append(value.encode())
    return [("objectClass", [name.encode() for name in options.object_class]), *written.items()]
