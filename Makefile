# `make` lists the targets. demo, test and check set everything up by themselves; the second time that is instant.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Seconds after which the demo ends by itself; 0 is until Ctrl-C.
DURATION ?= 0
# How many nodes `make kafka` and `make crash-test` have.
NODES ?= 1
# Of `make crash-test`; CRASH_ARGS="--sabotage all" has every sabotaged worker found out instead.
SEED ?= 1
ROUNDS ?= 5
CRASH_ARGS ?=
PYTEST_ARGS ?=
PEERS_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@printf 'Queuepulse. Targets:\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 # \2/p' $(MAKEFILE_LIST) | awk -F' # ' '{printf "%-16s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(STAMP) ## A contact centre, live in this terminal (DURATION=60: ends by itself)
	@$(BIN)/queuepulse demo --duration $(DURATION)

.PHONY: test
test: $(STAMP) ## Every test; those on Apache Kafka fetch it (Java 17 and Maven), or are skipped and named
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: check
check: $(STAMP) ## What pre-commit and CI run: ruff, mypy --strict, unit and property tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/unit tests/property $(PYTEST_ARGS)

# The core, compiled in place beside its sources: whatever is run in this folder then uses it, until `make pure`.
COMPILED := $(VENV)/.compiled
COMPILED_PATH = "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/queuepulse-compiled.pth"

.PHONY: compile
compile: $(COMPILED) ## Compile the pure core (needs a C compiler; two minutes): the same numbers, sooner

$(COMPILED): $(STAMP) setup.py $(shell find streams -name '*.py')
	@echo 'Compiling the core (two minutes) ...'
	@find . -maxdepth 1 -name '*__mypyc.*.so' -delete
	@QUEUEPULSE_COMPILE=1 $(BIN)/python -W ignore setup.py -q build_ext --inplace
	@find streams -name '*.so' -exec touch {} +
	@echo '$(CURDIR)' >$(COMPILED_PATH)  # what they share stands beside the package: found from any folder
	@touch $@

.PHONY: pure
pure: ## Remove what `make compile` made: the core runs from its sources again
	@rm -rf build $(COMPILED) $(COMPILED_PATH)
	@find . -maxdepth 1 -name '*__mypyc.*.so' -delete
	@find streams -name '*.so' -delete

.PHONY: format
format: $(STAMP) ## Format and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: crash-test
crash-test: $(STAMP) ## Workers and brokers die at moments chosen by SEED, for ROUNDS rounds; every number compared
	@$(BIN)/python -m tests.crash --seed $(SEED) --rounds $(ROUNDS) --nodes $(NODES) $(CRASH_ARGS)

.PHONY: kafka
kafka: $(STAMP) ## A real Apache Kafka on loopback, in a temporary folder, until Ctrl-C (NODES=3: three nodes)
	@$(BIN)/python -m streams.broker apache $(NODES)

.PHONY: schemas
schemas: $(STAMP) ## Write schemas/ from streams/events again
	@$(BIN)/queuepulse schema --write

.PHONY: docs
docs: $(STAMP) ## Write docs/glossary.md from the docstrings, formulas and metric families again
	@$(BIN)/python -m docs.build
	@$(BIN)/python -m docs.licences

.PHONY: dashboards
dashboards: $(STAMP) ## Write grafana/dashboards/ from grafana/boards/ again
	@$(BIN)/python -m grafana.build

.PHONY: playlist
playlist: $(STAMP) ## Let the Grafana at GRAFANA=url turn the boards on a screen (TOKEN=file, of a service account)
	@$(BIN)/python -m grafana.playlist $(GRAFANA) --token-file $(TOKEN)

.PHONY: bench
bench: $(COMPILED) ## Measure this machine: the core, a worker on Apache Kafka, bad input (some minutes; Linux)
	@for script in benchmarks/bench_*.py; do \
		$(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; \
	done

.PHONY: bench-peers
bench-peers: $(COMPILED) ## The same job by others and by us, side by side (PEERS_ARGS=--full: most of an hour)
	@$(BIN)/python -m benchmarks.peers $(PEERS_ARGS)

.PHONY: peers
peers: $(STAMP) ## Other implementations that tests compare with (heavy; without them those tests are skipped)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-peers.lock

LOCK := uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal -p 3.11

.PHONY: lock
lock: ## Resolve the dependencies again (needs uv)
	@$(LOCK) --extra demo --extra dev pyproject.toml -o requirements.lock
	@$(LOCK) -c requirements.lock pyproject.toml -o requirements-runtime.lock
	@$(LOCK) -c requirements.lock --extra peers pyproject.toml -o requirements-peers.lock
	@$(LOCK) benchmarks/peers/requirements.in -o benchmarks/peers/requirements.lock

.PHONY: clean
clean: pure ## Remove the environment and everything made here
	@rm -rf $(VENV) .cache dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: exactly what requirements.lock says, checked by hash; then this project, editable. The build backend
# is in the lock as well, so nothing else is fetched. The stamp is written last: an interrupted installation starts over.
$(STAMP): requirements.lock pyproject.toml
	@python=; for candidate in "$$PYTHON" python3.11 python3.12 python3.13 python3 python; do \
		[ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' 2>/dev/null \
			&& { python=$$candidate; break; }; \
	done; \
	[ -n "$$python" ] || { echo 'Queuepulse needs Python 3.11 or newer and found none: install it, or name it with make PYTHON=/path/to/python3.' >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$$python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }; \
	echo "Setting up $(VENV) with $$python (once, under a minute) ..."; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@
