"""The `program` connector: requests and answers as lines of JSON over a program's standard input and output."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.configuration.secrets import Secret
from engine.connectors import base
from engine.connectors.base import (
    PAGE_BYTES,
    Capabilities,
    CheckLine,
    Connector,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportPage,
    ImportRequest,
    SchemaAttribute,
)
from engine.connectors.program import messages
from engine.connectors.program.options import ProgramObjectOptions, ProgramOptions
from engine.connectors.program.process import Program
from engine.connectors.program.values import attributes_of, text_of
from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused, ObjectError
from engine.values.typed import InvalidValue
from storage.documents import octets
from storage.records import ChangeType

_MOST_NOTES = 20
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


class ProgramConnector(Connector):
    """Whatever a program knows of. It is started for each step, and is asked one thing at a time."""

    capabilities = Capabilities(writes=True, delta=True)
    Options = ProgramOptions
    ObjectOptions = ProgramObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: ProgramOptions = system.options
        self._program: Program | None = None
        self.hello: messages.Hello | None = None
        """What it has said of itself, once it runs."""
        self._is_abandoned = False

    async def __aenter__(self) -> Self:
        """Start the program, and let it say what it can do."""
        options = self.options
        self._program = program = await Program.start(
            self.name,
            options.command,
            folder=self.folder.resolve(),
            environment=self._environment(),
            timeout=options.timeout.total_seconds(),
            memory_mb=options.memory_mb,
        )
        try:
            self.hello = await self._greet(program)
        except BaseException:
            await self._leave()
            raise
        can = self.hello
        self.capabilities = Capabilities(writes=can.writes, delta=can.delta, batch_size=can.batch_size)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        if (program := self._program) is None:
            return
        self._program = None
        status = await program.close()
        self.notes += [f"standard error of the program: {line}" for line in program.complaints]
        if status and not self._is_abandoned:
            self.notes.append(f"the program ended with status {status}")

    def abandon(self) -> None:
        self._is_abandoned = True
        if self._program is not None:
            self._program.abandon()

    def _environment(self) -> dict[str, str]:
        """Give the program's variables. Raises `CredentialsRefused`."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        own = {
            name: value.reveal(self.folder) if isinstance(value, Secret) else value
            for name, value in self.options.environment.items()
        }
        return inherited | own

    async def _greet(self, program: Program) -> messages.Hello:
        types = {
            kind: {
                "external_id": settings.external_id,
                "secondary_external_id": settings.secondary_external_id,
                "attributes": {name: str(one) for name, one in settings.attributes.items()},
            }
            for kind, settings in self.system.objects.items()
        }
        request = {
            "request": "hello",
            "protocol": messages.PROTOCOL,
            "system": self.name,
            "settings": self.options.settings,
            "types": types,
        }
        try:
            async with aclosing(program.ask(request)) as answers:
                async for answer in answers:
                    if isinstance(answer, messages.Hello):
                        return answer
                    self._common(answer, "hello", has_begun=False)
        except ConnectionLost as error:
            raise CannotConnect(str(error)) from error
        raise CannotConnect(f"{self.name}: it did not say hello")

    async def ask(self, request: dict[str, Any], *kinds: type[messages.Answer]) -> AsyncGenerator[Any]:
        """Ask for something, and give what is answered, its end last. Raises `StepFailed`.

        A program whose answer nobody takes to its end is ended: the rest of it would be taken for another answer.
        """
        if (program := self._program) is None:
            raise ConnectionLost(f"{self.name}: the program is not running")
        has_ended = has_begun = False
        try:
            async with aclosing(program.ask(request)) as answers:
                async for answer in answers:
                    has_ended = isinstance(answer, (messages.End, messages.Failed))
                    if not isinstance(answer, (*kinds, messages.End)):
                        self._common(answer, request["request"], has_begun=has_begun)
                        continue
                    has_begun = True
                    yield answer
                    if has_ended:
                        return
        finally:
            if not has_ended:
                program.kill()

    def _common(self, answer: messages.Answer, request: str, *, has_begun: bool) -> None:
        """Take what may be said to any request. Raises `StepFailed`."""
        if isinstance(answer, messages.Note):
            if len(self.notes) < _MOST_NOTES:
                self.notes.append(answer.text)
        elif not isinstance(answer, messages.Failed):
            word = getattr(answer, "message", "")
            raise ConnectionLost(f"{self.name}: '{word}' is no answer to '{request}'")
        elif has_begun:
            raise ConnectionLost(f"{self.name}: {answer.text}")
        else:
            refused = CredentialsRefused if answer.reason == "credentials" else CannotConnect
            raise refused(f"{self.name}: {answer.text}")

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        """Have the program running, also where nobody has entered the connector."""
        if self._program is not None:
            yield
        else:
            async with self:
                yield

    async def test(self) -> list[CheckLine]:
        try:
            async with self._running():
                found = [CheckLine(True, "program", self._described())]
                async for one in self.ask({"request": "test"}, messages.Check):
                    if isinstance(one, messages.Check):
                        found.append(CheckLine(one.ok, one.subject, one.text))
                return found
        except (CannotConnect, ConnectionLost, CredentialsRefused) as error:
            return [CheckLine(False, "program", str(error))]

    def _described(self) -> str:
        can = self.hello or messages.Hello(message="hello", protocol=1)
        abilities = ["reads", *(["writes"] if can.writes else []), *(["tells what changed"] if can.delta else [])]
        return f"{can.name or self.options.command[0]}: {', '.join(abilities)}"

    async def discover_schema(self) -> dict[str, list[str]]:
        described = await self.describe_schema()
        return {kind: [one.name for one in found] for kind, found in described.items()}

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        found: dict[str, list[SchemaAttribute]] = {kind: [] for kind in self.system.objects}
        async with self._running():
            async for one in self.ask({"request": "schema"}, messages.Attribute):
                if isinstance(one, messages.Attribute) and one.type in found:
                    attribute = SchemaAttribute(
                        one.name, one.kind, one.multi, required=one.required, read_only=one.read_only
                    )
                    found[one.type].append(attribute)
        return found

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        asked = {
            "request": "import",
            "types": {kind: sorted(used) for kind, used in request.types.items()},
            "watermark": request.watermark,
        }
        page: list[ImportedObject] = []
        deleted: list[base.Deleted] = []
        size = 0
        async with aclosing(self.ask(asked, messages.Object, messages.Deleted)) as answers:
            async for one in answers:
                if isinstance(one, messages.Deleted):
                    deleted.append(self._deleted(one, request))
                elif isinstance(one, messages.Object):
                    made = self._imported(one, request.types)
                    size += len(octets(made.attributes))
                    page.append(made)
                is_full = len(page) + len(deleted) >= request.page_size or size >= PAGE_BYTES
                if is_full or (isinstance(one, messages.End) and (page or deleted)):
                    yield ImportPage(page, deleted=deleted)
                    page, deleted, size = [], [], 0
                if isinstance(one, messages.End):
                    yield self._end_of(one, request)

    def _end_of(self, one: messages.End, request: ImportRequest) -> ImportEnd:
        if not one.full and request.watermark is None:
            told = f"{self.name}: it says that it gave only what changed, and was asked for everything"
            raise ConnectionLost(told)
        reason = one.reason or ("" if one.complete else "the program says so, and not why")
        return ImportEnd(complete=one.complete, reason=reason, full=one.full, watermark=one.watermark)

    def _deleted(self, one: messages.Deleted, request: ImportRequest) -> base.Deleted:
        if request.watermark is None:
            raise ConnectionLost(f"{self.name}: 'deleted' is no answer to an import of everything")
        settings = self._settings(one.type)
        try:
            return base.Deleted(one.type, external_ids.reader(settings)(str(one.id)))
        except InvalidValue as error:
            raise ConnectionLost(f"{self.name}: the id of a deleted '{one.type}' cannot be read: {error}") from error

    def _settings(self, object_type: str) -> ObjectTypeConfig:
        if object_type not in self.system.objects:
            raise ConnectionLost(f"{self.name}: it gave an object of the type '{object_type}', which is not configured")
        return self.system.objects[object_type]

    def _imported(self, one: messages.Object, types: Any) -> ImportedObject:
        """Make the object that was given; what is wrong with it is its error."""
        settings = self._settings(one.type)
        made = ImportedObject(one.type, None, {}, one.secondary_id, one.place)
        id_text = "" if one.id is None else text_of(one.id).strip()
        if not id_text:
            told = f"it was given without an id{f', as {one.secondary_id!r}' if one.secondary_id else ''}"
            made.error = ObjectError("missing-external-id", told, "let the program give every object its id")
            return made
        try:
            made.external_id = external_ids.reader(settings)(id_text)
        except InvalidValue as error:
            told = f"the external id cannot be read: '{settings.external_id}': {error}"
            made.error = ObjectError("syntax-violation", told, "correct it at the source, or declare it otherwise")
            return made
        if one.problem is not None:
            made.error = _error_of(one.problem)
            return made
        given = {settings.external_id: one.id, **one.attributes}
        try:
            made.attributes = attributes_of(given, settings, types.get(one.type, frozenset()), made.external_id)
        except InvalidValue as error:
            made.error = ObjectError("syntax-violation", str(error), "correct the value at the source")
        return made

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        asked = {
            "request": "read",
            "type": object_type,
            "id": external_id,
            "secondary_id": secondary_id,
            "attributes": sorted(attributes),
        }
        found: ImportedObject | None = None
        async for one in self.ask(asked, messages.Object):
            if isinstance(one, messages.Object):
                if found is not None:
                    raise ConnectionLost(f"{self.name}: it gave several objects where one was asked for")
                found = self._imported(one, {object_type: attributes})
        return found

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        if not self.capabilities.writes:
            error = ObjectError("unwilling", "the program says that it only reads", "let no rule write to this system")
            return [ExportResult(one.id, error=error) for one in operations]
        numbered = dict(enumerate(operations, 1))
        asked = {"request": "export", "operations": [_written(n, one) for n, one in numbered.items()]}
        results: dict[int, ExportResult] = {}
        try:
            async for one in self.ask(asked, messages.Result):
                if isinstance(one, messages.Result):
                    if one.n not in numbered or one.n in results:
                        raise ConnectionLost(f"{self.name}: it gave a result for {one.n}, which nobody waits for")
                    results[one.n] = self._result(numbered[one.n], one)
        except ConnectionLost as lost:
            raise ConnectionLost(str(lost), list(results.values())) from lost
        if missing := len(numbered) - len(results):
            told = f"{self.name}: it gave no result for {missing} of {len(numbered)} operations"
            raise ConnectionLost(told, list(results.values()))
        return list(results.values())

    def _result(self, operation: ExportOperation, one: messages.Result) -> ExportResult:
        if one.problem is not None:
            return ExportResult(operation.id, error=_error_of(one.problem))
        if one.id is None or operation.change_type != ChangeType.CREATE:
            return ExportResult(operation.id)
        try:
            return ExportResult(operation.id, external_ids.reader(self._settings(operation.type))(text_of(one.id)))
        except InvalidValue as error:
            raise ConnectionLost(f"{self.name}: the id of what was created cannot be read: {error}") from error


def _error_of(problem: messages.Problem) -> ObjectError:
    return ObjectError(problem.code, problem.text, problem.advice)


def _written(number: int, operation: ExportOperation) -> dict[str, Any]:
    """Write an operation as a program reads it."""
    return {
        "n": number,
        "change": operation.change_type.value.lower(),
        "type": operation.type,
        "id": operation.external_id,
        "secondary_id": operation.secondary_id,
        "new_secondary_id": operation.new_secondary_id,
        "attributes": operation.attributes,
        "changes": [
            {"name": one.name, "replace": one.replace, "add": one.add, "remove": one.remove}
            for one in operation.changes
        ],
    }
