#!/usr/bin/env bash
# Runs fuzz targets with a stable compiler: run.sh [SECONDS [TARGET...]], every target for 60 seconds by default.
#
# What `cargo fuzz` does, without having to install it: instrumentation by flags, libFuzzer from libfuzzer-sys (which needs
# a C++ compiler). Starts from corpus/TARGET, where new inputs are kept, and makes it from the fixtures when it is not there.
# A finding fails the run; its input is left in artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-60}
targets=("${@:2}")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

triple=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
RUSTFLAGS="$flags" cargo build --release --quiet --target "$triple" "${targets[@]/#/--bin=}"

[ -d corpus ] || python3 seed.py

fuzz() {
    local target=$1 words log
    case $target in
        archive) words=(-dict=dict/zip.dict) ;;
        inflate | csv | xls | xlsb) words=() ;;
        ods) words=(-dict=dict/ods.dict) ;;
        contract) words=(-dict=dict/contract.dict) ;;
        *) words=(-dict=dict/xml.dict) ;;
    esac
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target.log
    if ! "target/$triple/release/$target" "corpus/$target" "${words[@]}" \
        -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" \
        -max_len=16384 -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 > "$log" 2>&1; then
        cat "$log"
        echo "fuzz: $target failed" >&2
        return 1
    fi
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: //p' "$log") inputs in $seconds s"
}

# As many at a time as there are cores: each is a process of one thread.
export -f fuzz
export triple seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -euo pipefail -c 'fuzz {}'
