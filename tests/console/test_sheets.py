"""Sheets at every width: what has no room on one line goes on below it, and nothing is cut."""

from typing import Any

import pytest

from tui.console.sheets import exports, layout, objects, rules
from tui.console.sheets.explaining import why
from tui.console.widgets.sheet import SheetLine


def told(lines: list[SheetLine]) -> list[str]:
    return ["".join(text for text, _ in one.line).rstrip() for one in lines]


def words(lines: list[SheetLine]) -> str:
    return " ".join(" ".join(told(lines)).split())


def _move(**more: Any) -> dict[str, Any]:
    found = {"id": 1, "at": "2026-03-02T08:00:00.000Z", "entity": "cso", "entity_id": 7, "system": "directory"}
    found |= {"from_status": "PendingProvisioning", "to_status": "Normal", "operator": None, "reason": "confirmed"}
    return found | more


@pytest.mark.parametrize("width", [42, 46, 57, 78, 120])
def test_no_transition_is_cut(width: int) -> None:
    moves = [
        _move(),
        _move(id=2, entity="export", from_status="ExportedPendingConfirmation", to_status="ExportedNotConfirmed"),
        _move(id=3, operator="ada", reason="HR has said that she comes back, in a year or two"),
    ]
    lines = layout.timeline(moves, width, {}, about="rev-1")
    assert max(map(len, told(lines))) < width  # a scrollbar may take the last cell
    said = words(lines)
    for one in (
        "PendingProvisioning → Normal",
        "ExportedPendingConfirmation → ExportedNotConfirmed",
        "by ada",
        "HR has said that she comes back, in a year or two",
        "directory exp-7 →",
    ):
        assert one in said
    assert [one.link for one in lines if one.link] == ["cso-7", "exp-7", "cso-7"]


@pytest.mark.parametrize("room", range(4, 40))
def test_a_value_is_broken_where_it_is_read_best_and_loses_nothing(room: int) -> None:
    text = "uid=ekuznetsov0142,ou=Legal\\, Risk & Compliance,ou=people,dc=example,dc=org"
    parts = layout.broken(text, room)
    assert "".join(parts) == text
    assert all(len(part.rstrip()) <= room for part in parts)
    if room > 24:
        assert not any(part.startswith((" ", ",")) for part in parts)


@pytest.mark.parametrize("width", [96, 118, 200])
def test_no_value_of_an_export_is_cut_where_the_states_stand_beside_each_other(width: int) -> None:
    change = {"name": "departmentNumber", "replace": True, "status": "ExportedNotConfirmed"}
    change |= {"now": ["Legal, Risk & Compliance of all branches"], "add": ["Board"], "imported": ["Human Resources"]}
    lines = exports._table([change], width)
    assert max(map(len, told(lines))) < width
    assert told(lines)[1].split()[0] == "departmentNumber"
    column = told(lines)[0].index("to be written")
    assert " ".join(one[22:column].strip() for one in told(lines)[1:]) == "Legal, Risk & Compliance of all branches"
    assert all(one.whole and "now: Legal, Risk" in one.whole for one in lines[1:])


@pytest.mark.parametrize(("width", "beside"), [(78, False), (118, True), (199, True)])
def test_the_rules_that_use_an_attribute_stand_beside_it_where_there_is_room(width: int, beside: bool) -> None:
    known = {"kind": "text", "multi": True, "required": False, "read_only": False, "matching": "exact"}
    used = {"name": "cn", "known": known, "read": [], "written": ["people to the directory", "guests"]}
    unused = {"name": "photo", "known": known, "read": [], "written": []}
    lines = told(rules.schema("directory", [{"type": "person", "attributes": [used, unused]}], width))
    assert len(lines) == (4 if beside else 5)
    first = next(line for line in lines if line.startswith(" cn"))
    assert first.split()[1] == "text[]"
    assert ("people to the directory" in first) == beside
    arrows = {line.index("→") for line in lines if "→" in line}
    assert len(arrows) == 1


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (140, "from hr Ada Lovelace (E000001), rule 'people from hr'"),
        (78, "from hr Ada Lovelace (E000001), rule 'people from hr'"),
        (47, "from hr, rule 'people from hr'"),
        (42, "from hr, rule 'people from hr'"),
    ],
)
def test_who_contributed_an_attribute_is_told_as_there_is_room(width: int, said: str) -> None:
    joined = [{"id": "cso-1", "system": "hr", "label": "Ada Lovelace (E000001)", "status": "Normal", "by": "join"}]
    found: dict[str, Any] = {"id": "mvo-1", "label": "Ada (mvo-1)", "type": "person", "deleted": False, "owed": []}
    found |= {"delete_after": None, "created_at": "2026-03-02T08:00:00.000Z", "changed_at": "2026-03-02T08:00:00.000Z"}
    found |= {"joined": joined, "attributes": {"title": ["Countess"]}, "contributors": {"title": [1, "people from hr"]}}
    lines = objects.mvo(found, width)
    assert said in words(lines)
    assert max(map(len, told(lines))) <= width
    joined.append({**joined[0], "id": "cso-2", "label": "A. Lovelace (E000002)"})
    assert words(objects.mvo(found, 42)).count("from hr cso-1, rule 'people from hr'") == 1


@pytest.mark.parametrize("width", [60, 70, 78, 79, 80, 81, 82, 120])
def test_where_a_rule_stands_is_never_cut(width: int) -> None:
    match = {"by": "employee_id", "rule": "people from hr", "key": "E001014"}
    one = {"system": "hr", "type": "person", "label": "Ada", "id": "cso-1", "status": "Normal", "by": "projection"}
    found = {"id": "mvo-1", "label": "Ada", "type": "person", "state": "settled", "attributes": [], "targets": []}
    lines = why(
        found | {"joined": [{**one, "matches": match, "rules": []}]}, {"people from hr": "interlock.toml:61"}, width
    )
    assert max(map(len, told(lines))) < width
    assert sum("interlock.toml:61" in line for line in told(lines)) == 1
