# The one entry: people, CI and hooks call the same names. Every target does its own set-up.
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGES := llmplat infra tests
FAST := unit properties golden cli catalog docs schemas
SLOW := benchmarks engine cluster
IN_PARALLEL := -n auto --dist worksteal
# A change is judged by the same examples each time; `make fuzz` looks for new ones.
SAME_EXAMPLES := --hypothesis-profile=ci
ROUNDS ?= 10
BENCHMARKS := help_time plan_time render_time gpu_fit_time gpu_fit_accuracy up_again warm_start gateway_overhead overload \
  registry_push package_model validate_time sync_time cluster_scale gke_plan_time \
  ledger_overhead console_paint

.DEFAULT_GOAL := help
.PHONY: help setup up down test test-cluster check fix unit fuzz golden docs bench lock-tools clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: ## Make the virtual environment from the hash-locked requirements
	@bash .ci/setup $(VENV)

up: setup ## Start the platform on this machine and prove it with a real answer
	@$(BIN)/llmplat up

down: setup ## Stop what `make up` started (data stays)
	@$(BIN)/llmplat down

test: check ## Run every check and every test; the real engine and a real control plane included
	@bash .ci/setup-tests
	$(BIN)/python -m pytest -q $(IN_PARALLEL) $(SAME_EXAMPLES) $(FAST:%=tests/%)
	$(BIN)/python -m pytest -q $(SAME_EXAMPLES) tests $(FAST:%=--ignore=tests/%) $(SLOW:%=--ignore=tests/%)
	$(BIN)/python -m pytest -q tests/engine
	@$(MAKE) --no-print-directory test-cluster

test-cluster: setup ## Run the tests on a real control plane (Go builds it once, 20 minutes)
	@bash .ci/test-cluster $(BIN)/python

check: setup ## Format, lint, types, import contracts, spelling, YAML
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell llmplat tests docs profiles infra README.md CHANGELOG.md
	$(BIN)/yamllint -s profiles infra llmplat/spec/data templates

fix: setup ## Format and repair what can be repaired
	$(BIN)/ruff check --fix $(PACKAGES)
	$(BIN)/ruff format $(PACKAGES)

unit: setup ## The fast tests only (no network, no processes to speak of)
	$(BIN)/python -m pytest -q $(IN_PARALLEL) $(FAST:%=tests/%)

fuzz: setup ## Run the properties on new random examples, ROUNDS times (never part of pass or fail)
	@for round in $$(seq $(ROUNDS)); do \
	  $(BIN)/python -m pytest -q $(IN_PARALLEL) $$(grep -rl --include='*.py' '^@given' tests) || exit 1; \
	done

golden: setup ## Write the golden files anew
	$(BIN)/python -m pytest -q tests/golden --update-golden

docs: setup ## Write the generated pages anew
	$(BIN)/python -m llmplat.cli.document

bench: setup ## Run every benchmark side by side (an hour; never part of pass or fail; after `make up`)
	@python=$$(ls -d $${LLMPLAT_CACHE_HOME:-$$HOME/.cache/llmplat}/environments/litellm-*/bin/python | head -1); \
	for name in $(BENCHMARKS); do echo "== $$name"; \
	  LLMPLAT_TEST_LITELLM_PYTHON=$$python $(BIN)/python tests/benchmarks/$$name.py || exit 1; done

lock-tools: setup ## Resolve what `make` installs anew, with hashes
	$(BIN)/uv pip compile pyproject.toml .ci/requirements.in --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o .ci/requirements.lock

clean: ## Remove the virtual environment and caches of the checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
