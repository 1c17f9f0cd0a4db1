"""Write to a directory server over one connection, with many operations waiting for their answers at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from engine import dn, values
from engine.config import ObjectTypeConfig
from engine.connectors import ldap_results
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.chunks import in_chunks
from engine.connectors.directory import entry_attributes, old_rdn_goes
from engine.errors import ConnectionLost, ObjectError
from storage.records import AttributeChange, ChangeType

ASSERTION = "1.3.6.1.1.12"
"""The assertion control: the server carries a change out only if a filter matches the entry (RFC 4528)."""

PERMISSIVE = "1.2.840.113556.1.4.1413"
"""The permissive modify control: adding what is there and removing what is gone is no error (OpenLDAP, Active
Directory): a server that keeps references by itself may have been faster."""

Controls = list[tuple[str, bool, bytes | None]]
Modifications = dict[str, list[tuple[str, list[bytes]]]]
Results = dict[int, ExportResult]


class LdapWriter:
    """Executes operations; never on an entry that only has the DN of the one that is meant."""

    def __init__(
        self, connection: Any, reader: Any, objects: Mapping[str, ObjectTypeConfig], timeout: float, in_flight: int
    ) -> None:
        """Take a connection with ldap3's asynchronous strategy for writing, and a synchronous one for reading."""
        self.connection = connection
        self._reader = reader
        self._objects = objects
        self._timeout = timeout
        self._in_flight = in_flight
        self._asserts = self._supports_assertions()

    def _supports_assertions(self) -> bool:
        self._reader.search("", "(objectClass=*)", ldap3.BASE, attributes=["supportedControl"])
        found = [one["raw_attributes"].get("supportedControl", []) for one in self._reader.response or []]
        return any(ASSERTION.encode() in controls for controls in found)

    def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations in two waves: renames before the other changes of the same entries."""
        results: Results = {}
        try:
            meant = [one for one in operations if self._asserts or self._is_meant(one, results)]
            self._pipeline([one for one in meant if one.new_secondary_id is not None], self._rename, results)
            failed = {result.id for result in results.values() if result.error}
            rest = [one for one in meant if one.id not in failed and (one.new_secondary_id is None or one.changes)]
            self._write_in_chunks(rest, results)
        except LDAPException as error:
            raise ConnectionLost(f"the connection was lost while writing: {error}", list(results.values())) from error
        return list(results.values())

    def _write_in_chunks(self, operations: Sequence[ExportOperation], results: Results) -> None:
        """Write operations; those with very many values go on, one part after the other, once the first is there."""
        waiting = [in_chunks(operation) for operation in operations]
        while waiting:
            round_ = [(parts, part) for parts in waiting if (part := next(parts, None)) is not None]
            self._pipeline([part for _, part in round_], self._change, results)
            waiting = [parts for parts, part in round_ if results[part.id].error is None]

    def _is_meant(self, operation: ExportOperation, results: Results) -> bool:
        """Look, for a server that cannot assert it, whether the DN still names the entry that is meant."""
        if operation.external_id is None:
            return True
        name = self._objects[operation.type].external_id
        by_id = f"({name}={escape_filter_chars(operation.external_id)})"
        self._reader.search(operation.secondary_id, by_id, ldap3.BASE, attributes=[ldap3.NO_ATTRIBUTES])
        if any(one["type"] == "searchResEntry" for one in self._reader.response or []):
            return True
        error = ObjectError("missing-object", "the entry is not there any more", "import the directory to see why")
        results[operation.id] = ExportResult(operation.id, error=error)
        return False

    def _pipeline(
        self, operations: Sequence[ExportOperation], send: Callable[[ExportOperation], Any], results: Results
    ) -> None:
        waiting: list[tuple[ExportOperation, int]] = []
        for operation in operations:
            waiting.append((operation, int(send(operation))))
            if len(waiting) >= self._in_flight:
                self._collect(*waiting.pop(0), results)
        for operation, message in waiting:
            self._collect(operation, message, results)

    def _collect(self, operation: ExportOperation, message: int, results: Results) -> None:
        _, result = self.connection.get_response(message, timeout=self._timeout)
        error = None
        if result["result"] != 0:
            error = ldap_results.explain(result, creating=operation.change_type == ChangeType.CREATE)
        results[operation.id] = ExportResult(operation.id, error=error)

    def _controls(self, operation: ExportOperation) -> Controls | None:
        if operation.external_id is None or not self._asserts:
            return None
        name = self._objects[operation.type].external_id.encode()
        return [(ASSERTION, True, _equality(name, operation.external_id.encode()))]

    def _rename(self, operation: ExportOperation) -> Any:
        old, new = operation.secondary_id or "", operation.new_secondary_id or ""
        superior = dn.parent(new) if dn.key(dn.parent(new)) != dn.key(dn.parent(old)) else None
        controls = self._controls(operation)
        return self.connection.modify_dn(
            old, dn.rdn(new), delete_old_dn=old_rdn_goes(old, new), new_superior=superior, controls=controls
        )

    def _change(self, operation: ExportOperation) -> Any:
        entry_dn = operation.new_secondary_id or operation.secondary_id or ""
        settings = self._objects[operation.type]
        controls = self._controls(operation)
        if any(not change.replace for change in operation.changes):
            controls = [*(controls or []), (PERMISSIVE, False, None)]
        if operation.change_type == ChangeType.CREATE:
            attributes = dict(entry_attributes(entry_dn, settings, operation.attributes))
            return self.connection.add(entry_dn, attributes=attributes)
        if operation.change_type == ChangeType.DELETE:
            return self.connection.delete(entry_dn, controls=controls)
        return self.connection.modify(entry_dn, _modifications(settings, operation.changes), controls=controls)


def _modifications(settings: ObjectTypeConfig, changes: Sequence[AttributeChange]) -> Modifications:
    """Give the modifications: single values replaced, many exactly added and removed."""
    modifications: Modifications = {}
    for change in changes:
        kind = settings.type_of(change.name).kind
        add = [values.to_bytes(kind, value) for value in change.add]
        remove = [values.to_bytes(kind, value) for value in change.remove]
        if change.replace:
            modifications[change.name] = [(ldap3.MODIFY_REPLACE, add)]
            continue
        steps = [(ldap3.MODIFY_DELETE, remove), (ldap3.MODIFY_ADD, add)]
        modifications.setdefault(change.name, []).extend((verb, found) for verb, found in steps if found)
    return modifications


def _equality(name: bytes, value: bytes) -> bytes:
    """Encode the filter `(name=value)` in BER (RFC 4511 §4.5.1.7.1)."""
    inner = b"".join(bytes([4, len(part)]) + part for part in (name, value))
    return bytes([0xA3, len(inner)]) + inner
