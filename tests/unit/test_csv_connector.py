"""CSV files through the connector's protocol: what is imported, what is an error, what an export leaves behind."""

import asyncio
import csv
import io
import stat

import pytest

from engine.configuration.file import load
from engine.connectors.base import ExportOperation, ImportRequest
from engine.connectors.csv.connector import CsvConnector
from engine.connectors.csv.table import CsvTable
from engine.errors import CannotConnect, ConfigurationError, ConnectionLost
from storage.records import AttributeChange, ChangeStatus, ChangeType
from tests.readings import last_reading

CONFIG = """\
[systems.hr]
connector = "csv"
path = "hr.csv"
{options}
[systems.hr.objects.person]
external_id = "id"
attributes = {{ start = "date", level = "integer", phones = "text[]", levels = "integer[]", active = "boolean" }}
"""


def make(folder, content=None, options=""):
    """Give a connector to a file with some content."""
    path = folder / "interlock.toml"
    path.write_text(CONFIG.format(options=options))
    if content is not None:
        (folder / "hr.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    config, _ = load(path)
    return CsvConnector("hr", config.systems["hr"], config.folder)


def read(connector, *required, page_size=100):
    """Import everything: the objects, and the end."""

    async def collect():
        request = ImportRequest({"person": frozenset(required)}, {"person": frozenset(required)}, page_size)
        async with connector:
            return [event async for event in connector.import_objects(request)]

    pages, end = last_reading(asyncio.run(collect()))
    assert all(len(page.objects) <= page_size for page in pages)
    return [one for page in pages for one in page.objects], end


def read_one(*arguments, **options):
    objects, _ = read(make(*arguments, **options))
    assert len(objects) == 1
    return objects[0]


def codes(objects):
    return [(one.external_id, one.error.code if one.error else None) for one in objects]


def refusal(connector, *required):
    with pytest.raises(CannotConnect) as caught:
        read(connector, *required)
    return str(caught.value)


def export(connector, operations):
    async def run():
        async with connector:
            return await connector.export(operations)

    return asyncio.run(run())


def find(connector, external_id):
    async def run():
        async with connector:
            return await connector.read_object(
                "person", external_id=external_id, secondary_id=None, attributes=frozenset()
            )

    return asyncio.run(run())


def create(external_id, number=1, **attributes):
    return ExportOperation(
        number, ChangeType.CREATE, "person", external_id, None, attributes={"id": [external_id], **attributes}
    )


def update(external_id, *changes, number=1):
    return ExportOperation(number, ChangeType.UPDATE, "person", external_id, None, changes=changes)


def delete(external_id, number=1):
    return ExportOperation(number, ChangeType.DELETE, "person", external_id, None)


def replace(name, *values):
    return AttributeChange(name, list(values), [], True, ChangeStatus.PENDING)


def change(name, add=(), remove=()):
    return AttributeChange(name, list(add), list(remove), False, ChangeStatus.PENDING)


def rows_of(connector):
    """Give the table of the file, which takes operations one after the other while something else happens."""
    return CsvTable(connector.path_of("person"), connector.system.objects["person"], connector.options)


def table(folder, **options):
    text = (folder / "hr.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), **options))


# ------------------------------------------------------------------ import


def test_rows_become_objects_in_their_order_a_page_at_a_time(tmp_path):
    rows = "".join(f"{number},name {number}\n" for number in range(25))
    objects, end = read(make(tmp_path, "id,name\n" + rows), page_size=10)
    assert [one.external_id for one in objects] == [str(number) for number in range(25)]
    assert objects[3].attributes == {"id": ["3"], "name": ["name 3"]}
    assert objects[3].type == "person"
    assert objects[3].position == "hr.csv:5"
    assert end.complete


def test_the_total_is_known_from_the_first_page(tmp_path):
    async def collect(connector):
        request = ImportRequest({"person": frozenset()}, {"person": frozenset()}, 1)
        async with connector:
            return [event async for event in connector.import_objects(request)]

    first = asyncio.run(collect(make(tmp_path, "id\n1\n2\n3\n")))[0]
    assert first.total == 3


@pytest.mark.parametrize(
    ("encoding", "option"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-8-sig", 'encoding = "UTF-8"'),
        ("utf-8-sig", 'encoding = "utf8"'),
        ("utf-8-sig", 'encoding = "utf_8"'),
        ("utf-16", 'encoding = "utf-16"'),
        ("utf-16-le", 'encoding = "utf-16-le"'),
        ("cp1252", 'encoding = "cp1252"'),
        ("latin-1", 'encoding = "latin-1"'),
    ],
)
def test_a_file_is_read_in_its_encoding(tmp_path, encoding, option):
    one = read_one(tmp_path, "id,näme\n1,José\n".encode(encoding), option)
    assert one.attributes == {"id": ["1"], "näme": ["José"]}


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ('delimiter = ";"', "id;name\n1;a,b\n"),
        ('delimiter = "\\t"', "id\tname\n1\ta,b\n"),
        ('quote = "\'"', "id,name\n1,'a,b'\n"),
        ("", 'id,name\r\n1,"a,b"\r\n'),
        ("", 'id,name\r1,"a,b"\r'),
    ],
)
def test_delimiters_quotes_and_line_ends_are_what_the_configuration_says(tmp_path, option, content):
    assert read_one(tmp_path, content, option).attributes["name"] == ["a,b"]


