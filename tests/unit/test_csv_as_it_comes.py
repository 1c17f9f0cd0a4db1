"""CSV files as spreadsheets and interrupted transfers leave them."""

import pytest

from engine.connectors.base import ExportOperation
from engine.errors import CannotConnect
from storage.records import ChangeType
from tests.unit.test_csv_connector import codes, create, export, find, make, read, refusal, replace, update


def test_rows_of_empty_cells_are_no_objects(tmp_path):
    objects, end = read(make(tmp_path, "id,name\n1,ada\n,\n , \n2,bob\n,\n"))
    assert codes(objects) == [("1", None), ("2", None)]
    assert end.complete


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sep=;\r\nid;name\r\n1;ada\r\n", 3),
        ("SEP=,\nid,name\n1,ada\n", 3),
        ('"sep=;"\nid;name\n1;ada\n', 3),
        ("sep=\t\nid\tname\n1\tada\n", 3),
        ("\ufeffsep=|\nid|name\n1|ada\n", 3),
        ("id,name\n1,ada\n", 2),
    ],
)
def test_a_first_line_says_what_separates_cells(tmp_path, text, line):
    objects, end = read(make(tmp_path, text))
    assert [one.attributes for one in objects] == [{"id": ["1"], "name": ["ada"]}]
    assert objects[0].position == f"hr.csv:{line}"
    assert end.complete


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("first", ["", "sep=;\n"])
@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_target_stays_written_as_it_was(tmp_path, mark, first, last, end, encoding):
    before = (mark + first + "id;name\n1;é\n2;bob" + last).replace("\n", end)
    option = f'encoding = "{encoding}"\ndelimiter = ";"'
    connector = make(tmp_path, before.encode(encoding), option)
    assert export(connector, [update("2", replace("name", "Robert"))])[0].error is None
    after = (tmp_path / "hr.csv").read_bytes().decode(encoding)
    assert after == before.replace("bob", "Robert")


def test_a_utf_16_file_keeps_its_byte_order(tmp_path):
    before = "\ufeffid,name\r\n1,ada\r\n".encode("utf-16-be")
    export(make(tmp_path, before, 'encoding = "utf-16"'), [update("1", replace("name", "eve"))])
    assert (tmp_path / "hr.csv").read_bytes() == "\ufeffid,name\r\n1,eve\r\n".encode("utf-16-be")


BAD = 'id,name,city\n1,ada,x\n2,"Bob "the" Builder",y\n3,cy,z\n'


def test_a_badly_quoted_row_is_an_error_of_that_row_and_another_may_stand_in_it(tmp_path):
    objects, end = read(make(tmp_path, BAD))
    assert codes(objects) == [("1", None), ("2", "syntax-violation"), ("3", None)]
    assert objects[1].position == "hr.csv:3"
    assert not end.complete
    assert "hr.csv:3: the row is not quoted as CSV is" in end.reason


def test_a_badly_quoted_row_whose_id_stands_behind_has_none(tmp_path):
    objects, _ = read(make(tmp_path, 'name,id\n"Bob "the" Builder",2\ncy,3\n'))
    assert codes(objects) == [(None, "syntax-violation"), ("3", None)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('id,name\n1,ada\n2,"bob\n3,cy\n', 3),
        ('id,name\n1,"a"da"\n2,bob\n', 2),
        ('id,name\n1,ada\n2,"bob,x\n3,"cy",y\n', 3),
    ],
)
def test_a_quote_that_may_swallow_rows_refuses_the_file_with_its_line(tmp_path, text, line):
    assert f"hr.csv:{line}: " in refusal(make(tmp_path, text))


def test_a_target_with_a_badly_quoted_row_is_not_written(tmp_path):
    with pytest.raises(CannotConnect, match=r"hr\.csv:3"):
        export(make(tmp_path, BAD), [create("9")])
    assert (tmp_path / "hr.csv").read_text() == BAD


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_row_with_too_few_cells_is_cut_and_nobody(tmp_path, end):
    objects, last = read(make(tmp_path, "id,name\nE1,ada\nE12" + end))
    assert codes(objects) == [("E1", None), (None, "missing-external-id")]
    assert not last.complete
    assert "hr.csv:3: the file ends in the middle of a row" in last.reason


