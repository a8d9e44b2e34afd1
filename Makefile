# `make` sets the environment up, runs the study on the best data at hand and builds the book.
# Options: make run OPTIONS="--profile standard --recipe delta"

PYTHON ?= python3
OPTIONS ?= --book
RUN ?= runs/standard
BIN = .venv/bin
SOILRESP = $(BIN)/soilresp
DEV = $(BIN)/pre-commit

.PHONY: run help test check lint sync book publish bench mutants licences lock lab hooks clean
.DEFAULT_GOAL := run

run: $(SOILRESP) ## run the study, build the book (the default; OPTIONS="--profile standard")
	$(SOILRESP) run $(OPTIONS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

test: $(SOILRESP) ## run all tests: units, pairs, notebooks, book
	$(BIN)/python tools/run_tests.py

check: $(SOILRESP) ## compare notebooks with their .py twins and inspect their outputs
	$(BIN)/python tools/run_tests.py --only pairs

lint: $(DEV) ## run the checks of each commit
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pre-commit run --all-files

sync: $(SOILRESP) ## copy edits of notebooks/*.py into the .ipynb; outputs stay
	$(BIN)/jupytext --to ipynb --update notebooks/[0-9]*.py

book: $(SOILRESP) ## build the book from the committed outputs
	$(SOILRESP) book

publish: $(SOILRESP) ## commit the outputs of a run (RUN=runs/standard) and build the book
	$(BIN)/python -m soilresp.book.publish $(RUN)
	$(SOILRESP) book

bench: $(SOILRESP) ## time the evaluation of forests beside other packages
	$(BIN)/python tools/bench.py

mutants: $(DEV) ## change the code in 300 places; do the tests notice? (two hours)
	$(BIN)/pip install --quiet cosmic-ray pytest-cov
	$(BIN)/python tools/mutants.py

licences: $(SOILRESP) ## write LICENSES.md
	$(BIN)/python tools/licences.py

lock: $(SOILRESP) ## write requirements.lock (needs uv)
	$(BIN)/python tools/lock.py

lab: $(DEV) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

hooks: $(DEV) ## install the checks as git hooks
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pre-commit install

clean: ## delete the environment and the book; runs/ stays
	rm -rf .venv _build .pytest_cache .hypothesis .ruff_cache

$(SOILRESP): requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

$(DEV): requirements-dev.txt $(SOILRESP)
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@
