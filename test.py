#!/usr/bin/env python3
"""Runs every test. Needs cargo, a C compiler and Python; what else it needs it installs below target/, and PostgreSQL and MariaDB servers
with apt where there are none."""

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TARGET = ROOT / "target"


def run(*command, **environment):
    print("+", *command, flush=True)
    started = time.monotonic()
    code = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}
    ).returncode
    if code:
        sys.exit(code)
    print(f"# {time.monotonic() - started:.0f} s", flush=True)


def python_with(name, *packages):
    """The Python of a virtual environment that has these packages."""
    folder = TARGET / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def database_servers():
    """Sees to it that there are a PostgreSQL and a MariaDB server. Tests start them themselves, on sockets of their own."""
    missing = []
    if "SHEETLIFT_POSTGRES" not in os.environ and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.append("postgresql")
    folders = [Path(folder) for folder in ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")]
    if "SHEETLIFT_MARIADB" not in os.environ and not any((folder / "mariadbd").exists() for folder in folders):
        missing.append("mariadb-server")
    if not missing:
        return
    is_root = os.geteuid() == 0
    how = [] if is_root else ["sudo", "-n"]
    can_sudo = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    if not shutil.which("apt-get") or not (is_root or can_sudo):
        sys.exit(
            "The tests need a PostgreSQL and a MariaDB server, and cannot install them here. Install what is missing"
            f" (apt-get install {' '.join(missing)}), or set SHEETLIFT_POSTGRES to the directory of initdb and SHEETLIFT_MARIADB to"
            " that of mariadbd."
        )
    install = [*how, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    run(*install, "update", "-qq")
    run(*install, "install", "-y", "-qq", "--no-install-recommends", *missing)


def main():
    database_servers()
    run("cargo", "test", "--workspace", "--quiet")
    run("cargo", "build", "--workspace", "--quiet", "--bins", "--examples")
    debug = TARGET / "debug"
    pytest = ["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]

    python = python_with("venv-oracle", "openpyxl==3.1.5", "pyarrow", "pytest", "jsonschema")
    retail = os.environ.get("ONLINE_RETAIL", ROOT.parent / "shared/data/online_retail.xlsx")
    run(
        python, *pytest, "crates/cli/tests/oracle",
        SHEETLIFT=str(debug / "sheetlift"), ONLINE_RETAIL=str(retail),
    )

    run(sys.executable, "fixtures/frictionless/expect.py", "--check")
    run(sys.executable, "fixtures/frictionless/compare.py", "--sheetlift", debug / "sheetlift")

    run("bindings/python/test.sh", "-q")  # leaves the wheel in its environment, and the fixtures
    run(
        TARGET / "venv-python/bin/python", *pytest, "crates/sheetlift/tests/faces",
        SHEETLIFT_BINARIES=str(debug),
        SHEETLIFT_FIXTURES=str(TARGET / "python/fixtures"),
        SHEETLIFT_MOTO_PYTHON=str(TARGET / "venv-moto/bin/python"),  # made by the tests of the function
    )

    run("deploy/check.sh")


if __name__ == "__main__":
    main()
