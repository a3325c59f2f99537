# Everything a person or a machine runs here. Needs make and Python 3.11 or newer, nothing else.
#
#   make demo    sample data, the web chat and the terminal chat; no account, no token
#   make test    all tests, also on a real PostgreSQL
#   make check   style, types and layers
#   make lock    resolve the dependencies again
#   make clean   remove what these made

SHELL := /bin/sh
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check lock clean
.DEFAULT_GOAL := demo

demo: $(STAMP)
	$(BIN)/rapport demo

# Two workers: each starts its own PostgreSQL. A file stays on one worker, so that its fixtures do.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The stamp is newer than what it was made from, so a second run asks no network for anything.
$(STAMP): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c '$(NEW_ENOUGH)'; then \
		echo "Rapport needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3" >&2; \
		exit 1; fi
	@"$(PYTHON)" -c 'import ensurepip, venv' || { \
		echo "This Python has no venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	$(PIP) install --quiet --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# No addresses in the lock: it installs from any index, with the same hashes.
lock: $(STAMP)
	$(BIN)/pip-compile --quiet --upgrade --extra dev --generate-hashes --allow-unsafe \
		--strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --output-file requirements.lock pyproject.toml
	sed -i.bak -e '/^#/d' -e '/^$$/d' requirements.lock && rm requirements.lock.bak

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
