#!/usr/bin/env bash
# Measures reading next to the peers; everything it makes stays below .bench and target.
#
#   benches/run.sh setup      environment with the pinned peers, release builds, C loop
#   benches/run.sh tensorflow adds TensorFlow's iterator to the peers (270 MB to fetch)
#   benches/run.sh read ...   setup, then python benches/python/read.py ...
#   benches/run.sh open ...   setup, then python benches/python/open.py ...
#   benches/run.sh follow ... setup, then python benches/python/follow.py ...
#   benches/run.sh chart      draws docs/chart.svg from the newest record
#   benches/run.sh            read, open, chart
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=.bench/venv

environment() {
  if ! cmp -s benches/requirements.txt "$VENV/requirements.txt"; then
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/pip" install --quiet maturin -r benches/requirements.txt
    cp benches/requirements.txt "$VENV/requirements.txt"
  fi
}

setup() {
  environment
  cargo build --release --quiet -p tfevents --example corpus ${PEERS_ONLY:+--no-default-features}
  if [ -z "${PEERS_ONLY:-}" ]; then
    VIRTUAL_ENV="$PWD/$VENV" "$VENV/bin/maturin" develop --release --quiet
  fi
}

what=${1:-all}
shift || true
case "$what" in
  setup) setup ;;
  tensorflow)
    "$PYTHON" -m venv .bench/venv-tf
    .bench/venv-tf/bin/pip install --quiet -r benches/requirements-tensorflow.txt
    ;;
  read | open | follow)
    setup
    "$VENV/bin/python" "benches/python/$what.py" "$@"
    ;;
  chart)
    environment
    "$VENV/bin/python" benches/python/chart.py "$@"
    ;;
  all)
    setup
    "$VENV/bin/python" benches/python/read.py
    "$VENV/bin/python" benches/python/open.py --save
    "$VENV/bin/python" benches/python/chart.py
    ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
