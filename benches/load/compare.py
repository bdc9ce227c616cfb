#!/usr/bin/env python3
"""Compares loading with the ways people load a workbook into PostgreSQL and SQLite today, on the same file, interleaved.

    python3 benches/load/compare.py [--rounds 5] [--rows 1000000] [--only copy,merge,...] [--slow] [--out DIR]

Starts a PostgreSQL server of its own in the temporary directory (as the user `postgres` where root runs this; settings are those of a new
cluster), installs peers from PyPI into target/venv-load, builds sheetlift in release mode, and leaves results.md and results.json
in --out. Rounds are interleaved, every measurement is a process of its own against a database without the table, and medians count.

What is equal: 12 columns, prices NUMERIC(12,2), a unique text key. `copy` stages a CSV that is ready, so it has no workbook to
read; `merge` is `copy` and the INSERT .. ON CONFLICT of a merge into an empty table with a key, `insert` the same by a plain INSERT, which is what
our merge does where it knows that a key is new; `new` is `\\copy` into a plain table (of the types that `--create-table` gives it) and
its PRIMARY KEY. The loads by sheetlift also check the rows, keep a ledger, and keep what an undo needs.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TARGET = ROOT / "target"
WORK = TARGET / "load"
PACKAGES = [
    "polars==2.1.0", "fastexcel==0.21.0", "pyarrow", "adbc-driver-postgresql==1.13.0", "pandas==3.1.1", "python-calamine==0.9.1",
    "SQLAlchemy==2.1.9", "psycopg[binary]==3.3.9",
]
COLUMNS = {
    "sku": "text NOT NULL", "name": "text", "category": "text", "supplier": "text", "price": "numeric(12,2)", "cost": "numeric(12,2)",
    "quantity": "bigint", "reorder_level": "bigint", "active": "boolean", "received": "date", "updated_at": "timestamp", "ean": "text",
}
TABLE = f"({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
# A table that an import makes has doubles for numbers.
NEW = TABLE.replace("numeric(12,2)", "double precision")
KEYED = f"CREATE TABLE inventory {TABLE[:-1]}, PRIMARY KEY (sku))"
MERGE = "INSERT INTO inventory SELECT * FROM staged ON CONFLICT (sku) DO NOTHING"


def run(*command, **more):
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


class Server:
    """A PostgreSQL server on a socket, with the settings of a new cluster."""

    def __init__(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.bin = Path(os.environ.get("SHEETLIFT_POSTGRES") or found[-1])
        self.dir = Path(tempfile.gettempdir(), "sheetlift-load-bench")  # the path of a socket has to be short
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []

    def __enter__(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(mode=0o755)
        if self.as_user:
            shutil.chown(self.dir, "postgres", "postgres")
        data = self.dir / "data"
        run(*self.as_user, self.bin / "initdb", "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8", "--no-locale", cwd="/")
        options = f"-k {self.dir} -c listen_addresses="
        run(*self.as_user, self.bin / "pg_ctl", "-D", data, "-o", options, "-l", self.dir / "log", "-w", "start", cwd="/")
        os.environ.update(PGHOST=str(self.dir), PGUSER="bench", PGDATABASE="postgres")
        return self

    def __exit__(self, *_):
        run(*self.as_user, self.bin / "pg_ctl", "-D", self.dir / "data", "-m", "immediate", "stop", cwd="/")
        shutil.rmtree(self.dir, ignore_errors=True)

    def version(self):
        return run("psql", "-AtqX", "-c", "SHOW server_version").strip()


def psql(*commands, **more):
    arguments = [word for command in commands for word in ("-c", command)]
    return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *arguments, **more)


def fresh(*tables):
    psql("SET client_min_messages = error", "DROP TABLE IF EXISTS staged, inventory, _sheetlift_imports, _sheetlift_rejects, _sheetlift_outcomes, _sheetlift_before, _sheetlift_keys", *tables, "CHECKPOINT")


def timed(work):
    """Seconds, and the largest resident set of a process that was waited for."""
    before = time.perf_counter()
    peak = work()
    return {"seconds": time.perf_counter() - before, "peak_bytes": peak}


def watched(*command, **environment):
    """Runs a command; its output and its largest resident set."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {output}")
    return output, usage.ru_maxrss * 1024


def copy(files):
    fresh(f"CREATE UNLOGGED TABLE staged {TABLE}")
    return timed(lambda: watched("psql", "-Xq", "-c", f"\\copy staged from '{files['csv']}' csv header")[1])


def merge(files):
    fresh(f"CREATE UNLOGGED TABLE staged {TABLE}", KEYED)
    return timed(lambda: watched("psql", "-Xq", "-c", f"\\copy staged from '{files['csv']}' csv header", "-c", MERGE)[1])


def insert(files):
    fresh(f"CREATE UNLOGGED TABLE staged {TABLE}", KEYED)
    return timed(lambda: watched("psql", "-Xq", "-c", f"\\copy staged from '{files['csv']}' csv header", "-c", "INSERT INTO inventory SELECT * FROM staged")[1])


def new(files):
    fresh()
    steps = f"CREATE TABLE inventory {NEW}", f"\\copy inventory from '{files['csv']}' csv header", "ALTER TABLE inventory ADD PRIMARY KEY (sku)"
    return timed(lambda: watched("psql", "-Xq", *[word for step in steps for word in ("-c", step)])[1])


def load(files, to, *options):
    written = WORK / "report.json"
    command = [files["sheetlift"], "load", files["xlsx"], "--contract", files["contract"], "--to", to, "--report", written, *options]
    measured = timed(lambda: watched(*command)[1])
    report = json.loads(written.read_text())
    assert report["load"]["inserted"] == files["rows"], report["load"]
    return {**measured, "staged": report["timings"]["staged_ms"] / 1e3}


