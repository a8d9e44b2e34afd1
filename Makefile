# `make` sets the environment up, runs the study on the best data at hand and builds the book.
# `make test` runs the tests. Options: make run OPTIONS="--profile standard --recipe delta"

PYTHON ?= python3
OPTIONS ?= --book
BIN = .venv/bin

.PHONY: run test book clean

run: $(BIN)/soilresp
	$(BIN)/soilresp run $(OPTIONS)

test: $(BIN)/soilresp
	$(BIN)/soilresp test

book: $(BIN)/soilresp
	$(BIN)/soilresp book

$(BIN)/soilresp: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

# The environment and what was built; runs/ is yours to delete.
clean:
	rm -rf .venv _build .pytest_cache .hypothesis
