"""Who is mailed the password of an account: as one of its attributes says, such as its manager."""

from engine.connectors.base import ExportOperation
from engine.connectors.initial_passwords import PasswordMailConfig, is_address
from engine.connectors.ldap.link import Search, find, texts_of
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.session import Session
from engine.values import dn
from engine.values.attribute_descriptions import usual

_MAIL = "mail"
"""The attribute in which an entry has its address."""


class Readers:
    """Finds the readers of the passwords of one batch; each entry that is named is looked at once."""

    def __init__(self, session: Session, mail: PasswordMailConfig) -> None:
        self._session = session
        self._mail = mail
        self._known: dict[str, list[str]] = {}
        """The addresses of entries, by the keys of their DNs."""

    def of(self, operation: ExportOperation) -> tuple[str, ...] | str:
        """Give the addresses to which the password of an entry goes, or why there are none."""
        name = self._mail.to_attribute
        if name is None:
            return tuple(self._mail.to)
        values = next((held for one, held in operation.attributes.items() if usual(one) == usual(name)), [])
        found = [address for value in values for address in self._addresses(str(value))]
        readers = found or self._mail.to
        if readers:
            return tuple(dict.fromkeys(readers))
        if not values:
            return f"its '{name}' is not known, which says to whom that is mailed, and 'to' names nobody"
        return f"its '{name}' ({values[0]}) has no address, and 'to' names nobody"

    def _addresses(self, value: str) -> list[str]:
        if is_address(value):
            return [value]
        try:
            key = dn.key(value)
        except dn.InvalidDn:
            return []
        if key not in self._known:
            self._known[key] = self._addresses_of(value)
        return self._known[key]

    def _addresses_of(self, entry_dn: str) -> list[str]:
        """Give the first address of an entry; none where it is not there, or has none."""
        search = Search(entry_dn, "(objectClass=*)", [_MAIL], BASE)
        found, _ = self._session.read(lambda link: find(link, search))
        return [value for value in texts_of(found, _MAIL) if is_address(value)][:1]
