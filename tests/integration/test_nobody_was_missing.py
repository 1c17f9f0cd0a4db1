"""An import that is incomplete, and yet has shown everybody, leaves nothing behind that speaks of missing objects."""

from pathlib import Path

from tests.accounts_file import with_accounts, write_people


def test_an_incomplete_import_that_misses_nobody_keeps_no_batch(tmp_path: Path) -> None:
    people = [{"id": str(one), "name": f"Name {one}"} for one in range(4)]
    site = with_accounts(tmp_path, people)
    write_people(site, [{"id": "", "name": "Nobody"}, *people])
    site("run", status=1)
    assert site.query("SELECT count(*) FROM held_batches") == [(0,)]
    write_people(site, [{"id": "", "name": "Nobody"}, *people[:3]])
    site("run", status=1)
    assert site.query("SELECT state, missing FROM held_batches WHERE system = 'hr'") == [("skipped", 1)]
