"""What a run leaves behind in the queue: exports that are given up, and those that wait to be sent."""

from typing import NamedTuple

from storage import exports
from storage.records import ExportStatus
from storage.store import Transaction


class LeftOver(NamedTuple):
    """Exports that were not sent: those given up and those to be sent again, by the code of their error."""

    given_up: dict[str, int]
    again: dict[str, int]
    held: int
    unsent: int

    @property
    def sentences(self) -> list[str]:
        """Say what there is of it, and where to look."""
        found = []
        if count := sum(self.given_up.values()):
            are = "exports are" if count != 1 else "export is"
            found.append(f"{count:,} {are} given up ({_codes(self.given_up)}): interlock exports --status Failed")
        if count := sum(self.again.values()):
            wait = "exports wait" if count != 1 else "export waits"
            found.append(f"{count:,} {wait} to be sent again ({_codes(self.again)}): interlock exports")
        if count := self.held:
            found.append(f"{count:,} {'exports are' if count != 1 else 'export is'} held: interlock exports")
        if count := self.unsent:
            wait = "exports wait" if count != 1 else "export waits"
            found.append(f"{count:,} {wait} to be sent: interlock exports --status Pending")
        return found


async def left_over(tx: Transaction) -> LeftOver:
    """Count what the queue holds that was not sent; what waits for an approval stands in the review."""
    given_up: dict[str, int] = {}
    again: dict[str, int] = {}
    held = unsent = 0
    for status, code, is_held, count in await exports.unsent(tx):
        if status == ExportStatus.FAILED:
            given_up[code] = given_up.get(code, 0) + count
        elif is_held:
            held += count
        elif code:
            again[code] = again.get(code, 0) + count
        else:
            unsent += count
    return LeftOver(given_up, again, held, unsent)


def _codes(counts: dict[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{code or 'without a code'} {count:,}" for code, count in most_first)
