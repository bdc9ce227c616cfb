#!/usr/bin/env python3
"""Makes the first inputs of every fuzz target from the fixtures: seed.py [FIXTURES].

Without a folder of fixtures they are written by `cargo run -p sheetlift-fixtures`. Inputs go to corpus/TARGET, named by
their hash, beside what fuzzing has found; an input that is there already is the same one.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
MAX_BYTES = 16 << 10  # as -max_len in run.sh

PACKAGES = {".xlsx": "workbook", ".xlsb": "xlsb", ".ods": "ods"}  # and the target that takes their parts


def main():
    if len(sys.argv) > 1:
        seed(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "run", "--quiet", "-p", "sheetlift-fixtures", "--", "all", folder]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seed(Path(folder))


def seed(folder):
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and "contract" in path.name:
            put("contract", path.read_bytes())
        if path.suffix in (".xls", ".csv", ".tsv"):
            put("xls" if path.suffix == ".xls" else "csv", path.read_bytes())
        if path.suffix in PACKAGES:
            put("archive", path.read_bytes())
            put_parts(path, PACKAGES[path.suffix])
    for text in contracts():
        put("contract", text.encode())


def put(target, data):
    if len(data) <= MAX_BYTES:
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def put_parts(path, target):
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        return  # it ends in an error, which is its point
    for name, data in parts.items():
        if not name.endswith(".bin"):
            put("xml", data)
        for options in [{}, {"level": 1}, {"strategy": zlib.Z_FIXED}, {"level": 0}]:
            deflate = zlib.compressobj(wbits=-15, **options)
            put("inflate", deflate.compress(data) + deflate.flush())
        for part, element in [("sheet", b"sheetData"), ("strings", b"sst")]:
            put_inside(part, element, data)
        if b"styleSheet" in data:
            put("styles", data)
    put(target, b"".join(b"=== %s\n%s\n" % (name.encode(), data) for name, data in parts.items()))


def put_inside(target, element, data):
    """What stands in the element; of large ones the start, cut behind an element."""
    inside = re.search(rb"<(\w+:)?%s\b[^>]*(?<!/)>(.*)</(\w+:)?%s" % (element, element), data, re.DOTALL)
    if inside:
        content = inside.group(2)
        if len(content) > MAX_BYTES:
            content = content[: content.rfind(b"</", 0, MAX_BYTES // 4)]
            content = content[: content.rfind(b">") + 1]
        put(target, content)


def contracts():
    """The contracts in the tests of contracts, those that have to be refused included."""
    literal = re.compile(r'''r#"(?P<raw>.*?)"#|'"'|"(?P<text>(?:\\.|[^"\\])*)"''', re.DOTALL)
    escapes = {r"\n": "\n", r"\"": '"', r"\\": "\\"}
    for path in sorted((HERE.parent / "src" / "contract").rglob("*.rs")):
        for found in literal.finditer(path.read_text()):
            text = found["raw"] or re.sub(r'\\[n"\\]', lambda escape: escapes[escape[0]], found["text"] or "")
            if "fields" in text:
                yield text
            elif re.match(r"(type|constraints|format|title|categories|sheetlift): ?", text):
                yield f"fields: [{{name: f, {text}}}]"


if __name__ == "__main__":
    main()