def test_a_whole_last_row_needs_no_line_end(tmp_path):
    objects, end = read(make(tmp_path, "id,name\n1,ada\n2,bob"))
    assert codes(objects) == [("1", None), ("2", None)]
    assert end.complete


def test_a_short_row_in_the_middle_has_its_id(tmp_path):
    objects, end = read(make(tmp_path, "id,name\n1\n2,bob\n"))
    assert codes(objects) == [("1", "syntax-violation"), ("2", None)]
    assert not end.complete


def test_a_target_that_is_cut_is_not_written(tmp_path):
    with pytest.raises(CannotConnect, match="ends in the middle of a row"):
        export(make(tmp_path, "id,name\n1,ada\n2"), [create("9")])


TYPED = """\
[systems.hr]
connector = "csv"
path = "hr.csv"
[systems.hr.objects.person]
external_id = "{id}"
attributes = {{ {id} = "{kind}", boss = "reference" }}
"""


def typed(folder, kind, text, name="id"):
    make(folder, text)
    (folder / "interlock.toml").write_text(TYPED.format(kind=kind, id=name))
    from engine.configuration.file import load
    from engine.connectors.csv.connector import CsvConnector

    config, _ = load(folder / "interlock.toml")
    return CsvConnector("hr", config.systems["hr"], folder)


@pytest.mark.parametrize(
    ("kind", "written", "external_id"),
    [
        ("integer", "007", "7"),
        ("integer", " +7 ", "7"),
        ("date", "20240229", "2024-02-29"),
        ("datetime", "2024-02-29 12:00", "2024-02-29T12:00:00Z"),
        ("datetime", "2024-02-29T13:00:00+01:00", "2024-02-29T12:00:00Z"),
        ("boolean", "yes", "true"),
        ("decimal", "7.50", "7.5"),
        ("binary", "AAE=", "AAE="),
        ("text", "007", "007"),
        ("text", "\u00a07\u2003", "7"),
    ],
)
def test_an_id_is_known_by_its_value(tmp_path, kind, written, external_id):
    connector = typed(tmp_path, kind, f'id,name\n"{written}",ada\n')
    objects, end = read(connector)
    assert codes(objects) == [(external_id, None)]
    assert end.complete
    assert find(connector, external_id).attributes["name"] == ["ada"]
    gone = ExportOperation(1, ChangeType.DELETE, "person", external_id, None)
    assert export(connector, [gone])[0].error is None
    assert (tmp_path / "hr.csv").read_text() == "id,name\n"


def test_a_guid_is_known_in_capitals_and_braces(tmp_path):
    connector = typed(tmp_path, "text", "objectGUID\n{6F9619FF-8B86-D011-B42D-00C04FC964FF}\n", name="objectGUID")
    assert codes(read(connector)[0]) == [("6f9619ff-8b86-d011-b42d-00c04fc964ff", None)]


def test_two_ways_to_write_an_id_are_one_id_twice(tmp_path):
    objects, _ = read(typed(tmp_path, "integer", "id,name\n7,ada\n007,eve\n"))
    assert codes(objects) == [("7", "duplicate-external-id")] * 2


def test_an_id_that_is_none_of_its_type_is_not_read(tmp_path):
    objects, _ = read(typed(tmp_path, "integer", "id,name\nseven,ada\n8,bob\n"))
    assert codes(objects) == [(None, "syntax-violation"), ("8", None)]
    assert "'seven' is not an integer" in objects[0].error.message


def test_an_id_and_what_refers_to_it_have_no_blanks_around(tmp_path):
    objects, _ = read(typed(tmp_path, "text", 'id,boss\n1 ,\n2,"1 "\n3,"\u00a01"\n'))
    assert [one.attributes for one in objects] == [
        {"id": ["1"]},
        {"id": ["2"], "boss": ["1"]},
        {"id": ["3"], "boss": ["1"]},
    ]


