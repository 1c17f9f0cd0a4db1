"""`interlock`, and `python -m tui`: the console at once, or the command line."""

import gc
import os
import sys

from tui.console import restricted, start, tty


def main() -> None:
    """Start the program."""
    gc.set_threshold(
        1_000_000, 50, 100
    )  # importing makes much and drops little: looking through it is a tenth of the start
    config = start.asked_for(sys.argv[1:])
    if config is not None and tty.is_usable(os.environ):
        sys.exit(start.open_console(config))
    if restricted.is_restricted(os.environ):
        if config is not None:
            tty.complain(restricted.WHY_NO_TERMINAL)
            sys.exit(start.USAGE)
        restricted.forget_dangerous(os.environ)
    from tui.terminal import cli  # noqa: PLC0415 - takes most of a second, which the console spends behind its first screen

    cli.main()


if __name__ == "__main__":
    main()
