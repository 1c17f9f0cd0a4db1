"""What is not read again, as it is to the byte what it was, makes no difference: whoever forgets all fingerprints
before each run comes to the same store, row by row.
"""

import asyncio
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workspace import open_workspace
from tests.planned import rows_of
from tests.properties import test_cycles
from tests.properties.test_cycles import CYCLES, Cycles, Step, hr_rows, names, numbers, some, steps

settled = test_cycles.settled
"""A world in which everybody is provisioned."""
delivered = st.one_of(
    steps,
    st.tuples(st.just("hr"), numbers, hr_rows),
    st.tuples(st.just("hr twice"), numbers),
    st.tuples(st.just("swap"), numbers, numbers),
    st.tuples(st.just("twin"), some),
    st.tuples(st.just("other"), some),
    st.tuples(st.just("blank line")),
    st.tuples(st.just("cut")),
    st.tuples(st.just("column"), names),
)
"""What happens to the world, and to its files."""
days = st.lists(st.lists(delivered, min_size=1, max_size=3), min_size=2, max_size=4)


class Office(Cycles):
    """A world whose files may be damaged once they are written, as both of two are alike."""

    def __init__(self, folder: Path, world: Any) -> None:
        super().__init__(folder)
        self.world = replace(world, folder=folder, database=self.database)
        self.damage: list[Step] = []

    def take(self, step: Step) -> None:
        """Let one thing happen; what happens to files happens before the next run."""
        if step[0] in ("swap", "twin", "other", "blank line", "cut", "column"):
            self.damage.append(step)
        else:
            super().take(step)

    def day(self, happening: list[Step]) -> None:
        """Let things happen, run, and approve what waits."""
        for step in happening:
            self.take(step)
        self.world.write()
        target = self.folder / "directory.ldif"
        whole = target.read_text()
        for step in self.damage:
            self._damage(step)
        self.main("run")
        if target.read_text().count("dn: ") != whole.count("dn: ") and self.damage:
            target.write_text(_mended(target.read_text()))
        self.damage.clear()
        ids = [item["id"] for item in self.json("review", "--limit", "0")]
        if ids:
            self.main("review", "approve", *ids, "--reason", "as agreed", "--count", str(len(ids)))

    def _damage(self, step: Step) -> None:
        source, target = self.folder / "hr.csv", self.folder / "directory.ldif"
        rows = source.read_text().splitlines(keepends=True)
        entries = target.read_text().split("\n\n")
        match step:
            case "swap", one, other:
                source.write_text(
                    "".join(rows[:1] + sorted(rows[1:], key=lambda row: (row[0] != one, row[0] == other)))
                )
            case "twin", number:
                entries.insert(-1, entries[1 + number % (len(entries) - 2)])
                target.write_text("\n\n".join(entries))
            case "other", number:  # another kind of entry in the place of one
                entries.insert(-1, f"dn: {_dn(entries[1 + number % (len(entries) - 2)])}\nobjectClass: device\ncn: x")
                target.write_text("\n\n".join(entries))
            case ("blank line",):
                source.write_text("".join(rows) + "\n")
            case ("cut",):
                source.write_text("".join(rows).rstrip()[:-2])
            case "column", name:
                source.write_text("".join(f"{row.rstrip()},{name}\n" for row in rows))


def _dn(entry: str) -> str:
    return next(line.removeprefix("dn: ") for line in entry.splitlines() if line.startswith("dn: "))


def _mended(text: str) -> str:
    """Leave the first of the entries that have one DN."""
    kept: dict[str, str] = {}
    for entry in text.split("\n\n"):
        if "dn: " in entry:
            kept.setdefault(_dn(entry).lower(), entry)
    return "version: 1\n\n" + "\n\n".join(kept.values()) + "\n\n"


@CYCLES
@given(taken=days)
def test_what_is_not_read_again_makes_no_difference(
    settled: Path, tmp_path_factory: pytest.TempPathFactory, taken: list[list[Step]]
) -> None:
    both = []
    for name in ("recalls", "forgets"):
        folder = tmp_path_factory.mktemp(name) / "office"
        shutil.copytree(settled, folder)
        both.append(Office(folder, pickle.loads((folder / "world").read_bytes())))
    recalls, forgets = both
    for happening in taken:
        recalls.day(happening)
        forgets.edit("DELETE FROM fingerprints")
        forgets.day(happening)
        assert _rows(recalls) == _rows(forgets)
    assert recalls.query("SELECT 1 FROM fingerprint_pieces WHERE length(records) > 16384")
    for office in both:
        shutil.rmtree(office.folder)


def _rows(office: Office) -> dict[str, list[str]]:
    async def read() -> dict[str, list[tuple[Any, ...]]]:
        async with open_workspace(office.folder / "interlock.toml").store as store:
            return await rows_of(store)

    found = asyncio.run(read())
    found["transitions"] = sorted((row[1:] for row in found["transitions"]), key=repr)  # in a page in any order
    return {table: [repr(row).replace(str(office.folder), "office") for row in rows] for table, rows in found.items()}
