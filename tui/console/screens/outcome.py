"""Say in one sentence what became of a decision about many things."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tui.presentation.display import display


class Outcome(Protocol):
    """What became of one thing: an id first, an empty refusal if it was done."""

    @property
    def label(self) -> str:
        """What a person calls it."""
        ...

    @property
    def refusal(self) -> str:
        """Why it was not done."""
        ...


def told(
    work: Awaitable[Sequence[Outcome]], done: str, kind: str, after: Callable[[], None] = lambda: None
) -> Callable[[], Awaitable[str]]:
    """Carry a decision out and give the sentence; raises `RuntimeError` with it if anything was refused.

    `after` is called if anything was done.
    """

    async def sentence() -> str:
        outcomes = await work
        refused = [one for one in outcomes if one.refusal]
        if taken := len(outcomes) - len(refused):
            after()
        notes = [note for one in outcomes if (note := getattr(one, "note", ""))]
        became = notes[0] if len(notes) == taken and notes else done
        said = f"{taken:,} {became}" if taken != 1 else f"{_name(outcomes, kind)}: {became}"
        if notes and len(notes) < taken:
            said += f"; {len(notes):,} of them {notes[0]}"
        if not refused:
            return said
        why = f"{display(refused[0].label, 30)}: {refused[0].refusal}"
        more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
        raise RuntimeError((f"{said}; " if taken else "") + f"refused: {why}{more}")

    return sentence


def _name(outcomes: Sequence[Outcome], kind: str) -> str:
    taken = next(one for one in outcomes if not one.refusal)
    return display(taken.label, 40) or kind
