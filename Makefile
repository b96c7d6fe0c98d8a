# Everything a fresh machine needs. Each target sets up what it lacks; the second run finds it done.
#
#   make demo        walk through a generated world; films and figures in outputs/demo
#   make test        the quick tests          (PYTEST_ARGS="-k geometry" narrows them; WORKERS=0: in one process)
#   make test-all    the slow ones too, and suites and clients of others (docs/compatibility.md)
#   make lint        ruff, pyright and codespell
#   make trust       agents trained in worlds and in the twin, three seeds of each, and how far to trust them (hours)
#   make docs        the pages and the API reference, in build/site
#   make venv        only the environment
#   make clean       remove what was built, the environment included
#
# torch is the CPU build if its index answers, else what pip finds by its own settings (on Linux x86-64 that is a CUDA
# build of gigabytes, unless they say otherwise). For another: make demo TORCH_INDEX=https://download.pytorch.org/whl/cu128
# or, for PyPI's, make demo TORCH_INDEX=

SHELL := /bin/bash
VENV ?= .venv
PYTHON ?=
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_ARGS ?=
WORKERS ?= auto

# idle threads must sleep: spinning ones starve each other on a shared machine
export OMP_WAIT_POLICY := PASSIVE

# twice quiet: errors only
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check -qq

# a file of tests stays in one process, so that its fixtures are made once
PYTEST = $(VENV)/bin/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile

# fails if an index does not answer within seconds; pip itself would wait and warn
ANSWERS = import os, sys; from pip._vendor import requests; requests.head(sys.argv[1] + "/torch/", timeout=5, \
  verify=os.environ.get("PIP_CERT") or True).raise_for_status()

.PHONY: demo test test-all lint docs trust venv clean

demo: $(VENV)/.demo
	$(VENV)/bin/wm-gym demo

test: $(VENV)/.test
	$(PYTEST) $(PYTEST_ARGS)

test-all: $(VENV)/.foreign
	$(PYTEST) -m "not gpu" $(PYTEST_ARGS)

# without a cache: a cached verdict on imports outlives the folder that it was reached in
lint: $(VENV)/.test
	$(VENV)/bin/ruff check --no-cache
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright
	$(VENV)/bin/codespell

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build
	@echo "build/site/index.html is the first page"

# both go on where they were interrupted
trust: $(VENV)/.test
	$(VENV)/bin/wm-gym train-agent --multirun agent=ppo task=point_goal backend=video,twin seed=0,1,2 \
	  output=outputs/trust/agents
	$(VENV)/bin/wm-gym eval-trust policies_folder=outputs/trust/agents tasks=[point_goal,explore] episodes=100 \
	  starts=benchmarks/hard_starts.jsonl steps=96 output=outputs/trust/report

venv: $(VENV)/.demo $(VENV)/.test

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	@echo "Installing wm-gym ..."
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	@echo "Installing wm-gym, the twin and what its tests need ..."
	@$(PIP) install -c constraints.txt -e ".[test]"
	@touch $@ $(VENV)/.demo

$(VENV)/.foreign: $(VENV)/.test
	@echo "Installing suites and clients of others ..."
	@$(PIP) install -c constraints.txt -e ".[foreign]"
	@touch $@

$(VENV)/.docs: $(VENV)/.demo
	@echo "Installing what builds the documentation ..."
	@$(PIP) install -c constraints.txt -e ".[docs]"
	@touch $@

$(VENV)/.torch: $(VENV)/bin/python constraints.txt
	@echo "Installing $(TORCH) ..."
	@$(VENV)/bin/python -c '$(ANSWERS)' "$(TORCH_INDEX)" 2>/dev/null && index="--extra-index-url $(TORCH_INDEX)"; \
	  $(PIP) install --no-deps -c constraints.txt $(TORCH) $$index
	@touch $@

$(VENV)/bin/python:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	    && exec "$$python" -m venv $(VENV); \
	done; echo "wm-gym needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.11" >&2; exit 1

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .ruff_cache outputs
