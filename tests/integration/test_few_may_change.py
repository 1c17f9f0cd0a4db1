"""A handful that changes at once is asked about by nobody, so that a small office can rename all; six are held."""

from pathlib import Path

import pytest

from tests.accounts_file import CONFIG, TOP, write_people
from tests.inside import Inside


@pytest.mark.parametrize(("people", "status"), [(5, 0), (6, 3)])
def test_a_chain_of_five_names_goes_through_in_one_run_and_six_wait(tmp_path: Path, people: int, status: int) -> None:
    named = CONFIG.replace("{{ id | rdn }}", "{{ display_name | rdn }}").replace('uid = "id"', 'uid = "display_name"')
    site = Inside(tmp_path, named)
    (tmp_path / "out.ldif").write_text(TOP)
    write_people(site, [{"id": str(one), "name": f"v{one}"} for one in range(people)])
    site("run")
    write_people(site, [{"id": str(one), "name": f"v{one + 1}"} for one in range(people)])
    site("run", status=status)
    names = [line for line in (tmp_path / "out.ldif").read_text().splitlines() if line.startswith("uid: ")]
    first = 1 if status == 0 else 0
    assert sorted(names) == [f"uid: v{one}" for one in range(first, first + people)]
