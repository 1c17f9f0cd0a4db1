"""What stands above and below an entry: parents that are missing, and children that are in the way."""

from collections.abc import Iterable, Sequence

from engine import dn
from engine.connectors.base import ExportOperation
from engine.connectors.ldap_link import Add, Delete, DirectoryLink, Search
from engine.connectors.ldap_reading import Incomplete, read_pages
from engine.connectors.ldap_session import Session


def create_parents(link: DirectoryLink, operations: Sequence[ExportOperation]) -> None:
    """Create the organizational units that are missing above entries; those of another kind are left alone.

    What the server refuses is left to the entries themselves: they fail, and say why.
    """
    above = {dn.key(parent): parent for one in operations for parent in _units(one.secondary_id or "")}
    for parent in sorted(above.values(), key=dn.depth):
        name = dn.own_rdn(parent)[0][1]
        request = Add(parent, [("objectClass", [b"organizationalUnit"]), ("ou", [name.encode()])])
        list(link.execute([request], 1))


def _units(entry_dn: str) -> Iterable[str]:
    """Give the units right above an entry, up to the first ancestor that is none."""
    above = dn.parent(entry_dn)
    while above and dn.rdn_names(above) and dn.rdn_names(above)[0].lower() == "ou":
        yield above
        above = dn.parent(above)


def delete_below(session: Session, operations: Sequence[ExportOperation]) -> None:
    """Delete what stands below entries, the lowest first."""
    for operation in operations:
        top = operation.secondary_id or ""
        found: list[str] = []
        for page in read_pages(session, Search(top, "(objectClass=*)", ["1.1"]), session.options.page_size):
            if isinstance(page, Incomplete):
                return
            found += [entry.dn.decode(errors="replace") for entry in page]
        below = [name for name in found if dn.key(name) != dn.key(top)]
        for depth in sorted({dn.depth(name) for name in below}, reverse=True):
            level = [Delete(name) for name in below if dn.depth(name) == depth]
            list(session.link.execute(level, session.options.in_flight))
