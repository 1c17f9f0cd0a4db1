"""Phase 5, slow losses: a type that shrinks by more than the threshold, though no single run has passed it."""

from engine.errors import ObjectError
from engine.gates.limits import Part, allowed, is_over, share
from engine.phases.detecting.gates import Absence
from engine.step import Step
from storage import clock, reviews
from storage.store import Transaction

ADVICE = "look at the review for what they have in common; a source may lose some with every delivery"


async def point_out_slow_losses(tx: Transaction, step: Step, kind: str, absences: list[Absence]) -> None:
    """Say of a type that it has shrunk by more than the threshold, though no single run has."""
    limits = step.workspace.config.limits_of(step.system, kind)
    missing = sum(len(one.missing) for one in absences)
    if not missing or not limits.trend_days:
        return
    since = clock.after(-86_400 * limits.trend_days)
    lost, among, first = await reviews.lost_since(tx, step.system, kind, since)
    whole = sum(one.normal for one in absences) + lost - missing
    if among >= 2 and is_over(limits, lost, whole):
        losses = f"{share(lost, whole)} went missing in {among} runs since {str(first)[:10]}"
        _tell(step, kind, f"{losses}, each too few for the threshold ({allowed(limits)})")


def _tell(step: Step, kind: str, losses: str) -> None:
    message = f"{Part(step.system, kind)} shrink slowly: {losses}"
    error = ObjectError("slow-shrinking", message, ADVICE)
    step.warned(error, object_type=kind, label=kind, system=step.system)
    step.message = "; ".join(filter(None, (step.message, message)))
