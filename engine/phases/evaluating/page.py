"""What one page of export evaluation knows, and what it decides."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.errors import ObjectError
from engine.labels import label_of, label_of_mvo
from engine.phases.evaluating.name_turns import Claim, Turns
from engine.rules.compiled import ObjectType
from engine.step import Step
from storage import accounts, exports, leaving, reviews, wanted_marks
from storage.join_keys import JoinKey
from storage.leaving import Departure
from storage.objects import Content, PlannedCso
from storage.records import Cso, Entity, Mvo, PendingExport, ReviewItem, ReviewKind, ReviewState
from storage.references import Owed
from storage.store import Transaction
from storage.transitions import Move
from storage.wanted_marks import Marks

Joined = dict[int, dict[ObjectType, Cso]]
RELEVANT = (*reviews.LIVE, ReviewState.KEPT)
"""The states of a question about a delete that still say something."""
NO_TURNS: Turns = {}
PutOff = dict[tuple[int, ObjectType], frozenset[str]]
"""(MVO, target) → the attributes in which its account, when it was adopted, referred to others who had none yet."""


@dataclass(slots=True)
class Unfinished:
    """What pages of evaluation leave to be looked at once more."""

    again: set[int] = field(default_factory=set)
    """MVOs that refer to accounts which get another name, or to whom something was put off."""
    claims: list[Claim] = field(default_factory=list)
    """Names that somebody may give up."""
    put_off: PutOff = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class EvaluationPage:
    """What one page of evaluation knows: read once, and not changed by what it decides."""

    step: Step
    joined: Joined
    """MVO → its objects in the targets, and those that it was given in what is no target any more."""
    exports: dict[int, PendingExport]
    """CSO → what is staged for it."""
    marks: dict[int, Marks]
    """CSO → what was last wanted of it."""
    approvals: dict[int, ReviewItem]
    """The approvals under which MVOs were deleted."""
    items: dict[int, ReviewItem]
    """CSO → what the review asks, or was told, about its delete."""
    departures: dict[int, Departure]
    """CSO → what is kept of its leaving."""
    turns: Turns | None = field(default_factory=dict)
    """Who gets a name that is given up in the same run; None while that is still being found out."""
    holders: dict[str, dict[str, list[Cso]]] = field(default_factory=dict)
    """System → DN → the objects that have it."""
    id_holders: dict[tuple[ObjectType, str], Cso] = field(default_factory=dict)
    """(Target, primary external id) → the object that has it, of those that others want."""
    join_keys: dict[tuple[int, int], str] = field(default_factory=dict)
    """(MVO, `id` of the join) → the key by which it looks for its account, where it has one."""
    candidates: dict[tuple[ObjectType, str], dict[str, list[int]]] = field(default_factory=dict)
    """(Target, name of the join) → key → the objects that have it."""
    candidate_csos: dict[int, Cso] = field(default_factory=dict)
    put_off: PutOff = field(default_factory=dict)
    """What was put off earlier in the step."""
    left_behind: frozenset[int] = frozenset()
    """Candidates whose own person is deleted."""

    def account_of(self, mvo: Mvo, target: ObjectType) -> Cso | None:
        """Give an MVO's object in a target."""
        return self.joined.get(mvo.id, {}).get(target)


