"""The arithmetic of the gates: how many objects of a type may go missing, or be deleted in a target, at once."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.configuration.models import DeletionsConfig
from engine.step import Step
from storage import clock, reviews
from storage.records import BatchState, HeldBatch
from storage.store import Transaction

PERCENT_FROM = 5
"""From how many objects on the percentage counts: one leaver in a team of ten is no alarm."""


class Stop(NamedTuple):
    """Why a gate lets nothing pass, with its arithmetic."""

    gate: str
    arithmetic: str


class Part(NamedTuple):
    """What a gate looks at: one type of objects in one partition of a system."""

    system: str
    type: str
    partition: str = ""
    known_up_to: int | None = None
    """Where the gate looks after an import: the last CSO id that was given before it."""

    def __str__(self) -> str:
        return f"{self.type} objects of '{self.system}'" + (f" below {self.partition}" if self.partition else "")


def is_over(limits: DeletionsConfig, count: int, normal: int) -> bool:
    """Tell whether too many go, or too large a part of those there are."""
    percent = 100 * count / normal if normal else 100.0
    return count > limits.max_count or (count >= PERCENT_FROM and percent > limits.max_percent)


def share(count: int, normal: int) -> str:
    """Write a part of a whole down: `12 of 340 (3.5 %)`."""
    return f"{count:,} of {normal:,} ({100 * count / normal if normal else 100:.1f} %)"


def allowed(limits: DeletionsConfig) -> str:
    """Write the limits down."""
    return f"at most {limits.max_count:,}, and from {PERCENT_FROM} on at most {limits.max_percent:g} %"


async def keep_stopped(
    tx: Transaction,
    step: Step,
    part: Part,
    stop: Stop,
    candidates: Sequence[int],
    *,
    state: BatchState = BatchState.HELD,
    in_common: Sequence[str] = (),
    digest: str = "",
) -> None:
    """Keep what a gate let not pass, with its gate, its arithmetic and its candidates."""
    batch = HeldBatch(
        id=0,
        run_id=step.control.run_id,
        step_id=step.id,
        system=part.system,
        type=part.type,
        gate=stop.gate,
        missing=len(candidates),
        arithmetic=stop.arithmetic,
        state=state,
        at=clock.now(),
        decided_by=None,
        reason=None,
        partition=part.partition,
        in_common=list(in_common),
        digest=digest,
    )
    await reviews.hold(tx, batch, list(candidates))
