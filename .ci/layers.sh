#!/bin/sh
# The core depends on no Python, no async runtime and no RPC: whoever embeds it gets none of them.
set -eu
cd "$(dirname "$0")/.."
tree=$(cargo tree --locked -p tfevents --edges normal --all-features --prefix none)
for name in pyo3 tokio tonic; do
    if printf '%s\n' "$tree" | grep -q "^$name[ -]"; then
        echo "tfevents (core) depends on $name" >&2
        exit 1
    fi
done
