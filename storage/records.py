"""The typed rows the store gives out, and the status words of the field (design §2)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

Attributes = dict[str, list[Any]]
"""An object's attributes: name → values in canonical JSON form; a name without values is absent."""


class CsoStatus(StrEnum):
    """Where a connected system object stands."""

    NORMAL = "Normal"
    PENDING_PROVISIONING = "PendingProvisioning"
    OBSOLETE = "Obsolete"


class JoinedBy(StrEnum):
    """How a CSO came to its MVO, or why it has none."""

    JOIN = "join"
    PROJECTION = "projection"
    PROVISIONING = "provisioning"
    OUTBOUND_JOIN = "outbound join"
    HAND = "hand"
    LEAVING = "disconnected by hand"
    """Still joined: the next sync takes it away."""
    EXCLUDING = "excluded by hand"
    """Likewise, and then it is excluded."""
    EXCLUDED = "excluded"
    """Joined to nothing, and no rule may join it."""


GIVEN = (JoinedBy.JOIN, JoinedBy.PROJECTION, JoinedBy.HAND)
"""How objects are joined that a source gives, and that no deprovisioning lets go of."""
LEAVING_BY_HAND = (JoinedBy.LEAVING, JoinedBy.EXCLUDING)
"""Joined, until the next sync takes them away and settles what follows."""


class ChangeType(StrEnum):
    """What a pending export does to the object in the target."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class ExportStatus(StrEnum):
    """Where a pending export stands."""

    PENDING = "Pending"
    EXECUTING = "Executing"
    EXPORTED = "Exported"
    NOT_CONFIRMED = "ExportNotConfirmed"
    FAILED = "Failed"
    AWAITING_APPROVAL = "AwaitingApproval"


class ChangeStatus(StrEnum):
    """Where one attribute change inside a pending export stands."""

    PENDING = "Pending"
    EXPORTED = "ExportedPendingConfirmation"
    NOT_CONFIRMED = "ExportedNotConfirmed"
    FAILED = "Failed"


class StepResult(StrEnum):
    """How a step ended."""

    SUCCESS = "success"
    WARNINGS = "completed-warnings"
    NO_OBJECTS = "completed-no-objects"
    DISCOVERY_ERRORS = "completed-discovery-errors"
    SYNC_ERRORS = "completed-sync-errors"
    EXPORT_ERRORS = "completed-export-errors"
    STOPPED_CONNECTIVITY = "stopped-connectivity"
    STOPPED_THRESHOLD = "stopped-deletion-threshold"
    STOPPED_CHANGES = "stopped-change-threshold"
    STOPPED_ERROR_LIMIT = "stopped-error-limit"
    STOPPED_BY_OPERATOR = "stopped-by-operator"
    INTERRUPTED = "interrupted"
    NO_START_CREDENTIALS = "no-start-credentials"
    NO_START_CONNECTION = "no-start-connection"
    NO_START_RUNNING = "no-start-already-running"


GATE_STOPS = (StepResult.STOPPED_THRESHOLD, StepResult.STOPPED_CHANGES)
"""How a step ends that a gate has stopped."""
CARRIED_THROUGH = (
    StepResult.SUCCESS,
    StepResult.WARNINGS,
    StepResult.NO_OBJECTS,
    StepResult.DISCOVERY_ERRORS,
    StepResult.SYNC_ERRORS,
    StepResult.EXPORT_ERRORS,
)
"""How a step ends that came to its end, whatever it met with single objects: the next one may begin."""


class ReviewKind(StrEnum):
    """What a review item asks about."""

    ABSENCE = "absence"
    """An object a complete import no longer contained."""
    DELETE = "delete"
    """A delete in a target that no approval covers yet."""
    IDENTITY = "identity"
    """An object whose id may be another person's by now."""


class BatchState(StrEnum):
    """What became of what a gate let not pass."""

    HELD = "held"
    RELEASED = "released"
    """An operator lets it pass."""
    APPLIED = "applied"
    """Released, and taken over by an import: evaluation does not ask once more."""
    SKIPPED = "skipped"
    """It is only told: nothing is to be released."""
    SUPERSEDED = "superseded"


class Entity(StrEnum):
    """Whose status a transition tells."""

    CSO = "cso"
    EXPORT = "export"
    REVIEW = "review"
    IDENTITY = "identity"
    """A CSO whose primary id has changed."""
    JOIN = "join"


class ReviewState(StrEnum):
    """Where a review item stands."""

    OPEN = "open"
    HALF_APPROVED = "half-approved"
    """Approved by one of the two people that it needs."""
    APPROVED = "approved"
    KEPT = "kept"
    DEFERRED = "deferred"
    REAPPEARED = "reappeared"
    WITHDRAWN = "withdrawn"
    CARRIED_OUT = "carried-out"


