# The two commands are `make run` and `make test`. Each sets up all it needs in .venv, and nothing outside this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-all check house fmt faults bench bench-peers docs setup setup-dev lock sbom audit-deps clean

BIN := .venv/bin
export PYTHON

# Tests share one PostgreSQL, and often wait for it: one more at once than there are cores. More than four gain nothing.
# What a file of tests shares is started once.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 2 ? 2 : n > 3 ? 4 : n + 1)))

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r a b; do printf '%-15s %s\n' "$$a" "$$b"; done

run: setup ## Run the demo on this machine; it prints the address to open
	@$(BIN)/icmc up --demo $(ARGS)

test: setup-dev ## Run the tests that each change needs (ARGS=... goes to pytest)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rfEs -m "not long and not faults" $(ARGS)

test-all: setup-dev ## Run every test but the fault suites, as a merge needs it
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rfEs -m "not faults" $(ARGS)

check: setup-dev ## Look at format, rules, types, layers and workflow files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/icmc lint workflows
	$(BIN)/python -m tests.contracts.house

house: setup-dev ## Print how wide the code is, beside what was kept; fails where it grew (ARGS=--keep keeps it)
	@$(BIN)/python -m tests.contracts.house $(ARGS)

fmt: setup-dev ## Put the code into the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only .

faults: setup-dev ## Kill processes at many moments, and see that nothing is lost (long)
	@$(BIN)/pytest -rfEs -m faults $(ARGS)

bench: setup ## Measure this machine and print the figures (ARGS=... are its options, --help lists them)
	@$(BIN)/python -m tests.bench $(ARGS)

bench-peers: setup ## Measure ICMC beside other engines and raw SQL, in turn, on one PostgreSQL (ARGS=... are its options)
	@$(BIN)/python -m tests.bench.peers $(ARGS)

docs: setup ## Write the reference that is built into docs/reference/generated
	@$(BIN)/python -m tests.reference

setup: ## Install what running needs
	@MAKE_GOAL="$(or $(MAKECMDGOALS),run)" requirements/install.sh runtime

setup-dev: ## Install what running, testing and checking need
	@MAKE_GOAL="$(or $(MAKECMDGOALS),test)" requirements/install.sh dev

lock: setup ## Lock the dependencies anew (ARGS=--upgrade takes newer ones)
	@requirements/lock.sh $(ARGS)

sbom: setup ## Print the list of parts that a release consists of (CycloneDX)
	@$(BIN)/python requirements/supply.py sbom

audit-deps: setup ## Look the locked parts up in advisories that were carried here (ADVISORIES=folder or zip)
	@test -n "$(ADVISORIES)" || { echo "Say where they are: make audit-deps ADVISORIES=..."; exit 2; }
	@$(BIN)/python requirements/supply.py audit "$(ADVISORIES)"

clean: ## Remove .venv and the caches; cases are not touched
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist docs/reference/generated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
