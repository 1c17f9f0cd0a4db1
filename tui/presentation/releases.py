"""What a release does, gate by gate."""

from collections import Counter
from collections.abc import Sequence

from tui import feed


def follows(batches: Sequence[feed.HeldBatch]) -> list[str]:
    """Say what releasing some batches leads to, a sentence for each kind of gate."""
    counts: Counter[str] = Counter()
    for batch in batches:
        counts[_kind(batch.gate)] += batch.missing
    return [_SENTENCES[kind].format(f"{count:,}", *_NUMBER[count == 1]) for kind, count in counts.items()]


def released(batches: Sequence[feed.HeldBatch], marked: int, where: str) -> list[str]:
    """Say what the release of some batches has done and will do; `marked` of the missing wait for a decision now."""
    others = [batch for batch in batches if _kind(batch.gate) != "missing"]
    are = "objects are" if marked != 1 else "object is"
    done = [f"{marked:,} {are} obsolete now and wait{'s' * (marked == 1)} {where}; nothing was deleted"]
    return [*(done if len(others) < len(batches) else []), *follows(others)]


def _kind(gate: str) -> str:
    if gate == feed.BEFORE_EXPORT:
        return "delete"
    if gate.startswith(feed.BEFORE_CHANGING):
        return "update"
    if gate == feed.AFTER_RESTORE:
        return "create"
    return "import" if gate.startswith(feed.MASS_CHANGE) else "missing"


_NUMBER = {False: ("", "s"), True: ("s", "")}
"""The endings of a verb and of a noun, for several and for one."""
_SENTENCES = {
    "delete": "{0} approved delete{2} leave{1} with the next export",
    "create": "{0} held create{2} leave{1} with the next export",
    "update": "{0} held update{2} leave{1} with the next export",
    "import": "the next import takes the changes of {0} object{2} over",
    "missing": "{0} object{2} become{1} obsolete and wait{1} in the review; nothing is deleted yet",
}
