"""A plan foresees the units that `create_parents` makes, as the run makes them."""

from pathlib import Path

import pytest

from tests.inside import Inside
from tests.slapd import ADMIN, PASSWORD, SUFFIX, Slapd

CONFIG = """
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.directory]
connector = "ldap"
url = "{url}"
base = "{suffix}"
bind_dn = "{admin}"
password = {{ env = "DIRECTORY_PASSWORD" }}
create_parents = {wanted}
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
uid = "id"
unit = "unit"
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "uid={{{{ uid | rdn }}}},ou={{{{ unit | rdn }}}},{{% if unit == 'nowhere' %}}l=missing,{{% endif %}}{suffix}"
[rules.flow]
cn = "uid"
sn = "uid"
uid = "uid"
"""


@pytest.mark.parametrize(("wanted", "made"), [("true", 2), ("false", 0)])
def test_a_plan_makes_the_parents_that_a_run_makes(tmp_path: Path, slapd: Slapd, wanted: str, made: int) -> None:
    config = CONFIG.format(url=slapd.url, suffix=SUFFIX, admin=ADMIN, wanted=wanted)
    work = Inside(tmp_path / "work", config, {"DIRECTORY_PASSWORD": PASSWORD})
    units = {"a": "IT, and more", "b": "Sales", "c": "nowhere"}
    work.csv("hr.csv", [{"id": name, "unit": unit} for name, unit in units.items()])
    planned = work("plan", status=1)
    assert slapd.people() == {}
    done = work("run", status=1)
    for told in (planned, done):
        failed = f"{3 - made} failures"
        assert (f"{made} adds, {failed}" if made else failed) in told
        assert "non-existent-parent" in told
    assert len(slapd.people()) == made
