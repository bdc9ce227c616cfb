import datetime as dt
import io
import pathlib

import pyarrow as pa
import pytest
from conftest import CLEAN, FIXTURES, READABLE

import sheetlift as sl


def expected(value):
    """A value of the manifest as Python has it, or None for an error cell."""
    kind, value = value["type"], value["value"]
    if kind == "date":
        return dt.date(*value)
    if kind == "date_time":
        *parts, millis = value
        return dt.datetime(*parts, millis * 1000)
    if kind == "time":
        *parts, millis = value
        return dt.time(*parts, millis * 1000)
    if kind == "duration":
        return dt.timedelta(milliseconds=value)
    return None if kind == "error" else value


def as_column(value, arrow_type):
    """What a column of this type makes of a value; text holds whatever does not fit together."""
    if value is None:
        return None
    if pa.types.is_floating(arrow_type):
        return float(value)
    if pa.types.is_timestamp(arrow_type) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    if pa.types.is_duration(arrow_type) and isinstance(value, dt.time):
        return dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    if pa.types.is_string_view(arrow_type) and not isinstance(value, str):
        return ...  # in words; which ones is the business of the core
    if isinstance(value, str) and not pa.types.is_string_view(arrow_type):
        return ...  # a text file, whose column turned out to hold something else
    return value


@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry["name"])
def test_every_cell_is_there(entry):
    workbook = sl.open(FIXTURES / entry["file"])
    for sheet in entry["expect"]["sheets"]:
        table = pa.table(workbook.read(sheet=sheet["name"], header=None))
        columns = {name: column.to_pylist() for name, column in zip(table.column_names, table.columns)}
        cells = 0
        for cell in sheet["cells"]:
            letters = cell["at"].rstrip("0123456789")
            row = int(cell["at"][len(letters) :]) - 1
            name = f"column_{letters}"
            if name not in columns:
                assert cell["value"]["type"] == "error", cell  # a column of errors only is of nulls, or is left out
                continue
            want = as_column(expected(cell["value"]), table.schema.field(name).type)
            found = columns[name][row]
            assert (found is not None) if want is ... else found == want, cell
            cells += found is not None
        assert cells == sum(value not in (None, "") for column in columns.values() for value in column)


def test_opens_whatever_holds_bytes():
    data = CLEAN.read_bytes()
    want = pa.table(sl.read(CLEAN))
    for source in [str(CLEAN), pathlib.Path(CLEAN), data, bytearray(data), memoryview(data), io.BytesIO(data)]:
        assert pa.table(sl.read(source)).equals(want), type(source)
    with open(CLEAN, "rb") as file:
        assert pa.table(sl.read(file)).equals(want)
    with open(CLEAN, encoding="latin-1") as file, pytest.raises(sl.UsageError, match="does not give bytes") as raised:
        sl.read(file)
    assert "rb" in raised.value.hint
    with pytest.raises(TypeError, match="not int"):
        sl.read(3)


def test_small_reads_of_a_file_object_are_put_together():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 1000) if size > 0 else 1000)

    assert len(sl.read(Slow(CLEAN.read_bytes()))) == 240


def test_a_workbook_lists_its_parts():
    with sl.open(FIXTURES / "hidden_sheet.xlsx") as workbook:
        assert any(sheet.visibility == "hidden" for sheet in workbook.sheets)
        assert {sheet.kind for sheet in workbook.sheets} == {"worksheet"}
    with pytest.raises(sl.UsageError, match="closed"):
        workbook.read()
    assert sl.open(FIXTURES / "excel_table.xlsx").tables[0].range
    assert sl.open(FIXTURES / "defined_names.xlsx").defined_names[0].refers_to
    assert "chart" in {sheet.kind for sheet in sl.open(FIXTURES / "chart_sheet.xlsx").sheets}


