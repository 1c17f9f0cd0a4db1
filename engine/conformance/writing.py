"""What a connector that writes promises, tried with one object that is made for it, and deleted at the end."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.configuration.base import Model
from engine.configuration.models import ObjectTypeConfig
from engine.conformance.findings import NOBODY, Finding, Findings, broken, judged, kept, nobody_like, untried
from engine.connectors.base import Connector, ExportOperation, ExportResult, ImportedObject
from engine.errors import ConfigurationError, StepFailed
from engine.roles import Role, require
from engine.values import typed, zones
from engine.values.hours import hours, is_within
from engine.values.matching_rules import differences
from engine.values.typed import InvalidValue
from engine.workspace import Workspace
from storage import clock
from storage.records import AttributeChange, Attributes, ChangeStatus, ChangeType


class Sample(Model):
    """An object to try with, as a TOML file tells of it."""

    type: str
    """Its type."""
    secondary_id: str | None = None
    """Its DN, where its system has such names."""
    attributes: dict[str, Any]
    """What it is created with."""
    change: dict[str, Any]
    """What is written over it then."""
    new_secondary_id: str | None = None
    """Its next DN."""


def read_sample(path: Path) -> Sample:
    """Read the file that tells of an object to try with. Raises `ConfigurationError`."""
    try:
        return Sample.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{path}: {where}: {first['msg']}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error


async def writing_findings(workspace: Workspace, system: str, sample: Sample, *, operator: str) -> Findings:
    """Try what a system's connector promises of writing; the object is deleted again, whatever is found.

    Raises `ConfigurationError` for a sample that the configuration does not know, and `NotAllowed`.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "try a connector by writing")
    if workspace.config.systems[system].read_only:
        raise ConfigurationError(f"'{system}' is read_only: nothing is written to it")
    window = workspace.config.systems[system].window
    if window is not None and not is_within(hours(window), zones.local(clock.moment())):
        raise ConfigurationError(f"'{system}' is written to within its window alone, {window}: try it then")
    types = workspace.config.systems[system].objects
    if sample.type not in types:
        raise ConfigurationError(f"the sample's type '{sample.type}' is none of '{system}'")
    trial = Trial(types[sample.type], sample)
    try:
        async with workspace.connector(system) as connector:
            if await trial.find(connector) is not None:
                yield broken("nothing like the sample is there", "it is; nothing was written. Take another sample")
                return
            try:
                async for finding in trial.run(connector):
                    yield finding
            finally:
                await trial.clean_up(connector)
    except StepFailed as error:
        yield broken("every operation has its result", str(error))


