"""`python -m tui`: the program."""

from tui.cli import main

main()
