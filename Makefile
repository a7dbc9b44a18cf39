# What a person does with Likewise. Python 3.11 or newer and make are enough; `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --no-deps --require-hashes -r
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
# Only the scripts of the pages are checked by what needs it.
NPM := $(shell command -v npm 2>/dev/null)
QUIET := --ignore-scripts --no-audit --no-fund
# Checks and tests never touch the data of an installation.
SCRATCH := LIKEWISE_ENV=/dev/null LIKEWISE_DATA=$(VENV)/scratch

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint lint-types lint-rest lint-scripts fuzz faults bench screenshots lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

run: $(VENV)/installed ## prepare, start the web server and the worker, print the address
	@exec $(BIN)/python manage.py start --end-with-parent

test: $(VENV)/installed-dev ## run every test that can run here; ARGS="-k groups" narrows it
	$(BIN)/python -m pytest $(if $(LIKEWISE_TEST_STRICT),-p tests.strict -p tests.contract) $(ARGS)

lint: $(VENV)/installed-dev ## formatting, style, types, import directions, migrations, settings
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-rest lint-scripts

# Types take as long as all the rest, on a core of their own.
lint-types: $(VENV)/installed-dev
	$(BIN)/mypy

lint-rest: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(BIN)/lint-imports
	$(SCRATCH) $(BIN)/python manage.py makemigrations --check --dry-run
	$(SCRATCH) $(BIN)/python manage.py check
	$(BIN)/python -m pytest -q -p no:randomly tests/test_packaging.py

# The scripts of the pages. Without npm they are left out, which is said; the full run leaves out nothing.
lint-scripts: $(if $(NPM),node_modules/.package-lock.json)
ifdef NPM
	node_modules/.bin/biome lint --error-on-warnings
	node_modules/.bin/tsc --project jsconfig.json
else
	@echo "Left out: lint and type check of static/js, which need npm"
	@[ -z "$(LIKEWISE_TEST_STRICT)" ]
endif

fuzz: $(VENV)/installed-dev ## call the API with what its schema allows and forbids: make fuzz MINUTES=10
	$(BIN)/python -m tests.fuzz $(or $(MINUTES),10)

faults: $(VENV)/installed-dev ## kill, fill and take away while work is under way: make faults MOMENTS=20 ONLY="sqlite disk"
	$(BIN)/python -m tests.faults $(or $(MOMENTS),20) $(ONLY)

bench: $(VENV)/installed-dev ## measure all against the targets, with a table at the end; PART=slice takes one part
	$(BIN)/python -m tests.bench $(PART)

screenshots: $(VENV)/installed-dev ## a picture of every page (light, dark, phone) in screenshots/
	DJANGO_SETTINGS_MODULE=dashboard.settings $(BIN)/python -m tests.screenshots screenshots

lock: $(VENV)/installed-dev ## pin the dependencies of pyproject.toml anew; UPGRADE=1 takes newer ones
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --output-file requirements-dev.lock --group dev --constraints requirements.lock
	$(if $(NPM),npm $(if $(UPGRADE),update,install) --package-lock-only --omit-lockfile-registry-resolved $(QUIET))

clean: ## remove what was built or cached here; the data folder stays
	rm -rf $(VENV) node_modules .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that is new enough makes the environment.
$(BIN)/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Likewise needs Python 3.11 or newer, and none was found: name one, as in make run PYTHON=/path/to/python"; \
	exit 1

# A stamp newer than its lock file says: installed. The dev lock holds everything of the other.
$(VENV)/installed: requirements.lock | $(BIN)/python
	@echo "Installing the pinned requirements (once, a minute or two)"
	@$(INSTALL) requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock | $(BIN)/python
	@echo "Installing the pinned requirements and the tools (once, a few minutes)"
	@$(INSTALL) requirements-dev.lock
	@touch $@ $(VENV)/installed

node_modules/.package-lock.json: package-lock.json
	@echo "Installing the pinned tools for the scripts (once)"
	@npm ci $(QUIET)
	@touch $@