class Trial:
    """One object's life: created, changed, renamed, deleted, each twice."""

    def __init__(self, settings: ObjectTypeConfig, sample: Sample) -> None:
        self._settings = settings
        self._sample = sample
        self._attributes = self._typed(sample.attributes)
        self._change = self._typed(sample.change)
        self._name = sample.secondary_id
        self._id = self._given_id()
        self._is_there = False
        self._number = 0

    def _typed(self, written: dict[str, Any]) -> Attributes:
        """Read values as the configuration declares them. Raises `ConfigurationError`."""
        found: Attributes = {}
        for name, value in written.items():
            values = value if isinstance(value, list) else [value]
            try:
                found[name] = [typed.canonical(self._settings.type_of(name).kind, one) for one in values]
            except InvalidValue as error:
                raise ConfigurationError(f"the sample's '{name}': {error}") from error
        return found

    def _given_id(self) -> str | None:
        """Give the external id, where it is an attribute that is written, and not given by the system."""
        values = self._attributes.get(self._settings.external_id)
        return str(values[0]) if values else None

    async def find(self, connector: Connector) -> ImportedObject | None:
        """Look the object up, by its id where that is known, else by its name."""
        if self._id is None and self._name is None:
            return None
        names = frozenset({*self._attributes, *self._change})
        return await connector.read_object(
            self._sample.type, external_id=self._id, secondary_id=None if self._id else self._name, attributes=names
        )

    async def run(self, connector: Connector) -> Findings:
        """Try everything, in the order of a life."""
        created = await self._send(connector, ChangeType.CREATE)
        yield judged("an object is created", _told(created), "it was")
        if created.error is not None:
            return
        self._id = created.external_id or self._id
        as_sent = await self._is_as(connector, self._attributes, "what was created is there as it was sent")
        yield as_sent
        if not as_sent.kept:  # it may be somebody else's: then nothing of it is touched
            yield untried("what was created is deleted again", "look for it in the system, and delete it by hand")
            return
        self._is_there = True
        again = await self._send(connector, ChangeType.CREATE)
        yield _refused("what is there is not created again", again, "existing-object")
        yield await self._is_as(connector, self._attributes, "and is as it was")
        yield judged("a change is written", _told(await self._update(connector)), "it was")
        after = self._attributes | self._change
        yield await self._is_as(connector, after, "what was changed is there as it was sent")
        await self._update(connector)
        yield await self._is_as(connector, after, "written twice, it is the same")
        for finding in await self._in_one_batch(connector):
            yield finding
        yield await self._rename(connector)
        gone = await self._send(connector, ChangeType.DELETE)
        yield judged("an object is deleted", _told(gone), "it was")
        self._is_there = gone.error is not None
        found = await self.find(connector)
        yield judged("what was deleted is gone", ["it is still there"] if found else [], "it is")
        yield _refused("what is gone is not deleted", await self._send(connector, ChangeType.DELETE), "missing-object")
        yield _refused("what is gone is not changed", await self._update(connector), "missing-object")

    async def clean_up(self, connector: Connector) -> None:
        """Delete the object, if it is there."""
        if self._is_there:
            await self._send(connector, ChangeType.DELETE)

    async def _send(self, connector: Connector, change: ChangeType) -> ExportResult:
        results = await connector.export([self._operation(change)])
        return results[0]

    async def _update(self, connector: Connector) -> ExportResult:
        return (await connector.export([self._updating()]))[0]

    def _operation(self, change: ChangeType, **more: Any) -> ExportOperation:
        self._number += 1
        creating = change == ChangeType.CREATE
        return ExportOperation(
            self._number,
            change,
            self._sample.type,
            None if creating and self._settings.external_id not in self._attributes else self._id,
            self._name,
            attributes=self._attributes if creating else {},
            **more,
        )

    def _updating(self, *, back: bool = False) -> ExportOperation:
        """Give the change as the engine sends it: one value for another, or exactly what comes and what goes."""
        changes = []
        for name, changed in self._change.items():
            held, values = self._attributes.get(name, []), changed
            if back:
                held, values = values, held
            is_single = len(held) <= 1 and len(values) <= 1
            add, remove = (values, held) if is_single else differences(held, values)
            changes.append(AttributeChange(name, add, remove, is_single, ChangeStatus.PENDING))
        return self._operation(ChangeType.UPDATE, changes=changes)

    async def _is_as(self, connector: Connector, wanted: Attributes, promise: str) -> Finding:
        """Compare the object with what was sent."""
        found = await self.find(connector)
        if found is None:
            return broken(promise, "it is not found")
        self._id = self._id or found.external_id
        wrong = [
            f"'{name}' is {found.attributes.get(name, [])!r}, and {values!r} was sent"
            for name, values in wanted.items()
            if sorted(map(repr, found.attributes.get(name, []))) != sorted(map(repr, values))
        ]
        return judged(promise, wrong, f"{len(wanted)} attributes")

    async def _in_one_batch(self, connector: Connector) -> list[Finding]:
        """Send what can be done, the way back, and what cannot together: each has its own result."""
        good, bad = self._updating(back=True), self._updating()
        nobody = ExportOperation(
            bad.id, bad.change_type, bad.type, nobody_like(self._id), _of_nobody(bad.secondary_id), changes=bad.changes
        )
        results = {one.id: one for one in await connector.export([good, nobody])}
        promise = "of a batch each operation has its own result"
        if results.keys() != {good.id, nobody.id}:
            return [broken(promise, f"{len(results)} results for two operations")]
        before: Attributes = {name: [] for name in self._change} | self._attributes
        return [
            judged(promise, _told(results[good.id]), "it has"),
            _refused("what is not there is not changed", results[nobody.id], "missing-object"),
            await self._is_as(connector, before, "and its neighbour in the batch is as it was sent"),
        ]

    async def _rename(self, connector: Connector) -> Finding:
        promise = "an object is renamed, and stays the same object"
        new = self._sample.new_secondary_id
        if new is None:
            return untried(promise, "the sample has no new_secondary_id")
        operation = self._operation(ChangeType.UPDATE, new_secondary_id=new)
        result = (await connector.export([operation]))[0]
        if result.error is not None:
            return broken(promise, _told(result)[0])
        self._name = new
        kind = self._sample.type
        found = await connector.read_object(kind, external_id=None, secondary_id=new, attributes=frozenset())
        if found is None or (self._id is not None and found.external_id != self._id):
            return broken(promise, "under its new name it is not found, or another is")
        return kept(promise, "it was")


def _of_nobody(secondary_id: str | None) -> str | None:
    """Give a name that nobody has, beside another one."""
    if secondary_id is None:
        return None
    kind, _, rest = secondary_id.partition("=")
    return f"{kind}={NOBODY},{rest.partition(',')[2]}"


def _told(result: ExportResult) -> Sequence[str]:
    """Say what went wrong with an operation, if anything did."""
    return [] if result.error is None else [f"{result.error.code}: {result.error.message}"]


def _refused(promise: str, result: ExportResult, code: str) -> Finding:
    """Judge an operation that must not be carried out."""
    if result.error is None:
        return broken(promise, "it says that it was")
    if result.error.code != code:
        return broken(promise, f"it is refused as {result.error.code}, where {code} is meant")
    return kept(promise, result.error.code)
