"""The connection to the server of the store is cut at a commit: it was committed or not, and nobody guesses which."""

import random
from pathlib import Path

import pytest

from tests import preloaded, stores
from tests.cut_commits import CommitCutter
from tests.databases import PASSWORD
from tests.faults.test_kill import Site
from tui.demo.people import next_day

CUTS = 10
ENDS = {0, 1, 4, 5}
"""How a run may end that is cut: hardly begun, in a step, or behind its last one, as it tidies up."""


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, Site]:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    return Site(tmp_path / "calm", None, None), Site(tmp_path / "cut", None, None)


def _run_cut(site: Site, number: int, *, after: bool) -> tuple[bool, int]:
    """Run over a line that is cut at its nth commit; tell whether it came to that, and how the run ended."""
    file, server = site.folder / "interlock.toml", stores.server()
    assert site.database is not None
    written = file.read_text()
    with CommitCutter(server.port, number, after=after) as line:
        url = f"postgresql://admin@127.0.0.1:{line.port}/{site.database.name}"
        password = 'password = { env = "STORE_PASSWORD" }'
        file.write_text(written.replace(f'"{site.database.url}"', f'"{url}"\n{password}'))
        done = preloaded.run(["run"], cwd=site.folder, env={**site.env, "STORE_PASSWORD": PASSWORD})
        file.write_text(written)
    return line.has_cut, done.status


@pytest.mark.parametrize("after", [False, True], ids=["before the server has it", "its answer is lost"])
def test_a_commit_that_is_cut_loses_and_doubles_nothing(sites: tuple[Site, Site], *, after: bool) -> None:
    chance = random.Random(3 + after)
    calm, struck = sites
    for rows in (calm.rows, next_day(calm.rows)):
        for site in sites:
            site.csv("hr.csv", rows)
        calm("run")
        calm("run")
        met = 0
        for _ in range(CUTS):
            has_cut, status = _run_cut(struck, chance.randint(1, 45), after=after)
            assert status in ENDS
            ended = struck.json("runs", "--limit", "1")[0]["result"]
            assert status or ended == "success", "what says that all is well was kept"
            met += has_cut
        assert met >= CUTS / 2
        struck("run")
        struck("run")
        assert struck.entries() == calm.entries()
        assert struck.state() == calm.state()
    assert "sound" in struck("store", "check")
