# The project's tasks. `make run` and `make test` set everything up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ACME := $(BIN)/acme
unexport PYTHONDONTWRITEBYTECODE  # every start would compile its imports anew

# make run: SOURCE=simulate|cmapss|azure-pdm DATA=dir SUBSET=FD001 VIA=mqtt|backfill MINUTES=n ML=1 FRESH=1
SOURCE ?= simulate
RUN_ARGS := --source $(SOURCE) $(if $(DATA),--data $(DATA)) $(if $(SUBSET),--subset $(SUBSET)) $(if $(VIA),--path $(VIA)) \
	$(if $(MINUTES),--minutes $(MINUTES)) $(if $(SPEED),--speed $(SPEED)) $(if $(ML),--ml) $(if $(FRESH),--fresh) $(if $(KEEP),--keep)

.PHONY: help setup run test check fast drills bench render lock clean

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.stamp: requirements.txt pyproject.toml edge_service/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; install Debian's python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "installing the locked packages"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . -e edge_service
	@touch $@

setup: $(VENV)/.stamp ## virtual environment, locked packages, Java, jars, the broker's extension
	@$(ACME) setup

run: setup ## the main job: plant to Gold on real parts, with proof
	@$(ACME) run $(RUN_ARGS)

test: setup ## every test on the real parts
	@$(ACME) setup --with test
	@$(BIN)/python -m pytest -m "not drill and not real" -n 2 --no-loadscope-reorder --durations 20 --ignore tests/uns tests
	@$(BIN)/python -m pytest -m "real and not drill" -n 3 --no-loadscope-reorder --durations 20 tests  # they mostly wait
	@$(BIN)/python -m pytest -n 2 --cov=acme_lib.uns --cov-branch --cov-report= --cov-fail-under=90 tests/uns  # branches too; measured alone, as it slows them

check: $(VENV)/.stamp ## format, lint, types, imports, render, fast tests, under 60 s
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo > /dev/null || $(BIN)/lint-imports
	@$(ACME) render --check
	@$(BIN)/mypy --no-error-summary & types=$$!; $(MAKE) --no-print-directory fast; wait $$types

fast: $(VENV)/.stamp ## tests that need no Java and no service
	@$(BIN)/python -m pytest -m "not spark and not ml and not real and not drill" -n 2 tests

drills: setup ## the whole matrix of faults, about an hour
	@$(ACME) setup --with test
	@$(BIN)/python -m pytest -m "drill" tests

bench: setup ## measure, and write docs/reports/
	@$(ACME) bench all

render: $(VENV)/.stamp ## documents, ACL and config from the contracts
	@$(ACME) render

lock: ## requirements.txt anew from the declared packages
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-emit-package acme-platform-lib --no-emit-package acme-edge-service \
		pyproject.toml edge_service/pyproject.toml --all-extras -o requirements.txt

clean: ## removes local state (.acme) and caches; asks first
	@read -r -p "remove .acme (tables, journal, jars) and caches? [y/N] " answer && [ "$$answer" = y ]
	@rm -rf .acme .mypy_cache .ruff_cache .pytest_cache .hypothesis
