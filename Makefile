# Everything from nothing: needs python3 (3.11 or newer, with its venv module) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: screenshots runner-image review nightly-demo test test-assets lint format image bench clean help

help:
	@echo "make review   set up and review a bundled submission on the best backend of this machine"
	@echo "make test     set up and run all tests"
	@echo "make test-assets  load every entry of the catalogue with real clients of several years (an hour)"
	@echo "make nightly-demo  two nights over bundled submissions, one broken in between"
	@echo "make lint     ruff and mypy"
	@echo "make image    build the sandbox image (and its base, where no registry answers)"
	@echo "make runner-image  build the image of the program itself, for the host's engine socket"
	@echo "make screenshots  pictures of the report and of a night's index, into docs/"
	@echo "make bench    measure the overhead of a sandbox, what a night costs, and full mode beside a trial"

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable . --group dev
	@touch $@

review: $(READY)
	$(BIN)/sandbox-review tests/submissions/clean env.resolved_as_of=2025-11-20 backend.fallback=process

nightly-demo: $(READY)
	$(BIN)/python tests/nightly/demo.py

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-assets: $(READY)
	SANDBOX_REVIEW_ALL_ASSETS=1 $(BIN)/python -m pytest tests/hub/test_clients.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

image: $(READY)
	$(BIN)/python -m images.build

screenshots: $(READY)
	$(BIN)/python tests/reports/screenshots.py

runner-image: $(READY)
	$(BIN)/python -m images.runner.build

bench: $(READY)
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/nightly.py
	$(BIN)/python tests/benchmarks/full_mode.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