def test_quoted_line_breaks_and_quotes_belong_to_the_value(tmp_path):
    objects, _ = read(make(tmp_path, 'id,name\n1,"a\nb ""c"""\n2,x\n'))
    assert objects[0].attributes["name"] == ['a\nb "c"']
    assert [one.position for one in objects] == ["hr.csv:2", "hr.csv:4"]


def test_columns_have_their_types(tmp_path):
    content = "id,start,level,phones,levels,active,other\n1, 2024-02-29 ,7,1| 2 ||1,3|4,yes,x|y\n"
    assert read_one(tmp_path, content).attributes == {
        "id": ["1"],
        "start": ["2024-02-29"],
        "level": [7],
        "phones": ["1", "2"],
        "levels": [3, 4],
        "active": [True],
        "other": ["x|y"],
    }


def test_values_are_parted_by_the_separator_of_the_configuration(tmp_path):
    assert read_one(tmp_path, "id,phones\n1,1; 2|3\n", 'separator = ";"').attributes["phones"] == ["1", "2|3"]


@pytest.mark.parametrize("field", [" 1 ", "1| ", " |1"])
def test_spaces_around_one_of_many_values_do_not_belong_to_it(tmp_path, field):
    assert read_one(tmp_path, f"id,phones\n1,{field}\n").attributes["phones"] == ["1"]


def test_an_empty_or_blank_field_is_an_absent_attribute(tmp_path):
    one = read_one(tmp_path, "id,name,level,phones\n1,, , | \n")
    assert one.error is None
    assert {name: found for name, found in one.attributes.items() if found} == {"id": ["1"]}


def test_spaces_around_names_of_columns_and_ids_do_not_belong_to_them(tmp_path):
    assert read_one(tmp_path, " id , name\n 1 ,x\n").external_id == "1"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("1,soon,,", "start"),
        ("1,,seven,", "level"),
        ("1,,,3|x", "levels"),
        ("1,,99999999999999999999,", "level"),
        ("1\0,,,", "id"),
    ],
)
def test_a_value_that_has_not_its_type_is_an_error_of_that_row_alone(tmp_path, row, column):
    objects, end = read(make(tmp_path, f"id,start,level,levels\n0,,,\n{row}\n2,,,\n"))
    assert [one.error.code if one.error else None for one in objects] == [None, "syntax-violation", None]
    assert f"'{column}'" in objects[1].error.message
    assert objects[1].attributes == {}
    assert end.complete == ("\0" not in row)


