# Set-up, the default report, the tests. On Windows: environment.yml and the `report` command.
REPORT ?= kamchatka-2021
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
QUARTO_CLI := quarto-cli==1.7.34

.PHONY: help report test test-quick test-cluster lint bench bench-scale bench-faults bench-disclosure clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

report: $(READY)  ## build both editions of the default report (REPORT=name for another) and say where they lie
	@$(BIN)/report build $(REPORT) --edition all

test: $(READY)  ## run all tests, and name the ten slowest
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=10
	@$(BIN)/python -m pytest --nbval-lax --nbval-current-env notebooks/steps
	@$(BIN)/python -m pytest --nbval-lax --nbval-current-env -n auto --dist loadfile notebooks/pages notebooks/explore.ipynb notebooks/panel.ipynb

test-quick: $(READY)  ## run the tests that build no site, write no region, start no kernel: for the loop while writing
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-cluster: $(READY)  ## build a small report on a Slurm of one node, started for it (root, slurm-wlm and munge needed)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cluster]' -c requirements.lock
	@$(BIN)/python -m pytest tests/cluster

bench: $(READY)  ## measure how quick the work is against its targets (benchmarks/)
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/files.py

bench-scale: $(READY)  ## build reports on 100, 1,000 and 4,000 schools with a card for each (half an hour)
	@$(BIN)/python benchmarks/scale.py 100 1000 4000

bench-faults: $(READY)  ## kill builds, publish and new at random moments and tell what came of it (half an hour)
	@$(BIN)/python benchmarks/faults.py

bench-disclosure: $(READY)  ## attack public editions of invented regions over years and reissues (hours)
	@$(BIN)/python benchmarks/disclosure.py

lint: $(READY)  ## check the style of code and notebooks, and the types of the method
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean:  ## remove what was built; raw data and the environment stay
	rm -rf _build _site _site-internal data/processed .snakemake

$(READY): requirements.lock pyproject.toml
	@echo "1/3 Virtual environment: $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 Packages from requirements.lock (one to three minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@echo "3/3 Quarto"
	@command -v quarto >/dev/null || test -n "$$QUARTO_PATH" \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(QUARTO_CLI) >/dev/null 2>&1 \
	  || echo "    Quarto cannot be downloaded here: pages will be made by pandoc, the same pages with the same contents."
	@touch $@
