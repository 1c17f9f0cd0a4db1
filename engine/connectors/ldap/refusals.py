"""What is refused before it is sent, because no server could do it or nobody should ask for it."""

from engine.configuration.models import SystemConfig
from engine.connectors.base import ExportOperation
from engine.connectors.ldap.options import initial_password_of
from engine.connectors.ldap.reading import base_of
from engine.connectors.ldap.schema import Schema
from engine.connectors.ldap.session import Session
from engine.errors import ObjectError
from engine.values import dn
from storage.records import ChangeType


class Refusals:
    """Tells which operations are not sent to a server, and why."""

    def __init__(self, session: Session, system: SystemConfig, schema: Schema) -> None:
        self._session = session
        self._system = system
        self._objects = system.objects
        self._schema = schema

    def of(self, operation: ExportOperation) -> ObjectError | None:
        """Give the error of what the server sets by itself, of a name no entry can have, of a password to overhear."""
        return (
            self._server_owned(operation)
            or _unusable_name(operation)
            or self.out_of_base(operation)
            or self._overheard(operation)
        )

    def _server_owned(self, operation: ExportOperation) -> ObjectError | None:
        names = operation.attributes.keys() | {change.name for change in operation.changes}
        owned = sorted(self._schema.read_only_among(names))
        if not owned:
            return None
        return ObjectError(
            "schema-violation",
            f"the server alone sets {', '.join(owned)} (NO-USER-MODIFICATION)",
            "take it out of the rule's flow",
        )

    def out_of_base(self, operation: ExportOperation) -> ObjectError | None:
        """Give the error where an entry stands, or would stand, where nobody looks for its type.

        It could never be confirmed; and whatever an import said, nothing is written there.
        """
        base = base_of(self._system, self._objects[operation.type])
        key = dn.key(base)
        for name in (operation.secondary_id, operation.new_secondary_id):
            if name is not None and not dn.is_within(dn.key(name), key):
                return ObjectError(
                    "dn-not-determined",
                    f"'{name}' does not stand below '{base}', the base of '{operation.type}'",
                    "correct the rule's dn, or the base; where the entry itself stands elsewhere, import the directory",
                )
        return None

    def _overheard(self, operation: ExportOperation) -> ObjectError | None:
        """Give the error where a password would go over a connection that is not encrypted."""
        if operation.change_type != ChangeType.CREATE or initial_password_of(self._objects[operation.type]) is None:
            return None
        return overheard(self._session)


def overheard(session: Session) -> ObjectError | None:
    """Give the error that a password meets on a session that others can listen to, or that a domain takes none over."""
    options = session.options
    if options.encrypted or (options.stays_here and not session.offers.is_active_directory):
        return None
    return ObjectError(
        "permission-denied",
        "the entry gets a password, and that is sent over TLS only",
        'use ldaps:// or tls = "starttls"',
    )


def _unusable_name(operation: ExportOperation) -> ObjectError | None:
    try:
        for name in (operation.secondary_id, operation.new_secondary_id):
            if name is not None:
                dn.check(name)
    except dn.InvalidDn as error:
        return ObjectError("dn-not-determined", str(error), "correct the rule's dn, or what it is made of")
    return None