def test_a_row_that_is_too_short_or_too_long_is_an_error_and_others_may_be_cut_out_or_stand_in_it(tmp_path):
    objects, end = read(make(tmp_path, "id,name\n1,a\n2\n3,c,d\n4,e\n"))
    assert codes(objects) == [("1", None), ("2", "syntax-violation"), ("3", "syntax-violation"), ("4", None)]
    assert "1 fields" in objects[1].error.message
    assert "3 fields" in objects[2].error.message
    assert not end.complete
    assert "hr.csv:3: the row has 1 fields, and the header 2; look for" in end.reason
    assert "hr.csv:4: the row has 3 fields" in end.reason


def test_a_row_too_short_for_its_id_has_none(tmp_path):
    objects, _ = read(make(tmp_path, "name,id\nx\ny,2\n"))
    assert codes(objects) == [(None, "missing-external-id"), ("2", None)]


def test_a_row_without_an_id_is_an_error_and_gives_its_line(tmp_path):
    objects, _ = read(make(tmp_path, "id,name\n1,a\n  ,b\n"))
    assert codes(objects) == [("1", None), (None, "missing-external-id")]
    assert objects[1].position == "hr.csv:3"


@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_all_rows_of_one_id_are_errors_wherever_they_stand(tmp_path, page_size):
    content = "id,name\n1,a\n2,b\n3,c\n 1 ,d\n2,\n4,e\n"
    objects, end = read(make(tmp_path, content), page_size=page_size)
    twice = "duplicate-external-id"
    assert codes(objects) == [("1", twice), ("2", twice), ("3", None), ("1", twice), ("2", twice), ("4", None)]
    assert all(one.attributes == {} for one in objects if one.error)
    assert end.complete


def test_ids_that_differ_in_case_are_two(tmp_path):
    objects, _ = read(make(tmp_path, "id\na\nA\n"))
    assert codes(objects) == [("a", None), ("A", None)]


def test_blank_lines_are_no_rows(tmp_path):
    objects, _ = read(make(tmp_path, "\nid\n\n1\n\n\n2\n\n"))
    assert [one.external_id for one in objects] == ["1", "2"]
    assert [one.position for one in objects] == ["hr.csv:4", "hr.csv:7"]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "id,name\n", "id,name"])
def test_a_file_without_rows_has_no_objects(tmp_path, content):
    objects, end = read(make(tmp_path, content), "id")
    assert objects == []
    assert end.complete


def test_a_column_that_the_configuration_uses_and_that_vanished_is_told(tmp_path):
    message = refusal(make(tmp_path, "id,nom\n1,a\n"), "id", "name")
    assert "hr.csv:1: the column 'name' is not there" in message
    assert "id, nom" in message


def test_a_file_without_the_column_of_the_id_is_refused(tmp_path):
    assert "the column 'id' is not there" in refusal(make(tmp_path, "number,name\n1,a\n"))


def test_a_column_that_stands_twice_is_refused(tmp_path):
    assert "'name' stands there twice" in refusal(make(tmp_path, "id,name, name\n1,a,b\n"))


@pytest.mark.parametrize(
    ("content", "option"),
    [
        ("id,name\n1,José\n".encode("cp1252"), ""),
        ("id,name\n1,José\n".encode("utf-16"), ""),
        ("id,name\n1,José\n".encode(), 'encoding = "ascii"'),
        (b"id,name\n1,x\n", 'encoding = "utf-16"'),
    ],
)
def test_a_file_in_another_encoding_is_refused_with_advice(tmp_path, content, option):
    assert "set 'encoding' in the configuration" in refusal(make(tmp_path, content, option))


def test_a_wrong_byte_far_down_is_found_before_anything_is_given(tmp_path):
    content = b"id,name\n" + b"".join(b"%d,abcdefgh\n" % number for number in range(5000)) + b"x,\xff\n"
    assert "set 'encoding'" in refusal(make(tmp_path, content))


