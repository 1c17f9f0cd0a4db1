"""What the configuration says of who leaves, who stays and who is who, and how it is refused."""

from pathlib import Path

import pytest

from engine.configuration.file import load
from engine.errors import ConfigurationError

BASE = """
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"
{person}
[metaverse.person]
deletion = {deletion}
"""


def _load(tmp_path: Path, deletion: str, person: str = "") -> None:
    path = tmp_path / "interlock.toml"
    path.write_text(BASE.format(deletion=deletion, person=person))
    load(path)


@pytest.mark.parametrize(
    "deletion",
    [
        '{ when = "authoritative_source_gone", source = "hr" }',
        '{ when = "authoritative_source_gone", sources = ["hr", "hr.person"], trigger = "all" }',
        '{ when = "last_connector_gone", grace = "5d" }',
    ],
)
def test_what_is_right_is_taken(tmp_path: Path, deletion: str) -> None:
    _load(tmp_path, deletion, 'same_person = [["a"], ["b", "c"]]')


@pytest.mark.parametrize(
    ("deletion", "person", "told"),
    [
        ('{ when = "authoritative_source_gone", source = "hrr" }', "", "did you mean 'hr'?"),
        ('{ when = "authoritative_source_gone", sources = ["hr", "hr.people"] }', "", "did you mean 'hr.person'?"),
        ('{ when = "authoritative_source_gone" }', "", "names the authoritative source"),
        ('{ when = "authoritative_source_gone", source = "hr", sources = ["hr"] }', "", "not both"),
        ('{ when = "authoritative_source_gone", source = "hr", trigger = "all" }', "", "goes with 'sources'"),
        ('{ when = "manual" }', "same_person = [[]]", "tells nobody apart"),
        ('{ when = "manual" }', "changes = { max_percent = 101 }", "less than or equal to 100"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(tmp_path: Path, deletion: str, person: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, deletion, person)
    assert told in str(refused.value)
    assert "interlock.toml:" in str(refused.value)
