"""The connector protocol: everything the engine asks of a connected system.

A connector is made for each step with its validated options, entered, used and left:

    async with connector_class(name, system, folder) as connector:
        async for event in connector.import_objects(request): ...

Third parties implement `Connector` and name the class in the entry-point group `interlock.connectors`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, NamedTuple, Self

from pydantic import BaseModel

from engine.configuration.models import Model, SystemConfig
from engine.errors import ObjectError, StepFailed
from storage.fingerprints import Fingerprints
from storage.records import AttributeChange, Attributes, ChangeType


@dataclass(slots=True, frozen=True)
class Capabilities:
    """What a connector can do."""

    writes: bool
    batch_size: int = 200
    """How many operations suit it at once."""
    delta: bool = False
    """Whether an import can give only what changed since another, as far as the system behind it can."""


@dataclass(slots=True, frozen=True)
class ImportRequest:
    """What an import asks for."""

    types: Mapping[str, frozenset[str]]
    """Object type → the attributes that the configuration uses of it."""
    required: Mapping[str, frozenset[str]]
    """Object type → the attributes without which it cannot be synchronised, where a system names them up front."""
    page_size: int
    watermark: str | None = None
    """Where an earlier import ended, as its `ImportEnd` gave it: only what changed since is asked for."""
    state: str | None = None
    """In which state the system was when all of it was read, as that `ImportEnd` gave it: if it is in that very state,
    an `ImportEnd` that says `unchanged` is all that is wanted."""
    newest: bool = False
    """Whether something that was written is looked for: a copy that may be behind is not to be read."""
    fingerprints: Fingerprints | None = None
    """What is known of records that need not be read again, for a connector that can tell what a record is before it
    reads it: see `ImportPage.unchanged`."""


class Unchanged(NamedTuple):
    """A record that is, to the byte, what it was when it was read last: the CSO it is then is what it was, too."""

    fingerprint: bytes
    cso_id: int


class Deleted(NamedTuple):
    """An object of which the system says that it was deleted."""

    type: str
    external_id: str


@dataclass(slots=True)
class ImportedObject:
    """One object as its system holds it.

    With an `error` only its identity counts: it has been seen, and nothing of it is taken over. Without an
    `external_id` it makes the import incomplete.
    """

    type: str
    external_id: str | None
    attributes: Attributes
    secondary_id: str | None = None
    position: str = ""
    """Where it stands, for a person: a line, an entry."""
    partition: str = ""
    """The part of the system that it was looked for in, such as a base DN."""
    error: ObjectError | None = None
    fingerprint: bytes | None = None
    """That of the record it was read from, if all that was read of it stands in that record."""


@dataclass(slots=True)
class ImportPage:
    """Some objects, in the order of the system."""

    objects: list[ImportedObject]
    total: int | None = None
    """How many objects the import will have, as far as that is known."""
    deleted: Sequence[Deleted] = ()
    """In a delta import: what the system explicitly says was deleted."""
    unchanged: Sequence[Unchanged] = ()
    """What was not read, for its fingerprint is known."""
    others: Sequence[str] = ()
    """The names of all that was read where they are one object's alone whatever its type, such as DNs: no record that
    was not read may have one of them, too."""


@dataclass(slots=True, frozen=True)
class ImportRestart:
    """Everything is read again from the beginning, and in full; what was seen before counts no more."""


@dataclass(slots=True, frozen=True)
class ImportEnd:
    """The explicit end of an import; one that stops without it is incomplete."""

    complete: bool
    partitions: Mapping[str, str] = field(default_factory=dict)
    """Object type → the part of the system in which it was looked for; of one that is not named, all of it."""
    reason: str = ""
    """Why it is incomplete."""
    full: bool = True
    """Whether everything was read; not where only changes since the watermark were."""
    watermark: str | None = None
    """Where a later delta import can go on, if the system tells."""
    state: str | None = None
    """What all that was read amounts to, such as the hash of a file: the same state, the same objects."""
    unchanged: bool = False
    """Whether nothing was read, for the system is in the state that was asked about."""


ImportEvent = ImportPage | ImportRestart | ImportEnd


@dataclass(slots=True, frozen=True)
class ExportOperation:
    """One object's change, to be executed in the target."""

    id: int
    change_type: ChangeType
    type: str
    external_id: str | None
    secondary_id: str | None
    new_secondary_id: str | None = None
    attributes: Attributes = field(default_factory=dict)
    """All attributes of an object to create; they are the planned ones themselves, and not to be changed."""
    changes: Sequence[AttributeChange] = ()
    """What changes on an object to update; empty for one to create."""


@dataclass(slots=True, frozen=True)
class ExportResult:
    """What became of one operation; without an error it was executed."""

    id: int
    external_id: str | None = None
    """The primary external id, where the system gave one to a created object."""
    error: ObjectError | None = None
    adopted: bool = False
    """Nothing was created: the object was there as it is meant. Said by whoever looks again, never by a connector."""
    undelivered: str = ""
    """Why nobody got the password that it has now, where it has one that somebody was to get."""


