"""What one page of export evaluation knows, and what it is about to write."""

from dataclasses import dataclass, field

from engine.errors import ObjectError
from engine.labels import label_of, label_of_mvo
from engine.phases.evaluating.name_turns import Claim, Turns
from engine.rules.compiled import ObjectType
from engine.step import Step
from storage.join_keys import JoinKey
from storage.objects import Content, PlannedCso
from storage.records import Cso, Mvo, PendingExport
from storage.references import Owed
from storage.transitions import Move
from storage.wanted_marks import Marks

Joined = dict[int, dict[ObjectType, Cso]]


@dataclass(slots=True)
class EvaluationPage:
    """What one page of evaluation knows and writes."""

    step: Step
    joined: Joined
    exports: dict[int, PendingExport]
    holders: dict[str, dict[str, list[Cso]]] = field(default_factory=dict)
    candidates: dict[tuple[ObjectType, str], dict[str, list[int]]] = field(default_factory=dict)
    """(Target, name of the join) → key → the objects that have it."""
    candidate_csos: dict[int, Cso] = field(default_factory=dict)
    planned: dict[str, dict[str, Mvo]] = field(default_factory=dict)
    """System → DN → the MVO it is planned for in this page."""
    addresses: dict[tuple[str, int], str] = field(default_factory=dict)
    """(System, MVO) → what its account there is referred to by."""
    waiting: list[JoinKey] = field(default_factory=list)
    """Keys of accounts that MVOs would join if there were any."""
    turns: Turns | None = field(default_factory=dict)
    """Who gets a name that is given up in the same run; None while that is still being found out."""
    claims: list[Claim] = field(default_factory=list)
    """Names that somebody may give up in the same run."""
    postponed: set[tuple[int, ObjectType]] = field(default_factory=set)
    """Whose account waits for such a name."""
    left_behind: set[int] = field(default_factory=set)
    """Candidates whose own person is deleted."""
    taken_over: dict[int, int] = field(default_factory=dict)
    """Those of them that are somebody else's from now on, each with the MVO that it is taken from."""
    left_out: set[tuple[int, ObjectType]] = field(default_factory=set)
    """MVOs whose account in a target an operator has excluded."""
    renamed: set[int] = field(default_factory=set)
    """MVOs whose account is referred to by another name from now on."""
    owed: list[Owed] = field(default_factory=list)
    marks: dict[int, Marks] = field(default_factory=dict)
    """CSO → what was last wanted of it."""
    new_marks: dict[int, Marks] = field(default_factory=dict)
    next_cso: int = 0
    next_export: int = 0
    new_csos: list[PlannedCso] = field(default_factory=list)
    replans: list[tuple[int, Content]] = field(default_factory=list)
    joins: list[tuple[int, int | None, str | None]] = field(default_factory=list)
    added: list[PendingExport] = field(default_factory=list)
    changed: list[PendingExport] = field(default_factory=list)
    removed: list[PendingExport] = field(default_factory=list)
    still_due: set[int] = field(default_factory=set)

    def is_put_off(self, mvo_id: int, target: ObjectType) -> bool:
        """Tell whether an account is not made now: an operator has excluded it, or its name is not free yet."""
        return (mvo_id, target) in self.left_out or (mvo_id, target) in self.postponed

    def stage(self, cso: Cso, before: PendingExport | None, after: PendingExport | None, why: str) -> None:
        """Put an export into the page's writing: new, changed, or gone."""
        if before == after:
            return
        old, new = (before.status if before else None), (after.status if after else None)
        known = after or before
        if known is not None:
            self.step.moved(Move("export", known.id, cso.system, label_of(cso), old, new, why))
        if after is None and before is not None:
            self.removed.append(before)
        elif after is not None:
            (self.changed if before else self.added).append(after)

    def fail(self, mvo: Mvo, target: ObjectType, error: ObjectError) -> None:
        """Record what keeps an MVO's account from being what it should; the MVO stays due."""
        self.still_due.add(mvo.id)
        cso = self.joined.get(mvo.id, {}).get(target)
        label, object_id = (label_of(cso), cso.id) if cso else (label_of_mvo(mvo), None)
        self.step.failed(error, object_type=target[1], label=label, object_id=object_id, system=target[0])

    def export_id(self) -> int:
        """Take an id for a new export."""
        self.next_export += 1
        return self.next_export - 1
