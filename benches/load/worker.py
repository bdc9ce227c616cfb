"""The Python side of `compare.py`: one way of loading, in this process.

    worker.py polars WORKBOOK MERGE | pandas WORKBOOK MERGE | executemany CSV DATABASE
"""

import csv
import os
import sqlite3
import sys
import time


def address():
    return f"postgresql:///{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}&user={os.environ['PGUSER']}"


def with_polars(workbook, merge):
    """As a data engineer would write it: read, look that keys are unique and values in range, stage, merge."""
    import adbc_driver_postgresql.dbapi
    import polars as pl

    rows = pl.read_excel(workbook, engine="calamine")
    rows = rows.with_columns(pl.col("price", "cost").cast(pl.Decimal(12, 2)))
    assert rows["sku"].null_count() == 0 and rows["sku"].is_unique().all()
    assert rows.select((pl.col("price") >= 0).all() & (pl.col("quantity") >= 0).all()).item()
    assert rows["sku"].str.contains("^[A-Za-z0-9._-]+$").all()
    with adbc_driver_postgresql.dbapi.connect(address()) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("staged", rows.to_arrow(), mode="create")
        cursor.execute(merge)
        connection.commit()


def with_pandas(workbook, merge):
    import pandas as pd
    import sqlalchemy as sa

    rows = pd.read_excel(workbook, engine="calamine")
    assert rows["sku"].notna().all() and rows["sku"].is_unique and (rows["price"] >= 0).all()
    engine = sa.create_engine("postgresql+psycopg:///", connect_args={"dbname": os.environ["PGDATABASE"]})
    with engine.begin() as connection:
        rows.to_sql("staged", connection, index=False, method="multi", chunksize=5_000)
        connection.execute(sa.text(merge))


def executemany(path, database):
    kinds = {"price": float, "cost": float, "quantity": int, "reorder_level": int, "active": lambda text: int(text == "true")}
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)
        convert = [kinds.get(name, str) for name in names]
        rows = [tuple(None if text == "" else kind(text) for kind, text in zip(convert, row)) for row in reader]
    started = time.perf_counter()
    connection = sqlite3.connect(database)
    columns = ", ".join(name + (" TEXT PRIMARY KEY" if name == "sku" else "") for name in names)
    connection.execute(f"CREATE TABLE inventory ({columns})")
    connection.executemany(f"INSERT INTO inventory VALUES ({', '.join('?' * len(names))})", rows)
    connection.commit()
    print(time.perf_counter() - started)
    connection.close()


{"polars": with_polars, "pandas": with_pandas, "executemany": executemany}[sys.argv[1]](*sys.argv[2:])
