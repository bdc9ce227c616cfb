#!/usr/bin/env python3
"""Runs every test. Needs cargo, a C compiler and Python; what else it needs it installs below target/."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TARGET = ROOT / "target"


def run(*command, **environment):
    print("+", *command, flush=True)
    code = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}
    ).returncode
    if code:
        sys.exit(code)


def python_with(name, *packages):
    """The Python of a virtual environment that has these packages."""
    folder = TARGET / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def main():
    run("cargo", "test", "--workspace", "--quiet")  # builds the binaries too
    python = python_with("venv-oracle", "openpyxl==3.1.5", "pyarrow", "pytest")
    retail = os.environ.get("ONLINE_RETAIL", ROOT.parent / "shared/data/online_retail.xlsx")
    run(
        python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "crates/cli/tests/oracle",
        SHEETLIFT=str(TARGET / "debug/sheetlift"), ONLINE_RETAIL=str(retail),
    )


if __name__ == "__main__":
    main()
