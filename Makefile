# The project's tasks. All of them write below this directory only: the Python environment in
# .venv, builds and downloads in target, what the demo makes in .demo.
#
#   make demo     build, read the sample logs, export them, query them with SQL
#   make test     build, and run every test, Rust and Python
#   make wheel    a wheel for this machine, in target/wheels
#   make test-wheel    the README in an environment that holds the wheel only
#   make test-lowest   the tests with the lowest versions that pyproject.toml allows
#   make test-torch   our writer beside PyTorch's, tensorboardX's and Lightning's: gigabytes
#   make lint     formatting, lints, types, stubs, docs, layers
#   make bench    measure next to the peers; 7 GB of logs in .bench (benches/README.md)
#   make fuzz TARGET=scan SECONDS=600
#   make soak SECONDS=600    followers and writers that are killed at random
#   make clean
#
# To use crates that are downloaded already: make test CARGO_HOME=$HOME/.cargo

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
CARGO ?= cargo
TARGET ?= scan
SECONDS ?= 600

# NumPy 1.26 and pyarrow 16 have wheels for Python 3.11 and 3.12, not for later ones.
LOWEST_PYTHON ?= $(PYTHON)

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
WHEELS := $(CURDIR)/target/wheels
export CARGO_TARGET_DIR := $(CURDIR)/target
export CARGO_HOME ?= $(CURDIR)/target/downloads/cargo
export PIP_CACHE_DIR := $(CURDIR)/target/downloads/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYO3_PYTHON := $(BIN)/python

.PHONY: help prerequisites build wheel demo test test-rust test-python test-wheel test-lowest test-torch lint \
  bench fuzz soak clean

help:
	@sed -n 's/^#   //p' Makefile

prerequisites:
	@missing=; \
	lack() { missing=1; echo "missing: $$1" >&2; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || lack "Python 3.11 or newer as '$(PYTHON)' (another one: make PYTHON=python3.12 …)"; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || lack "Python's venv module (Debian and Ubuntu: apt install python3-venv)"; \
	command -v "$(CC)" >/dev/null || lack "a C compiler as '$(CC)' (Debian and Ubuntu: apt install gcc libc6-dev)"; \
	if version=$$($(CARGO) --version 2>/dev/null); then \
	  minor=$$(sed -E 's/^cargo 1\.([0-9]+).*/\1/' <<<"$$version"); \
	  [ "$$minor" -ge 89 ] || lack "Rust 1.89 or newer; here is $$version (rustup update)"; \
	else lack "cargo (https://rustup.rs)"; fi; \
	[ -z "$$missing" ]

# Two environments in one place: what the demo needs, and on top of it what the tests need. A stamp
# says that the requirements of that file are installed.
$(VENV)/.demo: examples/requirements.txt | prerequisites
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r $<
	touch $@

$(VENV)/.test: tests/requirements.txt $(VENV)/.demo
	$(BIN)/pip install --quiet -r $<
	touch $@

build: $(VENV)/.demo
	VIRTUAL_ENV=$(VENV) $(BIN)/maturin develop --release --locked

wheel: $(VENV)/.demo
	rm -rf $(WHEELS)
	VIRTUAL_ENV=$(VENV) $(BIN)/maturin build --release --locked --out $(WHEELS)

demo: build
	$(BIN)/python examples/demo.py

test: test-rust test-python test-wheel test-lowest

test-rust: $(VENV)/.test
	$(CARGO) test --profile checked --locked --package tfevents

test-python: $(VENV)/.test build
	$(BIN)/python -m pytest -p no:cacheprovider

test-wheel: wheel
	$(PYTHON) -m venv --clear $(VENV)-wheel
	$(VENV)-wheel/bin/pip install --quiet $(WHEELS)/tfevents-*.whl
	TFEVENTS_WHEEL=$$(echo $(WHEELS)/tfevents-*.whl) \
	  $(VENV)-wheel/bin/python -W error tests/wheel/test_readme.py

$(VENV)-lowest/.test: tests/requirements-lowest.txt | prerequisites
	$(LOWEST_PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { \
	  echo "the lowest versions need Python 3.11 or 3.12: make LOWEST_PYTHON=python3.12 ..." >&2; \
	  exit 1; }
	$(LOWEST_PYTHON) -m venv --clear $(VENV)-lowest
	$(VENV)-lowest/bin/pip install --quiet -r $<
	touch $@

test-lowest: $(VENV)-lowest/.test wheel
	$(VENV)-lowest/bin/pip install --quiet --no-deps --force-reinstall $(WHEELS)/tfevents-*.whl
	$(VENV)-lowest/bin/python -m pytest -p no:cacheprovider -m "not newest"

# The peers themselves, in an environment of their own: neither `make test` nor CI needs them.
$(VENV)-torch/.test: tests/requirements-torch.txt | prerequisites
	test -x $(VENV)-torch/bin/pip || $(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/pip install --quiet -r $<
	touch $@

test-torch: $(VENV)-torch/.test
	PYO3_PYTHON=$(VENV)-torch/bin/python VIRTUAL_ENV=$(VENV)-torch \
	  $(VENV)-torch/bin/maturin develop --release --locked
	$(VENV)-torch/bin/python -m pytest -p no:cacheprovider -o filterwarnings= tests/torch

lint: $(VENV)/.test build
	$(CARGO) fmt --all --check
	$(CARGO) clippy --profile checked --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --profile checked --locked --workspace --no-deps
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .
	$(BIN)/mypy --strict python/tfevents
	$(BIN)/python -m mypy.stubtest tfevents._native --allowlist .ci/stubtest-allowlist.txt
	.ci/layers.sh

bench:
	benches/run.sh

fuzz:
	fuzz/run.sh $(TARGET) $(SECONDS)

soak: $(VENV)/.test build
	$(BIN)/python tests/soak/follow.py $(SECONDS)

clean:
	rm -rf target .venv .venv-wheel .venv-lowest .venv-torch .demo .bench
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf fuzz/target python/tfevents/_native.*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