class Cso(NamedTuple):
    """A connected system object."""

    id: int
    system: str
    type: str
    external_id: str | None
    secondary_id: str | None
    partition: str
    status: CsoStatus
    attributes: Attributes
    mvo_id: int | None
    joined_by: str | None
    kept: bool
    created_at: str
    changed_at: str


class KnownCso(NamedTuple):
    """The narrow part of a CSO that an import compares with."""

    id: int
    external_id: str | None
    secondary_id: str | None
    secondary_key: str | None
    partition: str
    status: CsoStatus
    hash: int
    kept: bool
    sought_by: str | None = None
    """How it was last looked for, where imports look for something else since."""


class Mvo(NamedTuple):
    """A metaverse object; `contributors` says for each attribute which CSO gave it, by which rule."""

    id: int
    type: str
    attributes: Attributes
    contributors: Mapping[str, list[Any]]
    deleted: bool
    delete_after: str | None
    approval_id: int | None
    due: bool
    created_at: str
    changed_at: str
    deletion_cause: dict[str, Any] | None = None
    """What caused its deletion: the rule, the sources that are gone, and since when."""

    @property
    def in_grace(self) -> bool:
        """Tell whether it is to be deleted when its grace period ends: until then it stays as it is."""
        return self.delete_after is not None and not self.deleted


class AttributeChange(NamedTuple):
    """One change of one attribute: values to add and to remove, or the values that replace what is there."""

    name: str
    add: list[Any]
    remove: list[Any]
    replace: bool
    status: ChangeStatus
    imported: list[Any] | None = None
    """What the last confirming import found, where that was not what was exported."""


class PendingExport(NamedTuple):
    """The one open change of a connected system object."""

    id: int
    cso_id: int
    system: str
    type: str
    change_type: ChangeType
    status: ExportStatus
    wave: int
    changes: Sequence[AttributeChange]
    new_secondary_id: str | None = None
    held: bool = False
    attempts: int = 0
    next_retry_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    approval_id: int | None = None
    cause: str = ""
    created_at: str = ""
    changed_at: str = ""
    interim_id: str | None = None
    """The name in between that a renamed object takes first, where its new name is not free before."""


class ItemError(NamedTuple):
    """What went wrong with one object in one step."""

    code: str
    message: str
    advice: str
    system: str
    type: str
    label: str
    position: str = ""
    object_id: int | None = None
    is_warning: bool = False
    """Nothing has failed; somebody should know of it."""
    mvo_id: int | None = None
    """Whom it is about, where that is a person without an object."""


class Run(NamedTuple):
    """One run of a profile, or of a single step."""

    id: int
    profile: str
    operator: str
    host: str
    pid: int
    started_at: str
    ended_at: str | None
    result: StepResult | None
    stop_requested_by: str | None
    backlog: int | None = None
    """Pending exports when it ended."""
    waiting: int | None = None
    """Review items that waited for a decision when it ended."""


class StepRecord(NamedTuple):
    """One step of a run; `result` is None while it runs."""

    id: int
    run_id: int
    position: int
    phase: str
    system: str
    started_at: str
    ended_at: str | None
    result: StepResult | None
    done: int
    total: int | None
    statistics: dict[str, int]
    message: str


class ReviewItem(NamedTuple):
    """One thing that waits for, or was decided by, a person."""

    id: int
    kind: ReviewKind
    object_id: int
    system: str
    type: str
    label: str
    state: ReviewState
    run_id: int | None
    opened_at: str
    evidence: dict[str, Any]
    consequences: dict[str, Any]
    decided_by: str | None = None
    decided_at: str | None = None
    reason: str | None = None
    deferred_until: str | None = None
    carried_out_at: str | None = None
    first_by: str | None = None
    """Who approved it first, where two people have to."""
    audit_id: int | None = None
    """The entry of the audit log that holds its approval, or its first half: without one neither is live."""


class HeldBatch(NamedTuple):
    """Objects that a gate kept from being marked, or from being deleted in a target.

    `skipped` is what a gate held back that lets the run go on.
    """

    id: int
    run_id: int
    step_id: int
    system: str
    type: str
    gate: str
    missing: int
    arithmetic: str
    state: BatchState
    at: str
    decided_by: str | None
    reason: str | None
    partition: str = ""
    in_common: list[str] = []  # noqa: RUF012 - a record is never changed
    """What the candidates have in common, a sentence each."""
    digest: str = ""
    """What a mass change would make of them: a release lets just that pass."""
