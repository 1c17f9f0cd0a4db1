"""Write objects as resources: POST, PATCH or PUT, DELETE; what somebody else changed meanwhile stays."""

from copy import deepcopy
from typing import Any, NamedTuple

from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.files import Refused
from engine.connectors.program.values import text_of
from engine.connectors.scim.answers import Answer, BrokenOver
from engine.connectors.scim.errors import ADVICE, broken_over, refused
from engine.connectors.scim.paths import DEFAULT, Path, Resource, get, key_of, quoted
from engine.connectors.scim.reading import TypeReader, segment
from engine.errors import StepFailed
from engine.values.typed import InvalidValue
from storage.records import AttributeChange, ChangeType

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_LOST = (
    "a create whose answer is lost could not be looked up, and might be sent twice",
    'name what a resource can be found by: secondary_external_id = "userName", with the rule\'s dn as its value',
)


class Change(NamedTuple):
    """What is asked of the service for one operation."""

    method: str
    path: str
    document: Resource | None = None
    etag: str | None = None
    """The version that the resource has to have."""


class Writing:
    """One operation, being carried out."""

    def __init__(self, reader: TypeReader, operation: ExportOperation) -> None:
        self._reader = reader
        self._profile = reader.profile
        self._service = reader.service
        self._operation = operation
        self._second = reader.settings.secondary_external_id

    async def result(self) -> ExportResult:
        """Carry it out. Raises `ConnectionLost` where nobody knows whether it took place."""
        try:
            change = await self.prepared()
        except Refused as refusal:
            return ExportResult(self._operation.id, error=refusal.error)
        return self.done() if change is None else await self.sent(change)

    async def prepared(self) -> Change | None:
        """Give what is to be asked of the service; None where there is nothing to do. Raises `Refused`."""
        match self._operation.change_type:
            case ChangeType.CREATE:
                return self._create()
            case ChangeType.UPDATE:
                return await self._update()
            case ChangeType.DELETE:
                return await self._delete()

    async def sent(self, change: Change) -> ExportResult:
        """Ask the service by itself. Raises `ConnectionLost` where nobody knows whether it took place."""
        return await self.settled(await self._service.change(*change))

    async def settled(self, answer: Answer) -> ExportResult:
        """Give what the service's answer means."""
        try:
            if answer.status >= 300:
                raise refused(answer)
            is_create = self._operation.change_type == ChangeType.CREATE
            return ExportResult(self._operation.id, await self._made(answer) if is_create else None)
        except Refused as refusal:
            return ExportResult(self._operation.id, error=refusal.error)

    def done(self) -> ExportResult:
        """Give the result where there was nothing to do."""
        return ExportResult(self._operation.id)

    async def broken(self, failure: BrokenOver) -> ExportResult | BaseException:
        """Give the object's error where a service that else works broke down over it.

        The failure itself where it may have made the object all the same: then nobody knows what became of that.
        """
        operation = self._operation
        try:
            if operation.change_type == ChangeType.CREATE and await self._reader.find(None, operation.secondary_id):
                return failure
        except (Refused, StepFailed):
            return failure
        return ExportResult(operation.id, error=broken_over(failure.answer).error)

    def failed(self, failure: BaseException) -> ExportResult | BaseException:
        """Give what it means that it could not be prepared."""
        if isinstance(failure, Refused):
            return ExportResult(self._operation.id, error=failure.error)
        return failure

    # ------------------------------------------------------------------ create

    def _create(self) -> Change:
        """Give the resource. Raises `Refused`."""
        operation = self._operation
        if operation.external_id is None and operation.secondary_id is None:
            raise Refused("unwilling", *_LOST)
        resource: Resource = {}
        for name, values in operation.attributes.items():
            self._put(resource, name, values)
        if self._second is not None and operation.secondary_id is not None:
            path = self._reader.path_of(self._second)
            if not path.values(resource):
                path.put(resource, [operation.secondary_id], many=False)
        extensions = [key for key in resource if key.lower().startswith("urn:")]
        document = {"schemas": [self._profile.schema, *extensions], **resource}
        return Change("POST", self._profile.endpoint, document)

    async def _made(self, answer: Answer) -> str:
        """Give the external id of the resource that was made. Raises `Refused` where none was."""
        operation, settings = self._operation, self._reader.settings
        made = self._reader.path_of(settings.external_id).values(answer.document)
        if made:
            return text_of(made[0])
        found = await self._reader.find(operation.external_id, operation.secondary_id)
        made = self._reader.path_of(settings.external_id).values(found[0]) if found else []
        if not made:
            told = f"the service answered HTTP {answer.status}, and made nothing"
            raise Refused("unwilling", told, "ask whoever runs the service")
        return text_of(made[0])

    def _put(self, resource: Resource, name: str, values: list[Any]) -> None:
        path = self._reader.path_of(name)
        path.put(resource, [self._written(path, value) for value in values], many=self._is_many(name, path, {}))

    def _is_many(self, name: str, path: Path, held: Resource) -> bool:
        """Tell whether an attribute has many values: as the schema says, else as it is there, or declared."""
        if path.terms:
            return False
        said = self._profile.is_many(path)
        if said is None:
            return isinstance(path.raw(held), list) or self._reader.settings.type_of(name).multi
        return said

    def _written(self, path: Path, value: Any) -> Any:
        """Give a value as JSON has it, by what the schema says of the attribute. Raises `Refused`."""
        kind = self._profile.kind_of(path)
        text = text_of(value)
        try:
            if kind == "boolean" and text.lower() in ("true", "false"):
                return text.lower() == "true"
            if kind == "integer":
                return int(text)
            if kind == "decimal":
                return float(text)
        except ValueError as error:
            told = f"'{path.text}' is {kind}, and takes no '{text}'"
            raise Refused("syntax-violation", told, "correct the value, or declare the attribute") from error
        return value if isinstance(value, (bool, int)) and self._profile.definition_of(path) is None else text

    # ------------------------------------------------------------------ update

    async def _update(self) -> Change | None:
        """Write what changes over what was there when it was decided."""
        held, etag = await self._held()
        wanted = deepcopy(held)
        operations: list[Resource] = []
        elements: dict[str, list[Path]] = {}
        for change in self._operation.changes:
            operations += self._changed(change, held, wanted, elements)
        for paths in elements.values():
            operations += _of_element(paths, held, wanted)
        if self._second is not None and self._operation.new_secondary_id is not None:
            path = self._reader.path_of(self._second)
            path.put(wanted, [self._operation.new_secondary_id], many=False)
            operations.append({"op": "replace", "path": path.text, "value": self._operation.new_secondary_id})
        if not operations:
            return None
        place = f"{self._profile.endpoint}/{segment(str(get(held, 'id')))}"
        version = etag if self._profile.supports("etag") else None
        if self._profile.supports("patch"):
            return Change("PATCH", place, {"schemas": [_PATCH], "Operations": operations}, version)
        wanted.pop(key_of(wanted, "meta"), None)
        extensions = [key for key in wanted if key.lower().startswith("urn:")]
        wanted["schemas"] = list(dict.fromkeys([*(get(held, "schemas") or [self._profile.schema]), *extensions]))
        return Change("PUT", place, wanted, version)

    async def _held(self) -> tuple[Resource, str | None]:
        operation = self._operation
        found = await self._reader.find(operation.external_id, operation.secondary_id)
        if found is None:
            told = f"'{operation.external_id or operation.secondary_id}' is not there"
            raise Refused("missing-object", told, ADVICE["missing-object"])
        return found

    def _changed(
        self, change: AttributeChange, held: Resource, wanted: Resource, elements: dict[str, list[Path]]
    ) -> list[Resource]:
        """Let `wanted` hold what a change says; give the operations by which it does. Raises `Refused`.

        What is one element of several is noted in `elements`, and done when all of that element is known.
        """
        path = self._reader.path_of(change.name)
        many = self._is_many(change.name, path, held)
        now = self._values(change.name, path, held)
        removed = set(change.remove)
        goal = (
            change.add if change.replace else list(dict.fromkeys([*(v for v in now if v not in removed), *change.add]))
        )
        if now == goal or (many and sorted(map(str, now)) == sorted(map(str, goal))):
            return []
        if not many:
            _refuse_unseen(change, now, goal)
        written = [self._written(path, value) for value in goal]
        path.put(wanted, written, many=many)
        if many:
            return self._of_many(path, now, goal, held)
        if path.terms:
            elements.setdefault(path.element, []).append(path)
            return []
        if not written:
            return [{"op": "remove", "path": path.text}]
        return [{"op": "replace", "path": path.text, "value": written[0]}]

    def _values(self, name: str, path: Path, resource: Resource) -> list[Any]:
        """Read what an attribute holds; what cannot be read is no value that anybody has seen."""
        try:
            return self._reader.values_of(name, path, resource)
        except InvalidValue:
            return []

    def _of_many(self, path: Path, now: list[Any], goal: list[Any], held: Resource) -> list[Resource]:
        """Give the operations by which values come and go; those that stay are not touched."""
        before, after = set(now), set(goal)
        come = [self._written(path, value) for value in goal if value not in before]
        go = [self._written(path, value) for value in now if value not in after]
        if path.sub is None and self._is_simple(path, held):
            every = [self._written(path, value) for value in goal]
            return (
                [{"op": "replace", "path": path.top, "value": every}] if every else [{"op": "remove", "path": path.top}]
            )
        sub = path.sub or "value"
        found: list[Resource] = [{"op": "remove", "path": f"{path.top}[{sub} eq {quoted(value)}]"} for value in go]
        if come:
            found.append({"op": "add", "path": path.top, "value": [{sub: value} for value in come]})
        return found

    def _is_simple(self, path: Path, held: Resource) -> bool:
        """Tell whether the elements of an attribute are plain values, by the schema, or by what is there."""
        definition = self._profile.top_of(path)
        if definition is None:
            return not any(isinstance(one, dict) for one in path.raw(held) or [])
        return not get(definition, "subAttributes")

    # ------------------------------------------------------------------ delete

    async def _delete(self) -> Change:
        held, etag = await self._held()
        place = f"{self._profile.endpoint}/{segment(str(get(held, 'id')))}"
        return Change("DELETE", place, None, etag if self._profile.supports("etag") else None)


