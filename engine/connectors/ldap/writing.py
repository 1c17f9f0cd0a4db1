"""Write to a directory server over one connection, with many operations waiting for their answers at once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from engine.configuration.external_ids import kind_of
from engine.configuration.models import SystemConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.directory_types import entry_attributes, old_rdn_goes
from engine.connectors.initial_passwords import PasswordPolicy
from engine.connectors.ldap.active_directory import GUID, id_bytes, is_exact, named_by_id
from engine.connectors.ldap.chunks import in_chunks
from engine.connectors.ldap.link import Add, Delete, Modification, Modify, Rename, Request, Unfit
from engine.connectors.ldap.messages import Control
from engine.connectors.ldap.password_policy import POLICY, with_policy
from engine.connectors.ldap.passwords import Passwords
from engine.connectors.ldap.reading import Reading, base_of
from engine.connectors.ldap.refusals import Refusals, overheard
from engine.connectors.ldap.requests import ADD, DELETE, REPLACE, encode_equality
from engine.connectors.ldap.results import NO_SUCH_OBJECT, SUCCESS, explain, explain_result
from engine.connectors.ldap.schema import Schema
from engine.connectors.ldap.session import ASSERTION, PERMISSIVE, TREE_DELETE, Session
from engine.connectors.ldap.trees import create_parents, delete_below, objects_below
from engine.errors import ConnectionLost, ObjectError
from engine.values import dn, typed
from engine.values.attribute_descriptions import usual
from storage.records import AttributeChange, ChangeType

Results = dict[int, ExportResult]
Encode = Callable[[ExportOperation], Request]
HAS_CHILDREN = 66
MAY_BE_ITS_ASSERTION = frozenset({19, 122})
"""Results of a change whose assertion was tried on another entry: constraintViolation, assertionFailed."""


class LdapWriter:
    """Executes operations; never on an entry that only has the DN of the one that is meant."""

    def __init__(self, session: Session, system: SystemConfig, schema: Schema) -> None:
        self._session = session
        self._system = system
        self._objects = system.objects
        self._schema = schema
        self._options = session.options
        self._reading = Reading(session, system)
        self._refusals = Refusals(session, system, schema)
        self._passwords = Passwords(session, system, schema)
        self._asserts = True
        """Whether assertions are of use with this server; not where its overlays mistake them."""
        self._codes: dict[int, int] = {}
        """How the operations of the batch ended, as LDAP says it: operation id → result code."""
        self._renamed: set[int] = set()
        """The operations of the batch whose entries have their new names."""
        self._parts: Counter[int] = Counter()
        """How many parts of the operations of the batch are written."""

    def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations in two waves: renames before the other changes of the same entries.

        Raises `ConnectionLost` with the results there are.
        """
        results: Results = {}
        self._codes, self._renamed, self._parts = {}, set(), Counter()
        self._passwords.prepare(operations)
        failure: ConnectionLost | Unfit | None = None
        try:
            self._export(_without_refused(operations, self._passwords.refusal_of, results), results)
        except (ConnectionLost, Unfit) as error:
            failure = error
        finally:
            self._passwords.deliver(results)
        if isinstance(failure, Unfit):
            told = f"'{self._session.name}': the server sent what is not understood: {failure}; try client = \"ldap3\""
            raise ConnectionLost(told, list(results.values())) from failure
        if failure is not None:
            raise ConnectionLost(f"'{self._session.name}': {failure}", list(results.values())) from failure
        return list(results.values())

    def reset_password(self, operation: ExportOperation, policy: PasswordPolicy) -> ExportResult:
        """Give the entry of an operation another password. Raises what `export` raises."""
        refusal = overheard(self._session) or self._refusals.out_of_base(operation)
        if refusal is not None:
            return ExportResult(operation.id, error=refusal)
        results: Results = {}
        try:
            meant = _without_refused([operation], self._of_another, results)
            for one in meant:
                self._passwords.make_one(policy, one)
            self._pipeline(meant, partial(self._new_password, must_change=policy.must_change), results)
        except Unfit as error:
            raise ConnectionLost(f"'{self._session.name}': the server sent what is not understood: {error}") from error
        finally:
            self._passwords.deliver(results)
        return results[operation.id]

    def _new_password(self, operation: ExportOperation, *, must_change: bool) -> Request:
        password = self._passwords.made_for(operation)
        wanted = self._passwords.attributes_of(password, must_change=must_change)
        changes: list[Modification] = [(REPLACE, name, values) for name, values in wanted]
        controls = [*self._controls(operation), *self._policy()]
        return Modify(self._name(operation, operation.secondary_id or ""), changes, controls)

    def _policy(self) -> list[Control]:
        """Give the control by which a password policy says why it refuses a password, where the server knows it."""
        return [Control(POLICY)] if self._session.offers.has(POLICY) else []

    def _export(self, operations: Sequence[ExportOperation], results: Results) -> None:
        """Execute operations; once more, without an assertion, what may have failed for that alone.

        Overlays of OpenLDAP (unique, constraint) look at other entries with the assertion that was meant for one.
        """
        self._execute(operations, results)
        doubtful = [
            one for one in operations if self._asserted(one) and self._codes.get(one.id) in MAY_BE_ITS_ASSERTION
        ]
        if not doubtful:
            return
        for one in doubtful:
            del results[one.id]
        self._asserts = False  # each is looked at instead
        self._execute(doubtful, results)
        self._asserts = all(self._codes[one.id] in MAY_BE_ITS_ASSERTION for one in doubtful)

    def _asserted(self, operation: ExportOperation) -> bool:
        """Tell whether the server is asked to change an entry only if it is the one that is meant."""
        bound = self._asserts and self._session.offers.has(ASSERTION)
        known = operation.external_id is not None and operation.change_type != ChangeType.CREATE
        return bound and known and self._is_comparable(operation)

    def _is_comparable(self, operation: ExportOperation) -> bool:
        """Tell whether the server compares external ids as we do: values that can be written in many ways as such."""
        settings = self._objects[operation.type]
        return is_exact(settings) or self._schema.describe(settings.external_id).kind == kind_of(settings)

    def _execute(self, operations: Sequence[ExportOperation], results: Results) -> None:
        writable = [self._fit(one) for one in _without_refused(operations, self._refusals.of, results)]
        meant = _without_refused(writable, self._of_another, results)
        named_anew = [one for one in meant if one.new_secondary_id is not None and one.id not in self._renamed]
        self._rename_all(named_anew, results)
        failed = {result.id for result in results.values() if result.error}
        rest = [one for one in meant if one.id not in failed and _has_more(one)]
        for one in meant:
            if not _has_more(one):
                results.setdefault(one.id, ExportResult(one.id))  # its name was all there was
        self._write_in_chunks(rest, results)
        if self._options.create_parents:
            self._create_with_parents(self._failed(rest, ChangeType.CREATE, NO_SUCH_OBJECT), results)
        if self._options.delete_children:
            self._delete_with_children(self._failed(rest, ChangeType.DELETE, HAS_CHILDREN), results)

    def _create_with_parents(self, creates: Sequence[ExportOperation], results: Results) -> None:
        """Create entries once more, after the parents that they lacked."""
        create_parents(self._session.link, creates, self._base)
        self._write_in_chunks(creates, results)

    def _delete_with_children(self, deletes: Sequence[ExportOperation], results: Results) -> None:
        """Delete entries and what stands below them, unless that is somebody whose delete nobody approved."""
        alone = _without_refused(deletes, self._not_approved_below, results)
        if self._session.offers.has(TREE_DELETE):
            self._pipeline(alone, self._delete_tree, results)
        else:
            delete_below(self._session, alone)
            self._write_in_chunks(alone, results)

    def _rename_all(self, operations: Sequence[ExportOperation], results: Results) -> None:
        """Rename and move entries; where their new parents are missing, these are made first if so configured."""
        self._pipeline(operations, self._rename, results)
        if self._options.create_parents and (orphans := self._orphans(operations, results)):
            create_parents(self._session.link, orphans, self._base)
            self._pipeline(orphans, self._rename, results)
        for one in self._orphans(operations, results):
            results[one.id] = ExportResult(one.id, error=explain(NO_SUCH_OBJECT, creating=True))
        self._renamed |= {one.id for one in operations if results[one.id].error is None}

    def _base(self, operation: ExportOperation) -> str:
        return base_of(self._system, self._objects[operation.type])

    def _orphans(self, operations: Sequence[ExportOperation], results: Results) -> list[ExportOperation]:
        """Give the moves that failed because their new parent is missing, and not the entry itself."""
        doubtful = MAY_BE_ITS_ASSERTION | {SUCCESS}
        failed = [one for one in operations if self._codes[one.id] not in doubtful]
        return [one for one in failed if self._is_orphan(one)]

    def _is_orphan(self, operation: ExportOperation) -> bool:
        """Look whether an entry is there, and its new parent is not: servers answer that with different codes."""
        parent = dn.parent(operation.new_secondary_id or "")
        if not parent or self._reading.exists(parent):
            return False
        return self._reading.exists(self._name(operation, operation.secondary_id or ""))

    def _by_id(self, operation: ExportOperation) -> bool:
        """Tell whether the server finds the entry by its id, wherever it stands by now."""
        known = usual(self._objects[operation.type].external_id) == GUID and operation.external_id is not None
        return known and self._session.offers.is_active_directory

    def _name(self, operation: ExportOperation, entry_dn: str) -> str:
        """Give the name by which the server is told which entry is meant."""
        if not self._by_id(operation):
            return entry_dn
        return named_by_id(self._objects[operation.type], operation.external_id or "")

    def _fit(self, operation: ExportOperation) -> ExportOperation:
        """Leave out of an update what Active Directory takes from the name alone: the RDN's own attribute."""
        name = operation.new_secondary_id or operation.secondary_id
        if operation.change_type != ChangeType.UPDATE or name is None or not self._session.offers.is_active_directory:
            return operation
        named = {(usual(rdn_name), value) for rdn_name, value in dn.own_rdn(name)}
        changes = [one for one in operation.changes if (usual(one.name), *map(str, one.add)) not in named]
        return replace(operation, changes=changes)

    def _failed(self, operations: Sequence[ExportOperation], change: ChangeType, code: int) -> list[ExportOperation]:
        """Give those operations of a kind that ended with a result code."""
        return [one for one in operations if one.change_type == change and self._codes[one.id] == code]

    def _write_in_chunks(self, operations: Sequence[ExportOperation], results: Results) -> None:
        """Write operations; those with very many values go on, one part after the other, once the first is there."""
        waiting = [islice(in_chunks(one, self._options.chunk), self._parts[one.id], None) for one in operations]
        while waiting:
            round_ = [(parts, part) for parts in waiting if (part := next(parts, None)) is not None]
            self._pipeline([part for _, part in round_], self._change, results)
            waiting = [parts for parts, part in round_ if results[part.id].error is None]
            self._parts.update(part.id for _, part in round_ if results[part.id].error is None)

    def _of_another(self, operation: ExportOperation) -> ObjectError | None:
        """Look, for a server that cannot assert it, whether the DN still names the entry; give the error if not."""
        if self._asserted(operation) or self._by_id(operation):
            return None
        if operation.external_id is None or operation.change_type == ChangeType.CREATE:
            return None
        name = operation.new_secondary_id if operation.id in self._renamed else operation.secondary_id
        if self._reading.is_there(operation.type, operation.external_id, name or ""):
            return None
        return ObjectError("missing-object", "the entry is not there any more", "import the directory to see why")

    def _not_approved_below(self, operation: ExportOperation) -> ObjectError | None:
        """Give the error where deleting all below an entry would delete what nobody has approved."""
        found = objects_below(self._session, operation.secondary_id or "", self._objects.values())
        if found == []:
            return None
        told = "not all that stands below it may be seen, and could be what nobody approved to delete"
        if found:
            told = f"'{found[0]}' stands below it, and nobody approved to delete that ({len(found)} such entries)"
        advice = "move what stands below it away, or let that be deleted by itself first"
        return ObjectError("constraint-violation", told, advice)

    def _delete_tree(self, operation: ExportOperation) -> Request:
        controls = [*self._controls(operation), Control(TREE_DELETE, critical=True)]
        return Delete(self._name(operation, operation.secondary_id or ""), controls)

    def _pipeline(self, operations: Sequence[ExportOperation], encode: Encode, results: Results) -> None:
        requests = (encode(operation) for operation in operations)
        for index, result in self._session.link.execute(requests, self._options.in_flight):
            operation = operations[index]
            creating = operation.change_type == ChangeType.CREATE
            error = with_policy(explain_result(result, creating=creating), result) if result.code else None
            self._codes[operation.id] = result.code
            results[operation.id] = ExportResult(operation.id, error=error)

    def _controls(self, operation: ExportOperation) -> list[Control]:
        controls = list(self._session.offers.manage())
        if self._asserted(operation) and operation.external_id is not None:
            settings = self._objects[operation.type]
            value = encode_equality(settings.external_id, id_bytes(settings, operation.external_id))
            controls.append(Control(ASSERTION, critical=True, value=value))
        return controls

    def _modifications(self, operation: ExportOperation) -> list[Modification]:
        """Give the modifications of an update."""
        settings = self._objects[operation.type]
        names = (operation.secondary_id, operation.new_secondary_id) if operation.new_secondary_id else ()
        renamed = {self._schema.usual(attribute) for name in names for attribute in dn.rdn_names(name or "")}
        modifications: list[Modification] = []
        for change in operation.changes:
            whole = self._schema.usual(change.name) in renamed or not self._schema.compares(change.name)
            write = typed.bytes_writer(settings.type_of(change.name).kind)
            modifications += _modifications_of(change, write, whole=whole)
        return modifications

    def _rename(self, operation: ExportOperation) -> Request:
        old, new = operation.secondary_id or "", operation.new_secondary_id or ""
        stays = dn.key(dn.parent(new)) == dn.key(dn.parent(old)) and not self._by_id(operation)
        superior = None if stays else dn.parent(new)
        return Rename(
            self._name(operation, old), dn.rdn(new), old_rdn_goes(old, new), superior, self._controls(operation)
        )

    def _change(self, operation: ExportOperation) -> Request:
        entry_dn = operation.new_secondary_id or operation.secondary_id or ""
        settings = self._objects[operation.type]
        controls = self._controls(operation)
        if operation.change_type == ChangeType.CREATE:
            attributes = entry_attributes(entry_dn, settings, operation.attributes, self._schema.usual)
            password = self._passwords.of(operation)
            return Add(entry_dn, attributes + password, [*controls, *(self._policy() if password else ())])
        entry_dn = self._name(operation, entry_dn)
        if operation.change_type == ChangeType.DELETE:
            return Delete(entry_dn, controls)
        if any(not change.replace for change in operation.changes):
            controls.append(Control(PERMISSIVE))
        return Modify(entry_dn, self._modifications(operation), controls)