def test_an_id_that_would_be_read_back_as_another_is_not_written(tmp_path):
    (result,) = export(make(tmp_path, "id,name\n1,ada\n"), [create("2 ")])
    assert result.error.code == "constraint-violation"
    assert (tmp_path / "hr.csv").read_text() == "id,name\n1,ada\n"


def test_an_empty_cell_is_a_value_where_the_type_says_so(tmp_path):
    connector = make(tmp_path, "id,name,level\n1,,\n")
    path = tmp_path / "interlock.toml"
    path.write_text(path.read_text() + "keep_empty = true\n")
    from engine.configuration.file import load
    from engine.connectors.csv.connector import CsvConnector

    config, _ = load(path)
    assert read(connector)[0][0].attributes == {"id": ["1"]}
    kept, _ = read(CsvConnector("hr", config.systems["hr"], tmp_path))
    assert kept[0].attributes == {"id": ["1"], "name": [""]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,name\n1,ada2,bob\n3,cy\n", "hr.csv:2: the row has 3 fields"),
        ("id,name\n1,ada\nid,name\n3,cy\n", "hr.csv:3: the header stands here once more"),
        ("id,name\n1,a\0\0\n3,cy\n", "hr.csv:2: a NUL character"),
        ('id,name\n1,"ada"2,"bob"\n3,cy\n', "hr.csv:2: the row is not quoted as CSV is"),
    ],
)
def test_a_row_in_which_another_may_stand_makes_an_import_incomplete(tmp_path, text, told):
    _, end = read(make(tmp_path, text))
    assert not end.complete
    assert told in end.reason


def hidden(connector, *ids):
    import asyncio

    from engine.connectors.base import ImportRequest

    async def look():
        async with connector:
            request = ImportRequest({"person": frozenset()}, {"person": frozenset()}, 100)
            end = [event async for event in connector.import_objects(request)][-1]
            return end.complete, await connector.find_hidden("person", frozenset(ids))

    return asyncio.run(look())


def test_who_stands_in_a_field_of_more_than_one_line_is_found(tmp_path):
    text = 'id,name,city\n1,"ada,x\n2,bob,y\n3,cy",z\n4,dan,"Main St 1, Floor 2\n1010 Vienna"\n'
    complete, found = hidden(make(tmp_path, text), "2", "3", "5")
    assert complete
    assert {one: where.rpartition("/")[2] for one, where in found.items()} == {"2": "hr.csv:2", "3": "hr.csv:2"}


def test_addresses_of_more_than_one_line_hide_nobody(tmp_path):
    text = 'id,city\n1,"Main St 1, Floor 2\n1010 Vienna, Austria"\n2,"a\r\nb"\n'
    assert hidden(make(tmp_path, text), "3", "4") == (True, {})


def test_too_many_badly_quoted_rows_are_another_way_to_write(tmp_path):
    text = "id,name\n" + '1,"a"b"c"\n' * 10_001
    assert "hr.csv:10002: more than 10,000 rows are not quoted as CSV is" in refusal(make(tmp_path, text))


def test_a_page_is_cut_by_its_size(tmp_path):
    import asyncio

    from engine.connectors.base import ImportRequest

    async def sizes(connector):
        request = ImportRequest({"person": frozenset()}, {"person": frozenset()}, 5000)
        async with connector:
            events = [event async for event in connector.import_objects(request)]
        return [len(page.objects) for page in events[:-1]]

    text = "id,name\n" + "".join(f"{number},{'x' * 900_000}\n" for number in range(20))
    assert asyncio.run(sizes(make(tmp_path, text))) == [9, 9, 2]


def test_a_file_that_is_cut_in_an_empty_row_is_not_whole(tmp_path):
    objects, end = read(make(tmp_path, "id,name,city\n1,a,b\n,"))
    assert [one.external_id for one in objects] == ["1"]
    assert not end.complete
    assert "hr.csv:3: the file ends in the middle of a row" in end.reason
