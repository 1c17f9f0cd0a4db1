"""`interlock`, and `python -m tui`: the console at once, or the command line."""

import os
import sys

from tui import console, restricted, terminal


def main() -> None:
    """Start the program."""
    config = console.asked_for(sys.argv[1:])
    if config is not None and terminal.is_usable(os.environ):
        sys.exit(console.open_console(config))
    if restricted.is_restricted(os.environ):
        if config is not None:
            terminal.complain(restricted.WHY_NO_TERMINAL)
            sys.exit(console.USAGE)
        restricted.forget_dangerous(os.environ)
    from tui import cli  # noqa: PLC0415 - takes most of a second, which the console spends behind its first screen

    cli.main()


if __name__ == "__main__":
    main()
