"""A copy of any system, for connectors that cannot make one: what it holds, remembered object by object."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict

from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportPage,
    ImportRequest,
    ImportRestart,
)
from engine.errors import ConnectionLost, ObjectError
from engine.pending_exports.changes import after_changes
from engine.workspace import Workspace
from storage.documents import decode, encode
from storage.records import ChangeType
from storage.scratch import EntryTree, TreeEntry


async def remember(real: Connector, workspace: Workspace, request: ImportRequest) -> Copy:
    """Read a whole system into a copy. Raises what its import raises."""
    copy = RememberingConnector(real, workspace)
    end: ImportEnd | None = None
    async for event in real.import_objects(request):
        if isinstance(event, ImportEnd):
            end = event
            break
        if isinstance(event, ImportRestart):
            copy = RememberingConnector(real, workspace)
            continue
        for one in event.objects:
            copy.keep(one)
    if end is None:
        raise ConnectionLost(f"{real.name}: the import stopped without saying that it had reached the end")
    copy.partitions = end.partitions
    return Copy(copy, "" if end.complete else end.reason or "the import is incomplete")


class RememberingConnector(Connector):
    """Objects in a temporary file, by their ids; operations change what is remembered."""

    capabilities = Capabilities(writes=True, batch_size=5000)

    def __init__(self, real: Connector, workspace: Workspace) -> None:
        super().__init__(real.name, real.system, real.folder)
        self.partitions: Mapping[str, str] = {}
        self._workspace = workspace
        self._tree = EntryTree([])
        self._unnamed = 0

    def keep(self, one: ImportedObject) -> None:
        """Remember an object."""
        external_id = f"{one.type}\0{one.external_id}" if one.external_id is not None else None
        key = self._key(one.type, one.secondary_id, one.external_id)
        if key is None:
            self._unnamed += 1
            key = f"\0\0{self._unnamed}"
        fields = {**asdict(one), "error": list(one.error) if one.error else None, "fingerprint": None}
        self._tree.put(TreeEntry(key, "", external_id, 0, encode(fields).encode()))

    def _key(self, kind: str, secondary_id: str | None, external_id: str | None) -> str | None:
        if secondary_id is not None:
            return self._workspace.secondary_key(self.name, kind, secondary_id)
        return None if external_id is None else f"\0{kind}\0{external_id}"

    def _find(self, kind: str, external_id: str | None, secondary_id: str | None) -> ImportedObject | None:
        if external_id is not None:
            return next(map(_read, self._tree.find_by_external_id(f"{kind}\0{external_id}")), None)
        key = self._key(kind, secondary_id, None)
        block = self._tree.find(key) if key is not None else None
        return _read(block) if block is not None else None

    async def test(self) -> list[CheckLine]:
        """Nothing can be wrong with what is remembered."""
        return []

    async def discover_schema(self) -> dict[str, list[str]]:
        """What is remembered has no schema."""
        return {}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportPage | ImportEnd]:
        """Give what is remembered."""
        for page in self._pages(request.page_size):
            yield ImportPage(page)
        yield ImportEnd(complete=True, partitions=self.partitions)

    def _pages(self, size: int) -> Iterator[list[ImportedObject]]:
        page: list[ImportedObject] = []
        for block in self._tree.blocks():
            page.append(_read(block))
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page

    async def read_object(
        self, object_type: str, *, external_id: str | None, secondary_id: str | None, attributes: frozenset[str]
    ) -> ImportedObject | None:
        """Look one object up."""
        found = self._find(object_type, external_id, None) or self._find(object_type, None, secondary_id)
        if found is not None:
            found.attributes = {name: values for name, values in found.attributes.items() if name in attributes}
        return found

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Change what is remembered."""
        return [self._execute(operation) for operation in operations]

    def _execute(self, operation: ExportOperation) -> ExportResult:
        found = self._find(operation.type, operation.external_id, operation.secondary_id)
        if operation.change_type == ChangeType.CREATE:
            return self._create(operation, found)
        if found is None:
            error = ObjectError("missing-object", "it does not exist", "import the system to see what became of it")
            return ExportResult(operation.id, error=error)
        self._tree.remove(self._key(found.type, found.secondary_id, found.external_id) or "")
        if operation.change_type == ChangeType.UPDATE:
            found.secondary_id = operation.new_secondary_id or found.secondary_id
            found.attributes = after_changes(found.attributes, operation.changes)
            self.keep(found)
        return ExportResult(operation.id)

    def _create(self, operation: ExportOperation, found: ImportedObject | None) -> ExportResult:
        if found is not None:
            error = ObjectError("existing-object", "it exists already", "join it by a rule")
            return ExportResult(operation.id, error=error)
        external_id = operation.external_id or str(uuid.uuid4())
        used = self._workspace.rules.used[self.name, operation.type]
        attributes = {name: values for name, values in operation.attributes.items() if name in used}
        partition = self.partitions.get(operation.type, "")
        self.keep(ImportedObject(operation.type, external_id, attributes, operation.secondary_id, partition=partition))
        return ExportResult(operation.id, external_id)


def _read(block: bytes) -> ImportedObject:
    fields = decode(block.decode())
    error = fields.pop("error")
    return ImportedObject(**fields, error=ObjectError(*error) if error else None)
