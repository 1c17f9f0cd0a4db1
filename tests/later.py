"""The real program with its clock moved: `python -m tests.later 40d run` is `interlock run` in forty days."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from engine.values.durations import duration
from storage import clock


@contextmanager
def moved(by: str) -> Iterator[None]:
    """Let the program's one clock go ahead by a duration, such as `40d`."""
    shift = duration(by)
    real = clock.moment
    clock.moment = lambda: real() + shift
    try:
        yield
    finally:
        clock.moment = real


def main() -> None:
    """Run the command line that follows the duration."""
    from tui.__main__ import main as interlock

    by = sys.argv.pop(1)
    with moved(by):
        interlock()


if __name__ == "__main__":
    main()
