#!/usr/bin/env python3
"""Writes docs/fidelity.md: every quirk fixture read by every reader, and who gave what is in the file.

    python3 benches/fidelity/matrix.py                     write the page
    python3 benches/fidelity/matrix.py --check             compare it with the one there; exit 1 if they differ
    python3 benches/fidelity/matrix.py --case gaps,errors  only these, in full, on standard output; nothing is written

Installs the readers into target/venv-peers in the versions that benches/peers/compare.py names, builds sheetlift, the
fixtures and the calamine side in debug mode, and writes the fixtures to target/fidelity. Exit 1, too, where sheetlift
itself gives a wrong answer without an error, or crashes.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "peers"))

import compare  # noqa: E402
import render  # noqa: E402
from judge import CRASH, WRONG, Case, verdict  # noqa: E402
from readers import CALAMINE, READERS, SHEETLIFT, Asker  # noqa: E402

ROOT, TARGET = compare.ROOT, compare.TARGET
PAGE = ROOT / "docs/fidelity.md"
FIXTURES = TARGET / "fidelity"


def prepare(sheetlift):
    """The readers, and the fixtures as cases."""
    python = compare.python_with_readers()
    # One by one: together they would ask for other features of what they share, and everything be built once more.
    for package in ["sheetlift-fixtures", "sheetlift-benches"] + ([] if sheetlift else ["sheetlift-cli"]):
        compare.run("cargo", "build", "--quiet", "--bins", "-p", package, cwd=ROOT)
    shutil.rmtree(FIXTURES, ignore_errors=True)
    compare.run(TARGET / "debug/sheetlift-fixtures", "all", FIXTURES)
    cases = [Case(entry) for entry in json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))]
    return Asker(python, sheetlift or TARGET / "debug/sheetlift", TARGET / "debug/ask_calamine"), cases


def versions():
    """Reader -> version; sheetlift is the one of this tree."""
    pinned = dict(package.split("==") for package in compare.PACKAGES if "==" in package)
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    calamine = re.search(r'name = "calamine"\nversion = "([^"]+)"', lock)[1]
    return {reader.title: calamine if reader is CALAMINE else pinned.get(reader.package) for reader in READERS}


def judged(asker, cases, readers, jobs):
    """(case, reader) -> verdict; several processes at once."""
    def one(pair):
        case, reader = pair
        path = FIXTURES / case.file
        return verdict(case, reader, lambda **how: asker.ask(reader, path, case.sheet_names, case.password, **how))

    pairs = [(case, reader) for case in cases for reader in readers]
    marks = []
    with ThreadPoolExecutor(jobs) as pool:
        for mark in pool.map(one, pairs):
            marks.append(mark)
            if len(marks) % 100 == 0:
                print(f"{len(marks)} of {len(pairs)}", file=sys.stderr, flush=True)
    return {(case.name, reader.title): mark for (case, reader), mark in zip(pairs, marks)}


def explain(cases, verdicts):
    for case in cases:
        print(f"{case.name}: {case.about}")
        for reader in READERS:
            mark = verdicts[case.name, reader.title]
            print(f"  {mark.mark} {reader.title:<20} {mark.note}".rstrip())


def our_faults(cases, verdicts):
    """Where sheetlift is wrong without saying so; other imperfections are printed only."""
    faults = []
    for case in cases:
        mark = verdicts[case.name, SHEETLIFT.title]
        if mark.mark in (WRONG, CRASH):
            faults.append(case.name)
        if mark.note or mark.mark == "○":
            print(f"sheetlift, {case.name}: {mark.mark} {mark.note}", file=sys.stderr)
    return faults


def differs(page):
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    lines = difflib.unified_diff(old.splitlines(), page.splitlines(), str(PAGE.relative_to(ROOT)), "now", lineterm="")
    print("\n".join(lines))
    return old != page


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--case", help="names of cases, separated by commas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--sheetlift", type=Path, help="a command line built elsewhere, instead of building it")
    args = parser.parse_args()

    asker, cases = prepare(args.sheetlift)
    if args.case:
        wanted = args.case.split(",")
        cases = [case for case in cases if case.name in wanted]
    verdicts = judged(asker, cases, READERS, args.jobs)
    faults = our_faults(cases, verdicts)
    if args.case:
        explain(cases, verdicts)
        return bool(faults)
    page = render.page(cases, READERS, verdicts, versions())
    if args.check:
        return differs(page) or bool(faults)
    PAGE.write_text(page, encoding="utf-8")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
