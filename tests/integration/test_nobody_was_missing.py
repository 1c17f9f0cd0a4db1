"""An import that is incomplete, and yet has shown everybody, leaves nothing behind that speaks of missing objects."""

from pathlib import Path

from tests.inside import Inside
from tests.integration.test_unchanged_files import BASE, CONFIG


def test_an_incomplete_import_that_misses_nobody_keeps_no_batch(tmp_path: Path) -> None:
    site = Inside(tmp_path, CONFIG)
    (tmp_path / "directory.ldif").write_text(BASE)
    people = [{"id": str(one), "name": f"Name {one}"} for one in range(4)]
    site.csv("hr.csv", people)
    site("run")
    site.csv("hr.csv", [{"id": "", "name": "Nobody"}, *people])
    site("run", status=1)
    assert site.query("SELECT count(*) FROM held_batches") == [(0,)]
    site.csv("hr.csv", [{"id": "", "name": "Nobody"}, *people[:3]])
    site("run", status=1)
    assert site.query("SELECT state, missing FROM held_batches WHERE system = 'hr'") == [("skipped", 1)]