class SchemaAttribute(NamedTuple):
    """An attribute that objects of a type can have, as the system's schema says."""

    name: str
    kind: str = "text"
    multi: bool = True
    matching: str = "exact"
    """The matching rule by which its values are compared, in the configuration's words."""
    required: bool = False
    read_only: bool = False
    """Whether the system sets it, and nobody writes it."""
    syntax: str = ""
    """What the system itself calls its type."""
    names: tuple[str, ...] = ()
    """Every name that the system knows it by."""


@dataclass(slots=True, frozen=True)
class CheckLine:
    """One thing that a connection test found."""

    ok: bool
    subject: str
    message: str


class Copy(NamedTuple):
    """A connector that works on a private copy of a system: what it writes reaches nobody."""

    connector: "Connector"
    missing: str = ""
    """Why the copy does not hold everything, where it does not."""


PAGE_BYTES = 8_000_000
"""A page has no more objects than have about so many bytes, whatever the number that was asked for."""


class Connector(ABC):
    """A connected system. Made from the name it has in the configuration, its table, and the file's folder."""

    capabilities: Capabilities
    Options: ClassVar[type[BaseModel]] = Model
    """The connector's own keys of `[systems.NAME]`."""
    ObjectOptions: ClassVar[type[BaseModel]] = Model
    """The connector's own keys of `[systems.NAME.objects.TYPE]`."""

    @staticmethod
    def refuses_flow(attribute: str) -> str | None:  # noqa: ARG004 - of use to the connectors that know more
        """Say why no rule may flow to an attribute of this kind of system; None where one may."""
        return None

    hiding = "stands inside another object; look for a quote too many there, or for columns in another order"
    """What it means that `find_hidden` finds somebody who has not come, and what to do."""

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        self.name = name
        self.system = system
        self.folder = folder
        self.notes: list[str] = []
        """What an operator should know of how the system was read or written; told with the step's result."""

    async def __aenter__(self) -> Self:
        """Connect. Raises `CannotConnect` or `CredentialsRefused`."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the system; what `export` reported as executed is durable before this returns."""
        return

    def abandon(self) -> None:
        """Wait for the system no longer, for good: what waits for it ends with `ConnectionLost` within a second.

        Called on the event loop at any time, while others of the connector's methods are being awaited.
        """
        return

    @abstractmethod
    async def test(self) -> list[CheckLine]:
        """Look whether the system can be used as configured, and change nothing."""

    async def test_writing(self, object_types: Collection[str]) -> list[CheckLine]:
        """Look for what would keep rules from writing objects of some types, and change nothing; only what is wrong."""
        return []

    @abstractmethod
    async def discover_schema(self) -> dict[str, list[str]]:
        """Give the attributes that objects of each configured type can have: type → names."""

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        """Give what the schema says of those attributes, as far as it says anything: type → attributes."""
        found = await self.discover_schema()
        return {kind: [SchemaAttribute(name) for name in names] for kind, names in found.items()}

    def looks_for(self, object_type: str) -> str:
        """Say by what query objects of a type are found, below their base: whoever it leaves out is not missing."""
        return ""

    @abstractmethod
    def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        """Read everything, or with a watermark only what changed since: pages, then one `ImportEnd`.

        Where a watermark is of no use (any more), everything is read, and a note says why.

        Raises `CannotConnect` where nothing could be read, `ConnectionLost` in the middle.
        """

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        """Look for ids with which no object came in whatever of the last import may have swallowed objects.

        Gives for each that stands there where that is, for a person: id → a line, an entry. The engine asks only
        about a few, behind an import that ended complete, and makes it incomplete where one is found.
        """
        return {}

    @abstractmethod
    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        """Look one object up by its primary id, or else by its secondary; None where there is none."""

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy | None:
        """Copy all that the system holds into a private folder, so that a plan can write to it; None if it cannot.

        `used` gives for each object type the attributes that the configuration uses.
        """
        return None

    def delivers_afterwards(self, object_type: str) -> bool:
        """Tell whether a created object's password is delivered after that, so that a process may die in between."""
        return False

    async def reset_password(
        self, object_type: str, *, external_id: str | None, secondary_id: str | None, attributes: Attributes
    ) -> ObjectError | None:
        """Give an account another password, as its type's policy says, and deliver it; give what is wrong, if anything.

        `attributes` are what is known of the account, such as its login.
        Raises `StepFailed` where there is no policy, or no password can be delivered, and `Undelivered` where the
        account has another one that nobody got.
        """
        raise StepFailed(f"the connector of '{self.name}' gives no passwords")

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations that do not depend on each other, and give a result for each.

        A `ConnectionLost` means that for every operation without a result it is not known whether it took
        place; the engine will look at the target.
        """
        raise TypeError(f"the connector of '{self.name}' reads only; it was handed {len(operations)} operations")