def test_options_choose_cells():
    assert sl.read(CLEAN, n_rows=7).num_rows == 7
    table = sl.read(CLEAN, columns=["name", "price"], types={"price": str})
    assert table.column_names == ["name", "price"]
    assert table.schema.types == ["Utf8View", "Utf8View"]
    assert sl.read(CLEAN, columns="name,price").column_names == ["name", "price"]
    assert sl.read(CLEAN, range="A:B").num_columns == 2
    assert sl.read(CLEAN, header=None).num_rows == 241
    assert sl.read(CLEAN, header=1).num_rows == 240
    assert sl.read(CLEAN, sheet=0).num_rows == 240
    assert sl.read(CLEAN, types={"price": "text"}, columns=["price"]).schema == sl.read(
        CLEAN, types="price=text", columns=["price"]
    ).schema
    for strings, arrow in [("view", pa.string_view()), ("utf8", pa.string()), ("dictionary", pa.dictionary(pa.int32(), pa.string()))]:
        table = pa.table(sl.read(CLEAN, columns=["name"], strings=strings))
        assert table.schema.field("name").type == arrow
    assert len(pa.table(sl.read(CLEAN, batch_rows=100)).to_batches()) == 3
    assert pa.table(sl.read(CLEAN, threads=1)).equals(pa.table(sl.read(CLEAN, threads=4)))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"sheet": "nope"}, "sheet/not-found"),
        ({"sheet": 99}, "sheet/not-found"),
        ({"sheet": -1}, "usage/argument"),
        ({"header": 0}, "usage/header"),
        ({"range": "F9:A1"}, "range/invalid"),
        ({"columns": ["nope"]}, "header/missing-field"),
        ({"types": {"name": "varchar"}}, "usage/types"),
        ({"types": {"nope": "int"}}, "header/missing-field"),
        ({"types": {"name": int}}, "cell/type"),
        ({"strings": "utf-16"}, "usage/strings"),
        ({"n_rows": -1}, "usage/argument"),
        ({"limits": {"max_cows": 1}}, "usage/limit"),
    ],
)
def test_a_wrong_option_is_a_usage_error(options, code):
    with pytest.raises(sl.UsageError) as raised:
        sl.read(CLEAN, **options)
    assert isinstance(raised.value, ValueError)
    assert raised.value.code == code


def test_a_wrong_argument_is_a_type_error():
    for options in [{"n_rows": "ten"}, {"columns": 3}, {"sheet": 1.5}, {"types": ["int"]}]:
        with pytest.raises(TypeError, match=next(iter(options))):
            sl.read(CLEAN, **options)
    with pytest.raises(TypeError, match="unexpected keyword argument 'rows'"):
        sl.open(CLEAN).read(rows=3)
    with pytest.raises(TypeError, match="rows"):
        sl.read(CLEAN, rows=3)


def test_a_scan_streams_again_and_again():
    scan = sl.open(CLEAN).scan(batch_rows=100)
    assert "not begun" in repr(scan)
    assert scan.schema.names[1] == "name"
    want = pa.table(sl.read(CLEAN))
    assert pa.table(scan).equals(want)
    assert pa.table(scan).equals(want)
    assert [len(batch) for batch in scan] == [100, 100, 40]
    assert pa.concat_tables(pa.table(batch) for batch in scan).equals(want)
    reader = pa.RecordBatchReader.from_stream(scan)
    assert reader.schema == pa.schema(scan.schema) == want.schema


def test_a_scan_raises_when_iterated_and_in_a_stream():
    scan = sl.open(CLEAN).scan(columns=["name"], types={"name": "int"})
    with pytest.raises(sl.UsageError) as raised:
        list(scan)
    assert raised.value.code == "cell/type" and raised.value.location["cell"] == "B2"
    with pytest.raises(pa.ArrowInvalid, match="cell/type.*B2"):
        pa.table(scan)


def test_tables_say_what_they_are():
    table = sl.read(CLEAN, columns=["name", "price"])
    assert repr(table) == "<sheetlift.Table 240 x 2: name Utf8View, price Float64>"
    assert len(table) == table.num_rows == 240 and table.num_columns == 2 and len(table.schema) == 2
    assert sl.read(FIXTURES / "errors.xlsx", header=None).error_cells > 0
    assert "clean_inventory.xlsx" in repr(sl.open(CLEAN))


def test_everything_public_is_documented():
    assert sl.__version__ and sl.__doc__ and all(getattr(sl, name).__doc__ for name in sl.__all__ if name != "__version__")

