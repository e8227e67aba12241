#!/bin/sh
# Fuzzes one target for some seconds: fuzz/run.sh scan 600
#
# Needs `cargo install cargo-fuzz`. A stable compiler will do: RUSTC_BOOTSTRAP lets it instrument.
# What is found new goes to fuzz/new (not kept); what fails, to fuzz/artifacts. To keep the corpus
# small: fuzz/run.sh scan 600 minimise
set -eu
cd "$(dirname "$0")/.."
target=${1:?usage: fuzz/run.sh scan|event|tables|pbtxt seconds [minimise]}
seconds=${2:?seconds}
export RUSTC_BOOTSTRAP=1
mkdir -p "fuzz/new/$target" "fuzz/corpus/$target"
cargo fuzz run "$target" "fuzz/new/$target" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
if [ "${3:-}" = minimise ]; then
    cargo fuzz run "$target" "fuzz/new/$target" -- -merge=1 "fuzz/corpus/$target"
    mkdir -p "fuzz/kept"
    rm -rf "fuzz/kept/$target"
    mkdir "fuzz/kept/$target"
    cargo fuzz run "$target" "fuzz/kept/$target" "fuzz/corpus/$target" "fuzz/new/$target" -- -merge=1
    rm -rf "fuzz/corpus/$target"
    mv "fuzz/kept/$target" "fuzz/corpus/$target"
fi
