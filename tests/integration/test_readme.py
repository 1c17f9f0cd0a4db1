"""The README's configuration, word for word, with a directory of one's own."""

import re
from pathlib import Path

from tests.inside import Inside
from tests.slapd import ADMIN, PASSWORD, Slapd

README = Path(__file__).parents[2] / "README.md"
(CONFIGURATION,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
PEOPLE = [
    {"employee_id": "1", "first_name": "Ada", "last_name": "Lovelace"},
    {"employee_id": "2", "first_name": "Bob", "last_name": "Noyce"},
]


def test_the_whole_configuration_is_one(slapd: Slapd, tmp_path: Path) -> None:
    """It passes its check, plans, runs, and lets somebody leave, as the lines below it say."""
    assert ADMIN in CONFIGURATION
    written = CONFIGURATION.replace("ldaps://ldap.example.org", slapd.url)
    assert written != CONFIGURATION
    site = Inside(tmp_path / "site", written, {"DIRECTORY_PASSWORD": PASSWORD})
    site.csv("people.csv", PEOPLE)
    told = site("check").splitlines()[1:]
    assert told
    assert {line.split()[0] for line in told} == {"ok"}
    assert "add Ada Lovelace" in site("plan")
    assert slapd.people() == {}, "nothing is written anywhere"
    site("run")
    assert {entry["cn"][0] for entry in slapd.people().values()} == {"Ada Lovelace", "Bob Noyce"}
    site.csv("people.csv", PEOPLE[:1])
    site("run")
    assert len(slapd.people()) == 2, "nothing is deleted without an approval"
    site("review", "approve", "rev-1", "--reason", "left")
    site("run")
    assert {entry["cn"][0] for entry in slapd.people().values()} == {"Ada Lovelace"}
