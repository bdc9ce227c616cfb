"""One measurement of one Python reader: the workbook becomes typed columns in memory. Prints JSON."""

import json
import resource
import sys
import time
from pathlib import Path


def excelreader_native(path, threads):
    from excelreader import OpenOptions, open_workbook

    workbook = open_workbook(path, options=OpenOptions(max_total_decompressed_bytes=1 << 34))
    sheet = workbook.sheets[0]
    return sheet.to_arrow(sheet.infer_schema(), parallelism=threads).num_rows


def excelreader_stream(path, _threads):
    import pyarrow
    from excelreader import OpenOptions, open_workbook

    workbook = open_workbook(path, options=OpenOptions(max_total_decompressed_bytes=1 << 34))
    sheet = workbook.sheets[0]
    batches = pyarrow.RecordBatchReader.from_stream(sheet.to_arrow_stream(sheet.infer_schema()))
    return sum(batch.num_rows for batch in batches)


def fastexcel_arrow(path, _threads):
    import fastexcel

    return fastexcel.read_excel(path).load_sheet(0).to_arrow().num_rows


def polars_calamine(path, _threads):
    import polars

    return polars.read_excel(path).height


def duckdb_with_excel(threads):
    """A connection with the extension, which comes as a package and needs no download."""
    import duckdb
    import duckdb_extension_excel

    connection = duckdb.connect(config={"threads": threads})
    home = Path(duckdb_extension_excel.__file__).parent
    connection.load_extension(str(next(home.glob("extensions/*/excel.duckdb_extension"))))
    return connection


def duckdb_excel(path, threads):
    query = "select * from read_xlsx(?, header = true)"
    return duckdb_with_excel(threads).execute(query, [path]).to_arrow_table().num_rows


def python_calamine_rows(path, _threads):
    import python_calamine

    workbook = python_calamine.load_workbook(path)
    return len(workbook.get_sheet_by_index(0).to_python()) - 1


def pandas_calamine(path, _threads):
    import pandas

    return len(pandas.read_excel(path, engine="calamine"))


def openpyxl_rows(path, _threads):
    import openpyxl

    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
    return sum(1 for _ in rows) - 1


def sheetlift_table(path, threads):
    import sheetlift

    return len(sheetlift.read(path, threads=threads))


def main():
    tool, path, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    read = globals()[tool]
    files = sorted(map(str, path.iterdir())) if path.is_dir() else [str(path)]
    read(files[0] if path.is_dir() else sys.argv[4], threads)  # imports and first calls are not what is measured
    cpu, started = time.process_time(), time.perf_counter()
    rows = sum(read(file, threads) for file in files)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak, "rows": rows}))


if __name__ == "__main__":
    main()
