"""What a plan has instead of the systems that a run would write to: private copies of them.

Reading is real until the plan has something to send to a system. At that moment the system is copied as it stands, and
the plan goes on with the copy: what is sent changes the copy, by the code that would change the system, and a
confirming import reads it from there. So a refusal, an adoption, or what a rename moves with it shows in the plan
as it would in the run. What only a server itself knows (its schema, its access rules) does not.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.connectors.base import (
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportRequest,
    SchemaAttribute,
)
from engine.errors import ObjectError, StepFailed
from engine.planning.remembered_system import remember
from engine.workspace import Workspace
from storage import plans
from storage.records import Attributes


@dataclass(slots=True, frozen=True)
class PlannedWorkspace(Workspace):
    """A workspace on a copy of its store, whose connectors write to copies of their systems."""

    folder: Path
    """Private, and removed when the plan is no longer needed."""
    copies: dict[str, Copy] = field(default_factory=dict)
    """System → its copy, once something was sent to it."""

    def connector(self, system: str) -> Connector:
        """Make the connector of a system; enter it to connect."""
        return PlannedConnector(Workspace.connector(self, system), self)

    def request_for(self, system: str) -> ImportRequest:
        """Give what an import of a system asks for."""
        types = self.config.systems[system].objects
        return ImportRequest(
            {kind: self.rules.used[system, kind] for kind in types},
            {kind: self.rules.required[system, kind] for kind in types},
            self.config.run.page_size,
        )


class PlannedConnector(Connector):
    """Reads a system until something is sent to it, and a copy of it from then on."""

    def __init__(self, real: Connector, workspace: PlannedWorkspace) -> None:
        super().__init__(real.name, real.system, real.folder)
        self.capabilities = real.capabilities
        self.hiding = real.hiding
        self.notes = real.notes
        self._real = real
        self._workspace = workspace
        self._entered: Connector | None = None

    async def __aenter__(self) -> Self:
        await self._real.__aenter__()
        if (copy := self._workspace.copies.get(self.name)) is not None:
            self._entered = await copy.connector.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._entered is not None:
            await self._entered.__aexit__(kind, error, trace)
        await self._real.__aexit__(kind, error, trace)

    def abandon(self) -> None:
        """Wait for the system no longer."""
        self._real.abandon()

    async def test(self) -> list[CheckLine]:
        """Look whether the system can be used as configured."""
        return await self._real.test()

    async def test_writing(self, object_types: Collection[str]) -> list[CheckLine]:
        """Look for what would keep rules from writing to the system itself."""
        return await self._real.test_writing(object_types)

    async def discover_schema(self) -> dict[str, list[str]]:
        """Give the attributes that objects of each type can have."""
        return await self._real.discover_schema()

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        """Give what the schema says of those attributes."""
        return await self._real.describe_schema()

    def looks_for(self, object_type: str) -> str:
        """Say by what query the system finds objects of a type; its copy holds what was found by it."""
        return self._real.looks_for(object_type)

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        """Read the system, or its copy, which is as incomplete as the reading was that made it."""
        copy = self._workspace.copies.get(self.name)
        async for event in (self._entered or self._real).import_objects(request):
            if isinstance(event, ImportEnd) and copy is not None and copy.missing:
                yield replace(event, complete=False, reason=copy.missing)
            else:
                yield event

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        """Look for ids that may stand in the system, or in its copy, and did not come."""
        return await (self._entered or self._real).find_hidden(object_type, external_ids)

    async def read_object(
        self, object_type: str, *, external_id: str | None, secondary_id: str | None, attributes: frozenset[str]
    ) -> ImportedObject | None:
        """Look one object up in the system, or in its copy."""
        return await (self._entered or self._real).read_object(
            object_type, external_id=external_id, secondary_id=secondary_id, attributes=attributes
        )

    async def reset_password(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: Attributes,  # noqa: ARG002
    ) -> ObjectError | None:
        """A plan gives nobody a password. Raises `StepFailed`."""
        whose = secondary_id or external_id or object_type
        raise StepFailed(f"'{self.name}': a plan gives {whose} no password")

    def delivers_afterwards(self, object_type: str) -> bool:  # noqa: ARG002 - of no type: a plan creates no account
        """Deliver no password to anybody."""
        return False

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations on the copy of the system, made when the first are to be sent."""
        if self._entered is None:
            copy = await self._copy()
            self._workspace.copies[self.name] = copy
            self._entered = await copy.connector.__aenter__()
        results = await self._entered.export(operations)
        errors = {result.id: result.error.code for result in results if result.error}
        async with self._workspace.store.transaction() as tx:
            await plans.keep_sent(tx, [(one.id, _document(one, errors.get(one.id))) for one in operations])
        return results

    async def _copy(self) -> Copy:
        request = self._workspace.request_for(self.name)
        return await self._real.copy_to(self._workspace.folder, request.types) or await remember(
            self._real, self._workspace, request
        )


def _document(operation: ExportOperation, error: str | None) -> dict[str, Any]:
    """Give an operation as the plan keeps it, with the error it would meet."""
    return {
        "change_type": operation.change_type,
        "dn": operation.secondary_id,
        "new_dn": operation.new_secondary_id,
        "attributes": operation.attributes,
        "changes": [list(change) for change in operation.changes],
        "error": error,
    }
