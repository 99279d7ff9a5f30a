# Every command a person runs. Needs make and Python 3.11 or newer; Java and Maven only for the tests against Kafka.

PYTHON ?= python3
DATA   ?= ./data
PORT   ?= 8800
DEMO   ?= 1
# More than a small machine has cores: most tests wait most of the time.
WORKERS ?= 4

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.requirements-installed
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
LOCK   := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)
COMMAND := $(BIN)/omnihub
WEB    := services/gateway/workspace/dist/index.html
NODES  := web/node_modules/.package-lock.json
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := menu
.PHONY: menu run install web test check bench api screenshots mutate format lock clean

menu:  ## This menu
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: install  ## Start the hub with simulators and a demo cast (DEMO=0 without; DATA=./data, PORT=8800)
	@$(MAKE) --no-print-directory $(WEB) || echo "The workspace could not be built (see above); the hub starts without it, make web tries again."
	@exec $(BIN)/python -m hub up --data "$(DATA)" --port "$(PORT)" $(if $(filter-out 0 no,$(DEMO)),--demo)

install: $(READY) $(COMMAND)  ## Make .venv with the pinned packages (the other commands do it by themselves)
	@:

web: install $(WEB)  ## Build the workspace, the page for the browser (make run does it by itself)
	@:

test: install  ## Run every test; those that need Java and Maven say so when they cannot run
	@$(PYTEST)

check: install  ## What CI runs: format, lint, types, layers, then every test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@if $(MAKE) --no-print-directory $(NODES); then $(MAKE) --no-print-directory $(WEB) && web/npm run --silent check; \
	else echo "npm's packages cannot be had (see above): the workspace is not checked"; fi
	@$(PYTEST)

bench: install  ## Measure every published figure and print the table
	@$(BIN)/python -m bench

api: install  ## Write the types of the workspace's client anew, from the API as it is
	@web/npm ci --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m hub openapi >web/openapi.json
	@web/npm run --silent api

screenshots: install $(WEB)  ## Pictures of each screen, in both languages and themes, into .cache/screenshots
	@$(BIN)/python -m hub.testing.pages

mutate: install  ## Change the lines that matter most one by one, and list what no test notices (an hour)
	@$(BIN)/mutmut run --max-children 2 >.mutmut.log 2>&1 || { tail -20 .mutmut.log; exit 1; }
	@$(BIN)/mutmut results

format: install  ## Put the code into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: install  ## Pin the packages of pyproject.toml with hashes (UPGRADE=1: the newest ones)
	@$(LOCK) --all-extras --output-file requirements.txt
	@$(LOCK) --constraint requirements.txt --output-file deploy/requirements.txt
	@$(subst pyproject.toml,,$(LOCK)) --group web --output-file web/requirements.txt

clean:  ## Remove .venv and all caches; the data stays
	rm -rf $(VENV) web/node_modules services/gateway/workspace/dist mutants .mutmut.log .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Node is the machine's, or the pinned package (200 MB in .venv); node_modules takes 130 MB. Both go with make clean.
$(NODES): $(READY) web/npm web/package-lock.json
	@echo "Fetching what builds the workspace (half a minute, once) …"
	@web/npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null
	@touch $@

$(WEB): $(NODES) web/vite.config.ts web/index.html $(shell find web/src -type f)
	@echo "Building the workspace …"
	@web/npm run --silent build

# `omnihub`, from any folder, on the code as it is here.
$(COMMAND): $(READY) Makefile
	@echo "$(CURDIR)" >"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/omnihub.pth"
	@printf '#!/bin/sh\nexec "%s" -m hub "$$@"\n' "$(CURDIR)/$(BIN)/python" >$@
	@chmod +x $@

# uv is one of the pinned packages. pip does all by itself where no uv is made for the machine, or where pip alone
# knows the way to the packages: uv does not read pip's settings.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "omnihub needs Python 3.11 or newer; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)."; \
	    echo "Name another with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || echo "Making $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	    echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; \
	    rm -rf $(VENV); exit 1; }
	@awk '/^[^ ]/ {uv = /^uv==/} {print > (uv ? "$(VENV)/uv.txt" : "$(VENV)/others.txt")}' requirements.txt
	@echo "Installing the pinned packages (half a minute, once) …"
	@{ $(PIP) install --require-hashes --only-binary :all: --requirement $(VENV)/uv.txt \
	    && $(BIN)/uv pip install --quiet --python $(VENV) --require-hashes --requirement $(VENV)/others.txt; } </dev/null \
	|| { echo "That did not work with uv; pip does it in a few minutes …"; \
	    $(PIP) install --require-hashes --requirement $(VENV)/others.txt </dev/null; }
	@# Half of a start is compiling, where nothing else may write bytecode: ours, and of the packages what a hub loads.
	@$(BIN)/python -m compileall -q hub services
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m hub openapi >/dev/null
	@touch $@
