"""A workspace whose program runs inside the test's own process: the same `main`, without a process's start."""

import gc
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from engine.values import zones
from tests.at_once import statements_at_once
from tests.later import moved
from tests.workspace import Workspace


class Inside(Workspace):
    """Calls the program's `main` with arguments, environment and streams of its own; asserts its exit status."""

    shift = "0s"
    """How far the program's clock goes ahead; a story's time only goes on."""

    def __call__(self, *arguments: str, status: int | None = 0) -> str:
        code, out, err = self.main(*arguments)
        text = out + err
        assert status is None or code == status, f"{arguments} ended with {code}:\n{text}"
        return text

    def json(self, *arguments: str) -> Any:
        code, out, err = self.main(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def main(self, *arguments: str) -> tuple[int, str, str]:
        """Give the exit status and what was written to standard output and standard error."""
        from tui.__main__ import main

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        code: Any = 0
        with self._surroundings(arguments), redirect_stdout(out), redirect_stderr(err), self._here():
            try:
                main()
            except SystemExit as end:
                code = end.code
        out.flush()
        err.flush()
        return code or 0, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()

    @contextmanager
    def _here(self) -> Iterator[None]:
        """Let the program have the clock of the story, and its statements at once."""
        with moved(self.shift), statements_at_once():
            yield

    @contextmanager
    def _surroundings(self, arguments: tuple[str, ...]) -> Iterator[None]:
        """Lend the process what a process of its own would have, and take back what the program made of it."""
        argv, environ = sys.argv, dict(os.environ)
        zone = zones.name_in_use()
        threshold, interval = gc.get_threshold(), sys.getswitchinterval()
        sys.argv = ["interlock", *arguments]
        os.environ.update(self.env, INTERLOCK_CONFIG=str(self.folder / "interlock.toml"))
        try:
            yield
        finally:
            sys.argv = argv
            os.environ.clear()
            os.environ.update(environ)
            zones.use(zone)
            gc.unfreeze()  # a run counts what is frozen before it freezes, which takes long over all that tests load
            gc.set_threshold(*threshold)
            sys.setswitchinterval(interval)


def document(tables: dict[str, Any], **arrays: list[dict[str, Any]]) -> str:
    """Write TOML: tables by name, and arrays of tables."""
    blocks = [(f"[{name}]", table) for name, table in tables.items()]
    blocks += [(f"[[{name}]]", table) for name, array in arrays.items() for table in array]
    return "\n".join(
        "\n".join([head, *(f"{key} = {_value(value)}" for key, value in table.items()), ""]) for head, table in blocks
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def in_and_out(target: str, names: list[str], **more: Any) -> list[dict[str, Any]]:
    """Give rules that take people from HR and write them to a target as they are; the first name identifies them."""
    same = {"join": [[names[0]]], "flow": {name: name for name in names}}
    return [
        {"name": "in", "from": "hr.person", "to": "metaverse.person", "project": True, **same},
        {"name": "out", "from": "metaverse.person", "to": target, "provision": True, **same, **more},
    ]
