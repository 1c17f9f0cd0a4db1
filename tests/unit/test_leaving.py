"""Leaving in stages: what the configuration may say of it, and on which day a stage comes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.approvals.stages import sentence
from engine.configuration.file import load
from engine.errors import ConfigurationError, ObjectFailed
from engine.rules.compiled import DELETE, DISABLE, OutboundRule, Stage
from engine.rules.leaving import due_at, ends_at
from engine.values import zones
from engine.values.durations import duration
from storage import clock

CONFIGURATION = """
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "id"
attributes = {{ end = "date" }}

[systems.directory]
connector = "ldif"
path = "directory.ldif"
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"

[systems.list]
connector = "csv"
path = "list.csv"
[systems.list.objects.person]
external_id = "id"

[metaverse.person]
attributes = {{ end = "date", boss = "boolean" }}

[[rules]]
name = "hr"
from = "hr.person"
to = "metaverse.person"
flow = {{ id = "id", end = "end", boss = "boss" }}
{inbound}

[[rules]]
name = "out"
from = "metaverse.person"
to = "{target}"
flow = {{ uid = "id" }}
{outbound}

{more}
"""
DISABLING = 'disable = { employeeType = { constant = "gone" } }'
THREE = '[{ after = "0d", do = "disable" }, { after = "1w", do = "move", dn = "uid={{ id }},ou=l" }, '
ALL = f'leaving = {THREE}{{ after = "30d", do = "delete" }}]'
SECOND = '[[rules]]\nname = "more"\nfrom = "metaverse.person"\nto = "directory.person"\nflow = { cn = "id" }\n'


def _rule(
    folder: Path, outbound: str, *, inbound: str = "", target: str = "directory.person", more: str = ""
) -> OutboundRule:
    path = folder / "interlock.toml"
    path.write_text(CONFIGURATION.format(outbound=outbound, inbound=inbound, target=target, more=more))
    system, kind = target.split(".")
    return load(path)[1].outbound["person"][system, kind][0]


def test_stages_are_compiled_in_their_order(tmp_path: Path) -> None:
    rule = _rule(tmp_path, f'{ALL}\n{DISABLING}\nleaving_from = "end"', more=SECOND)
    assert [stage.do for stage in rule.stages] == ["disable", "move", "delete"]
    assert [stage.after.days for stage in rule.stages] == [0, 7, 30]


@pytest.mark.parametrize("word", ["disconnect", "delete"])
def test_a_word_is_one_stage(tmp_path: Path, word: str) -> None:
    assert _rule(tmp_path, f'deprovision = "{word}"').stages == (Stage(word),)


@pytest.mark.parametrize(
    ("outbound", "key", "told"),
    [
        (f'{ALL}\n{DISABLING}\ndeprovision = "delete"', "deprovision", "give one of the two"),
        (ALL, "leaving", "there are none"),
        (f'leaving = [{{ after = "1d", do = "delete" }}]\n{DISABLING}', "disable", "a stage that does so"),
        ('leaving = [{ after = "1d", do = "burn" }]', "leaving.0.do", "'disable', 'move', 'delete' or 'disconnect'"),
        ('leaving = [{ after = "soon", do = "delete" }]', "leaving.0.after", "is not a duration"),
        ('leaving = [{ do = "delete" }]', "leaving.0.after", "Field required"),
        ('leaving = [{ after = "1d", do = "move" }]', "leaving.0.do", "give it a dn"),
        ('leaving = [{ after = "1d", do = "delete", dn = "uid=x" }]', "leaving.0.dn", 'belongs to do = "move"'),
        ('leaving = [{ after = "1d", do = "move", dn = "uid={{ idd }}" }]', "leaving.0.dn", "did you mean 'id'?"),
        (
            'leaving = [{ after = "1d", do = "disconnect", approve = "at_start" }]',
            "leaving.0.approve",
            'belongs to do = "delete"',
        ),
        (
            'leaving = [{ after = "2d", do = "delete" }, { after = "3d", do = "disconnect" }]',
            "leaving.1",
            "no stage comes after it",
        ),
        (
            'leaving = [{ after = "2d", do = "move", dn = "uid=x" }, { after = "1d", do = "delete" }]',
            "leaving.1.after",
            "comes before the last",
        ),
        ('leaving_from = "end"', "leaving_from", "there are none"),
        (f'{ALL}\n{DISABLING}\nleaving_from = "ende"', "leaving_from", "did you mean 'end'?"),
        (f'{ALL}\n{DISABLING}\nleaving_from = "boss"', "leaving_from", "'boss' is boolean"),
        (f'{ALL}\n{DISABLING}\nleaving_from = {{ constant = "x" }}', "leaving_from", "a constant"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(tmp_path: Path, outbound: str, key: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _rule(tmp_path, outbound)
    assert f"rules.1.{key}" in str(refused.value)
    assert told in str(refused.value)
    assert "interlock.toml:" in str(refused.value)


def test_what_belongs_elsewhere_is_refused(tmp_path: Path) -> None:
    for inbound in ('leaving = [{ after = "1d", do = "delete" }]', 'leaving_from = "end"'):
        with pytest.raises(ConfigurationError, match="belongs to rules from the metaverse"):
            _rule(tmp_path, "", inbound=inbound)
    with pytest.raises(ConfigurationError, match="have no DN, and cannot be moved"):
        _rule(tmp_path, 'leaving = [{ after = "1d", do = "move", dn = "x" }]', target="list.person")


@pytest.mark.parametrize("second", ['deprovision = "delete"', 'leaving = [{ after = "1d", do = "delete" }]'])
def test_one_rule_speaks_for_a_target(tmp_path: Path, second: str) -> None:
    with pytest.raises(ConfigurationError, match="rule 'out' says already in which stages"):
        _rule(tmp_path, f"{ALL}\n{DISABLING}", more=SECOND + second)


@pytest.fixture
def berlin() -> Iterator[None]:
    zones.use("Europe/Berlin")
    yield
    zones.use("UTC")


@pytest.mark.parametrize(
    ("since", "after", "comes"),
    [
        ("2026-03-27T09:30:00+01:00", "0d", "2026-03-27T09:30:00+01:00"),
        ("2026-03-27T23:30:00+01:00", "1d", "2026-03-28T00:00:00+01:00"),
        ("2026-03-27T00:00:00+01:00", "7d", "2026-04-03T00:00:00+02:00"),  # an hour is skipped between them
        ("2026-10-23T12:00:00+02:00", "1w", "2026-10-30T00:00:00+01:00"),  # one comes twice
        ("2026-03-28T20:00:00+01:00", "12h", "2026-03-29T09:00:00+02:00"),
        ("2026-03-28T20:00:00+01:00", "36h", "2026-03-30T09:00:00+02:00"),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_whole_days_are_counted_from_midnight_to_midnight(since: str, after: str, comes: str) -> None:
    begun = clock.stamp(datetime.fromisoformat(since))
    assert due_at(begun, Stage(DELETE, duration(after))) == clock.stamp(datetime.fromisoformat(comes))


@pytest.mark.parametrize(
    ("end", "moment"),
    [
        ("2026-03-28", "2026-03-29T00:00:00+01:00"),
        ("2026-03-29", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("20261025", "2026-10-26T00:00:00+01:00"),
        ("2026-W43-7", "2026-10-26T00:00:00+01:00"),
        ("2026-03-29T12:00:00", "2026-03-29T12:00:00+02:00"),
        ("2026-03-29T12:00:00Z", "2026-03-29T12:00:00+00:00"),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_a_date_is_the_last_day(tmp_path: Path, end: str | None, moment: str | None) -> None:
    rule = _rule(tmp_path, f'{ALL}\n{DISABLING}\nleaving_from = "{{{{ end }}}}"')
    zones.use("Europe/Berlin")
    found = ends_at(rule, {"end": end} if end is not None else {})
    assert found == (clock.stamp(datetime.fromisoformat(moment)) if moment else None)


def test_what_is_no_date_is_told(tmp_path: Path) -> None:
    rule = _rule(tmp_path, f'{ALL}\n{DISABLING}\nleaving_from = "{{{{ end }}}}"')
    with pytest.raises(ObjectFailed, match="gives 'soon'"):
        ends_at(rule, {"end": "soon"})


def _entry(since: str | None, *, at_start: bool = False) -> list[object]:
    return [6, "directory", "Bob", "uuid", since, [[DISABLE, 0.0], [DELETE, 30 * 86400.0]], at_start]


def test_a_sentence_says_what_comes_when() -> None:
    now = datetime.now(UTC)
    day = (now + timedelta(days=30)).date()
    assert sentence(_entry(None)) == f"disabled now, deleted on {day}, asked about then"
    assert sentence(_entry(None, at_start=True)) == f"disabled now, deleted on {day} if you approve"
    begun = clock.stamp(now - timedelta(days=40))
    first, last = ((now - timedelta(days=days)).date() for days in (40, 10))
    assert sentence(_entry(begun)) == f"disabled on {first}, deleted on {last} if you approve"
