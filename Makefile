# `make` alone prints what each target does.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= story
ONLY ?=
SEED ?=
KILLS ?=
EVENTS ?=
TIMERS ?=
DATABASE_KILLS ?=
PER_S ?=
# The latest tag; before there is one, the first state that is there of the contracts.
AGAINST ?= $(shell git describe --tags --abbrev=0 2>/dev/null || \
  git log --reverse --diff-filter=A --format=%H -- buf.yaml 2>/dev/null | head -n 1)

# Tests keep their databases in memory where there is enough: a disk that stalls is not what they test.
IN_MEMORY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')" -gt 8000000 ] \
  2>/dev/null && echo TMPDIR=/dev/shm)

# Else the six services of a first start would each compile what they share.
COMPILED := $(BIN)/python -m compileall -q -j 0 services shared cli demo client gen

ifeq ($(filter story grocer,$(DATA)),)
$(error DATA is story or grocer, not '$(DATA)')
endif

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-resilience test-kills test-timer-kills test-web test-examples soak lint bench bench-scale bench-quality proto proto-breaking clean

help:  ## Print this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: $(VENV)/.run-$(DATA)  ## Start everything with the story shop (DATA=grocer: a year of a real grocer)
	@exec $(BIN)/touchpoint up --data $(DATA)

test: $(VENV)/.dev  ## Run every test that this machine can run
	@# Each of some 200 processes would else compile what it imports anew. What failed is tried once
	@# more, alone: a machine that stalls passes a limit now and then, a fault fails both times.
	$(IN_MEMORY) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto || { [ $$? -eq 1 ] && \
	  echo "What failed, once more and alone:" && \
	  $(IN_MEMORY) $(BIN)/python -m pytest --last-failed; }

test-long: $(VENV)/.dev  ## Try journeys in all their modes, and statistics on hundreds of samples
	$(IN_MEMORY) $(BIN)/python -m pytest -n auto --long -m 'long or hypothesis'

test-resilience: $(VENV)/.dev  ## Kill, freeze and slow services and engines, also under load (SEED=n)
	@# What the simulated months do follows from the seed, and from how sets of texts are ordered.
	PYTHONHASHSEED=0 SEED=$(SEED) $(BIN)/python -m pytest tests/resilience/simulation
	SEED=$(SEED) $(BIN)/python -m pytest --long tests/resilience tests/resilience/under_load \
	  tests/resilience/timer_kills tests/resilience/several_replicas tests/resilience/hostile

test-kills: $(VENV)/.dev  ## Kill profile 30 times while 20,000 events come in (KILLS=, EVENTS=, SEED=)
	KILLS=$(KILLS) EVENTS=$(EVENTS) SEED=$(SEED) $(BIN)/python -m pytest tests/resilience/kills

test-timer-kills: $(VENV)/.dev  ## Kill workers and the database under timers (TIMERS=, KILLS=, DATABASE_KILLS=, SEED=)
	TIMERS=$(TIMERS) KILLS=$(KILLS) DATABASE_KILLS=$(DATABASE_KILLS) PER_S=$(PER_S) SEED=$(SEED) \
	  $(BIN)/python -m pytest tests/resilience/timer_kills

test-web: $(VENV)/.dev  ## Try connect-web and clients/web in Node and in a browser (CHROME=), and the size
	$(BIN)/python -m pytest tests/web

test-examples: $(VENV)/.dev  ## Compile and run examples/ against a suite, where Node and Go are there
	$(BIN)/python -m pytest tests/examples

soak: $(VENV)/.dev  ## Prove answers under faults, memory and fuzzing at length (ONLY=faults|memory|fuzz, SHORT=1)
	@mkdir -p build
	ANSWERS=$(ANSWERS) KILLS=$(KILLS) FROZEN_S=$(FROZEN_S) MEMORY_FROM=$(MEMORY_FROM) \
	  MEMORY_TO=$(MEMORY_TO) FUZZED=$(FUZZED) SEED=$(SEED) $(BIN)/python -m tests.resilience.soak \
	  $(if $(ONLY),--only $(ONLY)) $(if $(SHORT),--short) 2>build/soak.log || { tail -n 5 build/soak.log; exit 1; }

lint: $(VENV)/.dev  ## Check style, types, imports and contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	@$(MAKE) --no-print-directory proto-breaking

bench: $(VENV)/.dev  ## Measure; ONLY=<part> measures one part
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

bench-scale: $(VENV)/.dev  ## Measure 1 M profiles and 20 M events, an import of 10 M, 10 M timers, 10 M vectors
	$(BIN)/python -m bench --only reading --large
	$(BIN)/python -m bench --only import --large
	$(BIN)/python -m bench --only timers --large
	$(BIN)/python -m bench --only index_10m

bench-quality: $(VENV)/.dev  ## Measure how good candidates are, on real shops; ONLY=<shop>
	$(BIN)/python -m bench.quality $(if $(ONLY),--only $(ONLY))

proto: $(VENV)/.dev  ## Compile protos/ into gen/
	$(BIN)/python hatch_build.py

proto-breaking: $(VENV)/.dev  ## Say what callers of the contracts of before could not do any more (AGAINST=commit)
	@# A tree without history has nothing to be held against.
	@[ -z "$(AGAINST)" ] || { rm -rf build/protos-before && mkdir -p build/protos-before && \
	  git archive $(AGAINST) buf.yaml protos | tar -x -C build/protos-before && \
	  $(BIN)/buf breaking --against build/protos-before; }

clean:  ## Remove everything that was built (data in .touchpoint/ stays)
	rm -rf $(VENV) gen gen.new build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-story: $(BIN)/python pyproject.toml hatch_build.py $(shell find protos -name '*.proto')
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[charts]'
	@$(COMPILED)
	@touch $@

$(VENV)/.run-grocer: $(BIN)/python pyproject.toml hatch_build.py $(shell find protos -name '*.proto')
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo]'
	@$(COMPILED)
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml hatch_build.py $(shell find protos -name '*.proto')
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo,dev]'
	@$(COMPILED)
	@touch $@
