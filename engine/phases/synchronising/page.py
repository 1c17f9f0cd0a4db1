"""What one page of synchronisation knows. What it decides is found in `joining` and `flowing`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.contributions.contexts import Contexts
from engine.errors import ObjectError, ObjectFailed
from engine.labels import label_of
from engine.rules.compiled import InboundRule
from engine.step import Step
from storage.records import LEAVING_BY_HAND, Cso, CsoStatus, JoinedBy

Scoped = tuple[Cso, list[InboundRule]]
"""A CSO that comes in, with the rules whose scope it is in."""


@dataclass(slots=True, frozen=True)
class SyncPage:
    """What one page of synchronisation knows: its objects, whose scope they are in, and of whom it cannot be told."""

    step: Step
    contexts: Contexts
    csos: dict[int, Cso] = field(default_factory=dict)
    scoped: list[Scoped] = field(default_factory=list)
    failures: dict[int, ObjectError] = field(default_factory=dict)
    """CSO → what is wrong with it; it stays due."""


def page_of(step: Step, csos: Iterable[Cso], contexts: Contexts | None = None) -> SyncPage:
    """Give what is known of some CSOs: each that comes in with its rules, or with what is wrong with it."""
    page = SyncPage(step, contexts or Contexts(step.workspace), {cso.id: cso for cso in csos})
    inbound = step.workspace.rules.inbound
    for cso in page.csos.values():
        if not _comes_in(step, cso):
            continue
        try:
            rules = [rule for rule in inbound.get((cso.system, cso.type), []) if page.contexts.is_in_scope(cso, rule)]
            page.scoped.append((cso, rules))
        except ObjectFailed as failure:
            page.failures[cso.id] = failure.error
    return page


def with_others(page: SyncPage, others: list[Cso]) -> SyncPage:
    """Give a page with more objects."""
    if not others:
        return page
    more = page_of(page.step, others, page.contexts)
    return SyncPage(
        page.step, page.contexts, page.csos | more.csos, page.scoped + more.scoped, page.failures | more.failures
    )


def _comes_in(step: Step, cso: Cso) -> bool:
    """Tell whether a CSO feeds the metaverse, or did before its last rule was removed, and is not taken away."""
    if cso.status != CsoStatus.NORMAL or cso.joined_by == JoinedBy.EXCLUDED or leaves_by_hand(cso):
        return False
    fed = cso.joined_by in (JoinedBy.JOIN, JoinedBy.PROJECTION)
    return fed or (cso.system, cso.type) in step.workspace.rules.inbound


def leaves_by_hand(cso: Cso) -> bool:
    """Tell whether an operator has taken a CSO away from its MVO, which this sync carries out."""
    return cso.joined_by in LEAVING_BY_HAND and cso.mvo_id is not None


def tell(step: Step, failures: Iterable[tuple[Cso, ObjectError]]) -> None:
    """Record what is wrong with some CSOs."""
    for cso, error in failures:
        step.failed(error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system)
