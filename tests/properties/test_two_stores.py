"""Random cycles over two stores, one in a file and one on a server: after each of them both hold the same rows."""

import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.connectors.ldif import new_entries
from storage import transfer
from storage.dialects.base import Place
from storage.dialects.postgresql.place import ServerPlace
from storage.dialects.sqlite.place import FilePlace
from storage.tables import metadata
from tests import stores
from tests.properties.test_cycles import SENTINEL, Cycles, Step, begin, steps

FEW = settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OF_THIS_PROCESS = {"host", "pid", "process", "owner", "session", "hash", "previous", "digest"}
"""Columns that tell where and by whom, and those that are made of such."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_WHERE = re.compile(r'"store\.url":(null|"[^"]*"),|,"store":\{"url":"[^"]*"\}')
acts = st.sampled_from([("run",), ("run",), ("approve",)])
days = st.lists(st.tuples(st.lists(steps, min_size=1, max_size=4), acts), min_size=2, max_size=4)


class Side(Cycles):
    """The program over a world of its own, in which the same ids are drawn as in the other one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.drawn = Random(7)

    @contextmanager
    def _here(self) -> Iterator[None]:
        with super()._here(), self.drawing():
            yield

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let the ids that are drawn be those of this side."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=self.drawn.getrandbits(128), version=4))
            patch.setattr(new_entries, "os", SimpleNamespace(urandom=self.drawn.randbytes))
            patch.setattr(secrets, "token_hex", lambda count: self.drawn.randbytes(count).hex())
            yield

    def edit_target(self, step: Step) -> None:
        with self.drawing():
            super().edit_target(step)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Give the rows of every table; where the database gives the ids, without them and in any order."""
        found = {}
        with self.place().snapshot() as contents:
            for table in metadata.sorted_tables:
                counted = table.autoincrement_column
                left_out = OF_THIS_PROCESS | ({counted.name} if counted is not None else set())
                kept = [index for index, column in enumerate(table.columns) if column.name not in left_out]
                rows = [row for some in contents.rows(table) for row in some]
                plain = [tuple(_plain(row[index]) for index in kept) for row in rows]
                found[table.name] = sorted(plain, key=repr) if counted is not None else plain
        return found

    def place(self) -> Place:
        if self.database is not None:
            return ServerPlace(self.database.url, self.folder)
        return FilePlace(self.folder / "interlock.db")


def _plain(value: Any) -> Any:
    """Give a value without the moment at which something happened, and where the store is."""
    if isinstance(value, str):
        return _WHERE.sub("", _MOMENT.sub("then", value))
    return int(value) if isinstance(value, bool) else value


@FEW
@given(taken=days)
def test_whatever_happens_both_stores_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[list[Step], Step]]
) -> None:
    folder = tmp_path_factory.mktemp("two")
    sides = []
    for kind in ("sqlite", "postgresql"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(stores.VARIABLE, kind)
            sides.append(begin(Side(folder / kind)))
    first = {"name": "Ann", "dept": "IT", "phone": "100", "manager": SENTINEL, "status": "active", "end": ""}
    begins: list[Step] = [("hr", "1", first), ("hr", "2", first), ("group", "g1", {"0", "1"})]
    for happening, act in [(begins, ("run",)), *taken]:
        for side in sides:
            for step in (*happening, act):
                side.take(step)
        in_file, on_server = (side.rows() for side in sides)
        for table in in_file:
            assert on_server[table] == in_file[table], table
    _moved_there_and_back(sides[0], folder)


def _moved_there_and_back(side: Side, folder: Path) -> None:
    """See that the store is the same after it went to a server and came back."""
    before = side.rows()
    database = stores.Database(has_tables=False)
    transfer.carry(side.place(), ServerPlace(database.url, folder))
    transfer.carry(ServerPlace(database.url, folder), FilePlace(folder / "back.db"))
    with FilePlace(folder / "back.db").snapshot() as back, side.place().snapshot() as there:
        for table in metadata.sorted_tables:
            assert list(back.rows(table)) == list(there.rows(table))
    assert side.rows() == before
