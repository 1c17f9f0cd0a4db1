"""Somebody is sent on garden leave: the entry moves to another container, and back."""

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


def test_who_leaves_moves_to_the_leavers_and_back_with_everything(office: Office) -> None:
    where = "{% if status == 'leaving' %}leavers{% else %}people{% endif %}"
    office.rule("people to the directory")["dn"] = f"uid={{{{ account_name | rdn }}}},ou={where},{SUFFIX}"
    office.run()
    before = office.person("cleo")
    assert before["dn"] == [f"uid=cleo,ou=people,{SUFFIX}"]

    office.hr["3"]["status"] = "leaving"
    office.run()

    assert office.steps()["export directory"]["statistics"] == {"renames": 1}
    moved = office.person("cleo")
    assert moved["dn"] == [f"uid=cleo,ou=leavers,{SUFFIX}"]
    assert moved["employeeType"] == ["leaving"]
    assert _same(moved) == _same(before)

    office.hr["3"]["status"] = "active"
    office.run()

    back = office.person("cleo")
    assert back["dn"] == before["dn"]
    assert _same(back) == _same(before)
    office.settled()


def _same(entry: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what a move changes."""
    return {name: values for name, values in entry.items() if name not in ("dn", "employeeType", "entryCSN")}