@dataclass(slots=True)
class Decisions:
    """What one page of evaluation decides; `_write` of `phase.py` carries it out."""

    next_cso: int = 0
    next_export: int = 0
    joins: list[tuple[int, int | None, str | None]] = field(default_factory=list)
    joined_now: dict[int, Cso] = field(default_factory=dict)
    """Objects that the page joins, as they are then."""
    taken_over: dict[int, int] = field(default_factory=dict)
    """Objects of deleted people that are somebody else's from now on, each with the MVO that it is taken from."""
    left_out: set[tuple[int, ObjectType]] = field(default_factory=set)
    """MVOs whose account in a target an operator has excluded."""
    waiting: list[JoinKey] = field(default_factory=list)
    """Keys of accounts that MVOs would join if there were any."""
    names: dict[str, dict[str, Mvo]] = field(default_factory=dict)
    """System → DN → the MVO it is planned for in this page."""
    ids: dict[tuple[ObjectType, str], Mvo] = field(default_factory=dict)
    """(Target, primary external id) → the MVO it is planned for in this page."""
    addresses: dict[tuple[str, int], str] = field(default_factory=dict)
    """(System, MVO) → what its planned account there is referred to by."""
    claims: list[Claim] = field(default_factory=list)
    """Names that somebody may give up in the same run."""
    postponed: set[tuple[int, ObjectType]] = field(default_factory=set)
    """Whose account waits for such a name."""
    renamed: set[int] = field(default_factory=set)
    """MVOs whose account is referred to by another name from now on."""
    owed: list[Owed] = field(default_factory=list)
    marks: dict[int, Marks] = field(default_factory=dict)
    planned: list[PlannedCso] = field(default_factory=list)
    replans: list[tuple[int, Content]] = field(default_factory=list)
    added: list[PendingExport] = field(default_factory=list)
    changed: list[PendingExport] = field(default_factory=list)
    removed: list[PendingExport] = field(default_factory=list)
    vanished: list[Cso] = field(default_factory=list)
    """Planned objects that are not wanted any more, and were never sent."""
    withdrawn: dict[int, tuple[ReviewItem, str]] = field(default_factory=dict)
    """Questions that are not asked any more, each with the reason, by id."""
    to_review: list[tuple[Cso, str]] = field(default_factory=list)
    """Objects whose delete has to be approved, and why they would be deleted."""
    departures: list[Departure] = field(default_factory=list)
    """What is kept from now on of objects that are leaving, or will be."""
    staying: list[int] = field(default_factory=list)
    """Objects that are not leaving any more."""
    still_due: set[int] = field(default_factory=set)
    put_off: PutOff = field(default_factory=dict)
    """What is looked at again once everybody was adopted."""

    def is_put_off(self, mvo: Mvo, target: ObjectType) -> bool:
        """Tell whether an account is not made now: an operator has excluded it, or its name is not free yet."""
        return (mvo.id, target) in self.left_out or (mvo.id, target) in self.postponed

    def check(self) -> None:
        """See that no export is both dropped and staged: one of the two would be lost without a word."""
        twice = {export.id for export in self.removed} & {export.id for export in (*self.changed, *self.added)}
        if twice:
            raise RuntimeError(f"exports are dropped and staged in one page: {sorted(twice)}")

    def take_cso_id(self) -> int:
        """Take an id for a new object."""
        self.next_cso += 1
        return self.next_cso - 1

    def take_export_id(self) -> int:
        """Take an id for a new export."""
        self.next_export += 1
        return self.next_export - 1


def stage(
    page: EvaluationPage,
    decided: Decisions,
    cso: Cso,
    before: PendingExport | None,
    after: PendingExport | None,
    why: str,
) -> None:
    """Decide what is staged for an object: something new, changed, or nothing any more."""
    if before == after:
        return
    old, new = (before.status if before else None), (after.status if after else None)
    known = after or before
    if known is not None:
        page.step.moved(Move(Entity.EXPORT, known.id, cso.system, label_of(cso), old, new, why))
    if after is None and before is not None:
        decided.removed.append(before)
    elif after is not None:
        (decided.changed if before else decided.added).append(after)


def fail(page: EvaluationPage, decided: Decisions, mvo: Mvo, target: ObjectType, error: ObjectError) -> None:
    """Record what keeps an MVO's account from being what it should; the MVO stays due."""
    decided.still_due.add(mvo.id)
    cso = page.account_of(mvo, target)
    label, object_id = (label_of(cso), cso.id) if cso else (label_of_mvo(mvo), None)
    page.step.failed(error, object_type=target[1], label=label, object_id=object_id, system=target[0], mvo_id=mvo.id)


async def load_page(
    tx: Transaction, step: Step, mvos: list[Mvo], turns: Turns | None = NO_TURNS, put_off: PutOff | None = None
) -> EvaluationPage:
    """Read what is joined to some MVOs, what is staged and asked about it, and what was last wanted of it."""
    joined: Joined = {}
    ids: list[int] = []
    csos = await accounts.of_mvos(tx, [mvo.id for mvo in mvos], step.workspace.rules.target_types())
    for cso in csos:
        joined.setdefault(cso.mvo_id or 0, {})[cso.system, cso.type] = cso
        ids.append(cso.id)
    approvals = {mvo.approval_id for mvo in mvos if mvo.approval_id is not None}
    return EvaluationPage(
        step,
        joined,
        await exports.of_objects(tx, ids),
        await wanted_marks.get(tx, ids),
        {item.id: item for item in await reviews.get(tx, approvals)},
        await reviews.of_objects(tx, ids, ReviewKind.DELETE, RELEVANT),
        await leaving.get(tx, {cso.id: cso.mvo_id for cso in csos}),
        turns,
        put_off=put_off or {},
    )


async def with_reviews(tx: Transaction, page: EvaluationPage, cso_ids: Iterable[int]) -> EvaluationPage:
    """Give a page that knows what is under review of some more objects, too."""
    more = await reviews.of_objects(tx, cso_ids, ReviewKind.DELETE, RELEVANT)
    return replace(page, items=page.items | more) if more else page
