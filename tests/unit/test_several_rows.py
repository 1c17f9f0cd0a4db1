"""Several rows of one person: the order that a preference gives them, what reads them, what the file may not say."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.configuration.file import load
from engine.contributions.contexts import Contexts
from engine.contributions.rows import ContributorFailed, in_order
from engine.errors import ConfigurationError, ObjectFailed
from engine.expressions.expression import compile_flow, compile_flow_of_rows
from engine.expressions.named import Named
from engine.workspace import Workspace
from storage.records import Cso, CsoStatus
from storage.store import Store

FILE = """\
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.contract]
external_id = "id"
joins = "many"
attributes = { starts = "date", share = "decimal", phones = "text[]"%s }
[metaverse.person]
[[rules]]
name = "contracts"
from = "hr.contract"
to = "metaverse.person"
join = [[{ source = "person", target = "number" }]]
project = true
%s
[rules.flow]
number = "person"
title = "job"
"""


def row(number: int, external_id: str, **attributes: Any) -> Cso:
    stored = {name: value if isinstance(value, list) else [value] for name, value in attributes.items()}
    return Cso(number, "hr", "contract", external_id, None, "", CsoStatus.NORMAL, stored, 1, "join", False, "", "")


def _workspace(tmp_path: Path, prefer: str = "", kinds: str = "") -> Workspace:
    (tmp_path / "hr.csv").write_text("id,person\n")
    (tmp_path / "interlock.toml").write_text(FILE % (kinds, f"prefer = {prefer!r}" if prefer else ""))
    config, rules = load(tmp_path / "interlock.toml")
    return Workspace(config, rules, Store.open(tmp_path / "interlock.db"))


def _contexts(tmp_path: Path) -> Contexts:
    return Contexts(_workspace(tmp_path))


def ordered(tmp_path: Path, prefer: str, rows: list[Cso], kinds: str = "") -> list[str | None]:
    """Give the external ids of rows in the order of a preference."""
    workspace = _workspace(tmp_path, prefer, kinds)
    flow = workspace.rules.inbound["hr", "contract"][0].flows[1]
    contexts = Contexts(workspace)
    assert flow.prefer is not None
    return [one.external_id for one in in_order(contexts, flow.prefer, rows)]


@pytest.mark.parametrize(
    ("prefer", "order"),
    [
        ("", ["a", "b", "c", "d"]),
        ("starts", ["b", "a", "c", "d"]),
        ("starts asc", ["b", "a", "c", "d"]),
        ("starts desc", ["a", "c", "b", "d"]),
        ("share desc", ["b", "a", "c", "d"]),
        ("share desc, starts desc, code desc", ["b", "c", "a", "d"]),
        ("starts desc, code desc", ["c", "a", "b", "d"]),
        ("main == 'yes' desc, starts desc", ["d", "a", "c", "b"]),
        ("[starts, '2024-01-01' | date] | max if starts else none, code desc", ["b", "c", "a", "d"]),
        ("{'x': 'b', 'z,': 'a'}[code] | default('c')", ["c", "a", "b", "d"]),
        ("phones[0] desc", ["b", "a", "c", "d"]),
        ("kind", ["a", "b", "c", "d"]),
    ],
)
def test_rows_are_put_in_order(tmp_path: Path, prefer: str, order: list[str]) -> None:
    rows = [
        row(1, "d", main="yes"),
        row(2, "c", starts="2024-05-01", share="0.5", code="z,"),
        row(3, "b", starts="2020-05-01", share="10", code="y", phones=["1", "2"]),
        row(4, "a", starts="2024-05-01", share="0.5", code="x"),
    ]
    assert ordered(tmp_path, prefer, rows) == order
    assert ordered(tmp_path, prefer, rows[::-1]) == order, "whatever order they come in"


def test_ids_are_compared_as_their_type_is(tmp_path: Path) -> None:
    rows = [row(1, "10"), row(2, "9"), row(3, "100")]
    assert ordered(tmp_path, "", rows) == ["10", "100", "9"]
    assert ordered(tmp_path, "", rows, ', id = "integer"') == ["9", "10", "100"]


def test_rows_that_are_large_together_are_evaluated_where_they_can_be_stopped(tmp_path: Path) -> None:
    def is_watched(length: int) -> bool:
        seen = _contexts(tmp_path).of_rows([row(one, str(one), job="x" * length) for one in range(4)])
        return compile_flow_of_rows("{{ rows | length }}").is_watched(seen)

    assert not is_watched(2_000)
    assert is_watched(3_000)


def test_what_has_many_values_gives_no_order(tmp_path: Path) -> None:
    with pytest.raises(ContributorFailed) as caught:
        ordered(tmp_path, "phones", [row(1, "a", phones=["1", "2"]), row(2, "b", phones=["1"])])
    assert caught.value.cso.external_id == "a"
    assert "'phones' gives 2" in caught.value.failure.error.message


def test_what_is_read_of_rows_is_known() -> None:
    def reads(text: str) -> set[str]:
        return set(compile_flow_of_rows(text).reads.of_rows)

    assert reads("{{ rows | map(attribute='unit') | select | unique | join(', ') }}") == {"unit"}
    assert reads("{{ rows[0].unit.upper() ~ (rows | last)['job'] ~ title }}") == {"unit", "job"}
    assert reads("{{ rows | selectattr('main', 'eq', 'yes') | sum(attribute='share') }}") == {"main", "share"}
    assert reads("{{ rows | sort(attribute='starts,code') | first }}") == {"starts", "code"}
    assert reads("{% for row in rows %}{{ row.unit }}{{ loop.index }}{% endfor %}") == {"unit"}
    assert reads("{% for one in rows | groupby('unit') %}{{ one.grouper }}{{ one.list }}{% endfor %}") == {"unit"}
    assert reads("{{ manager.mail }}{{ rows | length }}") == set()
    assert compile_flow("{{ rows | length }}").names == {"rows"}, "elsewhere it is an attribute"


def test_reading_one_attribute_of_each_row_needs_no_process() -> None:
    quick = "{{ rows | map(attribute='unit') | select | unique | join(', ') }}"
    assert not compile_flow_of_rows(quick).is_watched({})
    assert not compile_flow_of_rows("{{ rows | selectattr('main', 'eq', 'yes') | list | length }}").is_watched({})
    for slow in ("map('upper')", "sum(attribute='share')", "selectattr('unit', 'in', rows)", "groupby('unit')"):
        assert compile_flow_of_rows(f"{{{{ rows | {slow} | list | length }}}}").is_watched({}), slow


def test_a_row_shows_its_attributes_and_nothing_else() -> None:
    rows = [Named("one", {"unit": "IT", "values": "v", "starts": date(2024, 1, 1)}), Named("two", {})]
    seen = {"rows": rows}
    assert compile_flow_of_rows("{{ rows | map(attribute='unit') | join('-') }}")(seen) == "IT-"
    assert compile_flow_of_rows("{{ rows[0].values }}")(seen) == "v"
    assert compile_flow_of_rows("{{ rows[0]._values }}")(seen) is None
    with pytest.raises(ObjectFailed):
        compile_flow_of_rows("{{ rows[1].starts + 1 }}")(seen)


REFUSED = [
    ('joins = "many"\n', "", "joins", 'a person has one: allow many with joins = "many" in [systems.hr.objects'),
    ("project = true", 'project = true\nscope = "rows | length > 1"', "scope", "asked of each row by itself"),
    ('title = "job"', "title = \"{{ rows | map(attribute='unit') | }}\"", "title", "cannot be read"),
    ('title = "job"', 'title = { source = "job", prefer = "starts desc," }', "prefer", "put in order"),
    ('title = "job"', 'title = { source = "job", prefer = "starts desc desc" }', "prefer", "cannot be read"),
    ('title = "job"', 'title = { source = "{{ rows | length }}", merge = true }', "merge", "one value"),
    ('number = "person"', 'number = "{{ rows[0].person }}"', "join", None),
    ('join = [[{ source = "person", target = "number" }]]', "", "joins", "each row would be a person of its own"),
    ('join = [[{ source = "person", target = "number" }]]', 'join = [["title"]]', "join", None),
    ('joins = "many"', 'joins = "several"', "joins", "'one' or 'many'"),
]


@pytest.mark.parametrize(("old", "new", "where", "says"), REFUSED)
def test_what_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, where: str, says: str | None) -> None:
    text = FILE % ("", 'prefer = "starts desc"')
    assert old in text
    text = text.replace(old, new)
    if where == "join" and "title" in text.split("join = ")[1].split("\n")[0]:
        text, says = text.replace('title = "job"', 'title = "{{ rows | length }}"'), "made of all rows"
    (tmp_path / "interlock.toml").write_text(text)
    (tmp_path / "hr.csv").write_text("id,person\n")
    if says is None:
        load(tmp_path / "interlock.toml")
        return
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "interlock.toml")
    assert says in str(caught.value)
    assert "interlock.toml:" in str(caught.value)


def test_a_reference_flows_by_its_name_and_rows_are_never_written(tmp_path: Path) -> None:
    text = FILE % (', boss = "reference"', "")
    (tmp_path / "hr.csv").write_text("id,person\n")
    for added, says in (
        ('boss = "{{ rows[0].boss }}"', "flows only by its bare name: 'prefer' says from which row"),
        ("info = \"{{ rows | map(attribute='boss') | first }}\"", "'boss' is a reference"),
    ):
        (tmp_path / "interlock.toml").write_text(
            text.replace("[metaverse.person]", '[metaverse.person]\nattributes = { boss = "reference" }') + added + "\n"
        )
        with pytest.raises(ConfigurationError, match=says.replace("[", r"\[")):
            load(tmp_path / "interlock.toml")
    back = '[[rules]]\nname = "back"\nfrom = "metaverse.person"\nto = "hr.contract"\n[rules.flow]\njob = "title"\n'
    (tmp_path / "interlock.toml").write_text(text + back)
    with pytest.raises(ConfigurationError, match='has joins = "many": rules read it'):
        load(tmp_path / "interlock.toml")
    (tmp_path / "interlock.toml").write_text(
        (text + back).replace('joins = "many"\n', "").replace("[rules.flow]\njob", 'prefer = "x"\n[rules.flow]\njob')
    )
    with pytest.raises(ConfigurationError, match="belongs to rules into the metaverse"):
        load(tmp_path / "interlock.toml")
