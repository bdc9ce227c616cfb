#!/usr/bin/env bash
# Builds the wheel, installs it into a virtual environment of its own under target/, and runs the tests on it.
# Arguments go to pytest. A second run installs nothing but the wheel. PYTHON chooses the interpreter (3.10 or later).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
venv="$target/venv-python"
work="$target/python"
bin="$venv/bin"

[ -x "$bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
if ! cmp -s "$here/requirements-test.txt" "$venv/requirements-test.txt"; then
    "$bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements-test.txt"
    cp "$here/requirements-test.txt" "$venv/requirements-test.txt"
fi

rm -rf "$work/wheels"
(cd "$here" && "$bin/maturin" build --quiet --locked --interpreter "$bin/python" --out "$work/wheels")
"$bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall "$work"/wheels/*.whl

cargo run --quiet --locked --manifest-path "$root/Cargo.toml" -p sheetlift-fixtures -- all "$work/fixtures"
[ -f "$work/large.xlsx" ] ||
    cargo run --quiet --locked --manifest-path "$root/Cargo.toml" -p sheetlift-fixtures -- inventory 200000 "$work/large.xlsx"

cd "$work" # the tests import the installed package, never the one in the source tree
export SHEETLIFT_FIXTURES="$work/fixtures" SHEETLIFT_LARGE="$work/large.xlsx"
"$bin/python" -m mypy --strict --cache-dir "$work/mypy" "$here/tests/typing_check.py"
"$bin/python" -m mypy.stubtest --concise sheetlift
exec "$bin/python" -m pytest -p no:cacheprovider --rootdir "$here" -c "$here/pyproject.toml" "$here/tests" "$@"
