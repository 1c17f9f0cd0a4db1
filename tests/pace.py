"""How much longer than alone something takes now: bounds on time are for a machine with nothing else to do."""

import time


def slowness() -> float:
    """Give the wall time of a little work in units of its processor time; 1 on a quiet machine."""
    wall, processor = time.perf_counter(), time.process_time()
    while time.process_time() - processor < 0.1:
        sum(range(10_000))
    return max(1.0, (time.perf_counter() - wall) / (time.process_time() - processor))