def _has_more(operation: ExportOperation) -> bool:
    """Tell whether there is anything to send but a new name."""
    return bool(operation.changes) or (operation.change_type != ChangeType.UPDATE)


def _without_refused(
    operations: Sequence[ExportOperation], refusal: Callable[[ExportOperation], ObjectError | None], results: Results
) -> list[ExportOperation]:
    """Keep the errors of operations that are refused, and give the others."""
    accepted = []
    for one in operations:
        error = refusal(one)
        if error is None:
            accepted.append(one)
        else:
            results[one.id] = ExportResult(one.id, error=error)
    return accepted


def _modifications_of(change: AttributeChange, write: Callable[[Any], bytes], *, whole: bool) -> list[Modification]:
    """Give the modifications of one change: what was last seen exactly removed, so that nothing newer is overwritten.

    A single value is replaced as a `whole` where the server cannot compare values, or where a rename has changed it.
    """
    add, remove = list(map(write, change.add)), list(map(write, change.remove))
    if change.replace:
        if whole:
            return [(REPLACE, change.name, add)]
        held = remove if change.imported is None else list(map(write, change.imported))
        add, remove = [one for one in add if one not in held], [one for one in held if one not in add]
    return [step for step in ((DELETE, change.name, remove), (ADD, change.name, add)) if step[2]]