def _refuse_unseen(change: AttributeChange, now: list[Any], goal: list[Any]) -> None:
    """Refuse to write over what nobody has seen, and several values where there is room for one. Raises `Refused`."""
    seen = change.remove if change.imported is None else change.imported
    if change.replace and now != seen:
        told = f"somebody else has changed '{change.name}' since it was last imported"
        raise Refused("missing-value", told, ADVICE["missing-value"])
    if len(goal) > 1:
        told = f"'{change.name}' takes one value, and is to have {len(goal)}"
        raise Refused("constraint-violation", told, "choose one in the rule")


def _of_element(paths: list[Path], held: Resource, wanted: Resource) -> list[Resource]:
    """Give the operations by which one element of several becomes what is wanted of it; the others stay."""
    first = paths[0]
    before = [one for one in first.raw(held) or [] if first.holds(one)]
    after = [one for one in first.raw(wanted) or [] if first.holds(one)]
    if not after:
        return [{"op": "remove", "path": first.element}] if before else []
    if not before:
        return [{"op": "add", "path": first.top, "value": after}]
    found: list[Resource] = []
    for path in paths:
        place, value = f"{path.element}.{path.sub or DEFAULT}", get(after[0], path.sub or DEFAULT)
        found.append(
            {"op": "remove", "path": place} if value is None else {"op": "replace", "path": place, "value": value}
        )
    return found
