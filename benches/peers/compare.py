#!/usr/bin/env python3
"""Compares sheetlift with other readers: workbook to typed columns in memory, on the same files, interleaved.

    python3 benches/peers/compare.py [--rounds 5] [--rows 1000000] [--slow] [--only inventory,small] [--out DIR]

Installs the readers from PyPI into target/venv-peers, builds sheetlift in release mode, writes the files to
target/peers, and leaves results.md, results.json and results.svg there. Every measurement is a process of its own; rounds are
interleaved, so that a noisy neighbour meets everybody; medians count. `--slow` adds readers that take a minute.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import venv
from pathlib import Path

import chart

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TARGET = ROOT / "target"
PACKAGES = [
    "excelreader-native==7.3.0", "fastexcel==0.21.0", "polars==2.1.0", "duckdb==1.5.5", "duckdb-extension-excel==1.5.5",
    "python-calamine==0.9.1", "openpyxl==3.1.5", "pandas==3.1.1", "pyarrow", "maturin>=1.9,<2",
]
OURS = "sheetlift"
LIMIT = "libdeflate (inflating alone)"

# Reader -> how to run it: a function of worker.py, a tool of the Rust side, or the command line.
LARGE = {
    LIMIT: ("rust", "inflate"),
    OURS: ("cli", None),
    "sheetlift, streamed": ("cli", "streamed"),
    "sheetlift (Python)": ("python", "sheetlift_table"),
    "excelreader-native": ("python", "excelreader_native"),
    "excelreader-native, streamed": ("python", "excelreader_stream"),
    "fastexcel": ("python", "fastexcel_arrow"),
    "polars": ("python", "polars_calamine"),
    "calamine, cells": ("rust", "calamine-cells"),
    "calamine, range": ("rust", "calamine-range"),
    "DuckDB": ("python", "duckdb_excel"),
}
SLOW = {
    "python-calamine": ("python", "python_calamine_rows"),
    "pandas": ("python", "pandas_calamine"),
    "openpyxl": ("python", "openpyxl_rows"),
}
SMALL = {
    OURS: ("python", "sheetlift_table"),
    "excelreader-native": ("python", "excelreader_native"),
    "fastexcel": ("python", "fastexcel_arrow"),
    "python-calamine": ("python", "python_calamine_rows"),
}


def run(*command, quiet=False, **more):
    words = [str(word) for word in command]
    if not quiet:
        print("+", *words, file=sys.stderr, flush=True)
    errors = subprocess.PIPE if quiet else None
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, stderr=errors, **more).stdout


def python_with_readers():
    """Python with the readers, each in the version we name."""
    python = TARGET / "venv-peers/bin/python"
    if not python.exists():
        venv.create(TARGET / "venv-peers", with_pip=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
    return python


def prepare():
    """Python with the readers and our wheel; the binaries."""
    python = python_with_readers()
    run("cargo", "build", "--release", "--quiet", "-p", "sheetlift-cli", "-p", "sheetlift-benches", "-p", "sheetlift-fixtures", cwd=ROOT)
    wheels = TARGET / "peers/wheels"
    run(python.with_name("maturin"), "build", "--release", "--quiet", "--locked", "--interpreter", python, "--out", wheels, cwd=ROOT / "bindings/python")
    wheel = max(wheels.glob("*.whl"), key=os.path.getmtime)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--force-reinstall", wheel)
    return python


def files(rows):
    """Name -> path of each file; what is there is used again."""
    folder = TARGET / f"peers/files-{rows}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        run(TARGET / "release/sheetlift-fixtures", "bench", part, "--rows", rows)
        part.rename(folder)
    found = {path.name.split("-")[1]: path for path in sorted(folder.iterdir())}
    retail = Path(os.environ.get("ONLINE_RETAIL", ROOT.parent / "shared/data/online_retail.xlsx"))
    return {**found, "online_retail": retail} if retail.exists() else found


def types(path):
    """Types of all columns, so that rows can be given before the last one is read."""
    inspected = json.loads(run(TARGET / "release/sheetlift", "inspect", "--full", "--json", path, quiet=True))
    kinds = {field["name"]: field["type"].replace("null", "text") for field in inspected["sheets"][0]["fields"]}
    return ",".join(f"{name}={kind}" for name, kind in kinds.items())


def measure(python, how, path, threads, warm_up, given_types):
    """Seconds, CPU seconds, peak bytes and rows of one run."""
    kind, tool = how
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if kind == "python":
        return json.loads(run(python, HERE / "worker.py", tool, path, threads, warm_up, quiet=True))
    if kind == "rust":
        measured = json.loads(run(TARGET / "release/peers", tool, path, quiet=True))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {**measured, "cpu_seconds": measured["seconds"] if tool == "inflate" else cpu, "peak_bytes": None}
    options = ["--types", given_types] if tool == "streamed" else []
    command = [TARGET / "release/sheetlift", "bench", path, "--runs", 1, "--json", "--threads", threads, *options]
    measured = json.loads(run(*command, quiet=True))
    return {**measured["median"], "peak_bytes": measured["peak_bytes"], "rows": measured["rows"]}


def compare(name, path, readers, python, rounds, threads, warm_up):
    """Reader -> its medians; readers that fail are left out."""
    given_types = types(path) if path.is_file() else ""
    measured = {reader: [] for reader in readers}
    for number in range(rounds):
        for reader in list(measured):
            print(f"{name}, round {number + 1} of {rounds}: {reader}", file=sys.stderr, flush=True)
            try:
                measured[reader].append(measure(python, readers[reader], path, threads, warm_up, given_types))
            except subprocess.CalledProcessError as error:
                print(f"note: {reader} cannot read {name}: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
                del measured[reader]
    rows = {reader: runs[0]["rows"] for reader, runs in measured.items() if reader != LIMIT}
    if len(set(rows.values())) > 1:
        print(f"note: readers differ in the number of rows: {rows}", file=sys.stderr)
    table = {}
    for reader, runs in measured.items():
        middle = lambda key: statistics.median([run[key] for run in runs])
        table[reader] = {
            "seconds": middle("seconds"), "fastest": min(run["seconds"] for run in runs),
            "cpu_seconds": middle("cpu_seconds"),
            "peak_bytes": None if runs[0]["peak_bytes"] is None else middle("peak_bytes"),
            "rows": runs[0]["rows"],
        }
    return table


def markdown(name, table):
    ours, limit = table[OURS]["seconds"], table.get(LIMIT, {}).get("seconds")
    lines = [f"### {name}", "", "| reader | wall s | CPU s | peak MB | time / ours | time / inflate |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for reader, row in sorted(table.items(), key=lambda item: item[1]["seconds"]):
        peak = f"{row['peak_bytes'] / 1e6:.0f}" if row["peak_bytes"] else ""
        against = f"{row['seconds'] / limit:.2f}" if limit else ""
        lines.append(f"| {reader} | {row['seconds']:.3f} | {row['cpu_seconds']:.2f} | {peak} | {row['seconds'] / ours:.2f} | {against} |")
    readers = SMALL if name == "small" else LARGE
    failed = [reader for reader in readers if reader not in table]
    if failed:
        lines += ["", f"Not read: {', '.join(failed)}."]
    return "\n".join([*lines, ""])


def machine():
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--only", help="names of files, separated by commas")
    parser.add_argument("--out", type=Path, default=TARGET / "peers")
    args = parser.parse_args()

    python = prepare()
    found = files(args.rows)
    warm_up = sorted(found["small"].iterdir())[0]
    results = {}
    for name, path in found.items():
        if args.only and name not in args.only.split(","):
            continue
        large = {**LARGE, **SLOW} if args.slow else LARGE
        readers, threads = (SMALL, 1) if path.is_dir() else (large, args.threads)
        results[name] = compare(name, path, readers, python, args.rounds, threads, warm_up)
    header = f"{machine()}; medians of {args.rounds} interleaved rounds; {', '.join(PACKAGES[:7])}"
    text = "\n".join([header, "", *(markdown(name, table) for name, table in results.items())])
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "results.md").write_text(text, encoding="utf-8")
    (args.out / "results.json").write_text(json.dumps({"machine": header, "files": results}, indent=2), encoding="utf-8")
    (args.out / "results.svg").write_text(chart.svg(results, OURS, LIMIT), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
