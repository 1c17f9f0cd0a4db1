"""What nobody foresaw: one sentence for the operator, and the details in a file for whoever mends it."""

import os
import tempfile
import traceback

from tui.presentation.display import display

STATUS = 4


def sentence_of(error: BaseException) -> str:
    """Say that the program itself has failed, and where the details are: in a file that is written now."""
    first = next(iter(str(error).splitlines()), "")
    what = display(f"{type(error).__name__}: {first}", 300)
    return f"the program itself has failed, and changed nothing that it had not committed: {what}{_kept(error)}"


def _kept(error: BaseException) -> str:
    """Keep the details in a new file, readable by its owner alone and harmless to read, and say where."""
    lines = "".join(traceback.format_exception(error)).split("\n")
    try:
        descriptor, name = tempfile.mkstemp(prefix="interlock-failure-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"{display(line)}\n" for line in lines)
    except OSError:
        return ""
    return f"; the details are in {name}"
