"""A workspace in a temporary folder, driven as an operator drives it: by the command line."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import preloaded, stores

INTERLOCK = [sys.executable, "-m", "tui"]
Rows = list[dict[str, str]]


class Workspace:
    """A folder with an interlock.toml; `run` and friends start the real program."""

    def __init__(self, folder: Path, config: str, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.env = {**os.environ, "INTERLOCK_OPERATOR": "tester", "COLUMNS": "200", **(env or {})}
        self.database = stores.Database.of(folder, config) if stores.on_postgresql() else None
        self.configure(config)

    def configure(self, config: str) -> None:
        placed = stores.placed(config, self.database) if self.database else config
        (self.folder / "interlock.toml").write_text(placed)

    def csv(self, name: str, rows: Iterable[dict[str, str]], columns: Iterable[str] | None = None) -> Path:
        rows = list(rows)
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(columns or rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def __call__(self, *arguments: str, status: int | None = 0) -> str:
        """Run a command, assert its exit status, and give what it wrote to both streams."""
        done = preloaded.run(arguments, cwd=self.folder, env=self.env, together=True)
        text = done.out.decode()
        assert status is None or done.status == status, f"{arguments} ended with {done.status}:\n{text}"
        return text

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command like a shell, and give its process."""
        command = [*INTERLOCK, *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def json(self, *arguments: str) -> Any:
        """Run a listing with --json and give its document."""
        done = preloaded.run([*arguments, "--json"], cwd=self.folder, env=self.env)
        assert done.status == 0, done.err.decode()
        return json.loads(done.out)

    def steps(self) -> dict[str, dict[str, Any]]:
        """Give the steps of the last run: 'phase system' → step, the last of that name."""
        last = self.json("runs", "--limit", "1")[0]["id"]
        return {f"{one['phase']} {one['system']}".strip(): one for one in self.json("show", last)["steps"]}

    def errors(self) -> list[dict[str, Any]]:
        """Give the item errors of the last run."""
        last = self.json("runs", "--limit", "1")[0]["id"]
        return self.json("show", last)["errors"]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the store, or a copy of it, with plain SQLite."""
        if self.database is not None:
            with self.database.seen() as copy:
                return copy.execute(sql).fetchall()
        # mode=rw: looking must not make an empty file where the program has not made its store yet
        connection = sqlite3.connect(f"file:{self.folder / 'interlock.db'}?mode=rw", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def glance(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the store where it is, by a query that every database understands."""
        if self.database is None:
            return self.query(sql)
        with self.database.connected() as connection:
            return connection.execute(sql.encode()).fetchall()

    def edit(self, *statements: str) -> None:
        """Change the store by hand, all or nothing, by statements that every database understands."""
        if self.database is not None:
            self.database.run(*statements)
            return
        with closing(sqlite3.connect(self.folder / "interlock.db")) as store, store:
            for statement in statements:
                store.execute(statement)

    def without_trigger(self, name: str, table: str, *statements: str) -> None:
        """Change the store by hand as one could who has taken a trigger of a table away."""
        on_table = f" ON {table}" if self.database is not None else ""
        self.edit(f"DROP TRIGGER {name}{on_table}", *statements)

    def content(self) -> str:
        """Give all that the store holds, as text."""
        if self.database is not None:
            with self.database.seen() as copy:
                return "\n".join(copy.iterdump())
        with closing(sqlite3.connect(self.folder / "interlock.db")) as store:
            return "\n".join(store.iterdump())

    def statuses(self, system: str) -> dict[str, int]:
        return dict(self.query(f"SELECT status, count(*) FROM objects WHERE system = '{system}' GROUP BY status"))