@pytest.mark.parametrize("name", ["klingon", "rot13", "idna", "base64", "undefined"])
def test_an_encoding_that_does_not_exist_or_is_none_of_texts_is_told(tmp_path, name):
    with pytest.raises(ConfigurationError, match=f"no encoding of text is called '{name}'"):
        make(tmp_path, "id\n1\n", f'encoding = "{name}"')


def test_a_quote_that_is_not_closed_is_told_with_its_line(tmp_path):
    message = refusal(make(tmp_path, 'id,name\n1,a\n2,"b\n3,c\n'))
    assert "hr.csv:3:" in message
    assert "quote that is not closed" in message


def test_a_missing_file_is_told(tmp_path):
    assert "hr.csv: cannot be read: No such file" in refusal(make(tmp_path))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "hr.csv").mkdir()
    assert "hr.csv: is not a regular file" in refusal(make(tmp_path))


def test_a_file_that_changes_while_it_is_read_is_not_complete(tmp_path):
    connector = make(tmp_path, "id\n1\n2\n")

    async def collect():
        request = ImportRequest({"person": frozenset()}, {"person": frozenset()}, 1)
        events = []
        async with connector:
            async for event in connector.import_objects(request):
                (tmp_path / "hr.csv").write_text("id\n1\n")
                events.append(event)
        return events

    *pages, end = asyncio.run(collect())
    assert [page.objects[0].external_id for page in pages] == ["1", "2"]
    assert not end.complete
    assert "changed while it was read" in end.reason


def test_the_schema_is_the_header(tmp_path):
    assert asyncio.run(make(tmp_path, "id, name\n1,a\n").discover_schema()) == {"person": ["id", "name"]}


def test_the_connection_test_counts_rows_and_tells_what_is_wrong(tmp_path):
    (good,) = asyncio.run(make(tmp_path, "id,name\n1,a\n2,b\n").test())
    assert good.ok
    assert "2 rows, 2 columns" in good.message
    (bad,) = asyncio.run(make(tmp_path, "name\na\n").test())
    assert not bad.ok
    assert "'id'" in bad.message


# ------------------------------------------------------------------ reading one object


def test_one_object_is_found_by_its_id(tmp_path):
    connector = make(tmp_path, "id,level,name\n1,7,a\n2,8,b\n")
    assert find(connector, "2").attributes == {"id": ["2"], "level": [8], "name": ["b"]}
    assert find(connector, "3") is None
    assert find(connector, None) is None


