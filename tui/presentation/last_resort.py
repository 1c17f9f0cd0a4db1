"""What nobody foresaw: one sentence for the operator, and the details in a file for whoever mends it."""

import os
import tempfile
import traceback

from tui.terminal.printing import complain


def tell(error: Exception) -> None:
    """Say that the program itself has failed, and where the details are."""
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    complain(f"the program itself has failed, and changed nothing that it had not committed: {what}{_kept(error)}")


def _kept(error: Exception) -> str:
    """Keep the details in a new file, readable by its owner alone, and say where."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="interlock-failure-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(traceback.format_exception(error))
    except OSError:
        return ""
    return f"; the details are in {name}"
