"""What stands above and below an entry: parents that are missing, and children that are in the way."""

from collections.abc import Callable, Iterable, Sequence

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation
from engine.connectors.ldap.bases import Within
from engine.connectors.ldap.link import Add, Delete, DirectoryLink, Search
from engine.connectors.ldap.reading import Incomplete, class_filter, read_pages
from engine.connectors.ldap.session import Session
from engine.errors import CannotConnect
from engine.values import dn
from engine.values.attribute_descriptions import usual


def create_parents(
    link: DirectoryLink, operations: Sequence[ExportOperation], base_of: Callable[[ExportOperation], str]
) -> None:
    """Create the organizational units that are missing above entries, up to their base; others are left alone.

    What the server refuses is left to the entries themselves: they fail, and say why.
    """
    named = [(one.new_secondary_id or one.secondary_id or "", dn.key(base_of(one))) for one in operations]
    units = [(dn.key(parent), parent, base) for name, base in named for parent in units_above(name)]
    above = {key: parent for key, parent, base in units if dn.is_within(key, base)}
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
    """Give the DNs of what a filter finds below an entry; None where that is not all, or not there, or it moved."""
    search = Search(top, filter_, ["1.1"], controls=session.offers.manage())
    found: list[str] = []
    try:
        for page in read_pages(session, search, session.options.page_size):
            if isinstance(page, Incomplete):
                return None
            found += [entry.dn.decode(errors="replace") for entry in page]
    except CannotConnect:  # its DN names nothing any more
        return None
    below = Within(top)
    if not all(map(below, found)):
        return None  # a server that answers with what stands elsewhere is not asked to delete it
    return [name for name in found if dn.key(name) != dn.key(top)]
