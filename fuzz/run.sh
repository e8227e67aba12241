#!/bin/sh
# Fuzzes one target for some seconds: fuzz/run.sh scan 600
#
# Needs `cargo install cargo-fuzz`; a stable compiler will do, RUSTC_BOOTSTRAP lets it instrument.
# Inputs that reach new code go to fuzz/new, inputs that fail to fuzz/artifacts; neither is kept in
# git. `fuzz/run.sh scan 600 merge` then makes the corpus anew: of the smallest inputs that reach
# all that is reached, some 200 of all sizes, at most 45 kB a target.
set -eu
cd "$(dirname "$0")/.."
target=${1:?usage: fuzz/run.sh scan|event|tables|pbtxt|follow seconds [merge]}
seconds=${2:?usage: fuzz/run.sh scan|event|tables|pbtxt|follow seconds [merge]}
export RUSTC_BOOTSTRAP=1
new=fuzz/new/$target
corpus=fuzz/corpus/$target
mkdir -p "$new" "$corpus"
cargo fuzz run "$target" "$new" "$corpus" -- -max_total_time="$seconds" -max_len=4096 \
    -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
[ "${3:-}" = merge ] || exit 0
merged=fuzz/new/$target.merged
rm -rf "$merged"
mkdir "$merged"
cargo fuzz run "$target" "$merged" "$corpus" "$new" -- -merge=1
rm -rf "$corpus"
mkdir "$corpus"
step=$(($(ls "$merged" | wc -l) / 200 + 1))
total=0
for file in $(ls -rS "$merged" | awk "NR % $step == 0"); do
    total=$((total + $(wc -c <"$merged/$file")))
    [ "$total" -le 45000 ] || break
    mv "$merged/$file" "$corpus/"
done
rm -rf "$merged"
