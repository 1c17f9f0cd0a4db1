"""A disk that is soon full."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def little_disk(size: str) -> Iterator[Path]:
    """Give a folder on a disk of a size, on which any user may write: one of databases, too."""
    folder = Path(tempfile.mkdtemp(prefix="disk-", dir="/tmp"))  # where such a user gets to
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def enlarge(folder: Path, size: str) -> None:
    """Let such a disk have room."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
