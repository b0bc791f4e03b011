# Each target creates .venv if it is missing. PYTHON=… selects another Python (3.11 or newer).

VENV ?= .venv
PYTHON ?=
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
PINNED := pyproject.toml .ci/constraints.txt .ci/setup

.PHONY: help demo test test-long run lint clean

help:
	@echo 'make demo    watch a small newswire on this machine for half a minute'
	@echo 'make test    run the tests'
	@echo 'make test-long  the same with every program started anew, all data and more examples'
	@echo 'make run     start the daemon with your configuration'
	@echo 'make lint    ruff, mypy, import-linter'
	@echo 'make clean   remove .venv and caches'

demo: $(VENV)/.installed
	@$(VENV)/bin/wirewatch demo

# One worker more than there are cores: tests that start programs wait for them. Byte code is cached even if PYTHONDONTWRITEBYTECODE is set, because tests start hundreds of programs.
test: $(VENV)/.installed-dev
	@PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m pytest -q -n $(WORKERS) --dist worksteal

# Also proves what make test takes for granted: that each program loads its modules by itself.
test-long: $(VENV)/.installed-dev
	@WIREWATCH_TESTS=long $(MAKE) --no-print-directory test

run: $(VENV)/.installed
	@VENV=$(VENV) sh .ci/start

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: $(PINNED)
	@PYTHON="$(PYTHON)" sh .ci/setup $(VENV)
	@touch $@

$(VENV)/.installed-dev: $(PINNED)
	@PYTHON="$(PYTHON)" sh .ci/setup $(VENV) dev
	@touch $(VENV)/.installed $@