def postgres(files, *options):
    address = f"postgres://bench@{os.environ['PGHOST'].replace('/', '%2F')}/postgres"
    measured = load(files, address, *options)
    assert int(psql("SELECT count(*) FROM inventory")) == files["rows"]
    return measured


def load_existing(files):
    fresh(KEYED)
    return postgres(files)


def load_new(files):
    fresh()
    return postgres(files, "--create-table")


def python(files, name, *arguments):
    return lambda: watched(files["python"], HERE / "worker.py", name, *arguments)[1]


def polars(files):
    fresh(KEYED)
    return timed(python(files, "polars", files["xlsx"], MERGE))


def pandas(files):
    fresh(KEYED)
    return timed(python(files, "pandas", files["small"], MERGE))


def sqlite(name):
    path = WORK / f"{name}.db"
    for found in WORK.glob(f"{name}.db*"):
        found.unlink()
    return path


def load_sqlite(files):
    return load(files, f"sqlite:{sqlite('ours')}", "--create-table")


def executemany(files):
    """What counts is the insert of tuples that are ready, in one transaction, into a new table with a key."""
    output, peak = watched(files["python"], HERE / "worker.py", "executemany", files["csv"], sqlite("theirs"))
    return {"seconds": float(output), "peak_bytes": peak}


WAYS = {
    "copy": copy, "merge": merge, "insert": insert, "new": new, "load_existing": load_existing, "load_new": load_new, "polars": polars,
    "load_sqlite": load_sqlite, "executemany": executemany, "pandas": pandas,
}
NAMES = {
    "copy": "`psql \\copy` of a CSV into an UNLOGGED table", "merge": "the same, and `INSERT .. ON CONFLICT` into an empty keyed table",
    "insert": "the same, and a plain `INSERT` that knows nothing of keys", "new": "`\\copy` into a plain table, and `PRIMARY KEY`", "load_existing": "**sheetlift**, an empty keyed table",
    "load_new": "**sheetlift** `--create-table`", "polars": "polars, checks, adbc, the same merge",
    "pandas": "pandas, `to_sql(method=\"multi\")`, the same merge, of a tenth", "load_sqlite": "**sheetlift** into SQLite, `--create-table`",
    "executemany": "Python `sqlite3.executemany` of ready tuples",
}
# What is compared with what, and by which number.
RATIOS = [
    ("staging / copy", "load_existing", "staged", "copy", 1), ("load / copy and merge", "load_existing", "seconds", "merge", 1),
    ("load / copy and plain insert", "load_existing", "seconds", "insert", 1),
    ("load of a new table / copy and key", "load_new", "seconds", "new", 1), ("polars / load", "polars", "seconds", "load_existing", 1),
    ("pandas, ten times / load", "pandas", "seconds", "load_existing", 10), ("executemany / load into SQLite", "executemany", "seconds", "load_sqlite", 1),
]


def prepare(rows):
    """The programs, the workbook and the CSV; what is there is used again."""
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "sheetlift-cli", "-p", "sheetlift-fixtures"], check=True, cwd=ROOT)
    interpreter = TARGET / "venv-load/bin/python"
    if not interpreter.exists():
        venv.create(TARGET / "venv-load", with_pip=True)
    run(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
    binary = TARGET / "release/sheetlift"
    files = {"python": interpreter, "sheetlift": binary, "contract": HERE / "contract.yaml", "rows": rows}
    for name, count in [("xlsx", rows), ("small", rows // 10)]:
        files[name] = WORK / f"inventory-{count}.xlsx"
        if not files[name].exists():
            run(TARGET / "release/sheetlift-fixtures", "inventory", count, files[name])
    files["csv"] = WORK / f"inventory-{rows}.csv"
    if not files["csv"].exists():
        run(binary, "convert", files["xlsx"], "--output", files["csv"])
        files["csv"].chmod(0o644)
    return files


def machine():
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} cores, {names[0] if names else 'unknown'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", help="ways, separated by commas")
    parser.add_argument("--slow", action="store_true", help="pandas as well")
    parser.add_argument("--out", type=Path, default=WORK)
    args = parser.parse_args()
    ways = args.only.split(",") if args.only else [way for way in WAYS if args.slow or way != "pandas"]
    files = prepare(args.rows)
    measured = {way: [] for way in ways}
    with Server() as server:
        header = f"{machine()}; PostgreSQL {server.version()}; {args.rows:,} rows; medians of {args.rounds} interleaved rounds"
        for number in range(args.rounds):
            for way in ways:
                found = WAYS[way](files)
                print(f"round {number + 1} of {args.rounds}: {way} {found['seconds']:.2f} s", file=sys.stderr, flush=True)
                measured[way].append(found)
    middle = {way: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for way, runs in measured.items()}
    lines = [header, "", "| way | wall s | range | peak MB |", "| --- | ---: | ---: | ---: |"]
    for way, found in middle.items():
        runs = [run["seconds"] for run in measured[way]]
        lines.append(f"| {NAMES[way]} | {found['seconds']:.2f} | {min(runs):.2f} to {max(runs):.2f} | {found['peak_bytes'] / 1e6:.0f} |")
    lines += ["", "| ratio | of medians |", "| --- | ---: |"]
    for name, of, key, by, factor in RATIOS:
        if of in middle and by in middle:
            lines.append(f"| {name} | {factor * middle[of][key] / middle[by]['seconds']:.2f} |")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (args.out / "results.json").write_text(json.dumps({"machine": header, "runs": measured}, indent=2), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
