# Two commands for a fresh machine with Python 3.11+, make and git: `make demo` and `make test`.
# `make` alone prints this list.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo-site
# outside the checkout: peers need an interpreter and packages of their own; see DCOPT_PEERS
PEERS ?= ../dcopt-peers
PEER_PYTHON ?= python3.12
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo test quick fuzz chaos lint format types contracts check docs wheel smoke lock bench bench-full peers data clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## Install from the lock, plan the bundled site, print savings and report
	$(BIN)/dcopt init $(DEMO) --site demo --force
	$(BIN)/dcopt plan $(DEMO)

test: $(VENV)/.dev ## Install from the lock and run the whole test suite
	$(BIN)/python -m pytest -n auto $(ARGS)

quick: $(VENV)/.dev ## Run the tests that take less than about ten seconds each
	$(BIN)/python -m pytest -m "not slow and not browser" $(ARGS)

fuzz: $(VENV)/.dev ## Try thousands of random sites against brute force, CP-SAT, SCIP and planted conflicts
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.engine_trial $(or $(FIRST),1000) $(or $(COUNT),2000)
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.test_engine_catalogue $(or $(FIRST),1000) $(or $(COUNT),2000)
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.test_engine_device_shares $(or $(FIRST),1000) $(or $(COUNT),2000)
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.goal_trial $(or $(FIRST),1000) 300
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.order_trial $(or $(FIRST),1000) 400
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m differential.agreement $(or $(FIRST),1000) 430
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m instances.planted $(or $(FIRST),1000) 48

chaos: $(VENV)/.dev ## Strike plans at random moments: kills, signals, a full disk, little memory
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m workflow.chaos $(or $(FIRST),1000) $(or $(COUNT),80)

lint: $(VENV)/.dev ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## Repair style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## Check types
	$(BIN)/mypy

contracts: $(VENV)/.dev ## Check which floor may import which
	$(BIN)/lint-imports

check: lint types contracts test ## Everything a change must pass

docs: $(VENV)/.dev ## Write the generated pages: fields, commands, maths
	$(BIN)/python -m optimiser.cli.pages docs
	$(BIN)/python -m optimiser.formulation.pages

wheel: $(VENV)/.dev ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps -w dist .

smoke: wheel ## Install the wheel outside the checkout and run the first hour with it
	PYTHON=$(PYTHON) .ci/smoke dist

lock: $(VENV)/.dev ## Write the lock files again (needs a package index)
	$(PIP) "uv>=0.5"
	$(LOCK) $(UPGRADE) requirements-build.in -o requirements-build.lock
	$(LOCK) $(UPGRADE) pyproject.toml -c requirements-build.lock -o requirements.lock
	$(LOCK) $(UPGRADE) pyproject.toml --extra dev -c requirements.lock -c requirements-build.lock \
		-o requirements-dev.lock

bench: $(VENV)/.dev ## Run the short benchmarks and rewrite benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(VENV)/.dev ## Run every benchmark, those on public data beside the checkout too
	$(BIN)/python -m benchmarks --full

peers: ## Install the peers that run beside the benchmarks into PEERS (needs CPython 3.12)
	$(PEER_PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check rebalancer==1.0.4

data: $(VENV)/.dev ## Generate the bundled sites again, byte for byte
	for name in small demo series; do \
		$(BIN)/python -m benchmarks.generators.sites $$name --force || exit 1; done

clean: ## Remove what was built, not the environment
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The locks are complete, so nothing is resolved: with a newer release on the index, pip would look at
# that one's metadata and refuse it for want of a hash.
$(VENV)/.base: requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r requirements-build.lock
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml $(VENV)/.base
	$(PIP) --no-build-isolation --no-deps --require-hashes -r requirements.lock
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) --no-build-isolation --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