def test_one_object_is_found_in_the_file_as_it_is_now(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    assert find(connector, "1").attributes["name"] == ["a"]
    (tmp_path / "hr.csv").write_text("id,name\n1,longer\n")
    assert find(connector, "1").attributes["name"] == ["longer"]


@pytest.mark.parametrize(("content", "option"), [("é".encode("cp1252"), ""), (b"\xff\xfe\x00", "")])
def test_a_file_that_cannot_be_read_cannot_be_written_either(tmp_path, content, option):
    connector = make(tmp_path, content, option)
    with pytest.raises(CannotConnect):
        find(connector, "1")
    with pytest.raises(CannotConnect):
        export(connector, [create("9")])
    assert (tmp_path / "hr.csv").read_bytes() == content


def test_a_file_that_an_import_refuses_is_not_rewritten_by_an_export(tmp_path):
    content = 'id,name\n1,a\n2,"b\n3,c\n'
    with pytest.raises(CannotConnect):
        export(make(tmp_path, content), [create("9")])
    assert (tmp_path / "hr.csv").read_text() == content


# ------------------------------------------------------------------ export


def test_a_created_object_is_a_row_and_is_imported_as_it_was_meant(tmp_path):
    connector = make(tmp_path, "id,name,phones,active,start\n1,a,,,\n")
    (result,) = export(connector, [create("2", name=["b"], phones=["1", "2"], active=[True], start=["2024-02-29"])])
    assert result.error is None
    assert result.external_id == "2"
    objects, _ = read(connector)
    assert [one.external_id for one in objects] == ["1", "2"]
    assert objects[1].attributes == {
        "id": ["2"],
        "name": ["b"],
        "phones": ["1", "2"],
        "active": [True],
        "start": ["2024-02-29"],
    }


@pytest.mark.parametrize("value", ['a "b", c', "a\nb", "a\r\nb", " a ", "José", "=1+1", "a|b", "'", "\t"])
def test_any_text_comes_back_as_it_was_written(tmp_path, value):
    connector = make(tmp_path, "id,name\n")
    export(connector, [create("1", name=[value])])
    objects, _ = read(connector)
    assert objects[0].error is None
    assert objects[0].attributes.get("name", [value if not value.strip() else None]) == [value]


def test_a_value_with_the_separator_in_it_does_not_become_two(tmp_path):
    connector = make(tmp_path, "id,phones\n")
    (result,) = export(connector, [create("1", phones=["1|2", "3"])])
    objects, _ = read(connector)
    assert result.error is not None or objects[0].attributes["phones"] == ["1|2", "3"]


def test_an_attribute_without_a_column_gets_one(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    export(connector, [update("1", replace("title", "Dr"))])
    assert table(tmp_path) == [["id", "name", "title"], ["1", "a", "Dr"]]


def test_a_file_that_is_missing_is_made_readable_by_its_owner_alone(tmp_path):
    connector = make(tmp_path)
    results = export(connector, [create("1", number=1, name=["a"]), create("2", number=2)])
    assert [result.error for result in results] == [None, None]
    header, *rows = table(tmp_path)
    assert header == ["id", "start", "level", "phones", "levels", "active", "name"], "the declared ones are needed"
    assert [[row[0], row[-1]] for row in rows] == [["1", "a"], ["2", ""]]
    assert stat.S_IMODE((tmp_path / "hr.csv").stat().st_mode) == 0o600


def test_an_update_changes_what_it_names_and_nothing_else(tmp_path):
    connector = make(tmp_path, 'id,unknown,name,phones\n1,"k,e",a,1|2|3\n2,x,b,\n')
    export(connector, [update("1", replace("name", "c"), change("phones", add=["4"], remove=["2"]))])
    assert table(tmp_path) == [
        ["id", "unknown", "name", "phones"],
        ["1", "k,e", "c", "1|3|4"],
        ["2", "x", "b", ""],
    ]


def test_adding_a_value_that_is_there_adds_nothing_and_removing_one_that_is_not_removes_nothing(tmp_path):
    connector = make(tmp_path, "id,phones\n1,1|2\n")
    export(connector, [update("1", change("phones", add=["2"], remove=["9"]))])
    assert table(tmp_path)[1] == ["1", "1|2"]


def test_values_are_removed_by_what_they_mean(tmp_path):
    connector = make(tmp_path, "id,levels\n1,03| 4 |5\n")
    export(connector, [update("1", change("levels", remove=[3, 4]))])
    assert table(tmp_path)[1] == ["1", "5"]


def test_an_attribute_is_emptied(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    export(connector, [update("1", replace("name"))])
    assert table(tmp_path)[1] == ["1", ""]


def test_a_deleted_object_loses_its_row_and_no_other(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n2,b\n3,c\n")
    (result,) = export(connector, [delete("2")])
    assert result.error is None
    assert table(tmp_path) == [["id", "name"], ["1", "a"], ["3", "c"]]


def test_each_operation_has_its_own_result(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    results = export(
        connector,
        [
            create("1", number=1),
            update("9", replace("name", "x"), number=2),
            delete("9", number=3),
            create("", number=4),
            update("1", replace("name", "z"), number=5),
        ],
    )
    assert [(one.id, one.error.code if one.error else None) for one in results] == [
        (1, "existing-object"),
        (2, "missing-object"),
        (3, "missing-object"),
        (4, "missing-external-id"),
        (5, None),
    ]
    assert table(tmp_path) == [["id", "name"], ["1", "z"]]


def test_a_file_for_which_nothing_was_done_is_not_touched(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    before = (tmp_path / "hr.csv").stat()
    export(connector, [delete("9")])
    after = (tmp_path / "hr.csv").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_file_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    (tmp_path / "hr.csv").chmod(0o640)
    with (tmp_path / "hr.csv").open() as reader:
        export(connector, [update("1", replace("name", "z"))])
        assert reader.read() == "id,name\n1,a\n"
    assert stat.S_IMODE((tmp_path / "hr.csv").stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["hr.csv", "interlock.toml"]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8"])
def test_an_export_keeps_the_encoding_and_the_delimiter(tmp_path, encoding):
    content = "id;näme\n1;José\n".encode(encoding)
    connector = make(tmp_path, content, f'encoding = "{encoding}"\ndelimiter = ";"')
    export(connector, [create("2", näme=["Ü;"])])
    text = (tmp_path / "hr.csv").read_bytes().decode(encoding)
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";")) == [
        ["id", "näme"],
        ["1", "José"],
        ["2", "Ü;"],
    ]


def test_a_value_that_the_encoding_cannot_write_is_no_crash_and_leaves_the_file(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n", 'encoding = "cp1252"')
    try:
        (result,) = export(connector, [create("2", name=["李"])])
    except ConnectionLost:
        pass
    else:
        assert result.error is not None
    assert table(tmp_path) == [["id", "name"], ["1", "a"]]


def test_rows_that_have_no_id_of_their_own_survive_an_export(tmp_path):
    rows = [["1", "a"], ["", "b"], ["", "c"], ["2", "d"], ["2", "e"]]
    connector = make(tmp_path, "id,name\n" + "".join(",".join(row) + "\n" for row in rows))
    export(connector, [update("1", replace("name", "z"))])
    assert table(tmp_path) == [["id", "name"], ["1", "z"], *rows[1:]]


def test_what_a_row_has_too_much_survives_an_export(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n2,b,more\n")
    export(connector, [update("1", replace("name", "z"))])
    assert ["2", "b", "more"] in table(tmp_path)


def test_a_held_value_that_has_not_its_type_is_an_error_of_that_object_alone(tmp_path):
    connector = make(tmp_path, "id,levels\n1,x|2\n2,3\n")
    results = export(connector, [update("1", change("levels", add=[5]), number=1), update("2", replace("levels", 9))])
    assert results[0].error is not None
    assert results[1].error is None
    assert table(tmp_path) == [["id", "levels"], ["1", "x|2"], ["2", "9"]]


def test_a_file_that_someone_else_changes_meanwhile_is_not_overwritten(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")

    def operations():
        yield create("2", number=1)
        (tmp_path / "hr.csv").write_text("id,name\n1,changed by another\n")
        yield create("3", number=2)

    with pytest.raises(ConnectionLost, match="changed by another program"):
        rows_of(connector).apply(operations())
    assert table(tmp_path) == [["id", "name"], ["1", "changed by another"]]
    assert export(connector, [create("2")])[0].error is None
    assert table(tmp_path) == [["id", "name"], ["1", "changed by another"], ["2", ""]]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    connector = make(tmp_path)

    def operations():
        yield create("2")
        (tmp_path / "hr.csv").write_text("id,name\n1,appeared\n")

    with pytest.raises(ConnectionLost):
        rows_of(connector).apply(operations())
    assert table(tmp_path) == [["id", "name"], ["1", "appeared"]]


def test_a_folder_that_cannot_be_written_loses_the_connection(tmp_path):
    connector = make(tmp_path, "id,name\n1,a\n")
    (tmp_path / "hr.csv").unlink()
    connector.folder = tmp_path / "gone"
    with pytest.raises(ConnectionLost, match="cannot be written"):
        export(connector, [create("1")])
