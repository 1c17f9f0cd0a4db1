"""The processor time of another process."""

import sys
from time import clock_gettime, monotonic

_SCHEDULED = 2
"""Which of a process's clocks it is, in the numbers that Linux makes of them: the time for which it was scheduled."""


def processor_seconds(pid: int) -> float:
    """Give for how long a process has had a processor; where that cannot be asked, the time that goes by instead."""
    if sys.platform != "linux":
        return monotonic()
    try:
        return clock_gettime((~pid << 3) | _SCHEDULED)  # what clock_getcpuclockid(3) gives for a process
    except OSError:  # it has ended, which whoever reads from it sees
        return monotonic()
