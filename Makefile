# Each target is a complete set-up from a fresh clone: it makes its own virtual environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# One thread a test process: oversubscribed threads are many times slower, not slightly.
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: demo test fast lint types floors unit test-slow test-faults fuzz ecosystem test-ecosystem test-package test-site supply-chain docs site format clean

demo: $(VENV)/installed
	$(BIN)/gaia-stim demo

test: lint types floors unit

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

floors: $(VENV)/installed-dev
	$(BIN)/lint-imports

unit: $(VENV)/installed-dev
	$(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal -rs

# For the loop of daily work: what is quick, under a minute on two free cores.
QUICK := tests/drawing tests/networks tests/report tests/space tests/stimuli \
	$(addprefix tests/test_,cells.py config.py files.py images.py labels.py tables.py)
fast: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(ONE_THREAD) $(BIN)/pytest -n 2 $(QUICK) --deselect tests/stimuli/test_sets.py::test_memory_does_not_grow_with_the_stimuli

# What `unit` leaves out for being slow: after a change of training, of what survives a kill, or of benchmarks.
test-slow: $(VENV)/installed-dev
	GAIA_STIM_SLOW=1 $(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal -rs -m slow --ignore tests/ecosystem

# Every fault of docs/reliability.md, often; `unit` runs the same tests with few repetitions. Another ROUND breaks at
# other places.
ROUND ?= 0
test-faults: $(VENV)/installed-dev
	GAIA_STIM_SLOW=1 GAIA_STIM_ROUND=$(ROUND) $(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal -rs tests/faults

# Images, then records, under a fuzzer that looks where it gets, SECONDS long each; skipped where atheris cannot be
# installed.
FUZZED := .ecosystem/fuzz
SECONDS ?= 600
fuzz:
	mkdir -p $(FUZZED)/images $(FUZZED)/records
	test -x $(FUZZED)/venv/bin/python || $(PYTHON) -m venv $(FUZZED)/venv
	if ! $(FUZZED)/venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		atheris --editable .; then echo "skipped: atheris cannot be installed here" >&2; exit; fi; \
	for kind in images records; do \
		PYTHONPATH=tests $(FUZZED)/venv/bin/python tests/faults/fuzz_$$kind.py $(FUZZED)/$$kind \
			-artifact_prefix=$(CURDIR)/$(FUZZED)/ -timeout=10 -rss_limit_mb=4096 -max_len=65536 \
			-max_total_time=$(SECONDS) || exit 1; \
	done

# The experiment programs themselves, in .ecosystem/ and from Debian; `make test` runs what of it is there.
ecosystem:
	for program in octave node bids psychds rocrate jupyter opensesame psychopy; do \
		PYTHON=$(PYTHON) tests/ecosystem/setup_$$program.sh || exit 1; \
	done

test-ecosystem: $(VENV)/installed-dev ecosystem
	GAIA_STIM_SLOW=1 $(ONE_THREAD) $(BIN)/pytest tests/ecosystem -rs

# The wheel in empty environments, by pip, uv and pipx: gigabytes, some minutes.
test-package: $(VENV)/installed-dev
	$(PIP) uv pipx
	GAIA_STIM_SLOW=1 $(ONE_THREAD) $(BIN)/pytest -rs tests/packaging

docs: $(VENV)/installed-dev
	$(BIN)/python -m gaia_stim.cli.reference docs/cli.md
	$(BIN)/python -m gaia_stim.recipe.reference docs/recipes.md
	$(BIN)/python tests/packaging/stated_licences.py docs/dependencies.md

# A lock with hashes that installs, the list of all parts (SBOM), and what is known against any of them.
SUPPLY := build/supply-chain
supply-chain:
	mkdir -p $(SUPPLY)
	test -x $(SUPPLY)/venv/bin/python || $(PYTHON) -m venv $(SUPPLY)/venv
	$(SUPPLY)/venv/bin/python -m pip install --quiet --disable-pip-version-check pip-tools pip-audit cyclonedx-bom
	$(SUPPLY)/venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-find-links --constraint constraints.txt --output-file $(SUPPLY)/requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(SUPPLY)/locked
	$(SUPPLY)/locked/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement $(SUPPLY)/requirements.lock
	$(SUPPLY)/locked/bin/python -m pip install --quiet --disable-pip-version-check --no-deps .
	$(SUPPLY)/locked/bin/gaia-stim --version
	$(SUPPLY)/venv/bin/cyclonedx-py environment --output-file $(SUPPLY)/sbom.json $(SUPPLY)/locked/bin/python
	$(SUPPLY)/venv/bin/pip-audit --require-hashes --disable-pip --requirement $(SUPPLY)/requirements.lock \
		|| echo "the advisories could not be reached, or there are some: read the lines above" >&2

# The site, each link of it, and the gallery's pictures made anew.
test-site: site
	GAIA_STIM_SLOW=1 $(ONE_THREAD) $(BIN)/pytest -rs tests/site tests/test_documentation.py

# The site, in build/site; a warning is an error: a page in no list, a link to nowhere.
site: $(VENV)/installed
	$(PIP) --editable '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/site
	@echo "build/site/index.html"

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .ecosystem build

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gaia-stim needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable '.[dev]'
	touch $@
