"""Phase 2, deprovisioning: what becomes of a target object whose MVO is gone or out of scope."""

from engine.approvals.consequences import consequences_of_delete, covers_delete
from engine.approvals.delete_questions import ask
from engine.approvals.review_items import move_items, open_items
from engine.labels import label_of
from engine.pending_exports.changes import was_sent
from engine.pending_exports.deletes import stage_delete
from engine.phases.evaluating.page import EvaluationPage
from engine.rules.lifecycle import is_connector, split_by_deprovisioning
from storage import objects, reviews
from storage.records import (
    ChangeType,
    Cso,
    CsoStatus,
    ExportStatus,
    Mvo,
    PendingExport,
    ReviewItem,
    ReviewKind,
    ReviewState,
)
from storage.store import Transaction
from storage.transitions import Move

_GIVEN = (ReviewState.APPROVED, ReviewState.CARRIED_OUT)
_RELEVANT = (*reviews.LIVE, ReviewState.KEPT)


class Deprovisioner:
    """Stages deletes under the approvals that cover them, and opens a review item for every other."""

    def __init__(self, page: EvaluationPage) -> None:
        self._page = page
        self._approvals: dict[int, ReviewItem] = {}
        self._items: dict[int, ReviewItem] = {}
        self._withdrawn: list[ReviewItem] = []
        self._to_review: list[tuple[Cso, str]] = []
        self._vanished: list[Cso] = []

    async def load(self, tx: Transaction, mvos: list[Mvo]) -> None:
        """Read the approvals under which MVOs were deleted, and what is under review already."""
        approvals = {mvo.approval_id for mvo in mvos if mvo.approval_id is not None}
        self._approvals = {item.id: item for item in await reviews.get(tx, approvals)}
        ids = [cso.id for csos in self._page.joined.values() for cso in csos.values()]
        self._items = await reviews.of_objects(tx, ids, ReviewKind.DELETE, _RELEVANT)

    async def load_left_behind(self, tx: Transaction) -> None:
        """Read what is under review of accounts that somebody may join or take over."""
        self._items |= await reviews.of_objects(tx, self._page.candidate_csos, ReviewKind.DELETE, _RELEVANT)

    def deprovision(self, mvo: Mvo, cso: Cso) -> None:
        """Stage what the outbound rules say of an object that is no longer wanted."""
        before = self._page.exports.get(cso.id)
        if cso.status == CsoStatus.OBSOLETE:
            return
        if self.vanishes(mvo, cso):
            return
        if not split_by_deprovisioning(self._page.step.workspace.rules, mvo, [cso])["delete"]:
            self.leave_alone(mvo, cso, before)
        elif before is not None and before.change_type == ChangeType.DELETE:
            return
        elif before is not None and before.status == ExportStatus.EXECUTING:
            self._page.still_due.add(mvo.id)
        else:
            self._delete(mvo, cso, before)

    def vanishes(self, mvo: Mvo, cso: Cso) -> bool:
        """Create then delete before any export: both vanish. Tell whether the object was only planned."""
        if cso.status != CsoStatus.PENDING_PROVISIONING:
            return False
        before = self._page.exports.get(cso.id)
        if before is not None and was_sent(before):
            self._page.still_due.add(mvo.id)
            return True
        self._page.stage(cso, before, None, "no longer wanted before it was created")
        reason = "no longer wanted before it was created"
        self._page.step.moved(Move("cso", cso.id, cso.system, label_of(cso), cso.status, None, reason))
        self._vanished.append(cso)
        self._page.renamed.add(mvo.id)
        return True

    def leave_alone(self, mvo: Mvo, cso: Cso, before: PendingExport | None) -> None:
        """Let go of an object; one that a source gives stays joined, and is only not written to any more."""
        self.withdraw(cso)
        if before is not None:
            self._page.stage(cso, before, None, "disconnected: the object is left as it is")
        if cso.mvo_id is not None:
            self._page.renamed.add(cso.mvo_id)
        rules = self._page.step.workspace.rules
        if (cso.system, cso.type) in rules.inbound and is_connector(rules, mvo.type, cso):
            return
        self._page.joins.append((cso.id, None, None))
        self._page.step.statistics["provisioning disconnects"] += 1

    def _delete(self, mvo: Mvo, cso: Cso, before: PendingExport | None) -> None:
        item = self._items.get(cso.id)
        # an approval waits for the end of the period of grace that it showed
        approval = self._approvals.get(mvo.approval_id or 0) if mvo.deleted else None
        covered = approval is not None and approval.state in _GIVEN and covers_delete(approval.consequences, cso)
        if item is not None and item.state == ReviewState.KEPT:
            if not mvo.deleted:
                return
            item = None  # it was kept while its person was there; that it goes is another question
        if item is not None and item.state == ReviewState.APPROVED:
            self._withdrawn.append(item)  # what it approved was called off meanwhile
            item = None
        cause = "its metaverse object was deleted" if mvo.deleted else "its metaverse object left the rule's scope"
        approval_id = approval.id if approval is not None and covered else None
        after = stage_delete(cso, before, self._page.export_id(), approval_id, cause)
        self._page.stage(cso, before, after, cause)
        self._page.step.statistics["provisioning disconnects"] += 1
        if approval_id is None and item is None:
            self._to_review.append((cso, cause))

    def withdraw(self, cso: Cso) -> None:
        """Close the review of a delete that is no longer wanted."""
        if (item := self._items.get(cso.id)) is not None:
            self._withdrawn.append(item)

    async def write(self, tx: Transaction) -> None:
        """Write what was decided beside the exports."""
        step = self._page.step
        await move_items(tx, step, self._withdrawn, ReviewState.WITHDRAWN, "back in scope")
        follows = await consequences_of_delete(tx, step.workspace, [cso for cso, _ in self._to_review])
        run_id = step.control.run_id
        items = [ask(cso, cause, run_id, follows[cso.id]) for cso, cause in self._to_review]
        await open_items(tx, step, items)
        await objects.remove(tx, self._vanished, review_ids={})
