"""Every readable fixture through every peer: what comes out is what pyarrow sees, which test_read.py holds to the manifest."""

import math

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import FIXTURES, LARGE, READABLE

import sheetlift as sl


def tables(entry, **options):
    with sl.open(FIXTURES / entry["file"]) as workbook:
        for sheet in workbook.sheets:
            if sheet.kind == "worksheet":
                yield workbook.read(sheet=sheet.name, header=None, **options)


def rows(table):
    return [tuple(row.values()) for row in pa.table(table).to_pylist()]


@pytest.mark.parametrize("strings", ["view", "utf8", "dictionary"])
@pytest.mark.parametrize("entry", READABLE, ids=lambda entry: entry["name"])
def test_round_trips(entry, strings):
    for sheet in tables(entry, strings=strings):
        want = rows(sheet)
        frame = pl.DataFrame(sheet)
        assert frame.equals(sheet.to_polars())
        assert frame.rows() == want
        assert rows(frame.to_arrow()) == want

        arrow = pa.table(sheet)
        assert arrow.equals(sheet.to_pyarrow())
        arrow.validate(full=True)

        exact = sheet.to_pandas(types_mapper=pd.ArrowDtype)
        assert rows(pa.Table.from_pandas(exact, preserve_index=False)) == want
        plain = sheet.to_pandas()
        assert plain.shape == (sheet.num_rows, sheet.num_columns)
        for name, column in zip(arrow.column_names, arrow.columns):
            nulls = [value is None for value in column.to_pylist()]
            assert list(plain[name].isna()) == nulls

        if sheet.num_columns:  # DuckDB has no tables without columns
            found = duckdb.sql("select * from sheet").fetchall()
            assert found == want


@pytest.mark.skipif(not hasattr(pd.DataFrame, "from_arrow"), reason="pandas 3")
def test_pandas_takes_the_stream_itself():
    frame = pd.DataFrame.from_arrow(sl.read(FIXTURES / "clean_inventory.xlsx"))
    assert frame.shape[0] == 240


def test_duckdb_queries_tables_and_scans():
    items = sl.read(FIXTURES / "clean_inventory.xlsx")
    scan = sl.open(FIXTURES / "clean_inventory.xlsx").scan()
    want = sum(row["price"] for row in pa.table(items).to_pylist() if row["price"] is not None)
    for name in ("items", "scan"):
        found = duckdb.sql(f"select sum(price), count(*) from {name} where price is not null").fetchall()[0]
        assert math.isclose(found[0], want)
    joined = duckdb.sql("select count(*) from items a join items b using (name)").fetchall()[0]
    assert joined[0] >= 240


def test_a_peer_may_ask_for_another_schema():
    table = sl.read(FIXTURES / "clean_inventory.xlsx", columns=["name"])
    wanted = pa.schema([("name", pa.large_string())])
    capsule = table.__arrow_c_stream__(wanted.__arrow_c_schema__())
    reader = pa.RecordBatchReader._import_from_c_capsule(capsule)
    assert reader.schema.types == [pa.large_string()]
    assert reader.read_all().num_rows == 240


def test_a_table_outlives_its_workbook_and_its_bytes():
    data = bytearray(LARGE.read_bytes())
    with sl.open(bytes(data)) as workbook:
        table = workbook.read()
    del workbook, data
    assert pl.DataFrame(table).height == 200_000
    frame = pl.DataFrame(table)
    del table
    assert frame.null_count().height == 1


def test_a_missing_peer_is_named(monkeypatch):
    table = sl.read(FIXTURES / "clean_inventory.xlsx")
    for method, module in [("to_polars", "polars"), ("to_pandas", "pandas"), ("to_pyarrow", "pyarrow")]:
        with monkeypatch.context() as patch:
            patch.setitem(__import__("sys").modules, module, None)
            with pytest.raises(ImportError, match=f"{method} needs {module}.*pip install {module}"):
                getattr(table, method)()
