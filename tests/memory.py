"""The memory of a process that runs: all that it can read itself is searched."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.inside import Inside

AT_ITS_END = """
import sys
from tui.__main__ import main
exec(sys.stdin.readline())
try:
    main()
except SystemExit as end:
    print("ended with", end.code, flush=True)
sys.stdin.read()
"""
"""The program itself, which stays when its command has ended."""
SECONDS = 300
"""How long a command may take, and what is looked for in it, before it is killed."""


@contextmanager
def at_its_end(site: Inside, *arguments: str, before: str = "pass") -> Iterator[int]:
    """Carry a command out in a process of its own; give its id once the command has ended, before the process does.

    `before` is a line of Python that it carries out first.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", AT_ITS_END, *arguments, "-c", str(site.folder / "interlock.toml")],
        cwd=site.folder,
        env=site.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    late = threading.Timer(SECONDS, process.kill)
    late.start()
    try:
        process.stdin.write(f"{before}\n")
        process.stdin.flush()
        said = ""
        while "ended with" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "ended with 0" in said, said
        yield process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
        late.cancel()


def found_in(pid: int, texts: Sequence[str]) -> set[str]:
    """Give those of some texts that stand anywhere in the memory of a process, as UTF-8 or as UTF-16."""
    wanted = {form: text for text in texts for form in (text.encode(), text.encode("utf-16-le"))}
    found: set[str] = set()
    for part in _parts(pid):
        found |= {text for form, text in wanted.items() if form in part}
    return found


def _parts(pid: int) -> Iterator[bytes]:
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, allowed, *_ = line.split()
            if "r" not in allowed or "[v" in line:
                continue
            first, last = (int(end, 16) for end in span.split("-"))
            memory.seek(first)
            parts: list[bytes] = []
            with suppress(OSError):  # a page behind the end of a mapped file
                while (left := last - first - sum(map(len, parts))) and (part := memory.read(left)):
                    parts.append(part)
            yield b"".join(parts)
