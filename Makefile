# Each target is a complete set-up from a fresh clone: it makes its own virtual environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# One thread a test process: oversubscribed threads are many times slower, not slightly.
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: demo test fast lint types floors unit test-faults fuzz ecosystem test-ecosystem docs format clean

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
	$(ONE_THREAD) $(BIN)/pytest -n 2 -rs

# For the loop of daily work: what is quick, under a minute on two free cores.
QUICK := tests/drawing tests/networks tests/report tests/space tests/stimuli \
	$(addprefix tests/test_,cells.py config.py files.py images.py labels.py tables.py)
fast: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(ONE_THREAD) $(BIN)/pytest -n 2 $(QUICK) --deselect tests/stimuli/test_sets.py::test_memory_does_not_grow_with_the_stimuli

# Every fault of docs/reliability.md, often; `unit` runs the same tests with few repetitions.
test-faults: $(VENV)/installed-dev
	GAIA_STIM_SLOW=1 $(ONE_THREAD) $(BIN)/pytest -n 2 --dist worksteal -rs tests/faults

# Images under a fuzzer that looks where it gets, SECONDS long; skipped where atheris cannot be installed.
FUZZED := .ecosystem/fuzz
SECONDS ?= 600
fuzz:
	mkdir -p $(FUZZED)/corpus
	test -x $(FUZZED)/venv/bin/python || $(PYTHON) -m venv $(FUZZED)/venv
	if ! $(FUZZED)/venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		atheris --editable .; then echo "skipped: atheris cannot be installed here" >&2; exit; fi; \
	$(FUZZED)/venv/bin/python tests/faults/fuzz_images.py $(FUZZED)/corpus -artifact_prefix=$(FUZZED)/ \
		-timeout=10 -rss_limit_mb=4096 -max_len=65536 -max_total_time=$(SECONDS)

# The experiment programs themselves, in .ecosystem/ and from Debian; `make test` runs what of it is there.
ecosystem:
	for program in octave node bids rocrate opensesame psychopy; do \
		PYTHON=$(PYTHON) tests/ecosystem/setup_$$program.sh || exit 1; \
	done

test-ecosystem: $(VENV)/installed-dev ecosystem
	$(ONE_THREAD) $(BIN)/pytest tests/ecosystem -rs

docs: $(VENV)/installed-dev
	$(BIN)/python -m gaia_stim.cli.reference docs/cli.md
	$(BIN)/python -m gaia_stim.recipe.reference docs/recipes.md

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .ecosystem

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gaia-stim needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable '.[dev]'
	touch $@
