"""A worker that falls asleep right before it sends something: `python -m tests.sleeping 2 worker --name dmz-1`.

Its process stops itself as it is about to send its second batch; whoever started it wakes it. It counts as dead after
three seconds without a sign, and is no longer sure of its lease after one. The server ends a transaction that it has
slept in for two.
"""

import os
import signal
import sys
from collections.abc import Sequence

from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.step import Step
from storage import lease
from storage.dialects.postgresql import engines

STALE_SECONDS = 3.0


def sleep_before(number: int) -> None:
    """Let this process stop before its nth batch is sent."""
    real, seen = Step.send_exports, 0

    async def send_exports(
        self: Step, connector: Connector, operations: Sequence[ExportOperation]
    ) -> list[ExportResult]:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await real(self, connector, operations)

    Step.send_exports = send_exports  # type: ignore[method-assign]  # for as long as this process lives
    engines.WRITING["idle_in_transaction_session_timeout"] = "2s"
    lease.STALE_SECONDS, lease.SURE_SECONDS, lease.HEARTBEAT_SECONDS = STALE_SECONDS, 1.0, 0.5


def main() -> None:
    """Run the command line that follows the number."""
    from tui.__main__ import main as interlock

    sleep_before(int(sys.argv.pop(1)))
    interlock()


if __name__ == "__main__":
    main()
