# What a person types; CI calls the same targets.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint bench lock clean help

help:            ## show this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .venv/core  ## set up and run the line on the sample documents, small
	$(BIN)/callmill synth --apis examples --samples 500
	@echo
	@echo 'Try next:'
	@echo '  $(BIN)/callmill sql costs                                what each prompt took'
	@echo '  $(BIN)/callmill sql "select * from out_training_set limit 3" --json'
	@echo '  $(BIN)/callmill synth --apis your-openapi.yaml --samples 200   your own API'
	@echo '  $(BIN)/callmill up                                       Prefect UI, schedules, worker'
	@echo '  examples/teachers.md                                     a real teacher instead of the embedded one'

test: .venv/dev   ## set up what is missing and run the tests
	$(BIN)/pytest

test-slow: .venv/dev  ## the tests that take minutes
	$(BIN)/pytest -m slow

lint: .venv/dev   ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev  ## timings of the parts, printed side by side
	$(BIN)/python -m benchmarks.client_throughput
	$(BIN)/python -m benchmarks.generate_stage
	$(BIN)/python -m benchmarks.warehouse_commits

lock: .venv/dev   ## write constraints.txt from what is installed
	$(BIN)/pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

clean:           ## remove the environment and everything made
	rm -rf .venv .callmill build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "callmill needs Python 3.11 or newer; '$(PYTHON)' is older. Run: make PYTHON=python3.11 demo" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
