# Every target does its own set-up: a virtual environment in .venv, made again when what it is made from changes.

PYTHON ?= python3
BIN := .venv/bin
OUT := out
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist

# Which packages there are is part of what is installed: an editable install maps each one by name.
PACKAGES := $(shell find xlbench plugins tasks -name __init__.py 2>/dev/null | LC_ALL=C sort)
STAMP := .venv/installed-$(shell { cat pyproject.toml constraints.txt; echo $(PACKAGES); } | cksum | tr -d ' ')

.PHONY: help run test parallel lint check bench publish lock clean

help:  ## What there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP)  ## Score the embedded models on the embedded suite; boards go to out/
	$(BIN)/xlbench run --results $(OUT)/results --boards $(OUT)/leaderboards

test: $(STAMP)  ## All tests, the fast ones first; the benchmarks alone, since they measure
	$(BIN)/python -m pytest -q -m "not slow" $(SIDE_BY_SIDE) loadfile
	$(BIN)/python -m pytest -q -m slow --ignore tests/benchmarks $(SIDE_BY_SIDE) worksteal
	$(BIN)/python -m pytest -q tests/benchmarks

parallel: $(STAMP)  ## mBERT, LaBSE and SIAMESE=./folder on parallel sentences, LaBSE beside its published figures (network)
	$(BIN)/xlbench fetch --suite parallel --model mbert --model labse
	$(BIN)/xlbench run --suite parallel --model mbert --model labse $(if $(SIAMESE),--model 'siamese:$(SIAMESE)?name=siamese') \
		--results $(OUT)/results --boards $(OUT)/leaderboards
	$(BIN)/xlbench published docs/published/labse-ntrex.csv $(OUT)/results

lint: $(STAMP)  ## Lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint $(if $(TESTED),,test)  ## Lint, types and all tests (TESTED=1: the tests have just passed)

bench: $(STAMP)  ## The benchmarks alone, with their figures
	$(BIN)/python -m pytest -q -s tests/benchmarks

publish: $(STAMP)  ## Render the published boards anew, from runs made anew
	rm -rf leaderboards/runs
	$(BIN)/xlbench run --suite mini --results leaderboards/runs --boards leaderboards

lock: $(STAMP)  ## Write constraints.txt from what is installed
	{ head -n 1 constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable | sed 's/+cpu$$//' | grep -v -i -E '^(pip|xlbench)='; } >constraints.new
	mv constraints.new constraints.txt

clean:  ## Remove what the other targets made
	rm -rf .venv $(OUT) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(STAMP):
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	rm -f .venv/installed-*
	touch $@
