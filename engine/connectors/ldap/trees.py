"""What stands above and below an entry: parents that are missing, and children that are in the way."""

from collections.abc import Iterable, Sequence

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation
from engine.connectors.ldap.link import Add, Delete, DirectoryLink, Search
from engine.connectors.ldap.reading import Incomplete, class_filter, read_pages
from engine.connectors.ldap.session import Session
from engine.errors import CannotConnect
from engine.values import dn
from engine.values.attribute_descriptions import usual


def create_parents(link: DirectoryLink, operations: Sequence[ExportOperation]) -> None:
    """Create the organizational units that are missing above entries; those of another kind are left alone.

    What the server refuses is left to the entries themselves: they fail, and say why.
    """
    names = [one.new_secondary_id or one.secondary_id or "" for one in operations]
    above = {dn.key(parent): parent for name in names for parent in units_above(name)}
    for parent in sorted(above.values(), key=dn.depth):
        name = dn.own_rdn(parent)[0][1]
        request = Add(parent, [("objectClass", [b"organizationalUnit"]), ("ou", [name.encode()])])
        list(link.execute([request], 1))


def units_above(entry_dn: str) -> Iterable[str]:
    """Give the units right above an entry, the nearest first, up to the first ancestor that is none."""
    above = dn.parent(entry_dn)
    while above and dn.rdn_names(above) and usual(dn.rdn_names(above)[0]) == "ou":
        yield above
        above = dn.parent(above)


def objects_below(session: Session, top: str, types: Iterable[ObjectTypeConfig]) -> list[str] | None:
    """Give the DNs of entries of some types that stand below another entry; None where not all of them may be seen."""
    return _below(session, top, f"(|{''.join(class_filter(settings) for settings in types)})")


def delete_below(session: Session, operations: Sequence[ExportOperation]) -> None:
    """Delete what stands below entries, the lowest first; nothing where not all may be seen."""
    controls = session.offers.manage()
    for operation in operations:
        below = _below(session, operation.secondary_id or "", "(objectClass=*)") or []
        for depth in sorted({dn.depth(name) for name in below}, reverse=True):
            level = [Delete(name, controls) for name in below if dn.depth(name) == depth]
            list(session.link.execute(level, session.options.in_flight))


def _below(session: Session, top: str, filter_: str) -> list[str] | None:
    """Give the DNs of what a filter finds below an entry; None where that is not all, or the entry moved away."""
    search = Search(top, filter_, ["1.1"], controls=session.offers.manage())
    found: list[str] = []
    try:
        for page in read_pages(session, search, session.options.page_size):
            if isinstance(page, Incomplete):
                return None
            found += [entry.dn.decode(errors="replace") for entry in page]
    except CannotConnect:  # its DN names nothing any more
        return None
    return [name for name in found if dn.key(name) != dn.key(top)]
